import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openBench } from '#bench';

const { clock, database, serve } = await openBench();
// The exercise's column: when the cookie was sent last.
await database.query('ALTER TABLE sessions ADD COLUMN sent bigint');
const server = await serve();
after(() => server.close());

const week = 7 * 24 * 60 * 60;

/** Lets time pass for a visitor who comes often enough to stay alive. */
async function pass(seconds: number): Promise<void> {
  clock.advance(seconds);
  await database.query('UPDATE sessions SET updated = ?', [clock.now()]);
}

test('a cookie is sent again when half of its time is over', async () => {
  clock.set(1_800_000_000);
  const { cookie } = await server.request();
  await pass(week + 1);
  const page = await server.request({ cookie });
  assert.match(page.body, /Count: 2\b/, 'the session is the same');
  assert.equal(page.setCookie.length, 1, 'the cookie has half of its time left, and was not sent');
  assert.equal(page.cookie, cookie, 'another id');
  const sent = (page.setCookie[0] ?? '').toLowerCase();
  for (const wanted of ['max-age=1209600', 'secure', 'httponly', 'samesite=lax', 'path=/']) {
    assert.ok(sent.includes(wanted), `${wanted} is missing: ${sent}`);
  }
});

test('a cookie is not sent again before', async () => {
  clock.set(1_800_000_000);
  const { cookie } = await server.request();
  await pass(week - 60);
  for (let visit = 1; visit <= 2; visit += 1) {
    assert.deepEqual((await server.request({ cookie })).setCookie, []);
  }
});

test('a cookie that was sent again is new for another week', async () => {
  clock.set(1_800_000_000);
  const { cookie } = await server.request();
  await pass(week + 1);
  await server.request({ cookie });
  await pass(week - 60);
  assert.deepEqual((await server.request({ cookie })).setCookie, []);
  await pass(120);
  assert.equal((await server.request({ cookie })).setCookie.length, 1);
});

test('an id that was not made here is still replaced', async () => {
  clock.set(1_800_000_000);
  const { cookie } = await server.request();
  await database.query('DELETE FROM sessions');
  await pass(week + 1);
  const page = await server.request({ cookie });
  assert.equal(page.setCookie.length, 1);
  assert.notEqual(page.cookie, cookie);
});

test('a sign-in when the cookie is due still moves the session to a new id', async () => {
  clock.set(1_800_000_000);
  const { cookie } = await server.request();
  await pass(week + 1);
  const { cookie: signedIn } = await server.request({ path: '/login?user=ann', cookie });
  assert.match((await server.request({ path: '/whoami', cookie: signedIn })).body, /ann/);
  const old = await server.request({ path: '/whoami', cookie });
  assert.match(old.body, /Nobody/, 'the id from before the sign-in is signed in');
});
