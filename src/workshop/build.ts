/**
 * `npm run build`: the package's `dist/`, as ES modules and, in `dist/cjs/`, as CommonJS.
 *
 * Node loads the ES modules for `require()` too (the `module-sync` condition); the CommonJS copy is
 * for tools that cannot, such as Jest, and for TypeScript's older module settings.
 *
 * With `--modules` only the ES modules, unchecked, for the benchmarks: a third of the time.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { transformSync } from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const dist = join(root, 'dist');

/** An ES module is always strict; a CommonJS module needs the directive. */
const COMMONJS = { format: 'cjs', platform: 'node', banner: "'use strict';" } as const;

const CODE = '--noCheck --declaration false --declarationMap false --isolatedDeclarations false';

const HELP = `npm run build                 makes dist/, the package's modules and declarations
npm run build -- --modules    only the ES modules, without the type check, for the benchmarks`;

const { modules, help } = readOptions();
if (help) {
  console.log(HELP);
  process.exit();
}

// A file that was moved or deleted in src must not stay in the package.
rmSync(dist, { recursive: true, force: true });
if (modules) {
  compile(...CODE.split(' '));
} else {
  compile();
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' });
  // The command line's program is run, never required.
  for (const path of files.filter((each) => /(?<!^cli[\\/].*)\.(js|d\.ts)$/.test(each))) {
    copyAsCommonJs(path);
  }
  writeFileSync(join(dist, 'cjs/package.json'), '{ "type": "commonjs" }\n');
}

function readOptions(): { modules?: boolean | undefined; help?: boolean | undefined } {
  const options = { modules: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    process.exit(2);
  }
}

/**
 * Makes a file of `dist/cjs/` from an ES module, whose declarations hold for both. A second run of
 * TypeScript would parse everything again to change nothing but imports and exports.
 */
function copyAsCommonJs(path: string): void {
  const text = readFileSync(join(dist, path), 'utf8').replace(/\/\/# sourceMappingURL=.*\s*$/, '');
  const copy = join(dist, 'cjs', path);
  mkdirSync(dirname(copy), { recursive: true });
  writeFileSync(copy, path.endsWith('.js') ? transformSync(text, COMMONJS).code : text);
}

function compile(...options: string[]): void {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const args = [compiler, '-p', 'tsconfig.build.json', ...options];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
