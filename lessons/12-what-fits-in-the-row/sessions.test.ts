import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const { clock, handler, newId, random } = await openBench();
await handler.open('', 'MySession');
const megabyte = 1_048_576;

/** A callback's result, or the name of its error. */
const answer = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: Error) => `${error.name}: ${error.message}`);

test('any bytes come back as they were, up to a megabyte', async () => {
  const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const noise = Uint8Array.from({ length: megabyte }, () => Math.floor(random() * 256));
  for (const data of [everyByte, noise, new Uint8Array(65_536), new Uint8Array(0)]) {
    const id = await newId();
    assert.equal(await answer(handler.write(id, data)), true);
    const back = await handler.readBytes(id);
    assert.ok(Buffer.from(data).equals(back), `${data.length} bytes came back as ${back.length}`);
  }
});

test('a session over the limit is refused, and the saved one stays', async () => {
  const id = await newId();
  await handler.write(id, 'cart|i:1;');
  const tooMuch = ['x'.repeat(megabyte + 1), 'é'.repeat(megabyte / 2 + 1), 'x'.repeat(2 ** 24)];
  for (const data of tooMuch) {
    await assert.rejects(handler.write(id, data), { name: 'SessionTooLarge' });
    assert.equal(await handler.read(id), 'cart|i:1;');
  }
});

test('a session is saved in the year 2040 as well', async () => {
  clock.set(Date.UTC(2040, 0, 1) / 1000);
  const id = await newId();
  assert.equal(await answer(handler.write(id, 'count|i:1;')), true);
  assert.equal(await handler.read(id), 'count|i:1;');
});
