/**
 * Makes last classes without one lesson's change, in a temporary workshop.
 *
 * A change cannot be reverted automatically, because later lessons changed the same lines. So each
 * lesson keeps an `undo.patch` on the last class, which is applied here.
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
  /** The lesson whose change is removed. */
  lesson: Lesson;
  /** The lesson from whose class the change is removed. */
  base: Lesson;
  /** `undone-09`, the condition under which `#sessions` is this class. */
  condition: string;
  /** Why the class could not be made. */
  problem?: string | undefined;
}

/** The classes, and copies of the lessons' tests whose `#sessions` can be one of them. */
export interface UndoneWorkshop {
  lessons: Lesson[];
  classes: UndoneClass[];
  remove(): void;
}

interface Manifest {
  imports: Record<string, unknown>;
}

/**
 * Makes the last class without each lesson's change.
 *
 * @param only - The one lesson; by default every lesson that changes an existing method.
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

/** Without a port lesson's change a method is missing, which rule 2 covers already. */
function isChange({ kind }: Lesson): boolean {
  return kind === 'fix' || kind === 'grow';
}

/** The last class that fails without the lesson's change. */
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

/** Copies the files that a lesson's tests need: the tests and the table. */
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

/** A package's imports cannot leave its folder, so each leads to a file that re-exports. */
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
