/** Calls of a store with callbacks, as promises; and what a callback that throws leads to. */
import { setTimeout as sleep } from 'node:timers/promises';
import { gate } from './case.ts';

/** A callback of Node's kind. */
export type Done<Value> = (error?: unknown, value?: Value) => void;

/** Milliseconds that one call may take. */
const PATIENCE = 10_000;

/**
 * Calls a method that takes a callback.
 *
 * @throws The error that the callback received; Error when it is not called in time.
 */
export async function call<Value = unknown>(
  run: (done: Done<Value>) => unknown,
): Promise<Value | undefined> {
  const late = new AbortController();
  try {
    return await Promise.race([
      new Promise<Value | undefined>((resolve, reject) => {
        run((error, value) => (error ? reject(error) : resolve(value)));
      }),
      sleep(PATIENCE, undefined, { signal: late.signal }).then(() => {
        throw new Error(`the callback was not called within ${PATIENCE / 1000} s`);
      }),
    ]);
  } finally {
    late.abort();
  }
}

/** Milliseconds in which a store could call a callback a second time. */
const AFTERWARDS = 50;

/** Counts how often a method calls a callback that throws. */
export async function countCalls(run: (done: Done<never>) => unknown): Promise<number> {
  let calls = 0;
  await collectStray(async () => {
    const first = gate();
    run(() => {
      calls += 1;
      first.open();
      throw new Error('thrown by the callback');
    });
    await Promise.race([first.closed, sleep(PATIENCE, undefined, { ref: false })]);
  });
  return calls;
}

/** The last collection: of two at once, each would take the other's listener for the runner's. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs something, and returns the errors that reached the process meanwhile or right afterwards.
 *
 * The process's own listeners, those of a test runner among them, are put aside until then.
 */
export function collectStray(run: () => Promise<void>): Promise<unknown[]> {
  const mine = last.then(() => collectNow(run));
  last = mine;
  return mine;
}

async function collectNow(run: () => Promise<void>): Promise<unknown[]> {
  const stray: unknown[] = [];
  const collect = (error: unknown): void => void stray.push(error);
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const others = events.map((event) => process.rawListeners(event));
  for (const event of events) process.removeAllListeners(event).on(event, collect);
  try {
    await run().catch(collect);
    await sleep(AFTERWARDS);
  } finally {
    for (const [at, event] of events.entries()) {
      process.removeAllListeners(event);
      for (const each of others[at] ?? []) process.on(event, each as () => void);
    }
  }
  return stray;
}
