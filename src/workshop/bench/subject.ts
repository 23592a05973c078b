/** The class under test: which file it is, which lesson's table it wants, and how it is loaded. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { root } from '../course/catalogue.ts';

export interface Subject {
  /** Absolute path of the class's file. */
  file: string;
  /** The statements that make its table. */
  schemaSql: string;
}

/**
 * Finds the class that `#sessions` means to a file.
 *
 * @param asker - Absolute path of the test or the attack: its package's conditions count.
 * @returns The class's file and its table.
 * @throws Error when no lesson up to this one has a `schema.sql`.
 */
export function findSubject(asker: string): Subject {
  const file = createRequire(asker).resolve('#sessions');
  const number = lessonNumber(file, asker);
  return { file, schemaSql: readSchema(lessonsDirectory(asker), number) };
}

/** A lesson's folder, or the folder above its made wrong fixes, begins with the lesson's number. */
function numberOf(path: string): number | undefined {
  const folder = basename(dirname(path));
  const label = /^(\d\d)-/.exec(folder === 'made' ? basename(dirname(dirname(path))) : folder)?.[1];
  return label === undefined ? undefined : Number(label);
}

function lessonNumber(file: string, asker: string): number {
  const given = process.env['WORKSHOP_LESSON'];
  if (given === undefined || given === '') return numberOf(file) ?? numberOf(asker) ?? 99;
  const number = Number(given);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new RangeError(`WORKSHOP_LESSON must be a lesson's number, got "${given}"`);
}

/** The lessons the asking file belongs to; the workshop's own for a file that is in none. */
function lessonsDirectory(asker: string): string {
  return numberOf(asker) === undefined ? join(root, 'lessons') : dirname(dirname(asker));
}

/** The newest schema at or before a lesson. Other files of a lesson are of no interest here. */
function readSchema(directory: string, number: number): string {
  const newest = readdirSync(directory)
    .filter((name) => /^\d\d-/.test(name) && Number(name.slice(0, 2)) <= number)
    .sort()
    .map((name) => join(directory, name, 'schema.sql'))
    .findLast(existsSync);
  // Lesson 00 has a class but no table yet: the first table is the one it is about to get.
  const first = readdirSync(directory)
    .filter((name) => /^\d\d-/.test(name))
    .sort()
    .map((name) => join(directory, name, 'schema.sql'))
    .find(existsSync);
  const path = newest ?? first;
  if (!path) throw new Error(`No lesson in ${directory} has a schema.sql`);
  return readFileSync(path, 'utf8');
}
