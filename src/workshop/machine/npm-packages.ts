/** Packages of npm as values: those of the project, and those that npm fetches into the cache. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installOnce } from './npm-install.ts';

/** Packages, by name. */
export class Packages {
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
export const ownPackages: Packages = new Packages(createRequire(import.meta.url));

/**
 * Fetches packages into the cache, once for each set of versions.
 *
 * @param purpose - Begins the folder's name.
 * @param wanted - The version of each.
 * @param progress - Receives a line before npm starts.
 * @throws Error with npm's own words.
 */
export async function fetchNpm(
  purpose: string,
  wanted: Readonly<Record<string, string>>,
  progress?: (line: string) => void,
): Promise<Packages> {
  const packages = Object.entries(wanted).map(([name, version]) => `${name}@${version}`);
  const mark = createHash('sha256').update(packages.join()).digest('hex').slice(0, 12);
  const folder = await installOnce(
    {
      name: `${purpose}-${mark}`,
      packages: packages.join(', '),
      files: { 'package.json': '{"private":true}' },
      command: ['install', '--save-exact', ...packages],
    },
    progress,
  );
  return new Packages(createRequire(join(folder, 'package.json')));
}
