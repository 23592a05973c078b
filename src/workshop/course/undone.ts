/**
 * Last classes with one lesson's change taken back, in a workshop of their own.
 *
 * No program can take such a change back by itself: later lessons have built on the same lines.
 * So each lesson keeps its own undoing beside it, as `undo.patch`, and here it is applied.
 */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Lesson } from './catalogue.ts';
import { applyTo } from './patches.mjs';
import { lessonBefore } from './promises.ts';

/** A class without one lesson's change. */
export interface UndoneClass {
  /** The lesson whose change is taken back. */
  lesson: Lesson;
  /** The lesson whose class it is taken out of. */
  base: Lesson;
  /** `undone-09`, the condition under which `#sessions` is this class. */
  condition: string;
  /** Why there is no such class, where it could not be made. */
  problem?: string | undefined;
}

/** The classes, and copies of the lessons' tests that find them. */
export interface UndoneWorkshop {
  lessons: Lesson[];
  classes: UndoneClass[];
  remove(): void;
}

interface Manifest {
  imports: Record<string, unknown>;
}

/**
 * Takes each lesson's change back.
 *
 * @param lessons - All lessons, in order.
 * @param only - The one lesson to take back; all that mend the class, if left out.
 * @returns The workshop; `remove` deletes it.
 */
export function takeBack(lessons: readonly Lesson[], only?: Lesson): UndoneWorkshop {
  const directory = mkdtempSync(join(tmpdir(), 'phpsessid-undone-'));
  const classes = lessons
    .filter((lesson) => isChange(lesson) && (!only || lesson === only))
    .map((lesson): UndoneClass => {
      const base = baseFor(lessons, lesson);
      const condition = `undone-${lesson.label}`;
      const made = undo(lessons, lesson, base);
      if ('problem' in made) return { lesson, base, condition, problem: made.problem };
      writeFileSync(join(directory, `${condition}.ts`), made.text);
      return { lesson, base, condition };
    });
  const copies = lessons.map((lesson) => copyLesson(lesson, directory));
  writePackage(directory, lessons[0]?.project ?? '', classes);
  return {
    lessons: copies,
    classes,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** A ported method that is taken back is a method that is missing: rule 2 has seen that fail. */
function isChange({ kind }: Lesson): boolean {
  return kind === 'fix' || kind === 'grow';
}

/** The last class in which the lesson's change can be told from its absence. */
function baseFor(lessons: readonly Lesson[], lesson: Lesson): Lesson {
  const later = lessons.filter(({ number }) => number > lesson.number);
  const covering = later.findIndex(({ covers }) =>
    covers.some((each) => each.lesson === lesson.label),
  );
  return later.slice(0, covering < 0 ? undefined : covering).at(-1) ?? lesson;
}

function undo(
  lessons: readonly Lesson[],
  lesson: Lesson,
  base: Lesson,
): { text: string } | { problem: string } {
  const before = lessonBefore(lessons, lesson);
  if (lesson === base && before) return { text: readFileSync(before.files.class, 'utf8') };
  const patch = join(lesson.directory, 'undo.patch');
  return applyTo(base.files.class, patch, `take lesson ${lesson.label}'s idea out of`);
}

/** What a lesson's tests need in order to run: themselves, and the table. */
function copyLesson(lesson: Lesson, project: string): Lesson {
  const directory = join(project, 'lessons', lesson.slug);
  mkdirSync(directory, { recursive: true });
  const copy = (path: string | undefined): string | undefined => {
    if (path === undefined) return undefined;
    const target = join(directory, basename(path));
    copyFileSync(path, target);
    return target;
  };
  const files = { ...lesson.files, test: copy(lesson.files.test) };
  copy(lesson.files.schema);
  return { ...lesson, directory, project, files };
}

/** A package's imports cannot leave its folder, so each leads through a file that does. */
function writePackage(directory: string, project: string, classes: readonly UndoneClass[]): void {
  const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as Manifest;
  const imports: Record<string, unknown> = {};
  for (const [name, target] of Object.entries(manifest.imports)) {
    if (typeof target !== 'string') continue;
    const door = `./${name.slice(1)}.ts`;
    imports[name] = door;
    const { href } = pathToFileURL(join(project, target));
    writeFileSync(join(directory, door), `export * from ${JSON.stringify(href)};\n`);
  }
  imports['#sessions'] = Object.fromEntries(
    classes.map(({ condition }) => [condition, `./${condition}.ts`]),
  );
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ type: 'module', imports }));
  symlinkSync(join(project, 'node_modules'), join(directory, 'node_modules'), 'junction');
}
