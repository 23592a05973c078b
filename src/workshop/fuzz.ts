import { parseArgs } from 'node:util';
import type { Outcome } from './fuzz/campaign.ts';
import { compareMutations, compareSessions, compareValues } from './fuzz/campaign.ts';
import { openOracle } from './fuzz/oracle.ts';
import { seeded } from './fuzz/plans.ts';

const { values: flags } = parseArgs({
  options: {
    values: { type: 'string', default: '100000' },
    mutations: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
});
const seed = Number(flags.seed);
const random = seeded(seed);
const corpus: Buffer[] = [];
const CORPUS = 20_000;
const oracle = await openOracle();

const prototype = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
const outcomes: [string, Outcome][] = [];
const began = performance.now();
outcomes.push([
  'values, both ways',
  await compareValues(oracle, random, Number(flags.values), (bytes) => {
    if (corpus.length < CORPUS) corpus.push(bytes);
    else corpus[Math.floor(random() * CORPUS)] = bytes;
  }),
]);
outcomes.push([
  'spoiled inputs',
  await compareMutations(oracle, random, Number(flags.mutations), corpus),
]);
outcomes.push([
  'sessions',
  await compareSessions(oracle, random, Math.ceil(Number(flags.mutations) / 20), corpus),
]);
oracle.close();

for (const [name, { compared, difference }] of outcomes) {
  console.log(`${name}: ${compared} compared, ${difference ?? 'all as PHP has them'}`);
}
const seconds = ((performance.now() - began) / 1000).toFixed(1);
console.log(`seed ${seed}, ${seconds} s`);
if (JSON.stringify(Object.getOwnPropertyNames(Object.prototype)) !== prototype) {
  throw new Error('Object.prototype was touched');
}
if (outcomes.some(([, outcome]) => outcome.difference !== undefined)) process.exitCode = 1;
