/** MySQL itself, for the runs that ask for it: every other run takes MariaDB. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  canFetchPackages,
  fetchPackages,
  libraryPath,
  obtainFirst,
} from '../../../src/workshop/machine/apt.ts';
import type { ServerProgram } from '../../../src/workshop/machine/database/interfaces.ts';
import { describe } from '../../../src/workshop/machine/database/program.ts';
import { type Announcements, findProgram } from '../../../src/workshop/machine/program.ts';

/** Debian's stable release has no MySQL; this suite has, built for a newer C library. */
const SUITE = 'unstable';

/** The server runs without them: they are half of the download. */
const UNUSED = /^(perl|libperl|libgdbm|libdb5|libbz2|openssl-provider|gcc-)/;

/**
 * Obtains MySQL: an installed one, else that of Debian's unstable suite with a C library of its own,
 * unpacked into the cache (49 MB).
 *
 * @returns The program, or the reason why it cannot be obtained.
 */
export async function obtainMysql(
  options: Announcements = {},
): Promise<ServerProgram | { reason: string }> {
  const remedy =
    'install MySQL, or give the address of one: DATABASE_URL=mysql://… npm test -- store';
  return await obtainFirst([installed, fetched], options, `No MySQL (${remedy})`);
}

async function installed({ signal }: Announcements): Promise<ServerProgram | undefined> {
  const path = findProgram(['mysqld']);
  if (path === undefined) return undefined;
  const program = await describe(path, ['/usr/share/mysql'], [], process.env, signal);
  return program.flavour === 'mysql' ? program : undefined;
}

async function fetched(options: Announcements): Promise<ServerProgram | undefined> {
  if (!canFetchPackages()) return undefined;
  const folder = await fetchPackages(['mysql-server-core'], {
    ...options,
    suite: SUITE,
    without: UNUSED,
  });
  const share = join(folder, 'usr/share/mysql');
  const args = [
    `--lc-messages-dir=${share}`,
    `--character-sets-dir=${join(share, 'charsets')}`,
    `--plugin-dir=${join(folder, 'usr/lib/mysql/plugin')}`,
  ];
  return await describe(await startScript(folder), [], args, process.env, options.signal);
}

/** Makes a script that starts the server with the libraries it was built for, the loader included. */
async function startScript(folder: string): Promise<string> {
  const path = join(folder, 'mysqld');
  if (existsSync(path)) return path;
  const libraries = libraryPath(folder);
  const loader = libraries
    .split(':')
    .flatMap((library) =>
      ['ld-linux-x86-64.so.2', 'ld-linux-aarch64.so.1'].map((name) => join(library, name)),
    )
    .find((candidate) => existsSync(candidate));
  const server = join(folder, 'usr/sbin/mysqld');
  if (loader === undefined || !existsSync(server)) {
    throw new Error(`${folder} holds no mysqld with its loader. Delete it, and try again`);
  }
  const command = `exec '${loader}' --library-path '${libraries}' '${server}' "$@"`;
  await writeFile(path, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
  return path;
}
