/** The tables that lessons' classes work on: a lesson's schema.sql holds until a later one has its own. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Lesson } from './catalogue.ts';
import { lessonFolders } from './patches.mjs';

/**
 * Reads the table that a lesson's class works on: the newest schema.sql at or before the lesson.
 * Lesson 0 has a class and no table yet, so it gets the first one.
 */
export function schemaFor(lessons: readonly Lesson[], number: number): string {
  return readSchema(
    lessons.map(({ directory }) => directory),
    number,
  );
}

/**
 * Reads the table of a class of which only the path is known, as in a test that is run by hand.
 *
 * @param asker - The test or attack: its project's lessons count, and its lesson for a class that
 * belongs to none.
 * @param number - The lesson whose table is wanted, where that is known.
 */
export function schemaOf(file: string, asker: string, number?: number): string {
  const own = numberOf(asker);
  const folders = lessonFolders(own === undefined ? undefined : dirname(dirname(asker)));
  return readSchema(folders, number ?? numberOf(file) ?? own ?? Number.POSITIVE_INFINITY);
}

/** A lesson's table. */
export interface LessonTable {
  /** The lesson's label: `12`. */
  lesson: string;
  sql: string;
}

/**
 * Reads the tables that lessons after a number bring, the newest first.
 *
 * @param asker - A file of a lesson's folder: its project's lessons count.
 */
export function tablesAfter(asker: string, number: number): LessonTable[] {
  return lessonFolders(dirname(dirname(asker)))
    .map((folder) => ({ lesson: basename(folder).slice(0, 2), path: join(folder, 'schema.sql') }))
    .filter(({ lesson, path }) => Number(lesson) > number && existsSync(path))
    .map(({ lesson, path }) => ({ lesson, sql: readFileSync(path, 'utf8') }))
    .reverse();
}

/** The number of the lesson that a file of its folder, or of the folder `made` in it, belongs to. */
function numberOf(path: string): number | undefined {
  const label = /[/\\](\d\d)-[^/\\]+[/\\](?:made[/\\])?[^/\\]+$/.exec(path)?.[1];
  return label === undefined ? undefined : Number(label);
}

function readSchema(folders: readonly string[], number: number): string {
  const schemas = folders
    .map((folder) => ({
      of: Number(basename(folder).slice(0, 2)),
      path: join(folder, 'schema.sql'),
    }))
    .filter(({ path }) => existsSync(path));
  const found = schemas.findLast(({ of }) => of <= number) ?? schemas[0];
  if (!found) throw new Error(`No lesson of ${folders.join(', ')} has a schema.sql`);
  return readFileSync(found.path, 'utf8');
}
