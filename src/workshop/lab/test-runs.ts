/** Tests on one class; their results arrive while they run. */
import { runTests, type TestResult } from '../bench/tests.ts';
import type { Lesson } from '../course/catalogue.ts';
import { retiredBy } from '../course/promises.ts';
import type { RunOptions } from './class-file.ts';
import { errorMessage } from './text.ts';

export interface TestRun {
  running: boolean;
  results: TestResult[];
  /** Why the run itself failed, when it did. */
  error: string | undefined;
}

/**
 * Runs the tests of lessons on a class.
 *
 * @param run - Receives the results.
 * @returns The outcome in one sentence.
 */
export async function runClassTests(
  run: TestRun,
  { lessons, subject, server, signal, onChange }: RunOptions & { lessons: Lesson[] },
): Promise<string> {
  const last = lessons.at(-1);
  const retired = last ? retiredBy(lessons, last) : new Map();
  try {
    await runTests({
      lessons,
      condition: subject.condition,
      lessonNumber: last?.number ?? 0,
      server,
      signal,
      onResult: (result) => {
        if (!retired.has(result.name)) run.results.push(result);
        onChange();
      },
    });
  } catch (error) {
    run.error = errorMessage(error);
  }
  run.running = false;
  onChange();
  if (run.error !== undefined) return `The tests could not run: ${run.error}`;
  const failed = run.results.filter((result) => !result.passed).length;
  const passed = run.results.length - failed;
  if (failed === 0) return `All ${passed} tests pass.`;
  return `${failed} of ${run.results.length} tests ${failed === 1 ? 'fails' : 'fail'}.`;
}
