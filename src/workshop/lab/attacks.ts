/** An attack's transcript on one class, filled while it runs. */
import { runAttack } from '../attack/run.ts';
import type { Lesson } from '../catalogue.ts';
import type { RunOptions } from './proofs.ts';

export interface AttackRun {
  running: boolean;
  lines: string[];
  verdict: 'breached' | 'held' | 'failed' | undefined;
  because: string | undefined;
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
  { lesson, subject, server, signal, onChange }: RunOptions & { lesson: Lesson },
): Promise<string> {
  try {
    const { verdict, because, transcript } = await runAttack({
      lesson,
      condition: subject.condition,
      lessonNumber: subject.lesson.number,
      server,
      signal,
      onLine: (line: string) => {
        run.lines.push(line);
        onChange();
      },
    });
    // The last line is the verdict, which has a place of its own.
    Object.assign(run, { verdict, because, lines: transcript.slice(0, -1) });
  } catch (error) {
    run.verdict = 'failed';
    run.because = error instanceof Error ? error.message : String(error);
  }
  run.running = false;
  onChange();
  return `Attack of lesson ${lesson.label}: ${run.verdict}. ${run.because ?? ''}`;
}
