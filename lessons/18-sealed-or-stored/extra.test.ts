import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openBench } from '#bench';

const { clock, database, serve } = await openBench();
const server = await serve();
after(() => {
  delete process.env['SESSION_PASSWORDS'];
  return server.close();
});

const day = 24 * 60 * 60;
const [first, second] = ['first '.repeat(6), 'second '.repeat(6)];
const use = (passwords: Record<string, string>): void => {
  process.env['SESSION_PASSWORDS'] = JSON.stringify(passwords);
};

/** Lets time pass for a visitor who comes often enough to stay alive. */
async function pass(seconds: number): Promise<void> {
  clock.advance(seconds);
  await database.query('UPDATE sessions SET updated = ?', [clock.now()]);
}

test('a seal older than a day is replaced, and the session goes on', async () => {
  clock.set(1_800_000_000);
  use({ 1: first });
  const { cookie } = await server.request();
  const rows = (await database.rows()).length;
  await pass(day + 1);
  const page = await server.request({ cookie });
  assert.equal(page.setCookie.length, 1, 'the seal is older than a day, and no other was sent');
  assert.notEqual(page.cookie, cookie);
  assert.match(page.body, /Count: 2\b/);
  assert.match((await server.request({ cookie: page.cookie })).body, /Count: 3\b/);
  assert.equal((await database.rows()).length, rows, 'a second row');
});

test('a seal of less than a day is kept', async () => {
  clock.set(1_800_000_000);
  use({ 1: first });
  const { cookie } = await server.request();
  await pass(day - 60);
  assert.deepEqual((await server.request({ cookie })).setCookie, []);
});

test('the seal that was replaced still opens, for the answer that got lost', async () => {
  clock.set(1_800_000_000);
  use({ 1: first });
  const { cookie } = await server.request();
  await pass(day + 1);
  await server.request({ cookie });
  assert.match((await server.request({ cookie })).body, /Count: 3\b/);
});

test('a day after a new password the old one can go', async () => {
  clock.set(1_800_000_000);
  use({ 1: first });
  const { cookie } = await server.request({ path: '/login?user=ann' });
  use({ 1: first, 2: second });
  await pass(day + 1);
  const page = await server.request({ cookie, path: '/whoami' });
  use({ 2: second });
  assert.match((await server.request({ cookie: page.cookie, path: '/whoami' })).body, /ann/);
});

test('a visitor whose session is over gets a new one', async () => {
  clock.set(1_800_000_000);
  use({ 1: first });
  const { cookie } = await server.request();
  await database.query('DELETE FROM sessions');
  await pass(day + 1);
  const page = await server.request({ cookie });
  assert.match(page.body, /Count: 1\b/);
  assert.match((await server.request({ cookie: page.cookie })).body, /Count: 2\b/);
});

test('a sign-in with a seal older than a day still moves the session to a new token', async () => {
  clock.set(1_800_000_000);
  use({ 1: first });
  const { cookie } = await server.request();
  await pass(day + 1);
  const { cookie: signedIn } = await server.request({ path: '/login?user=ann', cookie });
  assert.match((await server.request({ path: '/whoami', cookie: signedIn })).body, /ann/);
  const old = await server.request({ path: '/whoami', cookie });
  assert.match(old.body, /Nobody/, 'the seal from before the sign-in is signed in');
});
