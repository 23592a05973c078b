/**
 * `npm run build`: the package's `dist/`, as ES modules and, in `dist/cjs/`, as CommonJS.
 *
 * Node loads the ES modules for `require()` too (the `module-sync` condition); the CommonJS copy is
 * for tools that cannot, such as Jest, and for TypeScript's older module settings.
 *
 * With `--modules` only the ES modules, unchecked, for the benchmarks: a third of the time.
 */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

const COMMONJS = '--outDir dist/cjs --module commonjs --moduleResolution bundler';
const PLAIN = '--noCheck --verbatimModuleSyntax false --sourceMap false --declarationMap false';

const CODE = '--noCheck --declaration false --declarationMap false --isolatedDeclarations false';

const { modules } = parseArgs({ options: { modules: { type: 'boolean' } } }).values;

// A file that was moved or deleted in src must not stay in the package.
rmSync(join(root, 'dist'), { recursive: true, force: true });
if (modules) {
  compile(...CODE.split(' '));
} else {
  compile();
  compile(...COMMONJS.split(' '), ...PLAIN.split(' '));
  // Its program is run, never required.
  rmSync(join(root, 'dist/cjs/cli'), { recursive: true });
  writeFileSync(join(root, 'dist/cjs/package.json'), '{ "type": "commonjs" }\n');
}

function compile(...options: string[]): void {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const args = [compiler, '-p', 'tsconfig.build.json', ...options];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
