/**
 * Programs from the packages of Debian and Ubuntu, without changing the system.
 *
 * apt resolves and downloads as any user may; the packages are unpacked into the cache instead of
 * being installed, so no service starts, no user is made, and root is not needed.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, makeOnce } from './cache.ts';
import { findProgram, type RunResult, run } from './program.ts';

export interface FetchOptions {
  progress?: ((line: string) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Obtains what a machine may have already: each way is tried until one finds something.
 *
 * @param ways - They return undefined where there is nothing, and throw what stood in their way.
 * @param options - Handed to each way; `signal` ends it all.
 * @param otherwise - What to say, and to do, where nothing was found.
 * @returns What was found, or the reason why nothing was: the problems, and `otherwise`.
 */
export async function obtainFirst<Found>(
  ways: readonly ((options: FetchOptions) => Promise<Found | undefined>)[],
  options: FetchOptions,
  otherwise: string,
): Promise<Found | { reason: string }> {
  const problems: string[] = [];
  for (const find of ways) {
    try {
      const found = await find(options);
      if (found !== undefined) return found;
    } catch (error) {
      options.signal?.throwIfAborted();
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { reason: [...problems, otherwise].join('. ') };
}

/**
 * Tells whether this system's packages can be fetched.
 *
 * @returns false on a system that is not of Debian's family.
 */
export function canFetchPackages(): boolean {
  return aptPrograms() !== undefined;
}

/**
 * Names the folder into which these packages are, or would be, fetched.
 *
 * @param names - Names of packages.
 */
export function packagesFolder(names: readonly string[]): string {
  return join(cacheFolder(), 'packages', `${release()}-${process.arch}`, names.join('+'));
}

/**
 * Fetches packages, with whatever they need that is not installed, and unpacks them into the
 * cache. What an earlier call fetched is taken from there.
 *
 * @param names - Names of packages, as `apt-get install` takes them.
 * @param options - `progress` is told what happens, `signal` ends it.
 * @returns The folder that holds `usr/…`.
 * @throws Error with what apt said, when the packages cannot be had.
 */
export async function fetchPackages(
  names: readonly string[],
  options: FetchOptions = {},
): Promise<string> {
  const folder = packagesFolder(names);
  if (existsSync(folder)) return folder;
  const programs = aptPrograms();
  if (programs === undefined) throw new Error('This system has no apt-get');
  const apt = new Apt(programs, options);
  return await makeOnce(folder, (draft) => apt.unpackInto(draft, names));
}

/**
 * Lists the folders of shared libraries in unpacked packages.
 *
 * @param folder - What fetchPackages() returned.
 * @returns A value for LD_LIBRARY_PATH.
 */
export function libraryPath(folder: string): string {
  return ['usr/lib', 'lib']
    .flatMap((lib) => {
      const path = join(folder, lib);
      const names = existsSync(path) ? readdirSync(path) : [];
      return names.filter((name) => name.includes('-linux-')).map((name) => join(path, name));
    })
    .join(':');
}

interface AptPrograms {
  aptGet: string;
  dpkgDeb: string;
}

function aptPrograms(): AptPrograms | undefined {
  const aptGet = findProgram(['apt-get']);
  const dpkgDeb = findProgram(['dpkg-deb']);
  return aptGet && dpkgDeb && existsSync('/var/lib/dpkg/status') ? { aptGet, dpkgDeb } : undefined;
}

/** `debian-12`: what was fetched for one release does not run on another. */
function release(): string {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const value = (key: string): string =>
    new RegExp(`^${key}="?([^"\\n]*)`, 'm').exec(text)?.[1] ?? 'unknown';
  return `${value('ID')}-${value('VERSION_ID')}`.replaceAll(/[^\w.-]/g, '_');
}

/** A mirror that does not answer shall not hold the set-up for apt's two minutes a file. */
const patience = ['-o', 'Acquire::http::Timeout=15', '-o', 'Acquire::https::Timeout=15'];

class Apt {
  readonly #programs: AptPrograms;
  readonly #options: FetchOptions;
  /** apt's lists: the system's, until they turn out to be missing or out of date. */
  #lists: string[] = [];

  constructor(programs: AptPrograms, options: FetchOptions) {
    this.#programs = programs;
    this.#options = options;
  }

  async unpackInto(folder: string, names: readonly string[]): Promise<void> {
    const wanted = await this.#resolve(names);
    this.#options.progress?.(`packages: fetching ${wanted.join(', ')} into ${cacheFolder()} …`);
    const archives = join(folder, '.archives');
    await mkdir(archives);
    await this.#download(wanted, archives);
    for (const archive of await readdir(archives)) {
      const path = join(archives, archive);
      const unpacked = await run(this.#programs.dpkgDeb, ['-x', path, folder], this.#options);
      if (unpacked.code !== 0) throw new Error(`${archive}: ${unpacked.stderr.trim()}`);
    }
    await rm(archives, { recursive: true });
  }

  /** The packages an installation would add, these included: only apt knows their names. */
  async #resolve(names: readonly string[]): Promise<string[]> {
    const simulate = (): Promise<RunResult> =>
      this.#apt(['-s', '--no-install-recommends', 'install', ...names]);
    let simulated = await simulate();
    if (simulated.code !== 0) {
      await this.#updateOwnLists();
      simulated = await simulate();
    }
    if (simulated.code !== 0) throw new Error(lastLines(simulated));
    const added = [...simulated.stdout.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name);
    // Programs run on the system's own C library: its parts fit each other only together.
    const fetched = added.filter((name) => !/^(libc6|libc-bin|locales)\b/.test(name));
    return fetched.length > 0 ? fetched : [...names];
  }

  async #download(names: readonly string[], folder: string): Promise<void> {
    let downloaded = await this.#apt(['download', ...names], folder);
    if (downloaded.code !== 0 && this.#lists.length === 0) {
      // The lists may name a version that the mirror no longer has.
      await this.#updateOwnLists();
      downloaded = await this.#apt(['download', ...names], folder);
    }
    if (downloaded.code !== 0) throw new Error(lastLines(downloaded));
  }

  /** Lists of our own: renewing the system's needs root, and is not ours to do. */
  async #updateOwnLists(): Promise<void> {
    this.#options.progress?.('packages: reading the lists of the package mirror …');
    const state = join(
      cacheFolder(),
      'apt',
      createHash('sha256').update(release()).digest('hex').slice(0, 8),
    );
    await mkdir(join(state, 'lists/partial'), { recursive: true });
    await mkdir(join(state, 'cache/archives/partial'), { recursive: true });
    this.#lists = [
      ['-o', `Dir::State=${state}`],
      ['-o', 'Dir::State::status=/var/lib/dpkg/status'],
      ['-o', `Dir::Cache=${join(state, 'cache')}`],
    ].flat();
    // One source that does not answer must not hide the others: what is missing shows afterwards.
    await this.#apt(['update']);
  }

  #apt(args: readonly string[], cwd?: string): Promise<RunResult> {
    // Root's apt hands downloads to a user who may not enter root's cache folder.
    const sandbox = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : [];
    return run(this.#programs.aptGet, ['-q', ...patience, ...sandbox, ...this.#lists, ...args], {
      cwd,
      environment: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
      signal: this.#options.signal,
      timeout: 180_000,
    });
  }
}

function lastLines({ stdout, stderr }: RunResult): string {
  const errors = stderr.split('\n').filter((line) => line.startsWith('E:'));
  const lines = errors.length > 0 ? errors : `${stdout}\n${stderr}`.trim().split('\n');
  return `apt-get: ${lines.slice(-3).join(' ')}`;
}
