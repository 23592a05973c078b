import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const { clock, database, handler, newId } = await openBench();
await handler.open('', 'MySession');

test('a new session can be read back', async () => {
  const id = await newId();
  assert.equal(await handler.write(id, 'count|i:1;'), true);
  assert.equal(await handler.read(id), 'count|i:1;');
});

test('a changed session replaces what was there', async () => {
  const id = await newId();
  const before = (await database.rows()).length;
  await handler.write(id, 'count|i:1;');
  assert.equal(await handler.write(id, 'count|i:2;'), true);
  assert.equal(await handler.read(id), 'count|i:2;');
  assert.ok((await database.rows()).length <= before + 1, 'one session, one row');
});

test('writing the same data again keeps the session young', async () => {
  clock.set(1_800_000_000);
  const id = await newId();
  await handler.write(id, 'count|i:1;');
  clock.advance(600);
  assert.equal(await handler.write(id, 'count|i:1;'), true);
  const ages = (await database.rows()).map((row) => clock.now() - Number(row['updated']));
  assert.ok(ages.includes(0), `no row was updated now; ages in seconds: ${ages.join(', ')}`);
});
