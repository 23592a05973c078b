/** Each case of the adapters' contract passes a sound site, and catches a broken one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adapterCases, adapterContract } from '../../src/contract/adapter.ts';
import { NotApplicable } from '../../src/contract/case.ts';
import { faults } from './broken-sites.ts';
import { ModelSite } from './model-site.ts';

adapterContract({ test, name: 'a sound site', create: () => new ModelSite() });

test('there is a broken site for each case', () => {
  assert.deepEqual(Object.keys(faults).sort(), adapterCases.map(({ name }) => name).sort());
});

for (const each of adapterCases) {
  test(`a broken site is caught: ${each.about}: ${each.name}`, async () => {
    await assert.rejects(each.run((faults[each.name] as () => ModelSite)()), (error) => {
      assert.ok(!(error instanceof NotApplicable), String(error));
      return true;
    });
  });
}
