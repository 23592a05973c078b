/**
 * File calls, synchronous while their folder is quick.
 *
 * Through libuv's thread pool, a call on a small file that the system has in memory costs about 25 µs
 * more CPU time than a synchronous one. A slow disk or a network must not stop the event loop,
 * though: one slow call sends those after it to the pool.
 */
import type { Awaitable } from '../awaitable.ts';

/** The longest time that a synchronous call may take, in milliseconds. */
const QUICK = 5;
/** A folder counts as slow for this many times its slow call: at most 1 % of the time is lost. */
const PENALTY = 100;

/** The slow folders, each with the time until which its calls go through the pool. */
const slow = new Map<string, number>();

/**
 * Makes a file call.
 *
 * @param folder - The folder of the file.
 * @param now - The synchronous call.
 * @param later - The same call through the thread pool.
 * @returns The result of the call.
 * @throws The system's error.
 */
export function onDisk<Result>(
  folder: string,
  now: () => Result,
  later: () => Promise<Result>,
): Awaitable<Result> {
  const began = performance.now();
  const until = slow.get(folder);
  if (until !== undefined) {
    if (began < until) return later();
    slow.delete(folder);
  }
  try {
    return now();
  } finally {
    const took = performance.now() - began;
    if (took > QUICK) slow.set(folder, began + took * PENALTY);
  }
}
