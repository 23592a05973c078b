/** Users' projects with the packed package: one folder, one `node_modules`, many settings. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../../src/workshop/course/catalogue.ts';
import { npm } from '../../src/workshop/machine/npm.mjs';
import { installOnce } from '../../src/workshop/machine/npm-install.ts';
import { type RunResult, run } from '../../src/workshop/machine/program.ts';
import { HANG } from '../hang.ts';

/** The files of the checkout that a build of the package needs. */
const SOURCES = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'README.md',
  'LICENSE',
  'docs',
  'src',
];

const tools = join(dirname(fileURLToPath(import.meta.url)), 'tools');

/**
 * Installs the compilers, linters and test runners of the tests into the cache.
 *
 * @returns Their `node_modules`, or the reason why npm cannot fetch them.
 */
export async function findTools(): Promise<{ folder: string } | { reason: string }> {
  const names = ['package.json', 'package-lock.json', '.npmrc'];
  const files = Object.fromEntries(
    names.map((name) => [name, readFileSync(join(tools, name), 'utf8')]),
  );
  const hash = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 12);
  const name = `package-tools-${hash}`;
  try {
    const packages = "the tools of the package's tests";
    const folder = await installOnce({ name, packages, files, command: ['ci'] });
    return { folder: join(folder, 'node_modules') };
  } catch (error) {
    return { reason: (error as Error).message };
  }
}

/**
 * Packs the package as `npm publish` would, from a copy: other tests use the checkout's `dist`.
 *
 * @param parent - A folder of its own, which need not exist.
 * @returns The tarball's path.
 */
export async function pack(parent: string): Promise<string> {
  const folder = join(parent, 'package');
  const filter = (source: string): boolean => source !== join(root, 'docs/site');
  for (const name of SOURCES) {
    cpSync(join(root, name), join(folder, name), { recursive: true, filter });
  }
  // The step `types` checks the same sources; without a check the build makes the same files.
  const settings = join(folder, 'tsconfig.build.json');
  const { compilerOptions, ...rest } = JSON.parse(readFileSync(settings, 'utf8')) as {
    compilerOptions: object;
  };
  const unchecked = { ...rest, compilerOptions: { ...compilerOptions, noCheck: true } };
  writeFileSync(settings, JSON.stringify(unchecked));
  // Not in the package's own folder, where npm would read the manifest of each of them.
  symlinkSync(join(root, 'node_modules'), join(parent, 'node_modules'), 'junction');
  const [program, ...first] = npm();
  const packed = await run(program, [...first, 'pack', '--silent'], { cwd: folder });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (packed.code !== 0 || !tarball) throw new Error(`npm pack: ${packed.stderr}${packed.stdout}`);
  return join(folder, tarball);
}

/** A folder with the package in its `node_modules`. */
export class Project {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'phpsessid-project-'));

  /**
   * Installs the package as npm does, with its dependencies out of the checkout.
   *
   * @param tarball - The package.
   */
  async install(tarball: string): Promise<void> {
    const own = join(this.folder, 'node_modules');
    mkdirSync(join(own, 'phpsessid'), { recursive: true });
    const unpack = ['-xzf', tarball, '-C', join(own, 'phpsessid'), '--strip-components=1'];
    const { code, stderr } = await run('tar', unpack);
    if (code !== 0) throw new Error(`tar: ${stderr}`);
    this.#linkProgram(own);
    for (const name of ['@types', 'express', 'express-session', 'hono', 'iron-session', 'mysql2']) {
      symlinkSync(join(root, 'node_modules', name), join(own, name), 'junction');
    }
  }

  #linkProgram(own: string): void {
    const text = readFileSync(join(own, 'phpsessid/package.json'), 'utf8');
    const { bin } = JSON.parse(text) as { bin: Record<string, string> };
    mkdirSync(join(own, '.bin'));
    for (const [name, path] of Object.entries(bin)) {
      const program = join(own, 'phpsessid', path);
      chmodSync(program, 0o755);
      symlinkSync(program, join(own, '.bin', name));
    }
  }

  /**
   * Writes a file.
   *
   * @param name - Its name.
   * @param text - Its content.
   */
  write(name: string, text: string): Promise<void> {
    return writeFile(join(this.folder, name), text);
  }

  /**
   * Runs a Node program in the folder.
   *
   * @param args - Node's arguments.
   */
  async node(...args: string[]): Promise<Omit<RunResult, 'bytes'>> {
    const environment = { ...process.env, NODE_OPTIONS: undefined, NODE_TEST_CONTEXT: undefined };
    const options = { cwd: this.folder, environment, timeout: HANG };
    const { code, stdout, stderr } = await run(process.execPath, args, options);
    return { code, stdout, stderr };
  }
}
