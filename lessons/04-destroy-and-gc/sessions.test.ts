import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const { clock, handler, newId } = await openBench();
await handler.open('', 'MySession');

test('a destroyed session reads as an empty string', async () => {
  const [leaver, stayer] = [await newId(), await newId()];
  await handler.write(leaver, 'user|s:3:"Ann";');
  await handler.write(stayer, 'user|s:3:"Bob";');
  assert.equal(await handler.destroy(leaver), true);
  assert.equal(await handler.read(leaver), '');
  assert.equal(await handler.read(stayer), 'user|s:3:"Bob";');
});

test('destroying a session that is not there is not an error', async () => {
  assert.equal(await handler.destroy(await newId()), true);
  assert.equal(await handler.destroy(''), true);
});

test('collecting removes a session older than the lifetime', async () => {
  clock.set(1_800_000_000);
  const id = await newId();
  await handler.write(id, 'old|b:1;');
  clock.advance(1441);
  await handler.gc(1440);
  assert.equal(await handler.read(id), '');
});

test('a session exactly as old as the lifetime stays', async () => {
  clock.set(1_800_000_000);
  const id = await newId();
  await handler.write(id, 'ripe|b:1;');
  clock.advance(1440);
  await handler.gc(1440);
  assert.equal(await handler.read(id), 'ripe|b:1;');
});
