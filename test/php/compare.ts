/** Two runs of the same sequences side by side: PHP's and the port's. */
import { join } from 'node:path';
import type { PhpVersion } from '#php';
import { runInNode } from './in-node.ts';
import { FOLDER, runInPhp } from './in-php.ts';
import { normalise, type Scenario } from './steps.ts';

/** A sequence that did not go as in PHP. */
export interface Difference {
  readonly scenario: Scenario;
  readonly expected: readonly string[];
  readonly actual: readonly string[];
}

/** The sequences that differ, the shortest first. */
export async function differences(
  list: readonly Scenario[],
  version: PhpVersion,
): Promise<Difference[]> {
  const inPhp = await runInPhp(list, version);
  const { folder, results } = await runInNode(list, version);
  const found = list.flatMap((scenario, at): Difference[] => {
    const entries = inPhp[at];
    // What crashes PHP cannot be compared; nobody has recorded it either.
    if (entries === undefined) return [];
    const expected = normalise(entries, `${FOLDER}/files`);
    const actual = normalise(results[at] ?? [], join(folder, String(at)));
    return expected.join('\n') === actual.join('\n') ? [] : [{ scenario, expected, actual }];
  });
  return found.sort((one, other) => length(one.scenario) - length(other.scenario));
}

function length({ steps, next = [] }: Scenario): number {
  return steps.length + next.flat().length;
}
