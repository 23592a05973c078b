/** `openBench`: one line at the top of a test file, and everything ends with the file. */
import { after, afterEach, beforeEach } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type Watch, watchForCrashes } from '../sandbox/crash.ts';
import {
  describeFailure,
  describeLoading,
  describeTimeout,
  type Suspect,
} from '../sandbox/failure.ts';
import { hasListener, report } from '../sandbox/report.ts';
import { type AssembledBench, assembleBench, releaseServer } from './assemble.ts';
import type { Bench } from './bench.ts';
import { findSubject } from './subject.ts';

/** How long a test may take when a parent listens, unless `WORKSHOP_TEST_SECONDS` says otherwise. */
const defaultSeconds = 10;

/** The name of the test that ends a file where several share a process; nobody is told of it. */
export const fileOver = 'the file is over';

/** What node:test hands to its hooks. */
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
  assembled?: AssembledBench | undefined;
}

let running: RunningFile = { path: process.argv[1] ?? '', suspect: { file: '' } };
let watch: Watch | undefined;
let shared = false;

/**
 * Opens a bench for this test file: the class under test, a database of its own, a clock, a gate.
 *
 * @returns The bench. It ends itself after the file's last test.
 * @throws Whatever the class's file throws when it is loaded.
 * @example
 * const { handler, newId } = await openBench();
 */
export async function openBench(): Promise<Bench> {
  const file = running;
  const subject = findSubject(file.path);
  file.suspect.file = subject.file;
  if (!watch) attend();
  try {
    file.assembled = await assembleBench(subject);
    return file.assembled.bench;
  } catch (error) {
    report({ kind: 'broken', failure: describeLoading(error, file.suspect) });
    throw new LoadingFailed(error);
  }
}

/** Loading the class failed, and the parent has been told. */
export class LoadingFailed extends Error {
  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/**
 * Says which file of tests comes next, where several share a process.
 *
 * @param path - Its absolute path.
 */
export function beginFile(path: string): void {
  shared = true;
  running = { path, suspect: { file: '' } };
}

/** Ends the bench of the file that ran, and everything its class left open. */
export async function endFile(): Promise<void> {
  const { assembled } = running;
  running.assembled = undefined;
  await assembled?.end();
}

/** Ends everything after the last file; from here on the process may end as it likes. */
export async function endProcess(): Promise<void> {
  watch?.finish();
  await endFile();
  await releaseServer();
  // Whatever else the class keeps running must not keep the process from ending.
  setTimeout(() => process.exit(), 500).unref();
}

/** Follows the tests: which one runs, what it called last, how it ended. Once for a process. */
function attend(): void {
  const limit = Number(process.env['WORKSHOP_TEST_SECONDS'] ?? defaultSeconds);
  const following = watchForCrashes(() => suspectNow());
  let timer: NodeJS.Timeout | undefined;
  let began = 0;
  let wasStopped = false;

  beforeEach((context) => {
    const { name, fullName } = context as unknown as TestState;
    const { assembled } = running;
    if (name !== fullName || name === fileOver || !assembled) return;
    following.current = name;
    assembled.lastCall.method = undefined;
    assembled.lastCall.error = undefined;
    wasStopped = assembled.clock.stopped;
    began = performance.now();
    report({ kind: 'begun', name });
    // By hand one may stand in a debugger for as long as one likes.
    if (hasListener()) timer = setTimeout(() => giveUp(following, limit), limit * 1000);
  });
  afterEach(async (context) => {
    // A rejection that nobody awaits comes up when the test's last step is done.
    await setImmediate();
    const { name, fullName, passed, error } = context as unknown as TestState;
    const { assembled } = running;
    if (name !== fullName || name === fileOver || !assembled) return;
    clearTimeout(timer);
    following.current = undefined;
    const { clock, lastCall, random } = assembled;
    // A clock that a test stopped runs again for the next one.
    if (!wasStopped) clock.restore();
    const milliseconds = performance.now() - began;
    if (passed) {
      report({ kind: 'over', name, milliseconds });
      return;
    }
    const failure = describeFailure(error?.cause ?? error, suspectNow());
    if (lastCall.error !== undefined) {
      const inside = describeFailure(lastCall.error, suspectNow());
      failure.message += `; a callback failed: ${inside.message}`;
      failure.location = inside.location;
    }
    if (random.used) {
      failure.message += ` (SEED=${random.seed} replays it)`;
      (context as unknown as TestState).diagnostic(`SEED=${random.seed} replays it`);
    }
    report({ kind: 'over', name, milliseconds, failure });
  });
  // Node runs this hook as soon as no test is waiting, so not where more files are to come.
  if (!shared) after(endProcess);
  watch = following;
}

function suspectNow(): Suspect {
  return { file: running.suspect.file, method: running.assembled?.lastCall.method };
}

function giveUp(following: Watch, seconds: number): void {
  const unanswered = running.assembled?.unanswered() ?? [];
  const failure = describeTimeout(seconds, unanswered, suspectNow());
  if (following.current !== undefined) report({ kind: 'broken', name: following.current, failure });
  following.finish();
  process.exit(1);
}
