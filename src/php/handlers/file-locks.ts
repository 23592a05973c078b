/**
 * Exclusive locks on session files, in place of PHP's flock(LOCK_EX).
 *
 * Node has no flock(), so the locks hold within one process. Two processes with one folder of session
 * files can overwrite each other's changes.
 */
import type { Awaitable } from '../awaitable.ts';

/** The locked files, each with those that wait for its lock, in their order. */
const locked = new Map<string, (() => void)[]>();

/**
 * Takes a file's lock, once it is free in this process.
 *
 * @param path - The file.
 * @returns A function that releases the lock; a second call does nothing.
 */
export function lockFile(path: string): Awaitable<() => void> {
  let isHeld = true;
  const release = (): void => {
    if (isHeld) passOn(path);
    isHeld = false;
  };
  const waiting = locked.get(path);
  if (waiting) return new Promise((resolve) => waiting.push(() => resolve(release)));
  locked.set(path, []);
  return release;
}

function passOn(path: string): void {
  const next = locked.get(path)?.shift();
  if (next) next();
  else locked.delete(path);
}
