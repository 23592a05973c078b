import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openBench } from '#bench';

const { database, gate, handler, newId, store } = await openBench();
// Imported after the bench has set the database's address, this is the class that it opened.
const { Sessions } = (await import('#sessions')) as unknown as {
  Sessions: { Stop?: () => Promise<void> };
};
await handler.open('', 'MySession');

/** Throws at once where it is missing, and not later in a promise. */
function stop(): Promise<void> {
  assert.equal(typeof Sessions.Stop, 'function', 'Sessions.Stop is not written yet');
  return Sessions.Stop?.() ?? Promise.resolve();
}

test('a request that is at work when the process stops gets its answer', async () => {
  const id = await newId();
  await store(id, 'count|i:1;');
  const held = gate(1, /^SELECT/i, { opens: 'by hand', holds: 'answer' });
  const reading = handler.read(id);
  await held.arrived;
  const stopping = stop();
  held.open();
  assert.equal(await reading, 'count|i:1;');
  await stopping;
});

test('a stopped process has no connection left', async () => {
  await handler.open('', 'MySession');
  await handler.read(await newId());
  await stop();
  const left = `connections at the database: ${await database.connections()}`;
  assert.equal(left, 'connections at the database: 0');
});

test('a stopped process can open again, and stop twice', async () => {
  await stop();
  await stop();
  await handler.open('', 'MySession');
  const id = await newId();
  await store(id, 'count|i:1;');
  assert.equal(await handler.read(id), 'count|i:1;');
});
