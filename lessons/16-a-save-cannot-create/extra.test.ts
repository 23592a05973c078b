import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { openBench } from '#bench';

const { clock, database, handler, newId, store, unawaited } = await openBench();
await handler.open('', 'MySession');
beforeEach(async () => {
  await database.query('DELETE FROM sessions');
  clock.set(1_800_000_000);
});

const rows = async (): Promise<number> => (await database.rows()).length;

test('a session that was never saved is swept after five minutes', async () => {
  for (let robot = 1; robot <= 20; robot += 1) await newId();
  clock.advance(301);
  await handler.gc(1440);
  assert.equal(await rows(), 0, 'rows of visitors who never came back');
});

test('a session that was never saved is kept for five minutes', async () => {
  const id = await newId();
  clock.advance(300);
  await handler.gc(1440);
  assert.equal(await handler.write(id, 'count|i:1;'), true, 'a slow page can still save');
});

test('a session that was saved is kept, even empty', async () => {
  const [full, empty] = [await newId(), await newId()];
  await store(full, 'count|i:1;');
  await store(empty, '');
  clock.advance(1440);
  await handler.gc(1440);
  assert.equal(await handler.read(full), 'count|i:1;');
  assert.equal(await rows(), 2);
});

test('a shorter lifetime sweeps the unsaved ones, too, and the sweep is waited for', async () => {
  await newId();
  clock.advance(61);
  assert.deepEqual(await unawaited(() => handler.gc(60)), []);
  assert.equal(await rows(), 0);
});
