/** Tests on one class; their results arrive while they run. */
import { runTests, type TestResult } from '../bench/tests.ts';
import type { Lesson } from '../course/catalogue.ts';
import { hashOfMine } from '../course/mine.ts';
import { recordVerdict } from '../course/progress.ts';
import { retiredBy } from '../course/promises.ts';
import { errorMessage } from '../machine/error-message.ts';
import { tally } from '../runner/proof.ts';
import type { TypeChecker } from '../runner/types.ts';
import type { TypeProblem } from '../runner/types-service.ts';
import { fileState } from './attack-runs.ts';
import type { RunOptions, Subject } from './class-file.ts';
import { count } from './text.ts';

export interface TestRun {
  running: boolean;
  results: TestResult[];
  /** The type errors of the learner's class; empty for every other class. */
  types: TypeProblem[];
  /** Why the run itself failed, when it did. */
  error: string | undefined;
  /** Why the verdict is not in the learner's progress, where it could not be recorded. */
  unrecorded?: string | undefined;
  /** The class's file as it was when the run began: {@link fileState}. */
  file: number;
}

/** The record of a run that begins now. */
export function newTestRun({ path }: Subject): TestRun {
  return { running: true, results: [], types: [], error: undefined, file: fileState(path) };
}

/** The lesson whose tests run, with those of the lessons before it. */
interface TestRunOptions extends RunOptions {
  lessons: readonly Lesson[];
  lesson: Lesson;
  types: TypeChecker;
}

/**
 * Runs a lesson's tests and all earlier ones on a class. The learner's own class is type-checked
 * too, and the verdict is recorded as their progress.
 *
 * @param run - Receives the results.
 * @returns The outcome in one sentence.
 */
export async function runClassTests(
  run: TestRun,
  { lessons, lesson, subject, server, signal, types, onChange }: TestRunOptions,
): Promise<string> {
  const hash = subject.condition === 'mine' ? hashOfMine() : undefined;
  // An older class runs on the lesson's table, a newer one on its own.
  const latest = subject.lesson.number > lesson.number ? subject.lesson : lesson;
  const retired = retiredBy(lessons, latest);
  const checking = hash === undefined ? [] : types.check();
  try {
    await runTests({
      lessons: lessons.filter((each) => each.number <= lesson.number),
      condition: subject.condition,
      lessonNumber: latest.number,
      server,
      signal,
      onResult: (result) => {
        if (!retired.has(result.name)) run.results.push(result);
        onChange();
      },
    });
    run.types = await checking;
  } catch (error) {
    run.error = errorMessage(error);
  }
  run.running = false;
  if (hash !== undefined && run.error === undefined && !signal.aborted) {
    const isOwn = (result: TestResult) => result.lesson === lesson.label;
    const own = tally(run.results.filter(isOwn), lesson.proves.length);
    const older = tally(run.results.filter((result) => !isOwn(result)));
    run.unrecorded = recordVerdict(lesson, { hash, own, older, typeErrors: run.types.length });
  }
  onChange();
  if (run.error !== undefined) return `The tests could not run: ${run.error}`;
  const failed = run.results.filter((result) => !result.passed).length;
  const passed = run.results.length - failed;
  if (run.types.length > 0) return `The class has ${count(run.types.length, 'type error')}.`;
  if (failed === 0) return `All ${passed} tests pass.`;
  return `${failed} of ${run.results.length} tests ${failed === 1 ? 'fails' : 'fail'}.`;
}
