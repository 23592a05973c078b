/** Builds docs/site beside a running lab, when it is missing or older than its sources. */
import { readdirSync, statSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readLessons, root, shown } from '../course/catalogue.ts';
import { startChild } from '../sandbox/child.ts';

type SiteState =
  | { state: 'built' }
  | { state: 'building'; began: number }
  | { state: 'failed'; reason: string };

const program = fileURLToPath(new URL('./docs.ts', import.meta.url));

/** Folders below the sources that the site does not come from. */
const NOT_SOURCES = /^(?:docs\/site[^/]*|src\/workshop\/(?!site).+)$|\/made$/;

/**
 * Builds the site at a low priority, unless it is current. Returns a function that returns the
 * site's state.
 */
export function keepSiteCurrent(signal: AbortSignal, say: (line: string) => void): () => SiteState {
  let now: SiteState = { state: 'built' };
  if (isCurrent()) return () => now;
  now = { state: 'building', began: performance.now() };
  say('documentation: building it in the background, about 20 s');
  const { pid, ended } = startChild({ program, signal, onReport() {} });
  if (pid > 0) setPriority(pid, constants.priority.PRIORITY_LOW);
  void ended.then(({ code, output, aborted }) => {
    if (aborted) return;
    now = code === 0 ? { state: 'built' } : { state: 'failed', reason: output };
    say(`documentation: ${code === 0 ? 'ready' : 'it could not be built. npm run docs says why'}`);
  });
  return () => now;
}

/** True when the site is there and no source is newer. */
function isCurrent(): boolean {
  const built = statSync(join(root, 'docs/site/index.html'), { throwIfNoEntry: false });
  const sources = ['docs', 'src', 'package.json', 'tsconfig.json'].map((name) => join(root, name));
  const lessons = readLessons().map(({ directory }) => directory);
  return (
    built !== undefined && [...sources, ...lessons].every((path) => newest(path) <= built.mtimeMs)
  );
}

/** The time of the last change of a file, or of anything in a folder; 0 if it is missing. */
function newest(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found || NOT_SOURCES.test(shown(path))) return 0;
  if (!found.isDirectory()) return found.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}
