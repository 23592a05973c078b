/** The results of the tests that compare PHP with the library, stored for the page about them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { root } from '../course/catalogue.ts';
import { stripTypes } from '../machine/program.ts';

/** The compared aspects of request sequences, in the order of the page's columns. */
export const ASPECTS = ['callbacks', 'headers', 'answers', 'messages', 'bytes'] as const;

export type Aspect = (typeof ASPECTS)[number];

/** The number of compared cases, and of equal ones. */
export interface Tally {
  compared: number;
  equal: number;
}

/** One line of a table: a function, a handler's form, a setting. */
export interface SequenceRow {
  subject: string;
  /** Equal in everything, its order included. */
  whole: Tally;
  aspects: Record<Aspect, Tally>;
}

/** All sequences of one kind on one PHP. */
export interface SequenceTotal {
  /** The PHP that was run: `8.4.14`. */
  php: string;
  source: 'written by hand' | 'made from a seed';
  tally: Tally;
}

/** Request sequences run in PHP and here. */
export interface SequenceResults {
  /** By subject of the sequences: functions, handlers, settings. */
  groups: { title: string; rows: SequenceRow[] }[];
  /** The page's own PHP first, then the others that could be fetched. */
  totals: SequenceTotal[];
}

/** Values, spoiled bytes and sessions, by subject. */
export interface ValueResults {
  php: string;
  rows: { subject: string; tally: Tally }[];
}

/** A known difference between PHP and the library; a test has seen both sides. */
export interface Difference {
  name: string;
  /** PHP's behaviour in the test. */
  php: string;
  /** The library's behaviour in the test. */
  ours: string;
  /** The nearest alternative. */
  instead: string;
}

/** All results that the page shows. */
export interface Comparisons {
  sequences: SequenceResults;
  values: ValueResults;
  differences: Difference[];
}

/** The results as the tests store them: other releases of PHP are a test file of their own. */
interface Kept extends Comparisons {
  releases: SequenceTotal[];
}

const NAMES = ['sequences', 'releases', 'values', 'differences'] as const;

/** The tests that compare. */
const TESTS = [
  'test/php/oracle/against-php.test.ts',
  'test/php/oracle/other-releases.test.ts',
  'test/serialize/oracle.test.ts',
  'test/workshop/site/differences.test.ts',
];

/**
 * Stores a test's results, if `WORKSHOP_COMPARISONS` names a folder for them.
 *
 * A run with `SEED` stores nothing: the page must be the same after every run.
 */
export function keepResults<Name extends keyof Kept>(name: Name, results: Kept[Name]): void {
  const folder = process.env['WORKSHOP_COMPARISONS'];
  if (folder === undefined || process.env['SEED'] !== undefined) return;
  // A reader that waits for the file must find all of it.
  const draft = join(folder, `${name}.draft`);
  writeFileSync(draft, JSON.stringify(results));
  renameSync(draft, fileIn(folder, name));
}

/** Waits until tests have stored all results in a folder, or have ended. */
export async function comparisonsKept(folder: string, ended: Promise<unknown>): Promise<void> {
  let stop = (): void => {};
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (NAMES.every((name) => existsSync(fileIn(folder, name)))) resolve();
    };
    const watcher = watch(folder, look);
    stop = () => watcher.close();
    look();
    ended.then(() => resolve(), resolve);
  });
  stop();
}

/** Reads the results of the tests, which are run now unless `npm test` has run them. */
export async function readComparisons(progress: (line: string) => void): Promise<Comparisons> {
  const kept = process.env['WORKSHOP_COMPARISONS'];
  if (kept !== undefined && NAMES.every((name) => existsSync(fileIn(kept, name)))) {
    return readFrom(kept);
  }
  const folder = mkdtempSync(join(tmpdir(), 'phpsessid-comparisons-'));
  try {
    progress('the comparisons with PHP …');
    await runTests(folder);
    return readFrom(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readFrom(folder: string): Comparisons {
  const read = <Name extends keyof Kept>(name: Name): Kept[Name] => {
    const path = fileIn(folder, name);
    if (!existsSync(path)) throw new Error(`the tests have left no ${name}.json: run ${TESTS[0]}`);
    return JSON.parse(readFileSync(path, 'utf8')) as Kept[Name];
  };
  const { groups, totals } = read('sequences');
  return {
    sequences: { groups, totals: [...totals, ...read('releases')] },
    values: read('values'),
    differences: read('differences'),
  };
}

function fileIn(folder: string, name: keyof Kept): string {
  return join(folder, `${name}.json`);
}

async function runTests(folder: string): Promise<void> {
  const { SEED: _, NODE_TEST_CONTEXT: __, ...environment } = process.env;
  const child = spawn(process.execPath, [...stripTypes, '--test', ...TESTS], {
    cwd: root,
    env: { ...environment, WORKSHOP_COMPARISONS: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  if (code === 0) return;
  const failed = /^not ok \d+ - (.*)$/m.exec(output)?.[1];
  throw new Error(`a comparison with PHP failed: ${failed ?? `the tests ended with ${code}`}`);
}
