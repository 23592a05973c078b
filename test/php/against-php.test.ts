import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openWasmPhp } from '../../src/workshop/oracle/wasm.ts';
import { keepResults } from '../../src/workshop/weave/comparisons.ts';
import { generate } from './generator.ts';
import { runInNode } from './in-node.ts';
import { runInPhp } from './in-php.ts';
import { scenarios } from './scenarios.ts';
import { normalise, type Scenario } from './steps.ts';
import { type Compared, tallyBySubject, tallyWhole } from './tally.ts';

const SEED = Number(process.env['SEED'] ?? 20261123);

/** What the page on PHP and ours tells. */
const written: Compared[] = [];
const generated: Compared[] = [];

after(async () => {
  const php = await openWasmPhp();
  const version = (await php.run('<?php echo PHP_VERSION;')).toString();
  php.close();
  keepResults('sequences', {
    php: version,
    groups: tallyBySubject(written),
    written: tallyWhole(written),
    generated: tallyWhole(generated),
  });
});

async function compare(list: readonly Scenario[], kept: Compared[], hint: string): Promise<void> {
  const inPhp = await runInPhp(list);
  const { folder, results } = await runInNode(list);
  const compared = list.map((scenario, at) => ({
    scenario,
    expected: normalise(inPhp[at] ?? [], folder),
    actual: normalise(results[at] ?? [], folder),
  }));
  kept.push(...compared);
  const different = compared.filter(
    ({ expected, actual }) => expected.join('\n') !== actual.join('\n'),
  );
  different.sort((one, other) => one.scenario.steps.length - other.scenario.steps.length);
  if (process.env['DIFFERENCES']) {
    for (const { scenario, expected, actual } of different) {
      const first = expected.findIndex((line, at) => line !== actual[at]);
      const at = first < 0 ? expected.length : first;
      console.log(`${scenario.name}\n  PHP  ${expected[at]}\n  port ${actual[at]}`);
    }
    console.log(`${different.length} of ${list.length} differ`);
  }
  const [smallest] = different;
  if (!smallest) return;
  const { name, steps } = smallest.scenario;
  assert.deepEqual(
    smallest.actual,
    smallest.expected,
    `${different.length} of ${list.length} differ${hint}; the smallest: ${name} ${JSON.stringify(steps)}`,
  );
}

test('request sequences go as in PHP 8.4: callbacks, headers, answers, messages, bytes', async () => {
  await compare(scenarios, written, '');
});

test('generated request sequences go as in PHP 8.4', async () => {
  await compare(generate(SEED, 300), generated, ` (SEED=${SEED})`);
});
