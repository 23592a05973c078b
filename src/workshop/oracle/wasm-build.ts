/** The WebAssembly builds of PHP: one comes with the packages, the others are fetched when wanted. */
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PhpVersion } from '../../serialize/index.ts';
import { cacheFolder, makeOnce } from '../machine/cache.ts';
import { npm } from '../machine/npm.mjs';
import { run } from '../machine/program.ts';

/** What a build's package exports. */
interface Build {
  getPHPLoaderModule(): Promise<unknown>;
}

const patience = 180_000;

/** The release that the lock file holds: a build of another one would not fit its runtime. */
function release(): string {
  const manifest = createRequire(import.meta.url).resolve('@php-wasm/node-8-4/package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return version;
}

/**
 * Finds PHP's WebAssembly build: 8.4 in the project's packages, another version in the cache, into
 * which npm fetches it once.
 *
 * @param version - The PHP release.
 * @param progress - Told when something is fetched, which takes a moment.
 * @returns Where the build is, or the reason why it is not to be had.
 */
export async function findBuild(
  version: PhpVersion,
  progress?: ((line: string) => void) | undefined,
): Promise<{ entry: string } | { reason: string }> {
  const name = `@php-wasm/node-${version.replace('.', '-')}`;
  if (version === '8.4') return { entry: name };
  try {
    const folder = await fetchOnce(name, release(), progress);
    return { entry: pathToFileURL(join(folder, 'node_modules', name, 'index.js')).href };
  } catch (error) {
    return { reason: (error as Error).message };
  }
}

/**
 * Loads PHP's WebAssembly build.
 *
 * @param version - The PHP release.
 * @param progress - Told when something is fetched.
 * @returns What `loadPHPRuntime()` takes.
 * @throws Error with npm's words and the remedy when it cannot be fetched.
 */
export async function loadBuild(
  version: PhpVersion,
  progress?: ((line: string) => void) | undefined,
): Promise<unknown> {
  const found = await findBuild(version, progress);
  if ('reason' in found) throw new Error(found.reason);
  const build = (await import(found.entry)) as Build;
  return await build.getPHPLoaderModule();
}

async function fetchOnce(
  name: string,
  version: string,
  progress: ((line: string) => void) | undefined,
): Promise<string> {
  const folder = join(
    cacheFolder(progress),
    'npm',
    `${name.replace(/^@/, '').replace('/', '-')}-${version}`,
  );
  if (existsSync(folder)) return folder;
  progress?.(`packages: fetching ${name} ${version} into ${folder} …`);
  return await makeOnce(folder, async (draft) => {
    // A folder of its own with a manifest of its own: npm looks no further up for a project.
    await writeFile(join(draft, 'package.json'), '{"private":true}\n');
    const [program, ...first] = npm();
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
    // One more try is enough: whoever waits here is running tests.
    flags.push('--fetch-retries=1', '--fetch-retry-mintimeout=500', '--fetch-retry-maxtimeout=500');
    const { code, stdout, stderr } = await run(
      program,
      [...first, 'install', ...flags, '--loglevel=error', `${name}@${version}`],
      { cwd: draft, environment: environment(draft), timeout: patience },
    );
    if (code === 0) return;
    const words = `${stderr}${stdout}`.trim().split('\n').slice(0, 3).join(' ');
    throw new Error(
      `${name}@${version} could not be fetched: ${words || `npm ended with ${code}`}. ` +
        'Is the package registry reachable?',
    );
  });
}

/** Under `npm test`, npm's variables name our own project as the place to install into. */
function environment(draft: string): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(
    ([name]) => !/^npm_(config_(local_prefix|prefix|global)|package|lifecycle|command)/i.test(name),
  );
  return { ...Object.fromEntries(others), INIT_CWD: draft, PWD: draft };
}
