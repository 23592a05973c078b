/** The verdict on two sides of request sequences, and its line on the page. */
import assert from 'node:assert/strict';
import type { PhpVersion } from '#php';
import { openWasmPhp } from '../../../src/workshop/oracle/wasm.ts';
import type { SequenceTotal } from '../../../src/workshop/site/comparisons.ts';
import { type Compared, differencesAmong } from './compare.ts';
import { tallyWhole } from './tally.ts';

/** Counts the equal sequences, for a PHP named in full. */
export async function totalOf(
  compared: readonly Compared[],
  version: PhpVersion,
  source: SequenceTotal['source'],
): Promise<SequenceTotal> {
  const php = await openWasmPhp({ version });
  const full = (await php.run('<?php echo PHP_VERSION;')).toString();
  php.close();
  return { php: full, source, tally: tallyWhole(compared) };
}

/**
 * Fails with the smallest sequence that differs.
 *
 * @param hint - Follows the number of different sequences.
 */
export function assertEqual(compared: readonly Compared[], hint = ''): void {
  const different = differencesAmong(compared);
  const [smallest] = different;
  if (!smallest) return;
  const { name, steps, next } = smallest.scenario;
  assert.deepEqual(
    smallest.actual,
    smallest.expected,
    `${different.length} of ${compared.length} differ${hint}; the smallest: ${name} ` +
      JSON.stringify(next ? [steps, ...next] : steps),
  );
}
