/**
 * Lessons' tests on a class, as data.
 *
 * The runner, the lab and the matrix all ask here. The class runs in a process of its own and may
 * do there whatever a learner's class does; what comes back is always a list of results.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Lesson, shown } from '../course/catalogue.ts';
import type { DatabaseServer } from '../machine/database/server.ts';
import { type ChildEnd, runChild } from '../sandbox/child.ts';
import { findMethod } from '../sandbox/failure.ts';
import type { Failure, Location, Reason, Report } from '../sandbox/report.ts';

export type { Location, Reason } from '../sandbox/report.ts';

export interface TestResult {
  /** The label of the lesson that brought the test: `02`. */
  lesson: string;
  /** The test's name; the file's path for a failure that belongs to no test. */
  name: string;
  passed: boolean;
  /** Undefined where it passed. */
  reason: Reason | undefined;
  /** One sentence; empty where it passed. */
  message: string;
  /** As `util.inspect` shows it, on one line; undefined where nothing was compared. */
  expected?: string | undefined;
  actual?: string | undefined;
  /** Where to look, in the class where that is known. */
  location?: Location | undefined;
  milliseconds: number;
}

export interface TestRun {
  /** The lessons whose tests run; those without tests are passed over. */
  lessons: readonly Lesson[];
  /** Chooses the class: `lesson-03`, `mine`, `wrong-02-null`. */
  condition: string;
  /** The lesson whose table the class works on. */
  lessonNumber: number;
  /** The server, or its URL. */
  server: DatabaseServer | string;
  signal?: AbortSignal | undefined;
  /** Replays the random numbers of an earlier run. */
  seed?: string | undefined;
  /** Stops at the first failure. */
  bail?: boolean | undefined;
  /**
   * Seconds one test may take.
   *
   * @default 10
   */
  seconds?: number | undefined;
  /** Told each result as it comes. */
  onResult?: ((result: TestResult) => void) | undefined;
  /** Told what the class prints. */
  onOutput?: ((text: string) => void) | undefined;
}

const program = fileURLToPath(new URL('./test-program.ts', import.meta.url));

/** Seconds that a process may be silent beyond a test's limit: it reports its time-outs itself. */
const grace = 2;

/**
 * Runs lessons' tests on a class.
 *
 * @param run - Which tests, on which class, where.
 * @returns Every result, in the order of the lessons. Never rejects for anything a class does;
 *   an aborted run returns what there was.
 * @example
 * const results = await runTests({ lessons, condition: 'mine', lessonNumber: 3, server });
 * const red = results.filter((result) => !result.passed);
 */
export async function runTests(run: TestRun): Promise<TestResult[]> {
  const results: TestResult[] = [];
  const add = (result: TestResult): void => {
    results.push(result);
    run.onResult?.(result);
  };
  const stopped = () => run.signal?.aborted || (run.bail && results.some(({ passed }) => !passed));
  const queue = run.lessons.flatMap((lesson) =>
    lesson.files.test === undefined ? [] : [{ lesson, path: lesson.files.test }],
  );
  while (queue.length > 0 && !stopped()) {
    const group = takeGroup(queue);
    const ran = await runGroup(group, run, add);
    // What a crash kept from running starts again, without the file that crashed.
    queue.unshift(...group.slice(ran));
  }
  return results;
}

interface TestFile {
  lesson: Lesson;
  path: string;
}

/** Files that may share a process: all but one that imports the class beside the bench. */
function takeGroup(queue: TestFile[]): TestFile[] {
  const alone = queue.findIndex(({ path }) => /['"]#sessions['"]/.test(readFileSync(path, 'utf8')));
  return queue.splice(0, alone < 0 ? queue.length : Math.max(alone, 1));
}

/** Runs files in one process and returns how many of them are done with. */
async function runGroup(
  group: readonly TestFile[],
  run: TestRun,
  add: (result: TestResult) => void,
): Promise<number> {
  const [first] = group;
  if (!first) return 0;
  const seconds = run.seconds ?? 10;
  const ledger = new Ledger(group, add);
  const bail = new AbortController();
  const signal = run.signal ? AbortSignal.any([run.signal, bail.signal]) : bail.signal;
  const end = await runChild({
    program,
    values: group.map(({ path }) => path),
    condition: run.condition,
    environment: {
      WORKSHOP_DATABASE: typeof run.server === 'string' ? run.server : run.server.url,
      WORKSHOP_LESSON: String(run.lessonNumber),
      WORKSHOP_TEST_SECONDS: String(seconds),
      ...(run.seed === undefined ? {} : { SEED: run.seed }),
    },
    directory: first.lesson.project,
    silence: seconds + grace,
    signal,
    onReport: (message) => {
      ledger.take(message);
      if (run.bail && ledger.failed) bail.abort();
    },
    onOutput: run.onOutput,
  });
  if (end.aborted) return group.length;
  ledger.close(end);
  return ledger.done;
}

/** Makes results of what one process reports. */
class Ledger {
  /** How many files are done with. */
  done = 0;
  failed = false;
  readonly #files: readonly TestFile[];
  readonly #add: (result: TestResult) => void;
  #open = false;
  #current: string | undefined;
  /** Failures of the current test that came before its end. */
  #early: Failure | undefined;
  #results = 0;
  #called: { file: string; method: string } | undefined;

  constructor(files: readonly TestFile[], add: (result: TestResult) => void) {
    this.#files = files;
    this.#add = add;
  }

  take(message: Report): void {
    switch (message.kind) {
      case 'file':
        this.#open = true;
        this.#results = 0;
        this.#called = undefined;
        return;
      case 'begun':
        this.#current = message.name;
        this.#early = undefined;
        this.#called = undefined;
        return;
      case 'called':
        this.#called = { file: message.file, method: message.method };
        return;
      case 'over':
        this.#current = undefined;
        this.#record(message.name, message.milliseconds, this.#early ?? message.failure);
        return;
      case 'broken':
        if (message.name !== undefined && message.name === this.#current) {
          this.#early ??= message.failure;
        } else {
          this.#record(this.#path(), 0, message.failure);
        }
        return;
      case 'file over':
        if (this.#results === 0) this.#record(this.#path(), 0, noTests);
        this.#finishFile();
        return;
      default:
        return;
    }
  }

  /** The process is gone: whoever was at it answers for it. */
  close(end: ChildEnd): void {
    if (!this.#open && this.done === this.#files.length) return;
    if (this.#current !== undefined) {
      this.#record(this.#current, 0, this.#early ?? this.#explain(end));
    } else if (this.#results === 0 || !this.failed) {
      this.#record(this.#path(), 0, this.#explain(end));
    }
    this.#finishFile();
  }

  #finishFile(): void {
    this.#open = false;
    this.#current = undefined;
    this.done += 1;
  }

  #explain(end: ChildEnd): Failure {
    const called = this.#called;
    const location = called && findMethod(called.file, called.method);
    if (end.silent) {
      const during = called ? ` since ${called.method} was called` : '';
      return {
        reason: 'timeout',
        message: `nothing was heard${during}: a loop that never ends keeps everything else waiting`,
        location,
      };
    }
    const last = end.output.split('\n').findLast((line) => /\S/.test(line));
    const words = last === undefined ? '' : `; its last words: ${last.trim()}`;
    return {
      reason: 'exit',
      message: `the process ended with code ${end.code ?? 'none (it was killed)'}${words}`,
      location,
    };
  }

  #path(): string {
    const file = this.#files[this.done];
    if (!file) return '';
    return shown(file.path, file.lesson.project);
  }

  #record(name: string, milliseconds: number, failure: Failure | undefined): void {
    this.#results += 1;
    this.failed ||= failure !== undefined;
    this.#add({
      lesson: this.#files[this.done]?.lesson.label ?? '',
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
