/**
 * Programs from the packages of Debian and Ubuntu, without changing the system.
 *
 * apt resolves and downloads as any user may; the packages are unpacked into the cache instead of
 * being installed, so no service starts, no user is made, and root is not needed.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, makeOnce } from './cache.ts';
import { errorMessage } from './error-message.ts';
import { type Announcements, findProgram, type RunResult, run } from './program.ts';

/**
 * Tries several ways to obtain a program until one succeeds.
 *
 * @param ways - Each returns undefined when it finds nothing, and throws when it fails.
 * @param otherwise - The remedy when no way succeeds.
 * @returns The first result, or a reason: the problems and `otherwise`.
 */
export async function obtainFirst<Found>(
  ways: readonly ((options: Announcements) => Promise<Found | undefined>)[],
  options: Announcements,
  otherwise: string,
): Promise<Found | { reason: string }> {
  const problems: string[] = [];
  for (const find of ways) {
    try {
      const found = await find(options);
      if (found !== undefined) return found;
    } catch (error) {
      options.signal?.throwIfAborted();
      problems.push(errorMessage(error));
    }
  }
  return { reason: [...problems, otherwise].join('. ') };
}

/** Returns whether this system's packages can be fetched: on Debian, Ubuntu and their relatives. */
export function canFetchPackages(): boolean {
  return aptPrograms() !== undefined;
}

/** Returns the folder into which packages are fetched; it may not exist yet. */
export function packagesFolder(names: readonly string[], suite?: string): string {
  const from = suite === undefined ? release() : `debian-${suite}`;
  return join(cacheFolder(), 'packages', `${from}-${process.arch}`, names.join('+'));
}

/**
 * Fetches packages and their missing dependencies, and unpacks them into the cache, unless an
 * earlier call did.
 *
 * @param names - Names of packages, as `apt-get install` takes them.
 * @param options - `without` matches dependencies that are not fetched, such as the Perl that only a
 *   package's service script runs; `suite` takes the packages from another suite of Debian, with
 *   their own C library.
 * @returns The folder that holds `usr/…`.
 * @throws Error with apt's output when the packages cannot be fetched.
 */
export async function fetchPackages(
  names: readonly string[],
  options: Announcements & { without?: RegExp; suite?: string } = {},
): Promise<string> {
  const folder = packagesFolder(names, options.suite);
  if (existsSync(folder)) return folder;
  const programs = aptPrograms();
  if (programs === undefined) throw new Error('This system has no apt-get');
  const apt = new Apt(programs, options);
  return await makeOnce(folder, (draft) => apt.unpackInto(draft, names, options.without));
}

/** Lists the folders of shared libraries in unpacked packages, as a value of LD_LIBRARY_PATH. */
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

/** Returns `debian-12`, for example: programs of one release do not run on another. */
function release(): string {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const value = (key: string): string =>
    new RegExp(`^${key}="?([^"\\n]*)`, 'm').exec(text)?.[1] ?? 'unknown';
  return `${value('ID')}-${value('VERSION_ID')}`.replaceAll(/[^\w.-]/g, '_');
}

/** For a mirror that does not respond: apt's own limit is two minutes a file. */
const patience = ['-o', 'Acquire::http::Timeout=15', '-o', 'Acquire::https::Timeout=15'];

class Apt {
  readonly #programs: AptPrograms;
  readonly #options: Announcements & { suite?: string };
  /** Options for separate lists; empty while the system's lists are good enough. */
  #lists: string[] = [];
  /** Why a mirror's lists are missing: without the network, apt only says that it knows no such package. */
  #unread = '';

  constructor(programs: AptPrograms, options: Announcements & { suite?: string }) {
    this.#programs = programs;
    this.#options = options;
  }

  async unpackInto(folder: string, names: readonly string[], without = /^$/): Promise<void> {
    const wanted = (await this.#resolve(names)).filter((name) => !without.test(name));
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

  /** Returns all packages that an installation would add: only apt knows their names. */
  async #resolve(names: readonly string[]): Promise<string[]> {
    const simulate = (): Promise<RunResult> =>
      this.#apt(['-s', '--no-install-recommends', 'install', ...names]);
    const { suite } = this.#options;
    if (suite !== undefined) await this.#updateOwnLists(await this.#sourceOf(suite));
    let simulated = await simulate();
    if (simulated.code !== 0) {
      await this.#updateOwnLists();
      simulated = await simulate();
    }
    if (simulated.code !== 0) throw this.#failure(simulated);
    const added = [...simulated.stdout.matchAll(/^Inst (\S+)/gm)].map(([, name = '']) => name);
    if (suite !== undefined) return added;
    // Programs use the system's C library: its parts must come from one version.
    const fetched = added.filter((name) => !/^(libc6|libc-bin|locales)(:|$)/.test(name));
    return fetched.length > 0 ? fetched : [...names];
  }

  async #download(names: readonly string[], folder: string): Promise<void> {
    let downloaded = await this.#apt(['download', ...names], folder);
    if (downloaded.code !== 0 && this.#lists.length === 0) {
      // The lists may name a version that the mirror no longer has.
      await this.#updateOwnLists();
      downloaded = await this.#apt(['download', ...names], folder);
    }
    if (downloaded.code !== 0) throw this.#failure(downloaded);
  }

  /** Returns the line of a suite of Debian, on the mirror that this system uses. */
  async #sourceOf(suite: string): Promise<string> {
    const format = ['--format', '$(REPO_URI) $(ORIGIN)', 'Created-By: Packages'];
    const { stdout } = await this.#apt(['indextargets', ...format]);
    const mirror = stdout.split('\n').find((line) => line.endsWith('/debian/ Debian'));
    if (mirror === undefined) throw new Error(`This system has no mirror of Debian's ${suite}`);
    return `deb ${mirror.split(' ')[0]} ${suite} main\n`;
  }

  /**
   * Fetches separate lists: updating the system's lists needs root and changes the system.
   *
   * @param source - A line for the list of sources, for packages that take nothing from this system.
   */
  async #updateOwnLists(source?: string): Promise<void> {
    this.#options.progress?.('packages: reading the lists of the package mirror …');
    const state = join(
      cacheFolder(),
      'apt',
      createHash('sha256')
        .update(source ?? release())
        .digest('hex')
        .slice(0, 8),
    );
    await mkdir(join(state, 'lists/partial'), { recursive: true });
    await mkdir(join(state, 'cache/archives/partial'), { recursive: true });
    const sources = join(state, 'sources.list');
    const status = source === undefined ? '/var/lib/dpkg/status' : join(state, 'status');
    this.#lists = [
      ['-o', `Dir::State=${state}`],
      ['-o', `Dir::State::status=${status}`],
      ['-o', `Dir::Cache=${join(state, 'cache')}`],
    ].flat();
    if (source !== undefined) {
      await writeFile(status, '');
      await writeFile(sources, source);
      this.#lists.push('-o', `Dir::Etc::SourceList=${sources}`, '-o', 'Dir::Etc::SourceParts=-');
    }
    // The exit code is ignored: one failed source must not hide the others.
    const { stderr } = await this.#apt(['update']);
    const [, problem] = /^[EW]: Failed to fetch (.+)$/m.exec(stderr) ?? [];
    if (problem !== undefined) this.#unread = `. The package mirror cannot be read: ${problem}`;
  }

  #failure({ stdout, stderr }: RunResult): Error {
    const errors = stderr.split('\n').filter((line) => line.startsWith('E:'));
    const lines = errors.length > 0 ? errors : `${stdout}\n${stderr}`.trim().split('\n');
    return new Error(`apt-get: ${lines.slice(-3).join(' ')}${this.#unread}`);
  }

  #apt(args: readonly string[], cwd?: string): Promise<RunResult> {
    // As root, apt downloads as another user, who may not enter root's cache folder.
    const sandbox = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : [];
    return run(this.#programs.aptGet, ['-q', ...patience, ...sandbox, ...this.#lists, ...args], {
      cwd,
      environment: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
      signal: this.#options.signal,
      timeout: 180_000,
    });
  }
}
