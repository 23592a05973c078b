/**
 * Finds the program of the private database: an installed one, one that an earlier start fetched,
 * or one that is fetched now.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canFetchPackages, fetchPackages, libraryPath, packagesFolder } from '../apt.ts';
import { type Announcements, findProgram, run } from '../program.ts';
import { containerProgram } from './container.ts';
import type { ServerProgram } from './interfaces.ts';
import { installWithPackageManager } from './package-manager.ts';

/** The package: the server without a service, without a user and without a data folder. */
const packageNames = ['mariadb-server-core'];

/** One way to find a server program; it throws the reason why it failed. */
export interface Source {
  name: string;
  find(): Promise<ServerProgram | undefined>;
}

/** Lists the ways to find a server program, the cheapest first. */
export function sources(announcements: Announcements): Source[] {
  return [
    { name: 'installed server', find: () => installed(announcements) },
    { name: 'packages fetched earlier', find: () => fetchedEarlier(announcements) },
    { name: 'packages of this system', find: () => fetchedNow(announcements) },
    {
      name: 'package manager',
      find: async () =>
        (await installWithPackageManager(announcements)) ? installed(announcements) : undefined,
    },
    { name: 'Docker', find: () => containerProgram(announcements) },
  ];
}

async function installed(announcements: Announcements): Promise<ServerProgram | undefined> {
  const path = findProgram(['mariadbd', 'mysqld']);
  if (path === undefined) return undefined;
  const prefix = dirname(dirname(path));
  const shares = [prefix, '/usr', '/usr/local'].flatMap((folder) => [
    join(folder, 'share/mariadb'),
    join(folder, 'share/mysql'),
  ]);
  return await describe(path, shares, [], process.env, announcements.signal);
}

async function fetchedEarlier(announcements: Announcements): Promise<ServerProgram | undefined> {
  const folder = packagesFolder(packageNames);
  return existsSync(folder) ? await unpacked(folder, announcements) : undefined;
}

async function fetchedNow(announcements: Announcements): Promise<ServerProgram | undefined> {
  if (!canFetchPackages()) return undefined;
  return await unpacked(await fetchPackages(packageNames, announcements), announcements);
}

async function unpacked(folder: string, announcements: Announcements): Promise<ServerProgram> {
  const shares = ['mariadb', 'mysql'].map((name) => join(folder, 'usr/share', name));
  const share = shares.find((path) => existsSync(join(path, 'english')));
  const args = share
    ? [`--lc-messages-dir=${share}`, `--character-sets-dir=${join(share, 'charsets')}`]
    : [];
  const environment = { ...process.env, LD_LIBRARY_PATH: libraryPath(folder) };
  const path = ['usr/sbin/mariadbd', 'usr/sbin/mysqld', 'usr/bin/mariadbd']
    .map((name) => join(folder, name))
    .find((candidate) => existsSync(candidate));
  if (path === undefined) {
    throw new Error(`${folder} contains no mariadbd. Delete that folder, then try again`);
  }
  return await describe(path, shares, args, environment, announcements.signal);
}

/** Asks a server program for its kind and version. */
export async function describe(
  path: string,
  shares: string[],
  args: string[],
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<ServerProgram> {
  const { code, stdout, stderr } = await run(path, ['--no-defaults', '--version'], {
    environment,
    signal,
    timeout: 30_000,
  });
  const version = /Ver ([^\s,]+)/.exec(stdout)?.[1];
  if (code !== 0 || version === undefined) {
    throw new Error(`${path} --version failed: ${(stderr || stdout).trim()}`);
  }
  if (!/mariadb/i.test(stdout)) {
    return { path, flavour: 'mysql', version, share: undefined, args, environment };
  }
  const share = shares.find((folder) => systemTables(folder) !== undefined);
  if (share === undefined) {
    throw new Error(`${path}: no folder of ${shares.join(', ')} has mariadb_system_tables.sql`);
  }
  return { path, flavour: 'mariadb', version, share, args, environment };
}

/** Returns the SQL that creates the system tables, if this folder of MariaDB's has it. */
export function systemTables(share: string): string | undefined {
  return ['mariadb_system_tables.sql', 'mysql_system_tables.sql']
    .map((name) => join(share, name))
    .find((path) => existsSync(path));
}
