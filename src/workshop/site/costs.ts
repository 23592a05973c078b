/** The runs of the store's benchmarks that are kept in docs/, as tables of a page. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../course/catalogue.ts';
import type { DrawnTable, Kept, RunNumbers } from '../measure/report.ts';
import { tellRun } from './numbers.ts';
import { block, type Yield } from './page.ts';
import { table } from './table.ts';

const BENCHMARKS = ['store', 'http', 'gc'];

/**
 * Answers `<!-- costs: store -->`, `http` and `gc`: the tables of a run, and how it was measured.
 *
 * @param folder - Where the runs are kept.
 * @throws Error for another benchmark, and for a run that is missing or damaged, with the command that
 *   makes it.
 */
export function yieldCosts(benchmark: string, folder: string = join(root, 'docs')): Yield {
  if (!BENCHMARKS.includes(benchmark)) {
    throw new Error(`cannot show "${benchmark}"; there are ${BENCHMARKS.join(', ')}`);
  }
  const run = readRun(benchmark, folder);
  return block([...run.tables.map(draw), tellRun(run)].join('\n\n'));
}

function readRun(benchmark: string, folder: string): Kept<RunNumbers> {
  const name = `costs-${benchmark}.json`;
  const remedy = `npm run bench -- ${benchmark} --save docs/${name}`;
  const path = join(folder, name);
  if (!existsSync(path)) throw new Error(`there is no docs/${name}; ${remedy}`);
  let kept: Partial<Kept<RunNumbers>>;
  try {
    kept = JSON.parse(readFileSync(path, 'utf8')) as Partial<Kept<RunNumbers>>;
  } catch (error) {
    throw new Error(`docs/${name} is not JSON (${(error as Error).message}); ${remedy}`);
  }
  const isWhole = kept.date && kept.machine && kept.versions && kept.run && kept.tables;
  if (!isWhole) throw new Error(`docs/${name} has an older format; ${remedy}`);
  return kept as Kept<RunNumbers>;
}

function draw({ title, head, rows, note }: DrawnTable): string {
  const heading = `### ${title.charAt(0).toUpperCase()}${title.slice(1)}`;
  return [heading, table(head, rows, true), ...(note === undefined ? [] : [note])].join('\n\n');
}
