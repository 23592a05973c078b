/** Running a lesson's attack on a class, in a process of its own. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChild } from '../bench/child.ts';
import type { Failure, Location } from '../bench/report.ts';
import type { Lesson } from '../catalogue.ts';
import type { DatabaseServer } from '../database/server.ts';

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

export interface AttackResult {
  /** `failed` when the attack itself broke, which proves nothing either way. */
  verdict: 'breached' | 'held' | 'failed';
  because: string;
  /** Every line in order; the last begins with `BREACHED:`, `held:` or `failed:`. */
  transcript: string[];
  /** Where a failed attack broke. */
  location?: Location | undefined;
}

const program = fileURLToPath(new URL('./program.ts', import.meta.url));

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
export async function runAttack(run: AttackRun): Promise<AttackResult> {
  const path = run.lesson.files.attack;
  if (path === undefined) throw new RangeError(`Lesson ${run.lesson.label} has no attack`);
  const transcript: string[] = [];
  const say = (line: string): void => {
    transcript.push(line);
    run.onLine?.(line);
  };
  let failure: Failure | undefined;
  let verdict: { verdict: 'breached' | 'held'; because: string } | undefined;
  const end = await runChild({
    program,
    values: [path],
    condition: run.condition,
    environment: {
      WORKSHOP_DATABASE: typeof run.server === 'string' ? run.server : run.server.url,
      ...(run.lessonNumber === undefined ? {} : { WORKSHOP_LESSON: String(run.lessonNumber) }),
      ...(run.seed === undefined ? {} : { SEED: run.seed }),
    },
    directory: dirname(dirname(run.lesson.directory)),
    silence,
    signal: run.signal,
    onReport: (message) => {
      if (message.kind === 'line') say(message.text);
      if (message.kind === 'verdict') verdict = message;
      if (message.kind === 'broken') failure ??= message.failure;
    },
  });
  const finish = (result: Omit<AttackResult, 'transcript'>): AttackResult => {
    const word = result.verdict === 'breached' ? 'BREACHED' : result.verdict;
    say(`${word}: ${result.because}`);
    return { ...result, transcript };
  };
  if (failure)
    return finish({ verdict: 'failed', because: failure.message, location: failure.location });
  if (verdict && transcript.length + 1 >= mostLines) {
    const because = `the transcript has ${transcript.length + 1} lines; fewer than ${mostLines} can be followed`;
    return finish({ verdict: 'failed', because });
  }
  if (verdict) return finish({ verdict: verdict.verdict, because: verdict.because });
  return finish({ verdict: 'failed', because: explain(end) });
}

function explain({ aborted, silent, output }: Awaited<ReturnType<typeof runChild>>): string {
  if (aborted) return 'the attack was stopped';
  if (silent) return `nothing was heard of the attack for ${silence} seconds`;
  const last = output.split('\n').findLast((line) => /\S/.test(line));
  return `the attack ended without a verdict${last === undefined ? '' : `; its last words: ${last.trim()}`}`;
}
