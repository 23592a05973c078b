/** The test files, and which of them a word on the command line means. */
import { readdirSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { root } from '../../src/workshop/course/catalogue.ts';

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
 * Makes a function that returns whether a word means a file: the file's room, if a room has that
 * name, else a part of the file's path.
 *
 * @param all - All test files, which make the rooms.
 */
export function isPartOf(file: string, all: readonly string[]): (word: string) => boolean {
  const known = rooms(all);
  return (word) => (known.has(word) ? roomOf(file) === word : file.includes(word));
}

/** `test/workshop/lab/…` is of the room `lab`, `test/php/oracle/…` of `php`. */
function roomOf(file: string): string | undefined {
  const folders = dirname(file).split(sep).slice(1);
  return folders[0] === 'workshop' ? folders[1] : folders[0];
}
