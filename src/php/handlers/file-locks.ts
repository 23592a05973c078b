/**
 * Exclusive locks on session files, in place of PHP's flock(LOCK_EX).
 *
 * Node has no flock(), so the locks hold within one process. Two processes with one folder of session
 * files can overwrite each other's changes.
 */

const queues = new Map<string, Promise<void>>();

/**
 * Waits until a file's lock is free in this process, and takes it.
 *
 * @param path - The file.
 * @returns A function that releases the lock; a second call does nothing.
 */
export async function lockFile(path: string): Promise<() => void> {
  const before = queues.get(path);
  let release = (): void => {};
  const mine = new Promise<void>((resolve) => {
    release = resolve;
  });
  const queue = before ? before.then(() => mine) : mine;
  queues.set(path, queue);
  await before;
  return () => {
    release();
    if (queues.get(path) === queue) queues.delete(path);
  };
}
