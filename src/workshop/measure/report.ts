/** The end of a run: its figures as JSON, or as a table for a terminal. */
import { writeFileSync } from 'node:fs';
import type { Machine } from './machine.ts';
import type { RunOptions } from './options.ts';

/** The circumstances of a run, beside its rows. */
export interface RunNumbers {
  machine: Machine;
  versions: Record<string, string>;
  run: Pick<RunOptions, 'rounds' | 'seconds' | 'clients'>;
}

/**
 * Prints a run, and writes it to the file of `--save`.
 *
 * @param draw - Returns the lines of its tables.
 */
export function publish<Numbers extends RunNumbers>(
  numbers: Numbers,
  { json, save }: RunOptions,
  draw: (numbers: Numbers) => string[],
): void {
  const text = `${JSON.stringify(numbers, null, 2)}\n`;
  if (save !== undefined) writeFileSync(save, text);
  if (json) {
    process.stdout.write(text);
    return;
  }
  const { machine, run } = numbers;
  const versions = Object.entries(numbers.versions).map(([name, version]) => `${name} ${version}`);
  const lines = [
    ...draw(numbers),
    `${run.rounds} rounds of ${run.seconds} s, ${run.clients} clients; medians.`,
    `${machine.system}, ${machine.cores} cores, load ${machine.load} before the run.`,
    `${versions.join(', ')}.`,
  ];
  console.log(lines.join('\n'));
}

/**
 * Aligns the first column left and the others right.
 *
 * @param rows - The head first; all rows have as many cells.
 * @returns One line for each row.
 */
export function layOut(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
