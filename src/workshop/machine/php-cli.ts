/** PHP as a program of the command line and not of a web server: a daemon's PHP. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { canFetchPackages, fetchPackages, libraryPath, obtainFirst } from './apt.ts';
import { describePhp, type Php, withIni } from './php.ts';
import { type Announcements, findProgram, run } from './program.ts';

/** A PHP that runs scripts, hears signals and reaches MySQL. */
export interface PhpCli {
  /** Absolute path of `php`. */
  path: string;
  /** Options that load the extensions it lacks, and no php.ini of the system. */
  options: string[];
  /** The path of its libraries, when it is not installed. */
  env: Record<string, string>;
  /** `8.2.36` */
  version: string;
}

/**
 * Obtains PHP's command line with pdo_mysql and pcntl: an installed one, else that of the system's
 * packages, unpacked into the cache.
 *
 * @returns PHP, or the reason why it cannot be obtained.
 */
export async function obtainPhpCli(
  options: Announcements = {},
): Promise<PhpCli | { reason: string }> {
  const command = canFetchPackages() ? 'apt-get install php-cli php-mysql' : 'install php';
  const otherwise = `No php with pdo_mysql and pcntl (${command})`;
  return obtainFirst([installed, fetched], options, otherwise);
}

async function installed({ signal }: Announcements): Promise<PhpCli | undefined> {
  const path = findProgram(['php']);
  return path === undefined ? undefined : await proven(path, '', {}, signal);
}

async function fetched(options: Announcements): Promise<PhpCli | undefined> {
  if (!canFetchPackages()) return undefined;
  // Line editing is for php -a alone.
  const without = /readline|libedit|libbsd|libmd0|libtinfo/;
  const folder = await fetchPackages(['php-cli', 'php-mysql'], { ...options, without });
  const bin = join(folder, 'usr/bin');
  const name = existsSync(bin)
    ? readdirSync(bin).find((file) => /^php\d+\.\d+$/.test(file))
    : undefined;
  // Where php is installed and only its extension is not, the packages bring only that.
  const path = name ? join(bin, name) : findProgram(['php']);
  if (path === undefined) throw new Error(`${folder} holds no php`);
  const libraries = libraryPath(folder);
  const env: Record<string, string> = libraries === '' ? {} : { LD_LIBRARY_PATH: libraries };
  return await proven(path, folder, env, options.signal);
}

/** Checks that PHP has everything; describePhp() names an extension that is missing. */
async function proven(
  path: string,
  folder: string,
  env: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<PhpCli> {
  const { ini, version }: Php = await describePhp(path, folder, env, signal);
  const options = withIni(ini);
  const check = [...options, '-r', 'exit(function_exists("pcntl_signal") ? 0 : 1);'];
  const environment = { PATH: process.env['PATH'], ...env };
  const { code } = await run(path, check, { environment, signal, timeout: 30_000 });
  if (code !== 0) throw new Error(`${path} has no pcntl`);
  return { path, options, env, version };
}
