/** `openBench`: one line at the top of a test file, and everything ends with the file. */
import { after, afterEach, beforeEach } from 'node:test';
import { type AssembledBench, assembleBench } from './assemble.ts';
import type { Bench } from './bench.ts';
import { type Watch, watchForCrashes } from './crash.ts';
import { describeFailure, describeLoading, describeTimeout, type Suspect } from './failure.ts';
import { hasListener, report } from './report.ts';
import { findSubject } from './subject.ts';

/** How long a test may take when a parent listens, unless `WORKSHOP_TEST_SECONDS` says otherwise. */
const defaultSeconds = 10;

/** What node:test hands to its hooks. */
interface TestState {
  name: string;
  fullName: string;
  passed: boolean;
  error: Error | null;
  diagnostic(message: string): void;
}

/**
 * Opens a bench for this test file: the class under test, a database of its own, a clock, a gate.
 *
 * @returns The bench. It ends itself after the file's last test.
 * @throws Whatever the class's file throws when it is loaded.
 * @example
 * const { handler, newId } = await openBench();
 */
export async function openBench(): Promise<Bench> {
  const subject = findSubject(process.argv[1] ?? '');
  const suspect: Suspect = { file: subject.file };
  const watch = watchForCrashes(suspect);
  try {
    const assembled = await assembleBench(subject);
    attend(assembled, suspect, watch);
    return assembled.bench;
  } catch (error) {
    report({ kind: 'broken', failure: describeLoading(error, suspect) });
    watch.finish();
    throw error;
  }
}

/** Follows the tests: which one runs, what it called last, how it ended. */
function attend(assembled: AssembledBench, suspect: Suspect, watch: Watch): void {
  const { clock, end, lastCall, random, unanswered } = assembled;
  const limit = Number(process.env['WORKSHOP_TEST_SECONDS'] ?? defaultSeconds);
  let timer: NodeJS.Timeout | undefined;
  let began = 0;
  let wasStopped = false;

  const giveUp = (): void => {
    const failure = describeTimeout(limit, unanswered(), { ...suspect, ...lastCall });
    const name = watch.current;
    if (name !== undefined) report({ kind: 'broken', name, failure });
    watch.finish();
    process.exit(1);
  };
  beforeEach((context) => {
    const { name, fullName } = context as unknown as TestState;
    if (name !== fullName) return;
    watch.current = name;
    lastCall.method = undefined;
    wasStopped = clock.stopped;
    began = performance.now();
    report({ kind: 'begun', name });
    // By hand one may stand in a debugger for as long as one likes.
    if (hasListener()) timer = setTimeout(giveUp, limit * 1000);
  });
  afterEach((context) => {
    const { name, fullName, passed, error, diagnostic } = context as unknown as TestState;
    if (name !== fullName) return;
    clearTimeout(timer);
    watch.current = undefined;
    // A clock that a test stopped runs again for the next one.
    if (!wasStopped) clock.restore();
    const milliseconds = performance.now() - began;
    if (passed) {
      report({ kind: 'over', name, milliseconds });
      return;
    }
    const failure = describeFailure(error?.cause ?? error, { ...suspect, ...lastCall });
    if (random.used) {
      failure.message += ` (SEED=${random.seed} replays it)`;
      diagnostic.call(context, `SEED=${random.seed} replays it`);
    }
    report({ kind: 'over', name, milliseconds, failure });
  });
  after(async () => {
    watch.finish();
    await end();
    // Whatever else the class keeps running must not keep the file from ending.
    setTimeout(() => process.exit(), 500).unref();
  });
}
