/** Writes files into the learner's folder, lessons/mine, in one step each. */
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { shown } from './catalogue.ts';

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
    try {
      writeFileSync(half, data);
      renameSync(half, path);
    } catch (error) {
      rmSync(half, { force: true });
      throw error;
    }
  });
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
