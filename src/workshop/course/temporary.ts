/** Classes that are in no lesson's folder, and copies of lessons whose `#sessions` can be one of them. */
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

/** A workshop in a temporary folder. */
export interface TemporaryWorkshop {
  /** Copies of the lessons, with their tests and tables and nothing else. */
  lessons: Lesson[];
  /** Returns the absolute path of a class's file. */
  fileOf(condition: string): string;
  /** Deletes the folder. */
  remove(): void;
}

interface Manifest {
  imports: Record<string, unknown>;
}

/**
 * Makes a workshop for some classes.
 *
 * @param classes - The text of each class, by the condition under which `#sessions` is this class.
 */
export function makeWorkshop(
  lessons: readonly Lesson[],
  classes: ReadonlyMap<string, string>,
): TemporaryWorkshop {
  const directory = mkdtempSync(join(tmpdir(), 'phpsessid-classes-'));
  const fileOf = (condition: string): string => join(directory, `${condition}.ts`);
  for (const [condition, text] of classes) writeFileSync(fileOf(condition), text);
  const copies = lessons.map((lesson) => copyLesson(lesson, directory));
  writePackage(directory, lessons[0]?.project ?? '', [...classes.keys()]);
  return {
    lessons: copies,
    fileOf,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
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
function writePackage(directory: string, project: string, conditions: readonly string[]): void {
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
    conditions.map((condition) => [condition, `./${condition}.ts`]),
  );
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ type: 'module', imports }));
  symlinkSync(join(project, 'node_modules'), join(directory, 'node_modules'), 'junction');
}
