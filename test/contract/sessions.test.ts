/** Each case of the contract of sessions catches a broken store; strategies.test.ts has sound ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NotApplicable } from '../../src/contract/case.ts';
import type { SessionsSubject } from '../../src/contract/sessions/subject.ts';
import { sessionsCases } from '../../src/contract/sessions.ts';
import { faults } from './broken-sessions.ts';

test('there is a broken store of sessions for each case', () => {
  assert.deepEqual(Object.keys(faults).sort(), sessionsCases.map(({ name }) => name).sort());
});

for (const each of sessionsCases) {
  test(`a broken store of sessions is caught: ${each.about}: ${each.name}`, async () => {
    await assert.rejects(each.run(faults[each.name] as SessionsSubject), (error) => {
      assert.ok(!(error instanceof NotApplicable), String(error));
      return true;
    });
  });
}
