/** A copy of the project in a temporary folder, for a test that uses it as a learner uses a clone. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { root } from '../../src/workshop/course/catalogue.ts';

/** The files that the workshop's commands read. */
const NAMES = ['package.json', 'tsconfig.json', 'src', 'lessons'];

/**
 * Copies the project without the developer's own class; the packages are those of the project. The
 * folder has the characters in its path that shells, URLs and configurations give a meaning.
 *
 * @param prefix - Begins the folder's name.
 * @returns The folder, which the caller deletes.
 */
export function copyProject(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), `${prefix}it's é%41 (b) `));
  copyInto(folder, ...NAMES.map((name) => join(root, name)));
  rmSync(join(folder, 'lessons/mine'), { recursive: true, force: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
  return folder;
}

/** Copies files and folders with all that is in them; cp takes half of the CPU of Node's function. */
export function copyInto(folder: string, ...paths: string[]): void {
  if (process.platform !== 'win32') execFileSync('cp', ['-R', ...paths, folder]);
  else for (const path of paths) cpSync(path, join(folder, basename(path)), { recursive: true });
}
