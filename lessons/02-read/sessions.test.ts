import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const { handler, newId, store } = await openBench();
await handler.open('', 'MySession');

test('an unknown id reads as an empty string', async () => {
  assert.equal(await handler.read('404'), '');
});

test('a known id reads the exact bytes that were stored', async () => {
  const id = await newId();
  const data = 'count|i:7;name|s:11:"Zoë|e;\n💾";';
  await store(id, data);
  assert.equal(await handler.read(id), data);
});

test('each id reads its own session', async () => {
  const [ann, bob] = [await newId(), await newId()];
  await store(ann, 'name|s:3:"Ann";');
  await store(bob, 'name|s:3:"Bob";');
  assert.equal(await handler.read(bob), 'name|s:3:"Bob";');
  assert.equal(await handler.read(ann), 'name|s:3:"Ann";');
});
