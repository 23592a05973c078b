import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { openBench } from '#bench';

const { database, serve } = await openBench();
const server = await serve();
after(() => server.close());

/** An id that is perfect, and that createId never made. */
const perfect = (): string => randomBytes(32).toString('base64url');

test('an id that a visitor has made up is replaced by one of ours', async () => {
  const madeUp = perfect();
  const { setCookie } = await server.request({ cookie: `MySession=${madeUp}` });
  const made = `new cookies: ${setCookie.length}`;
  assert.equal(made, 'new cookies: 1', 'a visitor has sent an id that no session has');
  assert.doesNotMatch(setCookie[0] ?? '', new RegExp(madeUp));
});

test('a made-up id gets no row', async () => {
  const madeUp = perfect();
  await server.request({ cookie: `MySession=${madeUp}` });
  const ids = (await database.rows()).map(({ id }) => String(id));
  assert.ok(!ids.includes(madeUp), 'a row has the id that the visitor made up');
});

test('an id of ours is kept', async () => {
  const { cookie } = await server.request();
  const { body, setCookie } = await server.request({ cookie });
  assert.match(body, /Count: 2/);
  assert.deepEqual(setCookie, []);
});
