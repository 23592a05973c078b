/** The tests' state on one class, filled while they run. */

import { runTests, type TestResult } from '../bench/tests.ts';
import type { Lesson } from '../course/catalogue.ts';
import { retiredBy } from '../course/promises.ts';
import type { DatabaseServer } from '../machine/database/server.ts';
import type { ClassFile } from './lab.ts';

export interface TestRun {
  running: boolean;
  results: TestResult[];
  /** Why the run itself failed, when it did. */
  error: string | undefined;
}

/** What a run of tests or of an attack needs. */
export interface RunOptions {
  subject: ClassFile;
  server: DatabaseServer;
  signal: AbortSignal;
  onChange(): void;
}

/**
 * Runs tests and keeps their results as they come.
 *
 * @param run Where the results go.
 * @param options Which tests, on which class.
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
    run.error = error instanceof Error ? error.message : String(error);
  }
  run.running = false;
  onChange();
  if (run.error !== undefined) return `The tests could not run: ${run.error}`;
  const failed = run.results.filter((result) => !result.passed).length;
  const passed = run.results.length - failed;
  if (failed === 0) return `All ${passed} tests pass.`;
  return `${failed} of ${run.results.length} tests ${failed === 1 ? 'fails' : 'fail'}.`;
}
