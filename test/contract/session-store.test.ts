/** Each case of the store's contract passes a sound store, and catches a broken one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectStray } from '../../src/contract/callbacks.ts';
import { type ContractCase, NotApplicable, type RunnerContext } from '../../src/contract/case.ts';
import { sessionStoreCases, sessionStoreContract } from '../../src/contract/session-store.ts';
import type { StoreSubject } from '../../src/contract/store/subject.ts';
import { faults } from './broken-stores.ts';
import { ModelStore, unreachable } from './model-store.ts';

sessionStoreContract({
  test,
  name: 'a sound store',
  create() {
    const store = new ModelStore();
    return { store, unreachable, stolen: async () => [...store.rows].flat().map(show).join() };
  },
});

const show = (part: unknown): string => JSON.stringify(part);

test('there is a broken store for each case', () => {
  assert.deepEqual(Object.keys(faults).sort(), sessionStoreCases.map(({ name }) => name).sort());
});

for (const each of sessionStoreCases) {
  test(`a broken store is caught: ${each.name}`, async () => {
    await assert.rejects(each.run((faults[each.name] as () => StoreSubject)()), (error) => {
      assert.ok(!(error instanceof NotApplicable), String(error));
      return true;
    });
  });
}

test('a part that a store lacks is skipped, and an error is not', async () => {
  const registered = new Map<string, (context?: RunnerContext) => Promise<void>>();
  const { get, set, destroy } = unreachable();
  sessionStoreContract({
    test: (name, run) => registered.set(name, run),
    create: () => ({ store: { get, set, destroy } }),
    name: 'mine',
    cases: ({ about }: ContractCase<StoreSubject>) => about === 'clear' || about === 'destroy',
  });
  const reasons: unknown[] = [];
  const skip = (reason?: string): void => void reasons.push(reason);
  assert.equal(registered.size, 4);
  await registered.get('mine: clear: ends all sessions')?.({ skip });
  assert.deepEqual(reasons, ['it has no clear()']);
  await assert.rejects(async () =>
    registered.get('mine: destroy: an unknown id is no error')?.({ skip }),
  );
  const clear = registered.get('mine: clear: ends all sessions');
  await assert.rejects(async () => clear?.(), NotApplicable);
  // Mocha has skip() on `this`, and takes a first parameter for its callback.
  assert.equal(clear?.length, 0);
  await clear?.call({ skip });
  assert.equal(reasons.length, 2);
});

test('two cases at once leave the listeners of the process as they were', async () => {
  const own = (): void => {};
  process.once('uncaughtException', own);
  const before = process.rawListeners('uncaughtException');
  await Promise.all([collectStray(async () => {}), collectStray(async () => {})]);
  assert.deepEqual(process.rawListeners('uncaughtException'), before);
  process.off('uncaughtException', own);
});
