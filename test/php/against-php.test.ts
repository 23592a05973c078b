import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { PhpVersion } from '#php';
import { findBuild } from '../../src/workshop/oracle/wasm-build.ts';
import { differences } from './compare.ts';
import { generate } from './generator.ts';
import { scenarios } from './scenarios.ts';
import type { Scenario } from './steps.ts';

const SEED = Number(process.env['SEED'] ?? 20261123);

async function compare(
  list: readonly Scenario[],
  version: PhpVersion,
  hint: string,
): Promise<void> {
  const different = await differences(list, version);
  const [smallest] = different;
  if (!smallest) return;
  const { name, steps, next } = smallest.scenario;
  assert.deepEqual(
    smallest.actual,
    smallest.expected,
    `${different.length} of ${list.length} differ${hint}; the smallest: ${name} ` +
      JSON.stringify(next ? [steps, ...next] : steps),
  );
}

/** Another PHP than the installed one is fetched once; a machine without a network goes without. */
async function compareWhereAvailable(t: TestContext, version: PhpVersion): Promise<void> {
  const build = await findBuild(version);
  if ('reason' in build) t.skip(build.reason);
  else await compare(scenarios, version, '');
}

test('request sequences go as in PHP 8.4: callbacks, headers, answers, messages, bytes', async () => {
  await compare(scenarios, '8.4', '');
});

test('generated request sequences go as in PHP 8.4', async () => {
  await compare(generate(SEED, 300), '8.4', ` (SEED=${SEED})`);
});

test('request sequences go as in PHP 8.2', (t) => compareWhereAvailable(t, '8.2'));

test('request sequences go as in PHP 8.3', (t) => compareWhereAvailable(t, '8.3'));

test('request sequences go as in PHP 8.5', (t) => compareWhereAvailable(t, '8.5'));
