import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openBench } from '#bench';

const { database, gate, handler, newId, serve, store } = await openBench();
await handler.open('', 'MySession');
const server = await serve();
after(() => server.close());

/** A callback's result, or the message of its error. */
const answer = (promise: Promise<unknown>): Promise<unknown> =>
  promise.catch((error: Error) => `an error: ${error.message}`);

test("one request's close leaves the other its session", async () => {
  await handler.open('', 'MySession');
  const id = await newId();
  await store(id, 'user|s:3:"Bob";');
  await handler.open('', 'MySession');
  await handler.open('', 'MySession');
  assert.equal(await handler.close(), true);
  assert.equal(await answer(handler.read(id)), 'user|s:3:"Bob";');
  assert.equal(await answer(handler.write(id, 'user|s:3:"Bob";count|i:1;')), true);
  assert.equal(await handler.close(), true);
});

test('two requests are served at once', async () => {
  await handler.open('', 'MySession');
  const queries = gate(2, /^SELECT/i, { patience: 500 });
  const pages = Promise.allSettled([server.request(), server.request()]);
  const met = await queries.arrived;
  await pages;
  assert.equal(met, true, 'the second query waited for the answer to the first');
});

test('request after request is served by the same few connections', async () => {
  await handler.open('', 'MySession');
  const id = await newId();
  await store(id, 'count|i:1;');
  await handler.close();
  for (let round = 0; round < 20; round++) {
    await handler.open('', 'MySession');
    await handler.open('', 'MySession');
    assert.equal(await answer(handler.read(id)), 'count|i:1;');
    await handler.close();
    assert.equal(await answer(handler.read(id)), 'count|i:1;');
    await handler.close();
  }
  const connections = await database.connections();
  assert.ok(connections <= 10, `40 requests left ${connections} connections open`);
});
