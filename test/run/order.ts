/** The order of the test files: a file that begins last is waited for alone. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../src/workshop/course/catalogue.ts';
import { readTimes } from './slow.ts';

/** Files whose results the step `pages` reads. */
export const COMPARISONS: readonly string[] = [
  'test/php/oracle/',
  'test/serialize/oracle.test.ts',
  'test/workshop/site/differences.test.ts',
];

/** The seconds of the files that took long in a run of everything; `npm test -- --keep` writes it. */
const RECORD = join(root, 'test/run/seconds.json');

/** The order of shorter files makes no difference. */
const LONG = 3;

/** The kept seconds of each file that takes long. */
export function keptSeconds(record: string = RECORD): Record<string, number> {
  return JSON.parse(readFileSync(record, 'utf8')) as Record<string, number>;
}

/**
 * Keeps the seconds of a run's test files for the order of later runs; files that did not run keep
 * theirs.
 *
 * @param times - The file that times.mjs has written.
 * @param record - The file of the records.
 */
export function keepSeconds(times: string, record: string = RECORD): void {
  const ran = readTimes(times).filter(({ name }) => name.endsWith('.test.ts'));
  const seconds = new Map([
    ...Object.entries(keptSeconds(record)),
    ...ran.map(({ name, seconds }) => [name, Math.round(seconds)] as const),
  ]);
  const long = [...seconds]
    .filter(([, each]) => each >= LONG)
    .sort(([one], [other]) => one.localeCompare(other));
  writeFileSync(record, `${JSON.stringify(Object.fromEntries(long), null, 2)}\n`);
}

/**
 * Sorts files: those that a later step reads, then those that take long, the longest first.
 *
 * @param seconds - The seconds of each file that takes long.
 */
export function longestFirst(
  files: readonly string[],
  seconds: Readonly<Record<string, number>> = keptSeconds(),
): string[] {
  const weight = (file: string): number =>
    COMPARISONS.some((beginning) => file.startsWith(beginning))
      ? Number.MAX_SAFE_INTEGER
      : (seconds[file] ?? 0);
  return files.toSorted((one, other) => weight(other) - weight(one));
}
