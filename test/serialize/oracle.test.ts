import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  compareMutations,
  compareSessions,
  compareValues,
} from '../../src/workshop/fuzz/campaign.ts';
import { openOracle } from '../../src/workshop/fuzz/oracle.ts';
import { seeded } from '../../src/workshop/fuzz/plans.ts';

// The same cases each time; SEED=… tries others, `npm run fuzz` many more.
const seed = Number(process.env['SEED'] ?? 20_100_901);
const random = seeded(seed);
const oracle = await openOracle();
after(() => oracle.close());
const corpus: Buffer[] = [];

test('writes 8,000 random values as PHP 8.4 does, and gives its bytes back', async () => {
  const keep = (bytes: Buffer): void => {
    corpus.push(bytes);
  };
  const { difference } = await compareValues(oracle, random, 8000, keep);
  assert.equal(difference, undefined, `seed ${seed}: ${difference}`);
});

test('gives the verdict of PHP 8.4 on 24,000 spoiled inputs', async () => {
  const prototype = Object.getOwnPropertyNames(Object.prototype);
  const { difference } = await compareMutations(oracle, random, 24_000, corpus);
  assert.equal(difference, undefined, `seed ${seed}: ${difference}`);
  assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), prototype);
});

test('reads and writes 6,000 sessions as PHP 8.4 does, whole and spoiled', async () => {
  const { difference } = await compareSessions(oracle, random, 2000, corpus);
  assert.equal(difference, undefined, `seed ${seed}: ${difference}`);
});
