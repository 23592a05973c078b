/** Runs what pages show the output of: attacks, tests and the programs that pictures are made from. */
import type { Lesson } from '../catalogue.ts';
import type { Programs } from './source.ts';

export interface RunningPrograms extends Programs {
  close(): Promise<void>;
}

export async function startPrograms(
  _lessons: Lesson[],
  _progress: (line: string) => void,
): Promise<RunningPrograms> {
  throw new Error('nothing can run yet');
}
