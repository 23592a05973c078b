/** Python 3 with PyMySQL, found or fetched. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  canFetchPackages,
  fetchPackages,
  libraryPath,
  obtainFirst,
} from '../../../src/workshop/machine/apt.ts';
import { type Announcements, findProgram, run } from '../../../src/workshop/machine/program.ts';
import { HANG } from '../../hang.ts';

/** A Python that can import pymysql. */
export interface Python {
  /**
   * Absolute path of the interpreter. It need not be the program that was found: a version manager's
   * wrapper starts forty processes before it, each time.
   */
  path: string;
  /** The paths of what is not installed. */
  env: Record<string, string>;
  /** `3.11.2` */
  version: string;
  /** PyMySQL's version: `1.0.2` */
  driver: string;
}

/** Parts of the standard library that a crawler does not import, and the libraries they want. */
const unneeded =
  /^(libgssapi|libk|libnsl|libtirpc|media-types|readline-common|libreadline|libncurses|libsqlite)/;

/** PyMySQL alone: its package would bring Debian's Python to a machine that has another. */
const driverAlone = { without: /^(?!python3-pymysql$)/ };

/**
 * Obtains Python 3 and PyMySQL, each installed or from the system's packages, unpacked into the
 * cache.
 *
 * @returns Python, or the reason why it cannot be obtained.
 */
export async function obtainPython(): Promise<Python | { reason: string }> {
  const remedy = canFetchPackages()
    ? 'apt-get install python3-pymysql'
    : 'install Python 3, and pymysql by pip';
  const ways = [installed, fetchedDriver, fetched];
  return obtainFirst(ways, {}, `No Python 3 with PyMySQL (${remedy})`);
}

async function installed({ signal }: Announcements): Promise<Python | undefined> {
  const path = findProgram(['python3']);
  return path === undefined ? undefined : await describe(path, {}, signal);
}

/** The installed Python, and PyMySQL's package. */
async function fetchedDriver(options: Announcements): Promise<Python | undefined> {
  const path = findProgram(['python3']);
  if (path === undefined || !canFetchPackages()) return undefined;
  const folder = await fetchPackages(['python3-pymysql'], { ...options, ...driverAlone });
  return await describe(path, driverIn(folder), options.signal);
}

async function fetched(options: Announcements): Promise<Python | undefined> {
  if (!canFetchPackages()) return undefined;
  const driver = await fetchPackages(['python3-pymysql'], { ...options, ...driverAlone });
  // Only apt knows which 3.x this release has: python3-minimal depends on it.
  const packages = ['python3-minimal', 'libpython3-stdlib'];
  const folder = await fetchPackages(packages, { ...options, without: unneeded });
  const bin = join(folder, 'usr/bin');
  const name = existsSync(bin)
    ? readdirSync(bin).find((file) => /^python3\.\d+$/.test(file))
    : undefined;
  if (name === undefined) throw new Error(`${folder} holds no Python. Delete it, and try again`);
  const home = { PYTHONHOME: join(folder, 'usr'), LD_LIBRARY_PATH: libraryPath(folder) };
  return await describe(join(bin, name), { ...driverIn(driver), ...home }, options.signal);
}

function driverIn(folder: string): Record<string, string> {
  return { PYTHONPATH: join(folder, 'usr/lib/python3/dist-packages') };
}

/** Asks a Python for the two versions; undefined if it is too old or has no PyMySQL. */
async function describe(
  path: string,
  env: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<Python | undefined> {
  // Without bytecode files, so that the cache's folder stays as it was unpacked.
  const all = { ...env, PYTHONDONTWRITEBYTECODE: '1' };
  const program = `import sys, pymysql
assert sys.version_info >= (3, 8)
print(sys.version.split()[0], pymysql.__version__, sys.executable)`;
  const environment = { ...process.env, ...all };
  const limits = { environment, signal, timeout: HANG };
  const { code, stdout } = await run(path, ['-c', program], limits);
  const [version, driver, ...executable] = stdout.trim().split(' ');
  if (code !== 0 || version === undefined || driver === undefined) return undefined;
  return { path: executable.join(' ') || path, env: all, version, driver };
}
