/** Writes files into the learner's folder, lessons/mine, in one step each. */
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, relative } from 'node:path';
import { root, shown } from './catalogue.ts';

/** A file in the learner's folder could not be written; the message has the remedy. */
class FolderError extends Error {
  override name = 'FolderError';
}

/**
 * Replaces a file in one step: a disk that fills up in the middle leaves the old file whole.
 *
 * @throws FolderError
 */
export function replaceFile(path: string, data: string | Uint8Array): void {
  const half = `${path}.${process.pid}.new`;
  attempt(`write ${shown(path)}`, () => {
    mkdirSync(dirname(path), { recursive: true });
    requireInside(dirname(path));
    try {
      writeFileSync(half, data);
      renameSync(half, path);
    } catch (error) {
      rmSync(half, { force: true });
      throw error;
    }
  });
}

/**
 * Refuses a link that leaves the checkout: Node looks for the packages of a class beside its real path.
 *
 * @throws Error with the remedy.
 */
export function requireInside(path: string): void {
  const real = realpathSync(path);
  if (!relative(realpathSync(root), real).startsWith('..')) return;
  throw new Error(
    `${shown(path)} is a link to ${real}, where Node does not find the workshop's packages; ` +
      'remove the link, and move what it leads to here',
  );
}

/** Milliseconds after which a lock is that of a process which was killed: a change takes one. */
const ABANDONED = 2_000;

/**
 * Runs `act` while no other process does the same for this file: the lab and `npm run lesson` change
 * one note. A file beside it is the lock.
 *
 * @throws FolderError when the lock cannot be written.
 */
export function withLock<Result>(path: string, act: () => Result): Result {
  const lock = `${path}.lock`;
  attempt(`write ${shown(path)}`, () => {
    mkdirSync(dirname(path), { recursive: true });
    while (!takeLock(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  });
  try {
    return act();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Makes the lock, or returns false where another process has it; an abandoned one is removed. */
function takeLock(lock: string): boolean {
  try {
    closeSync(openSync(lock, 'wx'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const held = statSync(lock, { throwIfNoEntry: false });
  // A file server's clock may differ: a lock whose time is far in the future is abandoned, too.
  if (held && Math.abs(Date.now() - held.mtimeMs) > ABANDONED) removeAbandoned(lock, held.mtimeMs);
  return false;
}

/** Removes an abandoned lock, and restores one that another process has made in its place since. */
function removeAbandoned(lock: string, time: number): void {
  const moved = `${lock}.${process.pid}`;
  try {
    renameSync(lock, moved);
  } catch {
    return; // Another process was faster
  }
  try {
    if (statSync(moved).mtimeMs !== time) linkSync(moved, lock);
  } catch {
    // A third process has made one meanwhile, or this file system has no hard links.
  }
  rmSync(moved, { force: true });
}

const reasons: Record<string, string> = {
  EACCES: 'this user may not write there; give yourself the right, or clone to a folder of yours',
  EPERM: 'this user may not write there; give yourself the right, or clone to a folder of yours',
  EROFS: 'the file system is read-only; clone the workshop to a place where you may write',
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'your disk quota is used up; free some space',
  EFBIG: 'the system allows no file of that size; raise the limit (ulimit -f)',
  EEXIST: 'a file is in the place of a folder; move it away',
  ENOTDIR: 'a file is in the place of a folder; move it away',
  ENOENT: 'a link there leads to a folder that does not exist; remove the link',
  ELOOP: 'a link there leads back to itself; remove it',
  EISDIR: 'a folder is in the place of the file; move it away',
};

/**
 * Changes the folder; any error becomes a FolderError that completes "Could not …" with `purpose`.
 */
export function attempt(purpose: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    const sentence = `Could not ${purpose}: ${reasonOf(error)}. Your class is as it was.`;
    throw new FolderError(sentence, { cause: error });
  }
}

/** The reason why a file could not be written, with the remedy where there is a known one. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return `${reasons[code ?? ''] ?? message}${code ? ` (${code})` : ''}`;
}
