/** The test files, and which of them a word on the command line means. */
import { readdirSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { root } from '../../src/workshop/course/catalogue.ts';

/**
 * Files that take longer than most, the longest first: one that begins last is waited for alone.
 * `npm test -- --slow` measures.
 */
export const LONG: readonly string[] = [
  'test/php/oracle/',
  'test/serialize/oracle.test.ts',
  'test/workshop/site/differences.test.ts',
  'test/workshop/lab/gauntlet.test.ts',
  'test/workshop/matrix/sabotage.test.ts',
  'test/package/',
  'test/workshop/runner/',
  'test/workshop/lab/',
  'test/workshop/site/',
  'test/workshop/measure/',
  'test/workshop/machine/',
  'test/workshop/bench/',
];

/** Node 20 finds no TypeScript tests itself, and passes when it has run none: list them. */
export function testFiles(): string[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .map((path) => join('test', path))
    .filter((path) => path.endsWith('.test.ts'))
    .sort();
}

/** The names of the folders with test files, without those inside one of them. */
export function rooms(files: readonly string[]): Set<string> {
  return new Set(files.flatMap((file) => roomOf(file) ?? []));
}

/**
 * Makes a function that tells whether a word means a file: the file's room, if a room has that
 * name, else a part of the file's path.
 *
 * @param all - All test files, which make the rooms.
 */
export function isPartOf(file: string, all: readonly string[]): (word: string) => boolean {
  const known = rooms(all);
  return (word) => (known.has(word) ? roomOf(file) === word : file.includes(word));
}

/** Sorts files so that those that take long begin first. */
export function longestFirst(files: readonly string[]): string[] {
  const place = (file: string): number => {
    const index = LONG.findIndex((beginning) => file.startsWith(beginning));
    return index < 0 ? LONG.length : index;
  };
  return files.toSorted((one, other) => place(one) - place(other));
}

/** `test/workshop/lab/…` is of the room `lab`, `test/php/oracle/…` of `php`. */
function roomOf(file: string): string | undefined {
  const folders = dirname(file).split(sep).slice(1);
  return folders[0] === 'workshop' ? folders[1] : folders[0];
}
