/**
 * One rule for SIGINT, SIGTERM and SIGHUP: every clean-up runs first; then the signal has its
 * default effect, unless the program decides its own end.
 */
import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const cleanUps = new Set<() => unknown>();
const deciders = new Set<(signal: NodeJS.Signals) => void>();

/** The command was ended by a signal. */
export class Interrupted extends Error {
  override name = 'Interrupted';
  readonly code: number;

  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal}`);
    this.code = 128 + constants.signals[signal];
  }
}

/**
 * Runs a clean-up when a signal is about to end this process. It may be called again for every
 * further signal.
 *
 * @param cleanUp - Its synchronous part runs at once; the process lives until its promise settles.
 * @returns Removes the clean-up.
 */
export function cleanUpBeforeSignals(cleanUp: () => unknown): () => void {
  return add(cleanUps, cleanUp);
}

/**
 * Lets the program end itself: no signal has its default effect until the returned function runs.
 */
export function decideOnSignals(decide: (signal: NodeJS.Signals) => void): () => void {
  return add(deciders, decide);
}

function add<Entry>(entries: Set<Entry>, entry: Entry): () => void {
  if (cleanUps.size + deciders.size === 0) {
    for (const signal of signals) process.on(signal, receive);
  }
  entries.add(entry);
  return () => {
    if (entries.delete(entry) && cleanUps.size + deciders.size === 0) ignoreSignals();
  };
}

function ignoreSignals(): void {
  for (const signal of signals) process.off(signal, receive);
}

async function receive(signal: NodeJS.Signals): Promise<void> {
  // Read now: a program that decides may have ended its part before the last clean-up is done.
  const decided = deciders.size > 0;
  const cleaning = [...cleanUps].map(async (cleanUp) => await cleanUp());
  for (const decide of [...deciders]) decide(signal);
  await Promise.allSettled(cleaning);
  if (decided) return;
  ignoreSignals();
  // A listener that is not ours answers the signal itself.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
