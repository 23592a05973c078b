/** Attacks on one class; their transcripts grow while they run. */
import { statSync } from 'node:fs';
import { type AttackResult, runAttacks } from '../bench/attacks.ts';
import type { Lesson } from '../course/catalogue.ts';
import { hashOfMine } from '../course/mine.ts';
import { recordVerdict } from '../course/progress.ts';
import { errorMessage } from '../machine/error-message.ts';
import type { RunOptions, Subject } from './class-file.ts';

export interface AttackRun {
  running: boolean;
  lines: string[];
  verdict: AttackResult['verdict'] | undefined;
  because: string | undefined;
  /** Why it failed, where that is known: `not ported` when the class lacks a method. */
  reason: AttackResult['reason'];
  /** Why the verdict is not in the learner's progress, where it could not be recorded. */
  unrecorded?: string | undefined;
  /** The class's file as it was when the attack began: {@link fileState}. */
  file: number;
}

/** The record of an attack that begins now. */
export function newAttackRun({ path }: Subject): AttackRun {
  const nothing = { verdict: undefined, because: undefined, reason: undefined };
  return { running: true, lines: [], ...nothing, file: fileState(path) };
}

/** A number that changes whenever the file is saved; 0 for a missing file. */
export function fileState(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Runs a lesson's attack on a class, and returns its verdict in one sentence. */
export async function runLessonAttack(
  run: AttackRun,
  { lesson, ...options }: RunOptions & { lesson: Lesson },
): Promise<string> {
  await runLessonAttacks({ ...options, lessons: [lesson], begin: () => run });
  return `Attack of lesson ${lesson.label}: ${run.verdict}. ${run.because ?? ''}`;
}

/**
 * Runs several lessons' attacks on a class, one after the other in one process.
 *
 * After the signal is aborted no result is kept: the running attack stays without a verdict. Verdicts
 * on the learner's own class are recorded as their progress.
 *
 * @param options - The attacks and the class; `begin` returns the record of each.
 */
export async function runLessonAttacks(
  options: RunOptions & { lessons: readonly Lesson[]; begin(lesson: Lesson): AttackRun },
): Promise<void> {
  const { lessons, subject, server, signal, onChange, begin } = options;
  const [first, ...others] = lessons;
  if (!first) return;
  const hash = subject.condition === 'mine' ? hashOfMine() : undefined;
  let run = begin(first);
  onChange();
  const settle = (result: Omit<AttackResult, 'transcript'>): void => {
    const { verdict, because, reason } = result;
    Object.assign(run, { running: false, verdict, because, reason });
  };
  try {
    await runAttacks({
      lessons,
      condition: subject.condition,
      lessonNumber: subject.lesson.number,
      server,
      signal,
      onLine: (line) => {
        if (signal.aborted) return;
        run.lines.push(line);
        onChange();
      },
      onResult: (result, lesson) => {
        if (signal.aborted) return;
        // A failed attack proves nothing about the class.
        if (hash !== undefined && result.verdict !== 'failed') {
          run.unrecorded = recordVerdict(lesson, { hash, attack: result.verdict });
        }
        // The last line is the verdict, which is shown apart.
        run.lines = result.transcript.slice(0, -1);
        settle(result);
        const next = others.shift();
        if (next) run = begin(next);
        onChange();
      },
    });
  } catch (error) {
    settle({ verdict: 'failed', because: errorMessage(error) });
  }
  run.running = false;
  onChange();
}
