/** Each requirement of the store names tests that exist and have passed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../../../src/workshop/course/catalogue.ts';
import { readProofs, yieldRequirements } from '../../../src/workshop/site/proofs.ts';
import { FAULTS } from '../../../src/workshop/site/requirements-faults.ts';
import { SECURITY } from '../../../src/workshop/site/requirements-security.ts';

test('there is a row for P1 to P19 and S01 to S40, and each has a test or says why not', () => {
  assert.deepEqual(
    FAULTS.map(({ id }) => id),
    Array.from({ length: 19 }, (_, at) => `P${at + 1}`),
  );
  assert.deepEqual(
    SECURITY.map(({ id }) => id),
    Array.from({ length: 40 }, (_, at) => `S${String(at + 1).padStart(2, '0')}`),
  );
  for (const { id, proofs, note } of [...FAULTS, ...SECURITY]) {
    assert.ok(proofs.length > 0 || note !== undefined, id);
  }
});

test('each named test is in its file, and passed in the run that is kept', () => {
  const { results } = readProofs();
  for (const { id, proofs } of [...FAULTS, ...SECURITY]) {
    for (const { file, test: name } of proofs) {
      const source = readFileSync(join(root, file), 'utf8').replaceAll("\\'", "'");
      assert.ok(source.includes(name), `${id}: ${file} has no test "${name}"`);
      const result = results.find((each) => each.file === file && each.test === name);
      assert.ok(result && result.passed > 0 && result.failed === 0, `${id}: ${file}: ${name}`);
    }
  }
});

test('a requirement that the kept run does not have is an error with the remedy', () => {
  const run = { ...readProofs(), results: [] };
  assert.throws(() => yieldRequirements('faults', run), /has no result for P1; node --import tsx/);
  assert.throws(() => yieldRequirements('other', run), /there are faults, security, run/);
});
