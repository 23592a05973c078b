import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generate } from './generator.ts';
import { runInNode } from './in-node.ts';
import { runInPhp } from './in-php.ts';
import { scenarios } from './scenarios.ts';
import { normalise, type Scenario } from './steps.ts';

const SEED = Number(process.env['SEED'] ?? 20261123);

async function compare(list: readonly Scenario[], hint: string): Promise<void> {
  const inPhp = await runInPhp(list);
  const { folder, results } = await runInNode(list);
  const different = list.flatMap((scenario, at) => {
    const expected = normalise(inPhp[at] ?? [], folder);
    const actual = normalise(results[at] ?? [], folder);
    if (expected.join('\n') === actual.join('\n')) return [];
    return [{ scenario, expected, actual }];
  });
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
  await compare(scenarios, '');
});

test('generated request sequences go as in PHP 8.4', async () => {
  await compare(generate(SEED, 300), ` (SEED=${SEED})`);
});
