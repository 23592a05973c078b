/** The garbage collection of session files. ps_files_cleanup_dir(), mod_files.c. */
import { statSync, unlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { bytesOf, textOf } from '../zend/conversions.ts';
import type { Reporter } from '../zend/reporter.ts';
import type { HandlerContext } from './save-module.ts';
import { PREFIX, type SavePath } from './save-path.ts';
import { systemError } from './system-error.ts';

/** The longest time that a sweep may block the event loop, in milliseconds. */
const SLICE = 2;

/**
 * Deletes the session files that were not written for a while, at the depth of the save path.
 *
 * @param place - The folder, and how many levels of subfolders the files are below it.
 * @param maxLifetime - In seconds.
 * @param context - The request.
 * @returns How many files were deleted; negative, with a notice, for a folder that cannot be read.
 */
export async function sweep(
  { folder, depth }: Pick<SavePath, 'folder' | 'depth'>,
  maxLifetime: number,
  { reporter, options }: HandlerContext,
): Promise<number> {
  const oldest = Math.floor(options.clock() / 1000) - maxLifetime;
  return await sweepFolder(bytesOf(folder), depth, oldest, reporter);
}

async function sweepFolder(
  folder: Buffer,
  depth: number,
  oldest: number,
  reporter: Reporter,
): Promise<number> {
  let names: string[];
  try {
    // One character for each byte: a name need not be UTF-8.
    names = await readdir(folder, { encoding: 'latin1' });
  } catch (error) {
    const text = `ps_files_cleanup_dir: opendir(${textOf(folder)}) failed: ${systemError(error)}`;
    reporter.warn('E_NOTICE', text);
    return -1;
  }
  const place = Buffer.concat([folder, Buffer.from('/')]);
  let deleted = 0;
  let began = performance.now();
  for (const name of names) {
    if (depth === 0 && !name.startsWith(PREFIX)) continue;
    // In slices: a synchronous stat costs a fifth of an asynchronous one.
    if (performance.now() - began > SLICE) {
      await nextTurn();
      began = performance.now();
    }
    const path = Buffer.concat([place, Buffer.from(name, 'latin1')]);
    if (depth === 0) {
      if (deleteOlder(path, oldest)) deleted += 1;
    } else if (isFolder(path)) {
      deleted += Math.max(0, await sweepFolder(path, depth - 1, oldest, reporter));
    }
  }
  return deleted;
}

function isFolder(path: Buffer): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Deletes a file older than a moment. As in PHP, a file that cannot be deleted counts too. */
function deleteOlder(path: Buffer, seconds: number): boolean {
  try {
    const file = statSync(path, { throwIfNoEntry: false });
    if (!file || Math.floor(file.mtimeMs / 1000) >= seconds) return false;
  } catch {
    return false;
  }
  try {
    unlinkSync(path);
  } catch {}
  return true;
}
