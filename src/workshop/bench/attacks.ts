/** Runs lessons' attacks on a class, in a child process. */
import { fileURLToPath } from 'node:url';
import type { Lesson } from '../course/catalogue.ts';
import type { Failure, Location, Reason } from '../sandbox/report.ts';
import type { Verdict } from './attack.ts';
import type { AttackProgramFile } from './attack-program.ts';
import { type FileRecord, runFiles, type Surroundings } from './files.ts';
import type { BenchReport } from './report.ts';

/** An attack of a lesson on a class. */
export interface AttackOptions extends Surroundings {
  lesson: Lesson;
  /** Receives each line as it is printed, the last line with the verdict included. */
  onLine?: ((line: string) => void) | undefined;
}

/** The same for several lessons' attacks on one class. */
interface AttacksOptions extends Omit<AttackOptions, 'lesson'> {
  lessons: readonly Lesson[];
  /** Receives each attack's result as soon as it has ended, before the next attack begins. */
  onResult?: ((result: AttackResult, lesson: Lesson) => void) | undefined;
}

export interface AttackResult {
  /** `failed` when the attack itself broke, which proves nothing either way. */
  verdict: 'breached' | 'held' | 'failed';
  because: string;
  /** Every line in order; the last begins with `BREACHED:`, `held:` or `failed:`. */
  transcript: string[];
  /** Why a failed attack broke, where that is known: `not ported` when the class lacks a method. */
  reason?: Reason | undefined;
  /** The place where a failed attack broke. */
  location?: Location | undefined;
}

const program = fileURLToPath(new URL('./attack-program.ts', import.meta.url));

/** Seconds without a report after which an attack is ended. */
const silence = 30;

/** The longest transcript a reader follows. */
const mostLines = 15;

/**
 * Runs an attack.
 *
 * @returns The verdict and the transcript. Never rejects for anything the attack or the class does.
 * @throws RangeError when the lesson has no attack.
 * @example
 * const { verdict } = await runAttack({ lesson, condition: 'lesson-06', server });
 */
export async function runAttack({ lesson, ...options }: AttackOptions): Promise<AttackResult> {
  const [result] = await runAttacks({ ...options, lessons: [lesson] });
  if (!result) throw new RangeError(`Lesson ${lesson.label} has no attack`);
  return result;
}

/**
 * Runs several lessons' attacks on one class, one after the other.
 *
 * @returns A result for each lesson that has an attack, in the order of `lessons`. Attacks that an
 *   abort leaves unfinished have `failed`.
 */
export async function runAttacks(options: AttacksOptions): Promise<AttackResult[]> {
  const attacks = options.lessons.map((lesson) => ({ lesson }));
  return await runAttacksOnClasses(attacks, options);
}

/** An attack of a lesson on a class. */
interface LaunchedAttack {
  lesson: Lesson;
  /** Absolute path of the class's file; by default that of the condition. */
  classFile?: string;
}

/**
 * Runs attacks one after the other in one process, each on the class that it names, else on that of
 * the condition.
 *
 * @returns The results, as `runAttacks` returns them.
 */
export async function runAttacksOnClasses(
  all: readonly LaunchedAttack[],
  options: Pick<AttacksOptions, 'server' | 'signal' | 'seed' | 'onLine' | 'onResult'> & {
    condition?: string;
  },
): Promise<AttackResult[]> {
  const { onLine = () => {}, onResult } = options;
  const attacks = all.flatMap(({ lesson, classFile }) =>
    lesson.files.attack === undefined ? [] : [{ lesson, path: lesson.files.attack, classFile }],
  );
  const results: AttackResult[] = [];
  const records = attacks.map(
    ({ lesson }) =>
      new AttackRecord(onLine, (result) => {
        results.push(result);
        onResult?.(result, lesson);
      }),
  );
  await runFiles({
    ...options,
    program,
    nodeOptions: ['--no-warnings'],
    files: attacks.map(({ path, classFile }): string =>
      JSON.stringify({ path, classFile } satisfies AttackProgramFile),
    ),
    directory: all[0]?.lesson.project,
    silence,
    record: (index) => records[index] as AttackRecord,
  });
  for (const record of records.slice(results.length)) {
    record.close({ reason: 'exit', message: 'the attack was stopped' });
  }
  return results;
}

class AttackRecord implements FileRecord {
  readonly #onLine: (line: string) => void;
  readonly #onResult: (result: AttackResult) => void;
  readonly #transcript: string[] = [];
  #failure: Failure | undefined;
  #verdict: Verdict | undefined;

  constructor(onLine: (line: string) => void, onResult: (result: AttackResult) => void) {
    this.#onLine = onLine;
    this.#onResult = onResult;
  }

  take(report: BenchReport): void {
    if (report.kind === 'line') this.#say(report.text);
    if (report.kind === 'verdict') this.#verdict = report;
    if (report.kind === 'broken') this.#failure ??= report.failure;
  }

  close(lost?: Failure): void {
    const result = this.#judge(lost);
    const { verdict, because } = result;
    this.#say(`${verdict === 'breached' ? 'BREACHED' : verdict}: ${because}`);
    this.#onResult({ ...result, transcript: this.#transcript });
  }

  #judge(lost: Failure | undefined): Omit<AttackResult, 'transcript'> {
    const failure = this.#failure ?? lost;
    if (failure) {
      const { message, reason, location } = failure;
      return { verdict: 'failed', because: message, reason, ...(location ? { location } : {}) };
    }
    if (!this.#verdict) return { verdict: 'failed', because: 'it returned no verdict' };
    const lines = this.#transcript.length + 1;
    if (lines >= mostLines) {
      const because = `the transcript has ${lines} lines; fewer than ${mostLines} can be followed`;
      return { verdict: 'failed', because };
    }
    return { verdict: this.#verdict.verdict, because: this.#verdict.because };
  }

  #say(line: string): void {
    this.#transcript.push(line);
    this.#onLine(line);
  }
}
