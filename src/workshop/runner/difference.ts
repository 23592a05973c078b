/** What separates two classes, as a unified diff. */
import { readFileSync } from 'node:fs';
import { createTwoFilesPatch } from 'diff';
import { shown } from '../course/catalogue.ts';
import type { Terminal } from './terminal.ts';

/**
 * Compares two files.
 *
 * @param from - Absolute path of the one with `-`.
 * @param to - Absolute path of the one with `+`.
 * @returns A unified diff with three lines of context; empty when the files are the same.
 */
export function compareFiles(from: string, to: string): string {
  const [before, after] = [readFileSync(from, 'utf8'), readFileSync(to, 'utf8')];
  if (before === after) return '';
  const options = { context: 3 };
  const patch = createTwoFilesPatch(shown(from), shown(to), before, after, '', '', options);
  return patch
    .replace(/^=+\n/, '')
    .replaceAll(/^(---|\+\+\+) (.*?)\t$/gm, '$1 $2')
    .trimEnd();
}

/**
 * Colours a diff: what goes red, what comes green, places blue.
 *
 * @param patch - From `compareFiles`.
 * @param terminal - Gives colours.
 */
export function paintPatch(patch: string, { paint }: Terminal): string {
  return patch
    .split('\n')
    .map((line) => {
      if (/^(---|\+\+\+) /.test(line)) return paint('bold', line);
      if (line.startsWith('@@')) return paint('cyan', line);
      if (line.startsWith('-')) return paint('red', line);
      if (line.startsWith('+')) return paint('green', line);
      return line;
    })
    .join('\n');
}
