/** PHP as most sites run it: php-fpm, with nginx in front. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { canFetchPackages, fetchPackages, obtainFirst } from './apt.ts';
import { describePhp, librariesOf, type Php } from './php.ts';
import { type Announcements, findProgram, run } from './program.ts';

/** Both programs, ready to be started. */
export interface PhpFpm {
  /** Its path is php-fpm's. */
  php: Php;
  /** Absolute path of nginx. */
  nginx: string;
  /** `1.22.1` */
  nginxVersion: string;
}

const packageNames = ['php-fpm', 'php-mysql', 'nginx'];

/**
 * Obtains php-fpm with pdo_mysql and opcache, and nginx: installed ones, else those of the system's
 * packages, unpacked into the cache.
 */
export async function obtainPhpFpm(
  options: Announcements = {},
): Promise<PhpFpm | { reason: string }> {
  const remedy = canFetchPackages() ? `apt-get install ${packageNames.join(' ')}` : 'install both';
  return obtainFirst([installed, fetched], options, `No php-fpm with nginx (${remedy})`);
}

async function installed({ signal }: Announcements): Promise<PhpFpm | undefined> {
  const sbin = existsSync('/usr/sbin') ? readdirSync('/usr/sbin') : [];
  const fpm = findProgram(['php-fpm', ...sbin.filter((name) => /^php-fpm\d/.test(name))]);
  const nginx = findProgram(['nginx']);
  if (fpm === undefined || nginx === undefined) return undefined;
  return await describe(await describePhp(fpm, '', {}, signal), nginx, '', signal);
}

async function fetched(options: Announcements): Promise<PhpFpm | undefined> {
  if (!canFetchPackages()) return undefined;
  const folder = await fetchPackages(packageNames, options);
  const sbin = join(folder, 'usr/sbin');
  const names = existsSync(sbin) ? readdirSync(sbin) : [];
  const name = names.find((file) => /^php-fpm\d/.test(file));
  // If one of the two is installed, the packages bring only the other.
  const fpm = name === undefined ? findProgram(['php-fpm']) : join(sbin, name);
  const nginx = names.includes('nginx') ? join(sbin, 'nginx') : findProgram(['nginx']);
  if (fpm === undefined || nginx === undefined) {
    throw new Error(`${folder} holds no php-fpm or no nginx. Delete it, and try again`);
  }
  const php = await describePhp(fpm, folder, librariesOf(folder), options.signal);
  return await describe(php, nginx, folder, options.signal);
}

async function describe(
  php: Php,
  nginx: string,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<PhpFpm> {
  const environment = { PATH: process.env['PATH'], ...php.env };
  const { stderr } = await run(nginx, ['-v'], { environment, signal, timeout: 30_000 });
  const nginxVersion = /nginx\/(\S+)/.exec(stderr)?.[1];
  if (nginxVersion === undefined) throw new Error(`${nginx} -v failed: ${stderr.trim()}`);
  const ini = [...php.ini, `zend_extension=${findOpcache(folder)}`];
  return { php: { ...php, ini }, nginx, nginxVersion };
}

/** PHP finds an installed opcache by its name. */
function findOpcache(folder: string): string {
  const extensions = join(folder, 'usr/lib/php');
  const apis = folder !== '' && existsSync(extensions) ? readdirSync(extensions) : [];
  const paths = apis.map((api) => join(extensions, api, 'opcache.so'));
  return paths.find(existsSync) ?? 'opcache';
}
