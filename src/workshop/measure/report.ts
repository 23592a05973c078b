/** The end of a run: its figures as JSON, or as tables for a terminal. */
import { writeFileSync } from 'node:fs';
import type { Machine } from './machine.ts';
import type { RunOptions } from './options.ts';

/** The circumstances of a run, beside its rows. */
export interface RunNumbers {
  /** The day of the run: `2026-11-23`. */
  date: string;
  machine: Machine;
  versions: Record<string, string>;
  /** Without a length where a round ends with its work; without clients where the tables differ. */
  run: Pick<RunOptions, 'rounds'> & Partial<Pick<RunOptions, 'seconds' | 'clients'>>;
}

/** A table of a run, as the terminal and the site show it. */
export interface DrawnTable {
  title: string;
  /** The columns; the first one names the line. */
  head: string[];
  rows: string[][];
  /** Notes that a reader needs to understand the columns. */
  note?: string;
}

/** The output of `--json`: a run with its tables. */
export type Kept<Numbers extends RunNumbers> = Numbers & { tables: DrawnTable[] };

/** The day of a run, in UTC. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}

/** Prints a run as `draw` draws it, and writes it to the file of `--save`. */
export function publish<Numbers extends RunNumbers>(
  numbers: Numbers,
  { json, save }: RunOptions,
  draw: (numbers: Numbers) => DrawnTable[],
): void {
  const kept: Kept<Numbers> = { ...numbers, tables: draw(numbers) };
  const text = `${JSON.stringify(kept, null, 2)}\n`;
  if (save !== undefined) writeFileSync(save, text);
  if (json) {
    process.stdout.write(text);
    return;
  }
  const { machine, run } = numbers;
  const length = run.seconds === undefined ? '' : ` of ${run.seconds} s`;
  const clients = run.clients === undefined ? '' : `, ${run.clients} clients`;
  const versions = Object.entries(numbers.versions).map(([name, version]) => `${name} ${version}`);
  const lines = [
    ...kept.tables.flatMap(({ title, head, rows, note }) => [
      title,
      ...layOut([head, ...rows]),
      ...(note === undefined ? [] : [note]),
      '',
    ]),
    `${run.rounds} rounds${length}${clients}; medians.`,
    `${machine.system}, ${machine.cores} cores, load ${machine.load} before the run.`,
    `${versions.join(', ')}.`,
  ];
  console.log(lines.join('\n'));
}

/** Aligns the first column left and the others right; the first row is the head. */
function layOut(rows: readonly (readonly string[])[]): string[] {
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
