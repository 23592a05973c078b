/** PHP with the extension whose save handler keeps sessions in memcached. */
import { canFetchPackages, obtainFirst } from './apt.ts';
import { describePhp, fetchCgi, type Php } from './php.ts';
import { type Announcements, findProgram } from './program.ts';

/** memcached.so loads only after the two formats that it can write. */
const extensions = ['session', 'igbinary', 'msgpack', 'memcached'];

/** The scripts that set a server up run these; a request does not. */
const without =
  /^(perl|libperl|libgdbm|psmisc|ucf|sensible-utils|media-types|libmagic|php[\d.]+-(readline|opcache|cli))/;

/**
 * Obtains php-cgi with php-memcached: an installed one, else that of the system's packages, unpacked
 * into the cache.
 *
 * @returns PHP, or the reason why it cannot be obtained.
 */
export async function obtainPhpMemcached(
  options: Announcements = {},
): Promise<Php | { reason: string }> {
  const command = canFetchPackages()
    ? 'apt-get install php-cgi php-memcached'
    : 'install php-cgi and its extension memcached';
  return obtainFirst([installed, fetched], options, `No php-cgi with memcached (${command})`);
}

async function installed({ signal }: Announcements): Promise<Php | undefined> {
  const cgi = findProgram(['php-cgi']);
  return cgi === undefined ? undefined : await describePhp(cgi, '', {}, signal, extensions);
}

async function fetched(options: Announcements): Promise<Php | undefined> {
  if (!canFetchPackages()) return undefined;
  const { cgi, folder, env } = await fetchCgi(['php-cgi', 'php-memcached'], {
    ...options,
    without,
  });
  return await describePhp(cgi, folder, env, options.signal, extensions);
}
