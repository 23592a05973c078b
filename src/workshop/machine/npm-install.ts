/** Packages that only some tests need: npm installs them into the cache, once. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, makeOnce } from './cache.ts';
import { npm } from './npm.mjs';
import { run } from './program.ts';

/** An installation. */
interface Installation {
  /** The folder's name in the cache: it must change with the packages' versions. */
  readonly name: string;
  /** The packages, as a message names them. */
  readonly packages: string;
  /** The files that npm needs, by name. */
  readonly files: Readonly<Record<string, string>>;
  /** npm's command: `['ci']`, `['install', 'name@1.2.3']`. */
  readonly command: readonly string[];
}

/** Milliseconds; 132 MB of small files take minutes on a machine that is busy with tests. */
const TIMEOUT = 360_000;

/**
 * Installs packages into a folder of the cache, unless the folder exists.
 *
 * @param progress - Receives a line before npm starts.
 * @returns The folder that holds `node_modules`.
 * @throws Error with npm's own words when they cannot be installed.
 */
export async function installOnce(
  { name, packages, files, command }: Installation,
  progress?: ((line: string) => void) | undefined,
): Promise<string> {
  const folder = join(cacheFolder(progress), 'npm', name);
  if (existsSync(folder)) return folder;
  progress?.(`packages: fetching ${packages} into ${folder} …`);
  return await makeOnce(folder, async (draft) => {
    for (const [file, text] of Object.entries(files)) await writeFile(join(draft, file), text);
    const [program, ...first] = npm();
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    // A test waits for this: one more try is enough.
    flags.push('--fetch-retries=1', '--fetch-retry-mintimeout=500', '--fetch-retry-maxtimeout=500');
    const { code, stdout, stderr } = await run(program, [...first, ...command, ...flags], {
      cwd: draft,
      environment: environment(draft),
      timeout: TIMEOUT,
    });
    if (code === 0) return;
    const words = `${stderr}${stdout}`.trim().split('\n').slice(0, 3).join(' ');
    throw new Error(
      `${packages} could not be fetched: ${words || `npm ended with ${code}`}. ` +
        'Is the package registry reachable?',
    );
  });
}

/** Under `npm test`, npm's variables name the project itself as the folder to install into. */
function environment(draft: string): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(
    ([name]) => !/^npm_(config_(local_prefix|prefix|global)|package|lifecycle|command)/i.test(name),
  );
  return { ...Object.fromEntries(others), INIT_CWD: draft, PWD: draft };
}
