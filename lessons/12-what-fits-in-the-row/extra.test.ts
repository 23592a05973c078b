import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openBench } from '#bench';

const { database, handler, newId, serve } = await openBench();
await handler.open('', 'MySession');
const server = await serve();
after(() => server.close());

const rows = async (): Promise<string> => `rows: ${(await database.rows()).length}`;

test('visitors who store nothing cost no row', async () => {
  await database.query('DELETE FROM sessions');
  for (let visitor = 1; visitor <= 20; visitor += 1) await server.request({ path: '/whoami' });
  assert.equal(await rows(), 'rows: 0', 'after 20 visits to a page that stores nothing');
});

test('saving an empty session without a row is a success', async () => {
  await database.query('DELETE FROM sessions');
  assert.equal(await handler.write(await newId(), ''), true);
  assert.equal(await handler.write(await newId(), new Uint8Array(0)), true);
  assert.equal(await rows(), 'rows: 0');
});

test('a session that has a row can still be emptied', async () => {
  const id = await newId();
  await handler.write(id, 'cart|i:1;');
  assert.equal(await handler.write(id, ''), true);
  assert.equal(await handler.read(id), '');
});
