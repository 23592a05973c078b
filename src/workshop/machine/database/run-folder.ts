/** The data folders of running workshops, one for each; a later start sweeps abandoned ones. */
import { constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cacheFolder, DiskProblem, removeIfAbandoned, temporaryFolder } from '../cache.ts';
import { commandLineOf, nameForThisProcess, ownerOf } from '../process-name.ts';
import { removeContainer } from './container.ts';
import type { RunFolder } from './interfaces.ts';

/** Names the files of a run by its folder. */
export function filesOf(path: string): RunFolder {
  return {
    path,
    data: join(path, 'data'),
    temporary: join(path, 'temporary'),
    log: join(path, 'server.log'),
    pidFile: join(path, 'server.pid'),
    initFile: join(path, 'accounts.sql'),
    addressFile: join(path, 'address'),
    containerFile: join(path, 'container'),
  };
}

/**
 * Makes a run's folder with a copy of a template, in the cache or, where that is full or
 * read-only, in the system's temporary folder.
 *
 * @param template - The folder to copy; undefined for a server that fills an empty one itself.
 * @param progress - Receives a line when the cache cannot be used.
 * @throws DiskProblem that names the folders tried.
 */
export async function makeRunFolder(
  template: string | undefined,
  progress?: ((line: string) => void) | undefined,
): Promise<RunFolder> {
  const problems: string[] = [];
  for (const parent of runParents()) {
    const folder = filesOf(join(parent, nameForThisProcess()));
    try {
      await mkdir(folder.path, { recursive: true, mode: 0o700 });
      if (template === undefined) await mkdir(folder.data);
      else await cp(template, folder.path, { recursive: true, mode: constants.COPYFILE_FICLONE });
      await mkdir(folder.temporary, { recursive: true, mode: 0o700 });
      if (problems.length > 0) progress?.(`database: ${problems[0]}; using ${parent} instead`);
      return folder;
    } catch (error) {
      await rm(folder.path, { recursive: true, force: true }).catch(() => {});
      problems.push(`${parent}: ${describeDiskProblem(error)}`);
    }
  }
  throw new DiskProblem(`The database's data folder cannot be made. ${problems.join('. ')}`);
}

function runParents(): string[] {
  const folders = new Set([cacheFolder(), temporaryFolder() ?? cacheFolder()]);
  return [...folders].map((folder) => join(folder, 'runs'));
}

function describeDiskProblem(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'no space is left on this disk';
  if (code === 'EROFS') return 'this disk is read-only';
  if (code === 'EACCES' || code === 'EPERM') return 'this user may not write there';
  return message;
}

/** Removes the folders of killed workshops and stops the servers that still run on them. */
export async function sweepRunFolders(): Promise<void> {
  for (const parent of runParents()) {
    if (!existsSync(parent)) continue;
    for (const name of await readdir(parent)) {
      const folder = filesOf(join(parent, name));
      await removeIfAbandoned(folder.path, name, () => stopServerOf(folder));
    }
  }
}

/** The URLs of the servers that running workshops of this user share. */
export function sharedAddresses(): string[] {
  return runParents().flatMap((parent) => {
    if (!existsSync(parent)) return [];
    return readdirSync(parent)
      .filter((name) => ownerOf(name) === 'alive')
      .map((name) => readIfThere(filesOf(join(parent, name)).addressFile))
      .filter((address) => address !== '');
  });
}

/**
 * Stops the server that runs on a folder, if there is one. A process that has got the id of an
 * earlier server is left alone: its command line does not contain this folder.
 */
export async function stopServerOf(folder: RunFolder): Promise<void> {
  const container = readIfThere(folder.containerFile);
  if (container !== '') await removeContainer(container);
  const pid = Number(readIfThere(folder.pidFile));
  const isOurs = (): boolean => pid > 0 && commandLineOf(pid).includes(folder.data);
  for (const [signal, patience] of [
    ['SIGTERM', 10_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (!isOurs()) return;
    try {
      process.kill(pid, signal);
    } catch {
      return;
    }
    const deadline = Date.now() + patience;
    while (isOurs() && Date.now() < deadline) await delay(20);
  }
}

/** The last lines of the server's log that are errors, else its last lines. */
export function lastWordsOf(folder: RunFolder): string {
  const lines = readIfThere(folder.log).trim().split('\n');
  const errors = lines.filter((line) => /\[ERROR\]|error while loading|No space left/i.test(line));
  return (errors.length > 0 ? errors : lines).slice(-5).join('\n');
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
