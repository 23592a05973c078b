import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { dissect } from '../../src/workshop/format/dissect.ts';
import {
  compareMutations,
  compareSessions,
  compareSessionValues,
  compareValues,
} from '../../src/workshop/fuzz/campaign.ts';
import { openOracle } from '../../src/workshop/fuzz/oracle.ts';
import { openWasmPhp } from '../../src/workshop/oracle/wasm.ts';
import { keepResults, type ValueResults } from '../../src/workshop/site/comparisons.ts';

// The same cases each time; SEED=… tries others, `npm run fuzz` many more.
const seed = Number(process.env['SEED'] ?? 20_100_901);
const oracle = await openOracle();
const corpus: Buffer[] = [];
/** The results for the page on PHP and ours. */
const rows: ValueResults['rows'] = [];

after(async () => {
  oracle.close();
  const php = await openWasmPhp();
  keepResults('values', { php: (await php.run('<?php echo PHP_VERSION;')).toString(), rows });
  php.close();
});

/** Counts the values with each of the format's types; all were equal, or the test has failed. */
function tallyByType(values: readonly Buffer[]): ValueResults['rows'] {
  const counts = new Map<string, number>();
  for (const bytes of values) {
    const session = Buffer.concat([Buffer.from('value|'), bytes]);
    const parts = dissect(session).filter(({ role }) => role === 'type');
    const letters = new Set(
      parts.map(({ offset }) => session.toString('latin1', offset, offset + 1)),
    );
    for (const letter of letters) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  return [...counts]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([letter, count]) => ({ subject: letter, tally: { compared: count, equal: count } }));
}

test('writes 8,000 random values as PHP 8.4 does, and writes its bytes again', async () => {
  const keep = (bytes: Buffer): void => {
    corpus.push(bytes);
  };
  const { difference } = await compareValues(oracle, seed, 8000, keep);
  assert.equal(difference, undefined, `seed ${seed}: ${difference}`);
  rows.push(...tallyByType(corpus));
});

test('writes 1,500 random values of $_SESSION as PHP 8.4 does, and writes its bytes again', async () => {
  const { difference } = await compareSessionValues(oracle, seed, 500);
  assert.equal(difference, undefined, `seed ${seed}: ${difference}`);
});

test('judges 24,000 spoiled inputs as PHP 8.4 does', async () => {
  const prototype = Object.getOwnPropertyNames(Object.prototype);
  const { compared, difference } = await compareMutations(oracle, seed, 24_000, corpus);
  assert.equal(difference, undefined, `seed ${seed}: ${difference}`);
  rows.push({ subject: 'spoiled', tally: { compared, equal: compared } });
  assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), prototype);
});

test('reads and writes 6,000 sessions as PHP 8.4 does, whole and spoiled', async () => {
  const { compared, difference } = await compareSessions(oracle, seed, 2000, corpus);
  assert.equal(difference, undefined, `seed ${seed}: ${difference}`);
  rows.push({ subject: 'sessions', tally: { compared, equal: compared } });
});
