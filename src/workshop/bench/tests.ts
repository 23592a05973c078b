/**
 * Lessons' tests on a class, as data.
 *
 * The runner, the lab and the matrix all ask here. The class runs in a child process, where it may
 * do anything; the result is always a list of results.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Lesson, shown } from '../course/catalogue.ts';
import type { Failure, Location, Reason } from '../sandbox/report.ts';
import { type FileRecord, runFiles, type Surroundings } from './files.ts';
import type { BenchReport } from './report.ts';

export interface TestResult {
  /** The label of the lesson that brought the test: `02`. */
  lesson: string;
  /** The test's name; the file's path for a failure that belongs to no test. */
  name: string;
  passed: boolean;
  /** Undefined if the test passed. */
  reason: Reason | undefined;
  /** One sentence; empty if the test passed. */
  message: string;
  /** As `util.inspect` shows it, on one line; undefined where nothing was compared. */
  expected?: string | undefined;
  actual?: string | undefined;
  /** The location of the failure, in the class if it is known. */
  location?: Location | undefined;
  milliseconds: number;
}

export interface TestOptions extends Surroundings {
  /** The lessons whose tests run; those without tests are skipped. */
  lessons: readonly Lesson[];
  lessonNumber: number;
  /** Stops at the first failure. */
  bail?: boolean | undefined;
  /**
   * Seconds one test may take.
   *
   * @default 10
   */
  seconds?: number | undefined;
  /** Receives each result as it comes. */
  onResult?: ((result: TestResult) => void) | undefined;
  /** Receives the class's output. */
  onOutput?: ((text: string) => void) | undefined;
}

const program = fileURLToPath(new URL('./test-program.ts', import.meta.url));
const silentReporter = new URL('./silent-reporter.ts', import.meta.url).href;
const nodeOptions = [
  // PHP's warnings about requests that a test breaks on purpose are not news to a learner.
  '--no-warnings',
  `--test-reporter=${silentReporter}`,
  '--test-reporter-destination=stdout',
];

/** Seconds that a process may be silent beyond a test's limit: it reports its timeouts itself. */
const grace = 2;

/**
 * Runs lessons' tests on a class.
 *
 * @returns Every result, in the order of the lessons. Never rejects for anything a class does;
 *   an aborted run returns what there was.
 * @example
 * const results = await runTests({ lessons, condition: 'mine', lessonNumber: 3, server });
 * const red = results.filter((result) => !result.passed);
 */
export async function runTests(options: TestOptions): Promise<TestResult[]> {
  const { seconds = 10, bail = false } = options;
  const results: TestResult[] = [];
  const bailing = new AbortController();
  const signal = options.signal
    ? AbortSignal.any([options.signal, bailing.signal])
    : bailing.signal;
  const add = (result: TestResult): void => {
    if (bailing.signal.aborted) return;
    results.push(result);
    options.onResult?.(result);
    if (bail && !result.passed) bailing.abort();
  };
  for (const group of groups(options.lessons)) {
    await runFiles({
      ...options,
      program,
      nodeOptions,
      files: group.map(({ path }) => path),
      environment: { WORKSHOP_TEST_SECONDS: String(seconds) },
      directory: group[0]?.lesson.project,
      silence: seconds + grace,
      signal,
      record: (index) => new TestRecord(group[index] as TestFile, add),
    });
  }
  return results;
}

interface TestFile {
  lesson: Lesson;
  path: string;
}

/** Files that share a process: all files except those that import the class themselves. */
function groups(lessons: readonly Lesson[]): TestFile[][] {
  const made: TestFile[][] = [];
  let open = false;
  for (const lesson of lessons) {
    const path = lesson.files.test;
    if (path === undefined) continue;
    const alone = /['"]#sessions['"]/.test(readFileSync(path, 'utf8'));
    if (open && !alone) made.at(-1)?.push({ lesson, path });
    else made.push([{ lesson, path }]);
    open = !alone;
  }
  return made;
}

class TestRecord implements FileRecord {
  readonly #file: TestFile;
  readonly #add: (result: TestResult) => void;
  #current: string | undefined;
  /** A failure of the current test that came before its end. */
  #early: Failure | undefined;
  #results = 0;
  #failed = false;

  constructor(file: TestFile, add: (result: TestResult) => void) {
    this.#file = file;
    this.#add = add;
  }

  take(report: BenchReport): void {
    if (report.kind === 'begun') {
      this.#current = report.name;
      this.#early = undefined;
    } else if (report.kind === 'over') {
      this.#current = undefined;
      this.#record(report.name, report.milliseconds, this.#early ?? report.failure);
    } else if (report.kind === 'broken') {
      if (report.name !== undefined && report.name === this.#current) {
        this.#early ??= report.failure;
      } else {
        this.#record(this.#path(), 0, report.failure);
      }
    }
  }

  close(lost?: Failure): void {
    if (this.#current !== undefined) {
      this.#record(this.#current, 0, this.#early ?? lost);
    } else if (this.#results === 0 || (lost && !this.#failed)) {
      this.#record(this.#path(), 0, lost ?? noTests);
    }
  }

  #path(): string {
    const { lesson, path } = this.#file;
    return shown(path, lesson.project);
  }

  #record(name: string, milliseconds: number, failure: Failure | undefined): void {
    this.#results += 1;
    this.#failed ||= failure !== undefined;
    this.#add({
      lesson: this.#file.lesson.label,
      name,
      passed: failure === undefined,
      reason: failure?.reason,
      message: failure?.message ?? '',
      ...(failure?.expected === undefined ? {} : { expected: failure.expected }),
      ...(failure?.actual === undefined ? {} : { actual: failure.actual }),
      location: failure?.location,
      milliseconds: Math.round(milliseconds * 10) / 10,
    });
  }
}

const noTests: Failure = {
  reason: 'exit',
  message: 'the file ran no test: call test() at its top, after openBench()',
};
