/** The packages that the board compares: those of the project, and those that npm fetches for it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installOnce } from '../machine/npm-install.ts';

/** Fetched when the board runs; the versions are part of the board. */
const FETCHED: Readonly<Record<string, string>> = {
  'connect-session-knex': '5.0.0',
  knex: '3.3.0',
  'connect-session-sequelize': '8.0.6',
  sequelize: '6.37.8',
  mysql2: '3.24.6',
  'express-session': '1.19.0',
  hono: '4.13.19',
  'hono-sessions': '0.8.1',
};

/** Packages, by name. */
export class Peers {
  readonly #require: NodeJS.Require;

  constructor(require: NodeJS.Require) {
    this.#require = require;
  }

  /** Loads a CommonJS package. */
  load<Exports>(name: string): Exports {
    return this.#require(name) as Exports;
  }

  /** Loads an ES module. */
  async import<Exports>(name: string): Promise<Exports> {
    return (await import(pathToFileURL(this.#require.resolve(name)).href)) as Exports;
  }

  version(name: string): string {
    // Some packages export everything but their package.json.
    let folder = dirname(this.#require.resolve(name));
    for (; folder !== dirname(folder); folder = dirname(folder)) {
      const manifest = read(join(folder, 'package.json'));
      if (manifest?.name === name) return manifest.version;
    }
    throw new Error(`${name} has no package.json`);
  }
}

function read(path: string): { name?: string; version: string } | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { name?: string; version: string };
  } catch {
    return undefined;
  }
}

/** The packages that the project has itself. */
export const ownPeers: Peers = new Peers(createRequire(import.meta.url));

/**
 * Fetches the other packages into the cache, once for each set of versions.
 *
 * @param progress - Receives a line before npm starts.
 * @throws Error with npm's own words.
 */
export async function fetchPeers(progress: (line: string) => void): Promise<Peers> {
  const packages = Object.entries(FETCHED).map(([name, version]) => `${name}@${version}`);
  const folder = await installOnce(
    {
      name: `board-${createHash('sha256').update(packages.join()).digest('hex').slice(0, 12)}`,
      packages: packages.join(', '),
      files: { 'package.json': '{"private":true}' },
      command: ['install', '--save-exact', ...packages],
    },
    progress,
  );
  return new Peers(createRequire(join(folder, 'package.json')));
}
