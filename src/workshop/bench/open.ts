/** `openBench`: one line at the top of a test file, and everything ends with the file. */
import { after, afterEach, beforeEach } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { errorMessage } from '../machine/error-message.ts';
import { type CrashWatch, watchForCrashes } from '../sandbox/crash.ts';
import { describeFailure, describeLoading } from '../sandbox/failure.ts';
import { locate, type Suspect } from '../sandbox/location.ts';
import { type Failure, hasParent } from '../sandbox/report.ts';
import { show } from '../sandbox/values.ts';
import { afterSilence } from '../wire/silence.ts';
import type { Statement } from '../wire/statement.ts';
import { type AssembledBench, assembleBench, releaseServer } from './assemble.ts';
import type { Bench } from './bench.ts';
import { report } from './report.ts';
import { findSubject, type Subject } from './subject.ts';

/** Seconds a test may take under a parent, unless `WORKSHOP_TEST_SECONDS` sets another limit. */
const defaultSeconds = 10;

/** The name of the test that ends a file where several share a process; it is not reported. */
export const fileOver = 'the file is over';

/** The argument of node:test's hooks. */
interface TestState {
  name: string;
  fullName: string;
  passed: boolean;
  error: Error | null;
  diagnostic(message: string): void;
}

/** The file that runs now: its path, the class it tests, and its bench while it is open. */
interface RunningFile {
  path: string;
  suspect: Suspect;
  /** The class, where the program that runs the file has found it. */
  subject?: Subject | undefined;
  assembled?: AssembledBench | undefined;
}

let running: RunningFile = { path: process.argv[1] ?? '', suspect: { file: '' } };
/** The test that runs now. */
let current: string | undefined;
let watch: CrashWatch | undefined;
let shared = false;
let hasStrayed = false;
/** True while the rest of a failed test ends, whose errors are no news. */
let isSettling = false;

/**
 * Opens a bench for this test file: the class under test, a separate database, a clock, a gate.
 *
 * @returns The bench. It ends itself after the file's last test.
 * @throws Every error of loading the class's file, as the cause.
 * @example
 * const { handler, newId } = await openBench();
 */
export async function openBench(): Promise<Bench> {
  const file = running;
  const subject = file.subject ?? findSubject(file.path);
  file.suspect.file = subject.file;
  watch ??= followTests();
  try {
    file.assembled = await assembleBench(subject);
    return file.assembled.bench;
  } catch (error) {
    report({ kind: 'broken', failure: describeLoading(error, file.suspect) });
    throw new LoadingFailed(error);
  }
}

/** Loading the class failed, and the failure has been reported. */
export class LoadingFailed extends Error {
  constructor(cause: unknown) {
    super(errorMessage(cause), { cause });
  }
}

/** Begins the next file of tests, where several share a process. */
export function beginFile(path: string, subject: Subject): void {
  shared = true;
  running = { path, suspect: { file: '' }, subject };
}

/** Ends the bench of the file that ran, and everything its class left open. */
export async function endFile(): Promise<void> {
  const { assembled } = running;
  running.assembled = undefined;
  await assembled?.end();
}

/** Tells whether an error has reached this process that no test has caught. */
export function hasStrayError(): boolean {
  return hasStrayed;
}

/**
 * Lists the handles that keep this process alive, without timers: tests and classes leave those of
 * time limits, and an error of another one is a stray error.
 */
export function openHandles(): string[] {
  return process.getActiveResourcesInfo().filter((name) => name !== 'Timeout');
}

/** Ends everything after the last file; from here on the process may end in any way. */
export async function endProcess(): Promise<void> {
  watch?.finish();
  await endFile();
  await releaseServer();
  // Nothing that the class keeps running must keep the process from ending.
  setTimeout(() => process.exit(), 500).unref();
}

/** Reports the start, the end and the failure of every test. Once for a process. */
function followTests(): CrashWatch {
  const crashes = watchForCrashes(suspectNow, (failure) => {
    hasStrayed = true;
    if (!isSettling) report({ kind: 'broken', name: current, failure });
  });
  let stopWatch: (() => void) | undefined;
  let began = 0;
  let wasStopped = false;
  const endLate = (failure: Failure): void => {
    report({ kind: 'broken', name: current, failure });
    crashes.finish();
    process.exit(1);
  };

  beforeEach((context) => {
    const { name, fullName } = context as unknown as TestState;
    const { assembled } = running;
    if (name !== fullName || name === fileOver || !assembled) return;
    current = name;
    assembled.lastCall.method = undefined;
    assembled.lastCall.error = undefined;
    assembled.damage.reset();
    wasStopped = assembled.clock.stopped;
    began = performance.now();
    report({ kind: 'begun', name });
    // A test that is run by hand may stop in a debugger.
    if (hasParent()) stopWatch = watchProgress(assembled, endLate);
  });
  afterEach(async (context) => {
    // An unhandled rejection surfaces after the test's last step.
    await setImmediate();
    const test = context as unknown as TestState;
    const { name, fullName } = test;
    const { assembled } = running;
    if (name !== fullName || name === fileOver || !assembled) return;
    stopWatch?.();
    current = undefined;
    // A clock that a test stopped runs again for the next one.
    if (!wasStopped) assembled.clock.restore();
    const milliseconds = performance.now() - began;
    const failure = test.passed ? undefined : describeRed(test, assembled);
    report({ kind: 'over', name, milliseconds, failure });
    if (!failure) return;
    // What it has left under way would reach the next test.
    isSettling = true;
    await assembled.settle();
    isSettling = false;
  });
  // Node runs this hook as soon as no test waits, which is too early where more files follow.
  if (!shared) after(endProcess);
  return crashes;
}

/**
 * A busy machine makes a test slow, and a class that waits in vain makes it stop: only a test that
 * neither talks to the database nor computes during its limit is ended by it.
 *
 * @param endLate - Receives the failure of a test that has reached its limit.
 * @returns Stops the watch at the end of the test.
 */
function watchProgress(assembled: AssembledBench, endLate: (failure: Failure) => void): () => void {
  const limit = Number(process.env['WORKSHOP_TEST_SECONDS'] ?? defaultSeconds);
  return afterSilence(
    limit * 1000,
    assembled.progress,
    ({ isQuiet, milliseconds }) => {
      const state = { isQuiet, unanswered: assembled.unanswered() };
      endLate(describeTimeout(Math.round(milliseconds / 1000), state, suspectNow()));
    },
    () => report({ kind: 'busy' }),
  );
}

/** Describes a red test: its error, the class's own error, and the seed that replays it. */
function describeRed(test: TestState, { damage, lastCall, random }: AssembledBench): Failure {
  const failure = describeFailure(test.error?.cause ?? test.error, suspectNow());
  if (damage.sentence) failure.message += ` (${damage.sentence})`;
  if (lastCall.error !== undefined) {
    const inside = describeFailure(lastCall.error, suspectNow());
    failure.message += `; the class failed: ${nameError(inside)}`;
    failure.location = inside.location;
  }
  if (random.used) {
    failure.message += ` (SEED=${random.seed} replays it)`;
    test.diagnostic(`SEED=${random.seed} replays it`);
  }
  return failure;
}

/** `TypeError (ERR_INVALID_URL): Invalid URL`; a plain Error's message alone. */
function nameError({ error, message }: Failure): string {
  return error === undefined || error === 'Error' ? message : `${error}: ${message}`;
}

function suspectNow(): Suspect {
  return { file: running.suspect.file, method: running.assembled?.lastCall.method };
}

/** Describes a test that did not end in time, by what it did last. */
function describeTimeout(
  seconds: number,
  { isQuiet, unanswered: [statement] }: { isQuiet: boolean; unanswered: readonly Statement[] },
  suspect: Suspect,
): Failure {
  const silence = statement
    ? `the database has not answered ${show(statement.sql)}`
    : 'no statement is on its way, so the class waits for something that never comes';
  const waiting = isQuiet
    ? silence
    : 'the class is still at work: it repeats something without an end, or the machine is very slow';
  return {
    reason: 'timeout',
    message: `no result after ${seconds} seconds; ${waiting}`,
    location: locate('', suspect),
  };
}
