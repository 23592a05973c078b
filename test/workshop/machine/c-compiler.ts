/** A C compiler with MariaDB's client library: an installed one, else Debian's small tcc. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  canFetchPackages,
  fetchPackages,
  libraryPath,
  obtainFirst,
} from '../../../src/workshop/machine/apt.ts';
import { type Announcements, findProgram, run } from '../../../src/workshop/machine/program.ts';
import { HANG } from '../../hang.ts';

/** A compiler whose programs reach MySQL. */
interface CCompiler {
  /** Absolute path of the compiler. */
  path: string;
  /** Options before the source. */
  before: string[];
  /** The libraries: a linker takes them after the objects that need them. */
  after: string[];
  /** The path of the libraries, when they are not installed: for the compiled program as well. */
  env: Record<string, string>;
}

const names = ['cc', 'gcc', 'clang'];

/** libmariadb-dev depends on headers of OpenSSL, zlib and RPC; mysql.h includes none of them. */
const unneeded =
  /^(libgssapi|libk|libnsl|libtirpc|rpcsvc|libc-dev-bin|libssl-dev|zlib1g-dev|libcrypt-dev|mariadb-common|mysql-common)/;

/** Includes mysql.h and links the library, so that a compiler that passes will compile a crawler. */
const sample = `#include <mysql.h>
#include <stdio.h>
int main(void) { return puts(mysql_get_client_info()) < 0; }
`;

/**
 * Obtains a C compiler with libmariadb, each installed or from the system's packages, unpacked into
 * the cache. It has compiled and run a program that calls the library.
 *
 * @returns The compiler, or the reason why none can be obtained.
 */
export async function obtainCCompiler(): Promise<CCompiler | { reason: string }> {
  const remedy = canFetchPackages()
    ? 'apt-get install gcc libc6-dev libmariadb-dev'
    : process.platform === 'darwin'
      ? 'xcode-select --install; brew install mariadb-connector-c'
      : 'install a C compiler and the headers of mariadb-connector-c';
  const ways = [installed, fetchedLibrary, fetchedCompiler];
  return obtainFirst(ways, {}, `No C compiler with libmariadb (${remedy})`);
}

/**
 * Compiles one source file to a program.
 *
 * @throws Error with the compiler's messages.
 */
export async function compile(
  compiler: CCompiler,
  source: string,
  program: string,
  options: Announcements = {},
): Promise<void> {
  const { path, before, after, env } = compiler;
  const result = await run(path, [...before, source, ...after, '-o', program], {
    environment: { ...process.env, ...env },
    signal: options.signal,
    timeout: HANG,
  });
  if (result.code !== 0) throw new Error(`${path}: ${(result.stderr || result.stdout).trim()}`);
}

async function installed(options: Announcements): Promise<CCompiler | undefined> {
  const path = findProgram(names);
  const config = findProgram(['mariadb_config', 'mysql_config']);
  if (path === undefined || config === undefined) return undefined;
  const ask = async (what: string): Promise<string[]> => {
    const { stdout } = await run(config, [what], { signal: options.signal, timeout: HANG });
    return stdout.trim().split(/\s+/);
  };
  const [before, after] = [['-O2', ...(await ask('--cflags'))], await ask('--libs')];
  return await proven({ path, before, after, env: {} }, options);
}

/** The installed compiler, and the library's packages. */
async function fetchedLibrary(options: Announcements): Promise<CCompiler | undefined> {
  const path = findProgram(names);
  if (path === undefined || !canFetchPackages()) return undefined;
  const folder = await fetchPackages(['libmariadb-dev'], { ...options, without: unneeded });
  const { include, shared } = partsOf(folder);
  return await proven(
    {
      path,
      before: ['-O2', `-I${include}`],
      // The library's own dependencies are found when the program runs.
      after: [shared, '-Wl,--allow-shlib-undefined'],
      env: environmentOf(folder),
    },
    options,
  );
}

async function fetchedCompiler(options: Announcements): Promise<CCompiler | undefined> {
  if (!canFetchPackages()) return undefined;
  const packages = ['tcc', 'libc6-dev', 'libmariadb-dev'];
  const folder = await fetchPackages(packages, { ...options, without: unneeded });
  const { triplet, include, shared, find } = partsOf(folder);
  const library = (name: string): string => find(`usr/lib/${triplet}/${name}`);
  // tcc looks for crt1.o in one fixed folder, and libc.so of libc6-dev is a script of absolute
  // paths: so every part has its path. The C library itself is the system's.
  const compiler: CCompiler = {
    path: find('usr/bin/tcc'),
    before: [
      `-B${library('tcc')}`,
      '-nostdinc',
      ...[library('tcc/include'), find('usr/include/stdio.h').replace(/\/stdio\.h$/, '')]
        .concat(find(`usr/include/${triplet}`), include)
        .map((path) => `-I${path}`),
      ...libraryPath(folder)
        .split(':')
        .map((path) => `-L${path}`),
      '-nostdlib',
      library('crt1.o'),
      library('crti.o'),
    ],
    after: [
      shared,
      find(`lib/${triplet}/libc.so.6`),
      library('libc_nonshared.a'),
      library('tcc/libtcc1.a'),
      library('crtn.o'),
    ],
    env: environmentOf(folder),
  };
  return await proven(compiler, options);
}

function environmentOf(folder: string): Record<string, string> {
  return { LD_LIBRARY_PATH: libraryPath(folder) };
}

/** The parts of unpacked packages: what the system has installed already is not among them. */
function partsOf(folder: string): {
  triplet: string;
  include: string;
  shared: string;
  find(path: string): string;
} {
  const lib = join(folder, 'usr/lib');
  const triplet = readdirSync(lib).find((name) => name.includes('-linux-'));
  const find = (path: string): string => {
    const found = [join(folder, path), join('/', path)].find(existsSync);
    if (found === undefined) throw new Error(`${folder} holds no ${path}, nor does the system`);
    return found;
  };
  if (triplet === undefined) throw new Error(`${lib} holds no folder of libraries`);
  return {
    triplet,
    include: find('usr/include/mariadb'),
    // -lmariadb would find the static library, where the shared one is installed and not unpacked.
    shared: find(`usr/lib/${triplet}/libmariadb.so.3`),
    find,
  };
}

/** Compiles and runs the sample. */
async function proven(compiler: CCompiler, options: Announcements): Promise<CCompiler> {
  const folder = await mkdtemp(join(tmpdir(), 'phpsessid-cc-'));
  try {
    const [source, program] = [join(folder, 'sample.c'), join(folder, 'sample')];
    await writeFile(source, sample);
    await compile(compiler, source, program, options);
    const environment = { ...process.env, ...compiler.env };
    const { code, stderr } = await run(program, [], {
      environment,
      signal: options.signal,
      timeout: HANG,
    });
    if (code !== 0) throw new Error(`${compiler.path} makes a program that fails: ${stderr}`);
    return compiler;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
