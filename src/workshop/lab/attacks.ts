/** Attacks' transcripts on one class, filled while they run. */
import { statSync } from 'node:fs';
import { type AttackResult, runAttacks } from '../bench/attacks.ts';
import type { Lesson } from '../course/catalogue.ts';
import type { ClassFile } from './lab.ts';
import type { RunOptions } from './proofs.ts';

export interface AttackRun {
  running: boolean;
  lines: string[];
  verdict: AttackResult['verdict'] | undefined;
  because: string | undefined;
  /** Why it failed, where that is known: `not ported` when the class lacks a method. */
  reason: AttackResult['reason'];
  /** The class's file as it was when the attack began: {@link fileState}. */
  file: number;
}

/**
 * An attack that begins now.
 *
 * @param subject The class it is tried on.
 */
export function newAttackRun({ path }: ClassFile): AttackRun {
  const nothing = { verdict: undefined, because: undefined, reason: undefined };
  return { running: true, lines: [], ...nothing, file: fileState(path) };
}

/** A number that is another one after a file was saved; 0 while there is no file. */
export function fileState(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * Runs a lesson's attack on a class and keeps the transcript as it comes.
 *
 * @param run Where the lines go.
 * @param options Which attack, on which class.
 * @returns The verdict in one sentence.
 */
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
 * Once the signal is aborted nothing is kept any more: what was running stays without a verdict.
 *
 * @param options Which attacks, on which class; `begin` is asked where each keeps its transcript.
 */
export async function runLessonAttacks(
  options: RunOptions & { lessons: readonly Lesson[]; begin(lesson: Lesson): AttackRun },
): Promise<void> {
  const { lessons, subject, server, signal, onChange, begin } = options;
  const [first, ...others] = lessons;
  if (!first) return;
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
      onResult: (result) => {
        if (signal.aborted) return;
        // The last line is the verdict, which has a place of its own.
        run.lines = result.transcript.slice(0, -1);
        settle(result);
        const next = others.shift();
        if (next) run = begin(next);
        onChange();
      },
    });
  } catch (error) {
    settle({ verdict: 'failed', because: error instanceof Error ? error.message : String(error) });
  }
  run.running = false;
  onChange();
}
