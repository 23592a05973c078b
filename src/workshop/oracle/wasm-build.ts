/** The WebAssembly builds of PHP: 8.4 is a dependency, npm fetches the others on demand. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { PhpVersion } from '../../serialize/index.ts';
import { installOnce } from '../machine/npm-install.ts';

/** The exports of a build's package. */
interface Build {
  getPHPLoaderModule(): Promise<Loader>;
}

/** The argument of `loadPHPRuntime()`. */
interface Loader {
  /** Path of the build's WebAssembly. */
  dependencyFilename: string;
}

/** Emscripten's option to instantiate a module that is compiled already. */
type Instantiate = (
  imports: WebAssembly.Imports,
  receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
) => void;

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/** All builds must have the lock file's release: another release would not fit its runtime. */
function release(): string {
  const manifest = createRequire(import.meta.url).resolve('@php-wasm/node-8-4/package.json');
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return version;
}

/**
 * Finds PHP's WebAssembly build: 8.4 among the project's packages, another version in the cache,
 * into which npm fetches it once.
 *
 * @param progress - Receives a line before a build is fetched.
 * @returns The build's specifier for `import()`, or the reason why it cannot be fetched.
 */
export async function findBuild(
  version: PhpVersion,
  progress?: ((line: string) => void) | undefined,
): Promise<{ entry: string } | { reason: string }> {
  const name = `@php-wasm/node-${version.replace('.', '-')}`;
  if (version === '8.4') return { entry: name };
  const packages = `${name}@${release()}`;
  try {
    const folder = await installOnce(
      {
        name: packages.replace(/^@/, '').replace('/', '-').replace('@', '-'),
        packages,
        // With this manifest, npm does not look for a project in the parent folders.
        files: { 'package.json': '{"private":true}\n' },
        command: ['install', '--no-package-lock', packages],
      },
      progress,
    );
    return { entry: pathToFileURL(join(folder, 'node_modules', name, 'index.js')).href };
  } catch (error) {
    return { reason: (error as Error).message };
  }
}

/** Loads PHP's WebAssembly build, which is compiled once in a process, for `loadPHPRuntime()`. */
export async function loadBuild(
  version: PhpVersion,
  progress?: ((line: string) => void) | undefined,
): Promise<{ loader: Loader; instantiateWasm: Instantiate }> {
  const found = await findBuild(version, progress);
  if ('reason' in found) throw new Error(found.reason);
  const build = (await import(found.entry)) as Build;
  const loader = await build.getPHPLoaderModule();
  const path = loader.dependencyFilename;
  const compiling = compiled.get(path) ?? WebAssembly.compile(readFileSync(path));
  compiled.set(path, compiling);
  const module = await compiling;
  return {
    loader,
    instantiateWasm(imports, receive) {
      void WebAssembly.instantiate(module, imports).then((instance) => receive(instance, module));
    },
  };
}
