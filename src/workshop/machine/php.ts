/** PHP as web servers run it, with the extension that reaches MySQL. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { canFetchPackages, fetchPackages, libraryPath, obtainFirst } from './apt.ts';
import { type Announcements, findProgram, run } from './program.ts';

/** A PHP that can be run. */
export interface Php {
  /** Absolute path of `php-cgi`. */
  cgi: string;
  /** Lines of a php.ini that load the extensions it lacks: `extension=/…/pdo.so`. */
  ini: string[];
  /** The path of its libraries, when it is not installed. */
  env: Record<string, string>;
  /** `8.2.36` */
  version: string;
}

/** Without these the article's class does not run. */
const wanted = ['session', 'PDO', 'mysqlnd', 'pdo_mysql'];

const packageNames = ['php-cgi', 'php-mysql'];

/**
 * Obtains php-cgi with pdo_mysql: an installed one, else that of the system's packages, unpacked
 * into the cache.
 *
 * @returns PHP, or the reason why it cannot be obtained.
 */
export async function obtainPhp(options: Announcements = {}): Promise<Php | { reason: string }> {
  const command = canFetchPackages() ? 'apt-get install php-cgi php-mysql' : 'install php-cgi';
  return obtainFirst([installed, fetched], options, `No php-cgi with pdo_mysql (${command})`);
}

async function installed({ signal }: Announcements): Promise<Php | undefined> {
  const cgi = findProgram(['php-cgi']);
  return cgi === undefined ? undefined : await describePhp(cgi, '', {}, signal);
}

async function fetched(options: Announcements): Promise<Php | undefined> {
  if (!canFetchPackages()) return undefined;
  const { cgi, folder, env } = await fetchCgi(packageNames, options);
  return await describePhp(cgi, folder, env, options.signal);
}

/**
 * Fetches packages of which one is php-cgi.
 *
 * @returns php-cgi, the folder of the unpacked packages, and the variables that it needs.
 * @throws Error when the packages cannot be fetched, or none of them is php-cgi.
 */
export async function fetchCgi(
  names: readonly string[],
  options: Announcements & { without?: RegExp },
): Promise<{ cgi: string; folder: string; env: Record<string, string> }> {
  const folder = await fetchPackages(names, options);
  const bin = join(folder, 'usr/bin');
  const name = existsSync(bin)
    ? readdirSync(bin).find((file) => /^php-cgi\d/.test(file))
    : undefined;
  // Where php-cgi is installed and only its extension is not, the packages bring only that.
  const cgi = name ? join(bin, name) : findProgram(['php-cgi']);
  if (cgi === undefined) throw new Error(`${folder} holds no php-cgi`);
  const libraries = libraryPath(folder);
  return { cgi, folder, env: libraries === '' ? {} : { LD_LIBRARY_PATH: libraries } };
}

/**
 * Asks PHP for its version and its extensions, and looks for missing extensions in PHP's folder.
 *
 * @param cgi - Absolute path of php-cgi, php-fpm or php.
 * @param folder - Where packages were unpacked; `''` for an installed PHP.
 * @param env - The variables with which it finds its libraries.
 * @param extensions - The extensions that it must have, each after those it needs itself.
 * @throws Error that names the missing extension.
 */
export async function describePhp(
  cgi: string,
  folder: string,
  env: Record<string, string>,
  signal: AbortSignal | undefined,
  extensions: readonly string[] = wanted,
): Promise<Php> {
  const ask = async (...args: string[]): Promise<string> => {
    const environment = { PATH: process.env['PATH'], LC_ALL: 'C', ...env };
    const result = await run(cgi, args, { environment, signal, timeout: 30_000 });
    if (result.code !== 0) throw new Error(`${cgi}: ${(result.stderr || result.stdout).trim()}`);
    return result.stdout;
  };
  const version = /^PHP (\d+\.\d+\.\d+)/m.exec(await ask('-n', '-v'))?.[1];
  // php-cgi describes itself in HTML, the others in plain text.
  const told = /extension_dir(?:<\/td><td class="v">| => )([^<\s]+)/;
  const directory = told.exec(await ask('-n', '-i'))?.[1];
  if (version === undefined || directory === undefined) throw new Error(`${cgi} is not a PHP`);
  const ini: string[] = [];
  const builtIn = modules(await ask('-n', '-m'));
  for (const extension of extensions.filter((name) => !builtIn.has(name.toLowerCase()))) {
    const file = `${extension.toLowerCase()}.so`;
    const path = [join(folder, directory, file), join(directory, file)].find(existsSync);
    if (path === undefined) throw new Error(`${cgi} has no ${file} in ${directory}`);
    ini.push(`extension=${path}`);
  }
  const loaded = modules(await ask(...withIni(ini), '-m'));
  const missing = extensions.filter((name) => !loaded.has(name.toLowerCase()));
  if (missing.length > 0) throw new Error(`${cgi} does not load ${missing.join(', ')}`);
  return { cgi, ini, env, version };
}

/**
 * Lists the options that give a PHP these settings and no php.ini of the system.
 *
 * @param ini - Lines of a php.ini.
 */
export function withIni(ini: readonly string[]): string[] {
  return ['-n', ...ini.flatMap((line) => ['-d', line])];
}

function modules(list: string): Set<string> {
  return new Set(list.split('\n').map((line) => line.trim().toLowerCase()));
}
