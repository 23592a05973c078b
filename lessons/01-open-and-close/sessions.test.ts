import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const { handler, database } = await openBench();

test('opening twice keeps one connection', async () => {
  const before = await database.connections();
  assert.equal(await handler.open('', 'MySession'), true);
  assert.equal(await handler.open('', 'MySession'), true);
  assert.equal((await database.connections()) - before, 1);
  await handler.close();
});

test('closing gives the connection back to the server', async () => {
  const before = await database.connections();
  await handler.open('', 'MySession');
  assert.equal(await handler.close(), true);
  assert.equal((await database.connections()) - before, 0);
});

test('a closed handler opens again', async () => {
  await handler.open('', 'MySession');
  await handler.close();
  const before = await database.connections();
  await handler.open('', 'MySession');
  assert.equal((await database.connections()) - before, 1);
  assert.equal(await handler.close(), true);
  assert.equal(await handler.close(), true, 'closing what is closed is not an error');
});
