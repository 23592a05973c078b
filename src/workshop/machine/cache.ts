/**
 * The folder for everything that the workshop fetches and prepares.
 *
 *     packages/    programs unpacked from the system's packages
 *     templates/   a fresh data folder for each version of the database server
 *     runs/        the data folders of the workshops that run now
 *     npm/         packages that only some tests need
 *
 * While no workshop runs, the folder can be deleted.
 */
import { lstatSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { homedir, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { nameForThisProcess, ownerOf } from './process-name.ts';

const unfinished = '.unfinished-';
/** The most that a start needs: programs, a template and one run. */
const roomNeeded = 128 * 2 ** 20;

const week = 7 * 24 * 60 * 60 * 1000;

let found: string | undefined;
let temporary: { folder: string } | { problem: string } | undefined;

/** A disk that cannot be used; the message is for the user and contains the remedy. */
export class DiskProblem extends Error {
  constructor(problem: string) {
    super(`${problem}. Free about 128 MB, or set PHPSESSID_CACHE to a folder with space.`);
  }
}

/**
 * Finds a folder this user can write to.
 *
 * @param progress - Receives a line when the wanted folder cannot be used.
 * @returns $PHPSESSID_CACHE, else $XDG_CACHE_HOME/phpsessid, else ~/.cache/phpsessid; a folder
 *   of the system's temporary folder when that one cannot be written to or is full.
 * @throws DiskProblem when neither can be used.
 */
export function cacheFolder(progress?: ((line: string) => void) | undefined): string {
  if (found !== undefined) return found;
  const wanted =
    process.env['PHPSESSID_CACHE'] ||
    join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'phpsessid');
  const problem = problemWith(wanted);
  if (problem === undefined) {
    found = wanted;
    return found;
  }
  const instead = findTemporary();
  if ('problem' in instead) {
    throw new DiskProblem(`No folder can be used: ${wanted} (${problem}), ${instead.problem}`);
  }
  found = instead.folder;
  progress?.(`cache: ${wanted} cannot be used (${problem}); using ${found} instead`);
  return found;
}

/** Returns a folder of this user's in the system's temporary folder; undefined without space. */
export function temporaryFolder(): string | undefined {
  const place = findTemporary();
  return 'folder' in place ? place.folder : undefined;
}

function findTemporary(): { folder: string } | { problem: string } {
  temporary ??= searchTemporary();
  return temporary;
}

function searchTemporary(): { folder: string } | { problem: string } {
  const path = join(tmpdir(), `phpsessid-${userInfo().uid}`);
  const problem = problemWith(path);
  // Another user may have made a folder there first; programs must not be run from it.
  if (problem === undefined && isOurs(path)) return { folder: path };
  try {
    const fresh = mkdtempSync(join(tmpdir(), 'phpsessid-'));
    const itsProblem = problemWith(fresh);
    if (itsProblem === undefined) return { folder: fresh };
    rmSync(fresh, { recursive: true });
  } catch {
    // The first folder's problem is the better message.
  }
  return { problem: `${path} (${problem ?? 'belongs to someone else'})` };
}

function problemWith(folder: string): string | undefined {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, '.writable'), '');
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize >= roomNeeded) return undefined;
    return `only ${Math.floor((bavail * bsize) / 2 ** 20)} MB are free on its disk`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

function isOurs(folder: string): boolean {
  const stats = lstatSync(folder);
  const { uid, mode } = stats;
  // A link could lead into another folder of this user.
  if (!stats.isDirectory()) return false;
  return process.platform === 'win32' || (uid === process.getuid?.() && (mode & 0o022) === 0);
}

/**
 * Makes a folder of the cache once, even when two workshops need it at the same moment.
 *
 * @param folder - Its path. It appears there complete or not at all.
 * @param fill - Fills a draft, which is then renamed, or removed when this fails.
 * @returns `folder`
 */
export async function makeOnce(
  folder: string,
  fill: (draft: string) => Promise<void>,
): Promise<string> {
  if (await exists(folder)) return folder;
  const parent = dirname(folder);
  await mkdir(parent, { recursive: true });
  await sweepUnfinished(parent);
  const draft = join(parent, unfinished + nameForThisProcess());
  try {
    await mkdir(draft);
    await fill(draft);
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    const { code } = error as NodeJS.ErrnoException;
    // Another workshop has made the same folder meanwhile.
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
  return folder;
}

async function sweepUnfinished(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (name.startsWith(unfinished)) {
      await removeIfAbandoned(join(parent, name), name.slice(unfinished.length));
    }
  }
}

/**
 * Removes a folder whose process is gone; `name` is what nameForThisProcess() returned to that
 * process.
 */
export async function removeIfAbandoned(
  folder: string,
  name: string,
  before?: () => Promise<void>,
): Promise<void> {
  const owner = ownerOf(name);
  if (owner === 'alive') return;
  // The processes of another machine cannot be seen. A week is longer than any workshop.
  if (owner === 'unknown' && (await lastChange(folder)) > Date.now() - week) return;
  await before?.();
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

async function exists(path: string): Promise<boolean> {
  return (await lastChange(path)) !== Number.POSITIVE_INFINITY;
}

async function lastChange(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
