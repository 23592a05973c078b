/**
 * A snapshot of a process that has loaded TypeScript and parsed the declarations of the language, of
 * Node and of mysql2: a first check that starts from it takes a fifth of the time.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { minePath, readLessons } from '../course/catalogue.ts';
import { editorConfig, editorConfigPath } from '../course/mine.ts';
import { makeOnce } from '../machine/cache.ts';
import { run } from '../machine/program.ts';
import type { TypeOrder } from './types-service.ts';

const library = dirname(createRequire(import.meta.url).resolve('typescript'));
/** `npm ci` empties it, as it replaces the declarations that were parsed. */
const cache = fileURLToPath(new URL('../../../node_modules/.cache/types/', import.meta.url));
const script = fileURLToPath(new URL('./types-frozen.ts', import.meta.url));
const service = fileURLToPath(new URL('./types-service.ts', import.meta.url));

/** The learner's project. */
export const mineOrder: TypeOrder = {
  folder: dirname(minePath),
  configPath: editorConfigPath,
  config: editorConfig,
  library,
};

/** @returns The snapshot's path; undefined when there is none for this Node and this program. */
export function findSnapshot(): string | undefined {
  const path = join(folderOfSnapshot(), 'snapshot.blob');
  return existsSync(path) ? path : undefined;
}

/**
 * Makes the snapshot, unless there is one.
 *
 * @throws Error with Node's output, when it fails.
 */
export async function makeSnapshot(): Promise<void> {
  const folder = folderOfSnapshot();
  if (existsSync(folder)) return;
  await makeOnce(folder, async (draft) => {
    const { build } = await import('esbuild');
    const [bundle, blob] = [join(draft, 'bundle.cjs'), join(draft, 'snapshot.blob')];
    await build({
      entryPoints: [script],
      outfile: bundle,
      bundle: true,
      platform: 'node',
      logLevel: 'error',
    });
    const parsed = readLessons().at(-1)?.files.class ?? '';
    const args = ['--snapshot-blob', blob, '--build-snapshot', bundle];
    const order = JSON.stringify(mineOrder);
    const { code, stderr } = await run(process.execPath, [...args, order, parsed]);
    if (code !== 0) throw new Error(`The type check has no snapshot: ${stderr}`);
    await rm(bundle);
  });
  // Each has 50 MB, and those of other versions of this file or of Node are not used again.
  for (const name of await readdir(cache)) {
    if (!name.startsWith('.') && name !== basename(folder))
      await rm(join(cache, name), { recursive: true, force: true });
  }
}

/**
 * Node refuses the snapshot of another version, and our program asks it another question. The parsed
 * declarations have absolute paths, so the snapshot of a folder that was moved or copied holds none.
 */
function folderOfSnapshot(): string {
  const hash = createHash('sha256').update(`${process.version} ${process.arch} ${library}`);
  for (const file of [script, service]) hash.update(readFileSync(file));
  return join(cache, hash.digest('hex').slice(0, 16));
}
