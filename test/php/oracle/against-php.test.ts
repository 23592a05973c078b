/** Request sequences in the PHP that is installed and in the port. */
import { after, test } from 'node:test';
import { keepResults, type SequenceTotal } from '../../../src/workshop/site/comparisons.ts';
import { type Compared, compareAll } from './compare.ts';
import { generate } from './generator.ts';
import { assertEqual, totalOf } from './same.ts';
import { scenarios } from './scenarios.ts';
import { tallyBySubject } from './tally.ts';

const SEED = Number(process.env['SEED'] ?? 20261123);

/** The text of the page on PHP and this library. */
const totals: SequenceTotal[] = [];
let written: readonly Compared[] = [];

after(() => keepResults('sequences', { groups: tallyBySubject(written), totals }));

test('request sequences go as in PHP 8.4: callbacks, headers, answers, messages, bytes', async () => {
  written = await compareAll(scenarios, '8.4');
  totals.push(await totalOf(written, '8.4', 'written by hand'));
  assertEqual(written);
});

test('generated request sequences go as in PHP 8.4', async () => {
  const compared = await compareAll(generate(SEED, 300), '8.4');
  totals.push(await totalOf(compared, '8.4', 'made from a seed'));
  assertEqual(compared, ` (SEED=${SEED})`);
});
