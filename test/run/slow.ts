/** The slowest steps and test files of a run. */
import { existsSync, readFileSync } from 'node:fs';

/** A process that times.mjs has recorded. */
export interface Time {
  /** The path of its program. */
  name: string;
  seconds: number;
  /** CPU seconds, those of its children included. */
  cpu: number;
}

/**
 * Lists the processes of a run, those with the most CPU time first.
 *
 * @param record - The file that times.mjs has written.
 * @param most - How many to list.
 * @returns Lines for a terminal.
 */
export function drawSlowest(record: string, most: number): string[] {
  const times = readTimes(record).sort((one, other) => other.cpu - one.cpu);
  const total = times.reduce((sum, { cpu }) => sum + cpu, 0);
  const line = (cpu: number, rest: string): string => `${cpu.toFixed(1).padStart(7)} s  ${rest}`;
  return [
    '    CPU      time',
    ...times
      .slice(0, most)
      .map(({ cpu, seconds, name }) => line(cpu, `${seconds.toFixed(1).padStart(5)} s  ${name}`)),
    line(total, `in all, of ${times.length} processes`),
  ];
}

/**
 * Reads what times.mjs has written.
 *
 * @param record - Its file; without one, no process was recorded.
 */
export function readTimes(record: string): Time[] {
  if (!existsSync(record)) return [];
  const lines = readFileSync(record, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [seconds, cpu, name = ''] = line.split('\t');
    return { name, seconds: Number(seconds), cpu: Number(cpu) };
  });
}
