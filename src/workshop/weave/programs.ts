/** Runs what pages show the output of: attacks, tests and the programs that pictures are made from. */
import type { Lesson } from '../catalogue.ts';
import { drawRow } from './pictures/row.ts';
import type { Programs } from './source.ts';

export interface RunningPrograms extends Programs {
  close(): Promise<void>;
}

export async function startPrograms(
  _lessons: Lesson[],
  _progress: (line: string) => void,
): Promise<RunningPrograms> {
  return {
    async transcript() {
      throw new Error('nothing can run yet');
    },
    async tests() {
      throw new Error('nothing can run yet');
    },
    async picture(name, page) {
      if (name === 'row') return drawRow(page);
      throw new Error(`there is no picture "${name}"; there are row`);
    },
    async close() {},
  };
}
