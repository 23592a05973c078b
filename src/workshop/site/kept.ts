/** The runs that are kept in docs/, for tables and pictures. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../course/catalogue.ts';

/**
 * Reads a kept run.
 *
 * @param name - The file's name in messages, relative to the project: `docs/board.json`.
 * @param remedy - The command that makes the file, at the end of every message.
 * @param isWhole - Returns whether the run has the form of today.
 * @param path - The file, where it is another one.
 * @throws Error that says how to make the file when it is missing, damaged or of another form.
 */
export function readKept<Run>(
  name: string,
  remedy: string,
  isWhole: (kept: Partial<Run>) => unknown,
  path: string = join(root, name),
): Run {
  if (!existsSync(path)) throw new Error(`there is no ${name}; ${remedy}`);
  let kept: Partial<Run>;
  try {
    kept = JSON.parse(readFileSync(path, 'utf8')) as Partial<Run>;
  } catch (error) {
    throw new Error(`${name} is not JSON (${(error as Error).message}); ${remedy}`);
  }
  if (!isWhole(kept)) throw new Error(`${name} has an older format; ${remedy}`);
  return kept as Run;
}
