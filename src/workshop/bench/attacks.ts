/** Running a lesson's attack on a class, in a process of its own. */
import { fileURLToPath } from 'node:url';
import type { Lesson } from '../course/catalogue.ts';
import type { DatabaseServer } from '../machine/database/server.ts';
import { type ChildEnd, runChild } from '../sandbox/child.ts';
import type { Failure, Location, Reason, Report } from '../sandbox/report.ts';

export interface AttackRun {
  lesson: Lesson;
  /** Chooses the class: `lesson-06`, `mine`, `wrong-07-a`. */
  condition: string;
  /** The lesson whose table the class works on; its own where it is a lesson's class. */
  lessonNumber?: number | undefined;
  /** The server, or its URL. */
  server: DatabaseServer | string;
  signal?: AbortSignal | undefined;
  seed?: string | undefined;
  /** Told each line as it is said, the last one with the verdict included. */
  onLine?: ((line: string) => void) | undefined;
}

/** The same for several lessons' attacks on one class. */
export interface AttacksRun extends Omit<AttackRun, 'lesson'> {
  lessons: readonly Lesson[];
  /** Told each attack's result as soon as it has ended, while the others are still to come. */
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
  /** Where a failed attack broke. */
  location?: Location | undefined;
}

const program = fileURLToPath(new URL('./attack-program.ts', import.meta.url));

/** Seconds without a word after which an attack is ended. */
const silence = 30;

/** The longest transcript a reader follows. */
const mostLines = 15;

/**
 * Runs an attack.
 *
 * @param run - Whose attack, on which class, where.
 * @returns The verdict and the transcript. Never rejects for anything the attack or the class does.
 * @throws RangeError when the lesson has no attack.
 * @example
 * const { verdict } = await runAttack({ lesson, condition: 'lesson-06', server });
 */
export async function runAttack({ lesson, ...run }: AttackRun): Promise<AttackResult> {
  const [result] = await runAttacks({ ...run, lessons: [lesson] });
  if (!result) throw new RangeError(`Lesson ${lesson.label} has no attack`);
  return result;
}

/**
 * Runs several lessons' attacks on one class, one after the other.
 *
 * @param run - Whose attacks, on which class, where.
 * @returns A result for each lesson that has an attack, in the order of `lessons`.
 */
export async function runAttacks(run: AttacksRun): Promise<AttackResult[]> {
  const attacking = run.lessons.filter(({ files }) => files.attack !== undefined);
  const queue = attacking.flatMap(({ files }) => files.attack ?? []);
  const results: AttackResult[] = [];
  const keep = (result: AttackResult): void => {
    const lesson = attacking[results.length];
    results.push(result);
    if (lesson) run.onResult?.(result, lesson);
  };
  while (queue.length > 0) {
    const before = results.length;
    const recorder = new Recorder((line) => run.onLine?.(line), keep);
    const end = await runChild({
      program,
      values: queue,
      condition: run.condition,
      environment: {
        WORKSHOP_DATABASE: typeof run.server === 'string' ? run.server : run.server.url,
        ...(run.lessonNumber === undefined ? {} : { WORKSHOP_LESSON: String(run.lessonNumber) }),
        ...(run.seed === undefined ? {} : { SEED: run.seed }),
      },
      directory: run.lessons[0]?.project ?? '',
      silence,
      signal: run.signal,
      onReport: (message) => recorder.take(message),
    });
    // An attack that took its process down answers for it; those behind it get another process.
    if (results.length - before < queue.length) recorder.conclude(explain(end));
    queue.splice(0, results.length - before);
  }
  return results;
}

/** Makes results of what one process reports. */
class Recorder {
  readonly #onLine: (line: string) => void;
  readonly #onResult: (result: AttackResult) => void;
  #transcript: string[] = [];
  #failure: Failure | undefined;
  #verdict: { verdict: 'breached' | 'held'; because: string } | undefined;

  constructor(onLine: (line: string) => void, onResult: (result: AttackResult) => void) {
    this.#onLine = onLine;
    this.#onResult = onResult;
  }

  take(message: Report): void {
    if (message.kind === 'line') this.#say(message.text);
    if (message.kind === 'verdict') this.#verdict = message;
    if (message.kind === 'broken') this.#failure ??= message.failure;
    if (message.kind === 'file over') this.conclude('it returned no verdict');
  }

  /** Ends the attack at hand; `otherwise` is why it failed, where nothing else says so. */
  conclude(otherwise: string): void {
    const { verdict, because, reason, location } = this.#judge(otherwise);
    this.#say(`${verdict === 'breached' ? 'BREACHED' : verdict}: ${because}`);
    const transcript = this.#transcript;
    this.#transcript = [];
    this.#failure = undefined;
    this.#verdict = undefined;
    this.#onResult({
      verdict,
      because,
      transcript,
      ...(reason ? { reason } : {}),
      ...(location ? { location } : {}),
    });
  }

  #judge(otherwise: string): Omit<AttackResult, 'transcript'> {
    if (this.#failure) {
      const { message, reason, location } = this.#failure;
      return { verdict: 'failed', because: message, reason, location };
    }
    if (!this.#verdict) return { verdict: 'failed', because: otherwise };
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

function explain({ aborted, silent, output }: ChildEnd): string {
  if (aborted) return 'the attack was stopped';
  if (silent) return `nothing was heard of the attack for ${silence} seconds`;
  const last = output.split('\n').findLast((line) => /\S/.test(line));
  const words = last === undefined ? '' : `; its last words: ${last.trim()}`;
  return `the attack ended without a verdict${words}`;
}
