/** Replaces the built site. */
import { cpSync, renameSync, rmSync } from 'node:fs';

/**
 * In one step: a build that is ended half-way must leave the earlier site, or none. Two labs can
 * build at once; the site of the later one stays.
 */
export function putInPlace(draft: string, out: string): void {
  const beside = `${out}-${process.pid}`;
  const before = `${beside}-before`;
  try {
    cpSync(draft, beside, { recursive: true });
    while (!exchange(beside, out, before)) rmSync(before, { recursive: true, force: true });
  } finally {
    for (const path of [beside, before]) rmSync(path, { recursive: true, force: true });
  }
}

/** Renames `out` to `before` and `path` to `out`; false when another process was there first. */
function exchange(path: string, out: string, before: string): boolean {
  const rename = (from: string, to: string, ...expected: string[]): boolean => {
    try {
      renameSync(from, to);
      return true;
    } catch (error) {
      if (!expected.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      return false;
    }
  };
  rename(out, before, 'ENOENT');
  return rename(path, out, 'ENOTEMPTY', 'EEXIST');
}
