/**
 * Lessons' tests on a class, as data.
 *
 * The runner, the lab and the matrix all ask here. The class runs in a child process, where it may
 * do anything; the result is always a list of results.
 */
import { fileURLToPath } from 'node:url';
import { type Lesson, shown } from '../course/catalogue.ts';
import type { Failure, Location, Reason } from '../sandbox/report.ts';
import { type FileRecord, type FilesRun, runFiles, type Surroundings } from './files.ts';
import type { BenchReport } from './report.ts';
import type { TestProgramFile } from './test-program.ts';

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

const defaultSeconds = 10;

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
  const { seconds = defaultSeconds, bail = false } = options;
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
  await runTestFiles(testFiles(options.lessons), { ...options, seconds, signal }, () => add);
  return results;
}

/** A class, and the tests that it gets. */
export interface TestedClass {
  /** Absolute path of the class's file. */
  file: string;
  /** The lessons whose tests run; those without tests are skipped. */
  lessons: readonly Lesson[];
  /** The lesson whose table the class works on. */
  lessonNumber: number;
}

/**
 * Runs tests on several classes, one after the other, and in one process for as long as none of
 * them leaves anything running there.
 *
 * @returns The results of each class, as `runTests` would return them.
 */
export async function runTestsOfClasses(
  classes: readonly TestedClass[],
  options: Pick<TestOptions, 'server' | 'signal' | 'onOutput'>,
): Promise<TestResult[][]> {
  const files = classes.flatMap(({ file: classFile, lessons, lessonNumber }) =>
    testFiles(lessons).map((file) => ({ ...file, classFile, lessonNumber })),
  );
  const results = new Map<TestFile, TestResult[]>();
  await runTestFiles(files, options, (file) => {
    const own: TestResult[] = [];
    results.set(file, own);
    return (result) => own.push(result);
  });
  return classes.map((tested) =>
    files
      .filter(({ classFile }) => classFile === tested.file)
      .flatMap((file) => results.get(file) ?? []),
  );
}

/**
 * Runs files of tests.
 *
 * @param begin - Called when a file begins, and once more if it runs again; returns the function
 *   that receives the file's results.
 */
async function runTestFiles(
  files: readonly TestFile[],
  options: Pick<FilesRun, 'server' | 'condition' | 'signal' | 'onOutput'> & { seconds?: number },
  begin: (file: TestFile) => (result: TestResult) => void,
): Promise<void> {
  const { seconds = defaultSeconds } = options;
  await runFiles({
    ...options,
    program,
    nodeOptions,
    files: files.map(({ path, classFile, lessonNumber }): string =>
      JSON.stringify({ path, classFile, lessonNumber } satisfies TestProgramFile),
    ),
    environment: { WORKSHOP_TEST_SECONDS: String(seconds) },
    directory: files[0]?.lesson.project,
    silence: seconds + grace,
    record: (index) => {
      const file = files[index] as TestFile;
      return new TestRecord(file, begin(file));
    },
  });
}

interface TestFile extends TestProgramFile {
  lesson: Lesson;
}

function testFiles(lessons: readonly Lesson[]): TestFile[] {
  return lessons.flatMap((lesson) => {
    const path = lesson.files.test;
    return path === undefined ? [] : [{ lesson, path }];
  });
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
