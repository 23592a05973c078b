/** Finds a MariaDB and Galera's provider for it, or fetches them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { canFetchPackages, fetchPackages, libraryPath, obtainFirst } from '../apt.ts';
import type { ServerProgram } from '../database/interfaces.ts';
import { sources } from '../database/program.ts';
import { errorMessage } from '../error-message.ts';
import type { Announcements } from '../program.ts';

/** A server that can be a node of a Galera cluster. */
export interface GaleraProgram {
  /** MariaDB; its environment has the libraries of both. */
  server: ServerProgram;
  /** Absolute path of Galera's shared library. */
  provider: string;
}

/** The provider's places, of Debian's package and of Fedora's. */
const providers = [
  'usr/lib/galera/libgalera_smm.so',
  'usr/lib/libgalera_smm.so',
  'usr/lib64/galera/libgalera_smm.so',
  'usr/lib64/galera-4/libgalera_smm.so',
];

/**
 * Obtains MariaDB with Galera: installed ones, else those of the system's packages, unpacked into
 * the cache; or returns the reason, with the command for this system.
 */
export async function obtainGalera(
  options: Announcements = {},
): Promise<GaleraProgram | { reason: string }> {
  const remedy = canFetchPackages()
    ? 'apt-get install mariadb-server-core galera-4'
    : 'the packages of Debian, Ubuntu and Fedora have it: mariadb-server-galera there';
  return await obtainFirst([installed, fetched], options, `No Galera for MariaDB (${remedy})`);
}

async function installed(options: Announcements): Promise<GaleraProgram | undefined> {
  const provider = providerIn('/');
  const server = provider && (await findMariaDb(options));
  return server ? { server, provider } : undefined;
}

async function fetched(options: Announcements): Promise<GaleraProgram | undefined> {
  if (!canFetchPackages()) return undefined;
  const server = await findMariaDb(options);
  if (server === undefined) return undefined;
  const folder = await fetchPackages(['galera-4'], options);
  const provider = providerIn(folder);
  if (provider === undefined) {
    throw new Error(`${folder} holds no libgalera_smm.so. Delete it, and try again`);
  }
  const libraries = [server.environment['LD_LIBRARY_PATH'], libraryPath(folder)];
  const environment = {
    ...server.environment,
    LD_LIBRARY_PATH: libraries.filter(Boolean).join(':'),
  };
  return { server: { ...server, environment }, provider };
}

function providerIn(folder: string): string | undefined {
  return providers.map((path) => join(folder, path)).find((path) => existsSync(path));
}

/** The private server's program, if it is a MariaDB of this machine: a node needs its files. */
async function findMariaDb(options: Announcements): Promise<ServerProgram | undefined> {
  const problems: string[] = [];
  for (const source of sources(options)) {
    // For a cluster no server is installed, and no image pulled.
    if (source.name === 'package manager' || source.name === 'Docker') continue;
    try {
      const program = await source.find();
      if (program?.flavour === 'mariadb') return program;
    } catch (error) {
      options.signal?.throwIfAborted();
      problems.push(errorMessage(error));
    }
  }
  if (problems.length > 0) throw new Error(problems.join('. '));
  return undefined;
}
