/**
 * One user of a session file at a time, as flock(LOCK_EX) gives it to PHP.
 *
 * Node has no flock(): these locks are known to this process only. Two processes on one folder of
 * session files overwrite each other's changes as PHP's would without its lock.
 */

const queues = new Map<string, Promise<void>>();

/**
 * Waits until nobody in this process uses a file, and takes it.
 *
 * @param path - The file.
 * @returns A function that gives it back; a second call does nothing.
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
