import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { openBench } from '#bench';

const { clock, database, gate, handler, newId, serve, store } = await openBench();
const server = await serve({ settings: { 'session.gc_probability': '0' } });
after(() => server.close());
await handler.open('', 'MySession');

const idIn = (cookie: string): string => cookie.split('=')[1] ?? '';

test('an id that was not made here is replaced', async () => {
  const name = (await server.request()).cookie.split('=')[0];
  const ended = await newId();
  await store(ended, 'count|i:1;');
  await handler.destroy(ended);
  clock.set(1_800_000_000);
  const over = await newId();
  await store(over, 'count|i:1;');
  clock.advance(1441);
  const made = [randomBytes(32).toString('base64url'), await newId(), ended, over];
  for (const planted of [...made, 'a', '0', "' OR '1'='1", 'x'.repeat(4000)]) {
    const before = (await database.rows()).length;
    const cookie = `${name}=${encodeURIComponent(planted)}`;
    const page = await server.request({ cookie });
    assert.equal(page.setCookie.length, 1, `${planted.slice(0, 50)} was accepted as an id`);
    assert.notEqual(decodeURIComponent(idIn(page.cookie)), planted);
    assert.equal(await handler.read(planted), '');
    assert.equal((await database.rows()).length, before + 1);
  }
  const { cookie } = await server.request();
  const { setCookie } = await visitDuringLogout(cookie);
  assert.equal(setCookie.length, 1, 'it ended while a request waited for it, and came back');
  assert.equal(await handler.read(decodeURIComponent(idIn(cookie))), '');
});

/** Opens another page of the visitor during the sign-out, and returns its response. */
async function visitDuringLogout(cookie: string): Promise<{ setCookie: string[] }> {
  const leaving = gate(1, /^DELETE/, { opens: 'by hand', patience: 8000 });
  const logout = server.request({ cookie, path: '/logout' });
  await leaving.arrived;
  const visit = server.request({ cookie });
  await database.lockWaits(1, visit);
  leaving.open();
  await logout;
  return await visit;
}

test('signing in changes the id and ends the old one', async () => {
  const { cookie: before } = await server.request();
  const login = await server.request({ cookie: before, path: '/login?user=ann' });
  assert.equal(login.setCookie.length, 1, 'the id stayed what it was');
  assert.notEqual(login.cookie, before);
  const whoami = async (cookie: string): Promise<string> =>
    (await server.request({ cookie, path: '/whoami' })).body;
  assert.match(await whoami(login.cookie), /ann/);
  assert.match(await whoami(before), /Nobody/);
  assert.equal(await handler.read(decodeURIComponent(idIn(before))), '', 'the old row is there');
  const { body } = await server.request({ cookie: login.cookie });
  assert.match(body, /Count: 2/, 'what was in the session has moved along');
});
