/** PHP as web servers run it, with the extension that reaches MySQL. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { canFetchPackages, fetchPackages, libraryPath, obtainFirst } from './apt.ts';
import { type Announcements, findProgram, run } from './program.ts';

/** A PHP that can be run. */
export interface Php {
  /** Absolute path of php-cgi, php-fpm or php. */
  path: string;
  /** Lines of a php.ini that load the extensions it lacks: `extension=/…/pdo.so`. */
  ini: string[];
  /** The path of its libraries, when it is not installed. */
  env: Record<string, string>;
  /** `8.2.36` */
  version: string;
}

/** A PHP to look for: an installed one, else that of the system's packages, unpacked into the cache. */
interface WantedPhp {
  program: 'php-cgi' | 'php';
  packages: readonly string[];
  /** Extensions, each after those it needs itself. */
  extensions: readonly string[];
  /** Dependencies of the packages' set-up alone. */
  without?: RegExp;
}

/** The class of the article needs these. */
const wanted = ['session', 'PDO', 'mysqlnd', 'pdo_mysql'];

/** Obtains php-cgi with pdo_mysql, or returns the reason why it cannot be obtained. */
export function obtainPhp(options: Announcements = {}): Promise<Php | { reason: string }> {
  const packages = ['php-cgi', 'php-mysql'];
  return obtain({ program: 'php-cgi', packages, extensions: wanted }, options);
}

/** Obtains PHP's command line with pdo_mysql and signals, or returns the reason. */
export function obtainPhpCli(): Promise<Php | { reason: string }> {
  return obtain(
    {
      program: 'php',
      packages: ['php-cli', 'php-mysql'],
      extensions: [...wanted, 'pcntl'],
      // Line editing is for php -a alone.
      without: /readline|libedit|libbsd|libmd0|libtinfo/,
    },
    {},
  );
}

/** Obtains php-cgi whose save handler keeps sessions in memcached, or returns the reason. */
export function obtainPhpMemcached(): Promise<Php | { reason: string }> {
  return obtain(
    {
      program: 'php-cgi',
      packages: ['php-cgi', 'php-memcached'],
      // memcached.so loads only after the two formats that it can write.
      extensions: ['session', 'igbinary', 'msgpack', 'memcached'],
      without:
        /^(perl|libperl|libgdbm|psmisc|ucf|sensible-utils|media-types|libmagic|php[\d.]+-(readline|opcache|cli))/,
    },
    {},
  );
}

async function obtain(
  { program, packages, extensions, without }: WantedPhp,
  options: Announcements,
): Promise<Php | { reason: string }> {
  const { signal } = options;
  const installed = async () => {
    const path = findProgram([program]);
    return path === undefined ? undefined : await describePhp(path, '', {}, signal, extensions);
  };
  const fetched = async () => {
    if (!canFetchPackages()) return undefined;
    const folder = await fetchPackages(packages, without ? { ...options, without } : options);
    const bin = join(folder, 'usr/bin');
    const own = new RegExp(`^${program}\\d`);
    const name = existsSync(bin) ? readdirSync(bin).find((file) => own.test(file)) : undefined;
    // If PHP is installed and only its extension is not, the packages bring only that.
    const path = name ? join(bin, name) : findProgram([program]);
    if (path === undefined)
      throw new Error(`${folder} holds no ${program}. Delete it, and try again`);
    return await describePhp(path, folder, librariesOf(folder), signal, extensions);
  };
  const command = canFetchPackages() ? `apt-get install ${packages.join(' ')}` : 'install it';
  const what = `No ${program} with ${extensions.slice(3).join(' and ')}`;
  return obtainFirst([installed, fetched], options, `${what} (${command})`);
}

/** The variables with which a program of unpacked packages finds its libraries. */
export function librariesOf(folder: string): Record<string, string> {
  const libraries = libraryPath(folder);
  return libraries === '' ? {} : { LD_LIBRARY_PATH: libraries };
}

/**
 * Asks PHP for its version and its extensions, and looks for missing extensions in PHP's folder.
 *
 * @param program - Absolute path of php-cgi, php-fpm or php.
 * @param folder - The folder of unpacked packages; `''` for an installed PHP.
 * @param env - The variables with which it finds its libraries.
 * @param extensions - The extensions that it must have, each after those it needs itself.
 * @throws Error that names the missing extension.
 */
export async function describePhp(
  program: string,
  folder: string,
  env: Record<string, string>,
  signal: AbortSignal | undefined,
  extensions: readonly string[] = wanted,
): Promise<Php> {
  const ask = async (...args: string[]): Promise<string> => {
    const environment = { PATH: process.env['PATH'], LC_ALL: 'C', ...env };
    const result = await run(program, args, { environment, signal, timeout: 30_000 });
    if (result.code !== 0)
      throw new Error(`${program}: ${(result.stderr || result.stdout).trim()}`);
    return result.stdout;
  };
  const version = /^PHP (\d+\.\d+\.\d+)/m.exec(await ask('-n', '-v'))?.[1];
  // php-cgi describes itself in HTML, the others in plain text.
  const pattern = /extension_dir(?:<\/td><td class="v">| => )([^<\s]+)/;
  const directory = pattern.exec(await ask('-n', '-i'))?.[1];
  if (version === undefined || directory === undefined) throw new Error(`${program} is not a PHP`);
  const ini: string[] = [];
  const builtIn = modules(await ask('-n', '-m'));
  for (const extension of extensions.filter((name) => !builtIn.has(name.toLowerCase()))) {
    const file = `${extension.toLowerCase()}.so`;
    const path = [join(folder, directory, file), join(directory, file)].find(existsSync);
    if (path === undefined) throw new Error(`${program} has no ${file} in ${directory}`);
    ini.push(`extension=${path}`);
  }
  const loaded = modules(await ask(...withIni(ini), '-m'));
  const missing = extensions.filter((name) => !loaded.has(name.toLowerCase()));
  if (missing.length > 0) throw new Error(`${program} does not load ${missing.join(', ')}`);
  return { path: program, ini, env, version };
}

/** The options that give a PHP these lines of a php.ini, and no php.ini of the system. */
export function withIni(ini: readonly string[]): string[] {
  return ['-n', ...ini.flatMap((line) => ['-d', line])];
}

function modules(list: string): Set<string> {
  return new Set(list.split('\n').map((line) => line.trim().toLowerCase()));
}
