/** The runs of the store's benchmarks that are kept in docs/, as tables of a page. */
import { join } from 'node:path';
import { root } from '../course/catalogue.ts';
import type { DrawnTable, Kept, RunNumbers } from '../measure/report.ts';
import { readKept } from './kept.ts';
import { describeRun } from './numbers.ts';
import { block, type Yield } from './page.ts';
import { table } from './table.ts';

const BENCHMARKS = ['store', 'http', 'gc'];

/**
 * Answers `<!-- costs: store -->`, `http` and `gc`: the tables of a run, and how it was measured.
 *
 * @param folder - The folder of the kept runs.
 * @throws Error for another benchmark, and for a run that is missing or damaged, with the command that
 *   makes it.
 */
export function yieldCosts(benchmark: string, folder: string = join(root, 'docs')): Yield {
  if (!BENCHMARKS.includes(benchmark)) {
    throw new Error(`cannot show "${benchmark}"; there are ${BENCHMARKS.join(', ')}`);
  }
  const run = readRun(benchmark, folder);
  return block([...run.tables.map(draw), describeRun(run)].join('\n\n'));
}

function readRun(benchmark: string, folder: string): Kept<RunNumbers> {
  const name = `costs-${benchmark}.json`;
  const remedy = `npm run bench -- ${benchmark} --save docs/${name}`;
  return readKept<Kept<RunNumbers>>(
    `docs/${name}`,
    remedy,
    ({ date, machine, versions, run, tables }) => date && machine && versions && run && tables,
    join(folder, name),
  );
}

/** A heading would end the marker's block. */
function draw({ title, head: [, ...columns], rows, note }: DrawnTable): string {
  const heading = `**${title.charAt(0).toUpperCase()}${title.slice(1)}**`;
  const head = ['contender', ...columns];
  return [heading, table(head, rows, true), ...(note === undefined ? [] : [note])].join('\n\n');
}
