/** PHP as web servers run it, with the extension that reaches MySQL. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  canFetchPackages,
  type FetchOptions,
  fetchPackages,
  libraryPath,
  obtainFirst,
} from './apt.ts';
import { findProgram, run } from './program.ts';

/** A PHP that can be run. */
export interface Php {
  /** Absolute path of `php-cgi`. */
  cgi: string;
  /** Options before all others: no php.ini, and the extensions by their paths. */
  args: string[];
  /** Where its libraries are, when it is not installed. */
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
 * @param options - `progress` is told what happens, `signal` ends it.
 * @returns PHP, or the reason why there is none.
 */
export async function obtainPhp(options: FetchOptions = {}): Promise<Php | { reason: string }> {
  const command = canFetchPackages() ? 'apt-get install php-cgi php-mysql' : 'install php-cgi';
  return obtainFirst([installed, fetched], options, `No php-cgi with pdo_mysql (${command})`);
}

async function installed({ signal }: FetchOptions): Promise<Php | undefined> {
  const cgi = findProgram(['php-cgi']);
  return cgi === undefined ? undefined : await describePhp(cgi, '', {}, signal);
}

async function fetched(options: FetchOptions): Promise<Php | undefined> {
  if (!canFetchPackages()) return undefined;
  const folder = await fetchPackages(packageNames, options);
  const bin = join(folder, 'usr/bin');
  const name = existsSync(bin)
    ? readdirSync(bin).find((file) => /^php-cgi\d/.test(file))
    : undefined;
  // Where php-cgi is installed and only its extension is not, the packages bring only that.
  const cgi = name ? join(bin, name) : findProgram(['php-cgi']);
  if (cgi === undefined) throw new Error(`${folder} holds no php-cgi`);
  const libraries = libraryPath(folder);
  const env: Record<string, string> = libraries === '' ? {} : { LD_LIBRARY_PATH: libraries };
  return await describePhp(cgi, folder, env, options.signal);
}

/**
 * Asks PHP itself what it is and what it lacks; extensions are looked for where it would.
 *
 * @param cgi - Absolute path of php-cgi or php-fpm.
 * @param folder - Where packages were unpacked; `''` for an installed PHP.
 * @param env - What it needs to find its libraries.
 * @param signal - Ends the asking.
 * @returns PHP, with the options that load what it lacks.
 * @throws Error that names the extension that is not there.
 */
export async function describePhp(
  cgi: string,
  folder: string,
  env: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<Php> {
  const ask = async (...args: string[]): Promise<string> => {
    const environment = { PATH: process.env['PATH'], LC_ALL: 'C', ...env };
    const result = await run(cgi, args, { environment, signal, timeout: 30_000 });
    if (result.code !== 0) throw new Error(`${cgi}: ${(result.stderr || result.stdout).trim()}`);
    return result.stdout;
  };
  const version = /^PHP (\d+\.\d+\.\d+)/m.exec(await ask('-n', '-v'))?.[1];
  // php-cgi describes itself in HTML, php-fpm in plain text.
  const told = /extension_dir(?:<\/td><td class="v">| => )([^<\s]+)/;
  const directory = told.exec(await ask('-n', '-i'))?.[1];
  if (version === undefined || directory === undefined) throw new Error(`${cgi} is no PHP`);
  const args = ['-n'];
  const builtIn = modules(await ask('-n', '-m'));
  for (const extension of wanted.filter((name) => !builtIn.has(name.toLowerCase()))) {
    const file = `${extension.toLowerCase()}.so`;
    const path = [join(folder, directory, file), join(directory, file)].find(existsSync);
    if (path === undefined) throw new Error(`${cgi} has no ${file} in ${directory}`);
    args.push('-d', `extension=${path}`);
  }
  const loaded = modules(await ask(...args, '-m'));
  const missing = wanted.filter((name) => !loaded.has(name.toLowerCase()));
  if (missing.length > 0) throw new Error(`${cgi} does not load ${missing.join(', ')}`);
  return { cgi, args, env, version };
}

function modules(list: string): Set<string> {
  return new Set(list.split('\n').map((line) => line.trim().toLowerCase()));
}
