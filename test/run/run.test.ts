/** The record that `npm test` keeps of a failed run. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { root } from '../../src/workshop/course/catalogue.ts';
import { run } from '../../src/workshop/machine/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'phpsessid-failures-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs a test file and returns what the reporter has written. */
async function record(source: string): Promise<string> {
  const [file, written] = [join(folder, 'some.test.mjs'), join(folder, 'failures.txt')];
  writeFileSync(file, `import { test, describe } from 'node:test';\n${source}`);
  const reporter = pathToFileURL(join(root, 'test/run/failures.mjs')).href;
  const reporters = [`--test-reporter=${reporter}`, `--test-reporter-destination=${written}`];
  const environment = { ...process.env, NODE_TEST_CONTEXT: undefined };
  await run(process.execPath, ['--test', ...reporters, file], { cwd: folder, environment });
  return readFileSync(written, 'utf8');
}

test('a failed test is recorded with its file, its seed and its output, and once', async () => {
  const text = await record(`
    test('good', () => console.log('said before'));
    describe('a suite', () => {
      test('bad', () => { throw new Error('seed 4711: 1 is not 2'); });
    });`);
  assert.match(text, /^✘ bad\n {2}in some\.test\.mjs; again: npm test -- some\.test\.mjs --times/);
  assert.match(text, /seed 4711: 1 is not 2\n +at .*some\.test\.mjs:5/);
  assert.match(text, /output of some\.test\.mjs\n\n {4}said before/);
  assert.equal(text.match(/✘/g)?.length, 1);
});

test('a test that takes too long is recorded with its limit', async () => {
  const text = await record(
    `test('slow', { timeout: 50 }, () => new Promise((end) => setTimeout(end, 500)));`,
  );
  assert.match(text, /✘ slow\n[\s\S]*test timed out after 50ms/);
});

test('a file that ends before its tests is recorded with its exit code and its last words', async () => {
  const text = await record(`console.error('no server'); process.exit(7);`);
  assert.match(text, /✘ .*some\.test\.mjs\n[\s\S]*exitCode: 7[\s\S]*no server/);
});

test('a run without a failure leaves an empty record', async () => {
  assert.equal(await record(`test('good', () => {});`), '');
});
