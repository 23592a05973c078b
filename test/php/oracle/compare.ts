/** Two runs of the same sequences side by side: PHP's and the port's. */
import { join } from 'node:path';
import type { PhpVersion } from '#php';
import { runInNode } from './in-node.ts';
import { FOLDER, runInPhp } from './in-php.ts';
import { normalise, type Scenario } from './steps.ts';

/** A sequence, and what both sides made of it. */
export interface Compared {
  readonly scenario: Scenario;
  readonly expected: readonly string[];
  readonly actual: readonly string[];
}

/**
 * Runs sequences on both sides, except those that crash PHP: they leave nothing to compare.
 *
 * @param list - The sequences.
 * @param version - PHP's release.
 * @param ours - The same sequences, and the port's release.
 */
export async function compareAll(
  list: readonly Scenario[],
  version: PhpVersion,
  ours: { readonly list: readonly Scenario[]; readonly version: PhpVersion } = { list, version },
): Promise<Compared[]> {
  const inPhp = await runOnce(list, version);
  const { folder, results } = await runInNode(ours.list, ours.version);
  return list.flatMap((scenario, at): Compared[] => {
    const entries = inPhp[at];
    if (entries === undefined) return [];
    const expected = normalise(entries, `${FOLDER}/files`);
    const actual = normalise(results[at] ?? [], join(folder, String(at)));
    return [{ scenario, expected, actual }];
  });
}

type InPhp = ReturnType<typeof runInPhp>;

const ran = new Map<PhpVersion, Map<readonly Scenario[], InPhp>>();

/** Runs a list in PHP, or returns the results of an earlier run. */
function runOnce(list: readonly Scenario[], version: PhpVersion): InPhp {
  const known = ran.get(version) ?? new Map<readonly Scenario[], InPhp>();
  ran.set(version, known);
  const results = known.get(list) ?? runInPhp(list, version);
  known.set(list, results);
  return results;
}

/** The sequences that did not go as in PHP, the shortest first. */
export function differencesAmong(compared: readonly Compared[]): Compared[] {
  return compared
    .filter(({ expected, actual }) => expected.join('\n') !== actual.join('\n'))
    .sort((one, other) => length(one.scenario) - length(other.scenario));
}

function length({ steps, next = [] }: Scenario): number {
  return steps.length + next.flat().length;
}
