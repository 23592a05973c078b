import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { containsPart, lockLimits, openBench, type Server } from '#bench';
import { $_SESSION, session_write_close } from '#php';

const { clock, database, gate, handler, newId, overhear, serve, silence, statements, store } =
  await openBench();
const { Sessions } = await import('#sessions');
const server = await serve();
after(() => server.close());
await handler.open('', 'MySession');

const idIn = (cookie: string): string => cookie.split('=')[1] ?? '';

/** Serves a page that does something else at `/login`. */
async function makePage(script: (user: string) => Promise<void>): Promise<Server> {
  const { Login } = Sessions as { Login?: unknown };
  Object.assign(Sessions, { Login: script });
  const page = await serve();
  Object.assign(Sessions, { Login });
  return page;
}

test('an id that was not made here is replaced', async () => {
  const name = (await server.request()).cookie.split('=')[0];
  const ended = await newId();
  await store(ended, 'count|i:1;');
  await handler.destroy(ended);
  clock.set(1_800_000_000);
  const over = await newId();
  await store(over, 'count|i:1;');
  clock.advance(1441);
  const ahead = await newId();
  clock.advance(7200);
  await store(ahead, 'count|i:1;');
  clock.advance(-7200);
  const made = [randomBytes(32).toString('base64url'), await newId(), ended, over, ahead];
  for (const planted of [...made, 'a', '0', "' OR '1'='1", 'x'.repeat(4000)]) {
    const before = (await database.rows()).length;
    const cookie = `${name}=${encodeURIComponent(planted)}`;
    let setCookie: string[] = [];
    let sent = '';
    const heard = await overhear(async () => {
      ({ setCookie, cookie: sent } = await server.request({ cookie }));
    });
    assert.equal(setCookie.length, 1, `${planted.slice(0, 50)} was accepted as an id`);
    // Another server may know it.
    if (planted.length > 40)
      assert.ok(!containsPart(heard, planted), 'an id that it refuses, or a part, is in its log');
    assert.notEqual(decodeURIComponent(idIn(sent)), planted);
    assert.equal(await handler.read(planted), '');
    assert.equal((await database.rows()).length, before + 1);
    const next = await server.request({ cookie: sent });
    assert.match(next.body, /Count: 2\b/, 'the second visit after an id was replaced');
  }
  const brief = await serve({ settings: { 'session.gc_maxlifetime': '600' } });
  const whoami = { path: '/whoami', cookie: (await brief.request({ path: '/whoami' })).cookie };
  clock.advance(600);
  const last = await brief.request(whoami);
  assert.deepEqual(last.setCookie, [], 'a session without data has a new id in its last second');
  clock.advance(601);
  const late = await brief.request(whoami);
  assert.equal(late.setCookie.length, 1, 'an id is accepted a second after its last one');
  // The test opens a page while the session ends, so the page waits for an id that is over then.
  const { cookie } = await server.request();
  const leaving = gate(1, /^\s*DELETE/i, { opens: 'by hand' });
  const logout = server.request({ cookie, path: '/logout' });
  await leaving.arrived;
  const visit = server.request({ cookie });
  await database.lockWaits(1, visit);
  leaving.open();
  await Promise.all([logout, visit]);
  const revived = await handler.read(decodeURIComponent(idIn(cookie)));
  assert.equal(revived, '', 'it ended while a request waited for it, and came back');
});

test('a failure of the database takes no cookie away', async () => {
  const { cookie } = await server.request({ path: '/login?user=ann' });
  let began = false;
  const page = await makePage(async () => {
    began = true;
  });
  // The test renames the table, so that every statement on it fails.
  await database.query('RENAME TABLE sessions TO sessions_elsewhere');
  const errors: string[] = [];
  const listen = ({ message }: Error) => errors.push(message);
  process.on('warning', listen);
  const failed = await page.request({ cookie, path: '/login' });
  process.off('warning', listen);
  await database.query('RENAME TABLE sessions_elsewhere TO sessions');
  assert.equal(failed.status, 500);
  assert.deepEqual(failed.setCookie, [], 'the test renamed the table, and the cookie was replaced');
  assert.ok(!began, 'Read did not report the error, so the page began with an empty session');
  const another = 'the test renamed the table, and PHP was told to make another id';
  assert.doesNotMatch(errors.join(), /Session id/, another);
  assert.match((await server.request({ cookie, path: '/whoami' })).body, /ann/);
  const { cookie: ended } = await server.request();
  await handler.destroy(decodeURIComponent(idIn(ended)));
  const finding = /\bSELECT\b[\s\S]+\bFROM\s+`?sessions\b/i;
  const asks = gate(1, finding, { opens: 'by hand' });
  const visit = server.request({ cookie: ended });
  await asks.reached(visit);
  const asksAgain = await database.withoutTable(async () => {
    const later = gate(1, finding, { opens: 'by hand' });
    asks.open();
    await later.reached(visit);
    return later;
  });
  // The table is back before a second statement finds nothing under this id.
  asksAgain.open();
  const { status, setCookie } = await visit;
  const accepted = 'validateId failed, Read succeeded, and an id that has ended was accepted';
  assert.ok(status === 500 || setCookie.length === 1, accepted);
});

test('a request that waits in vain waits once', async () => {
  const { cookie } = await server.request();
  const saves = gate(1, /^\s*(INSERT|UPDATE|REPLACE)/i, { opens: 'by hand' });
  const first = server.request({ cookie });
  await saves.arrived;
  const { MaxWait } = Sessions as { MaxWait?: number };
  Object.assign(Sessions, { MaxWait: 1 });
  const began = statements().length;
  const { status } = await server.request({ cookie });
  const asked = lockLimits(statements().slice(began)).reduce((sum, limit) => sum + limit, 0);
  Object.assign(Sessions, { MaxWait });
  saves.open();
  await first;
  assert.equal(status, 500);
  // One that waits anew asks for two seconds.
  assert.ok(!(asked > 1.5), `MaxWait was 1 s, and it asked to wait ${asked} s for the lock`);
});

test('signing in changes the id and ends the old one', async () => {
  const { cookie: before } = await server.request();
  const ends = gate(1, /^\s*DELETE/i, { opens: 'by hand', holds: 'answer' });
  const signIn = server.request({ cookie: before, path: '/login?user=ann' });
  const isEnding = await ends.reached(signIn);
  const early = isEnding && (await Promise.race([signIn, silence(500)]));
  ends.open();
  const login = await signIn;
  assert.ok(!early, 'it was answered while the database still ended the old session');
  assert.equal(login.setCookie.length, 1, 'the id stayed what it was');
  assert.notEqual(login.cookie, before);
  const whoami = async (cookie: string): Promise<string> =>
    (await server.request({ cookie, path: '/whoami' })).body;
  assert.match(await whoami(login.cookie), /ann/);
  assert.match(await whoami(before), /Nobody/);
  assert.equal(await handler.read(decodeURIComponent(idIn(before))), '', 'the old row is there');
  const { body } = await server.request({ cookie: login.cookie });
  assert.match(body, /Count: 2/, 'what was in the session has moved along');
  const again = await server.request({ cookie: login.cookie, path: '/login?user=ann' });
  assert.notEqual(
    again.cookie || login.cookie,
    login.cookie,
    'Ann signed in again, and kept her id',
  );
  assert.match(await whoami(login.cookie), /Nobody/, 'Ann signed in again, and her old id goes on');
  const kept = await server.request({ cookie: again.cookie });
  assert.match(kept.body, /Count: 3/, 'Ann signed in again, and what was in her session is gone');
});

test('signing in over another user begins with an empty session', async () => {
  const { cookie } = await server.request({ path: '/login?user=ann' });
  await server.request({ cookie });
  const shop = await makePage(async () => {
    Object.assign($_SESSION, { cart: 'tea', seen: ['tea', 'milk'] });
  });
  await shop.request({ cookie, path: '/login' });
  const bob = await server.request({ cookie, path: '/login?user=bob' });
  const left = await handler.read(decodeURIComponent(idIn(bob.cookie)));
  assert.doesNotMatch(left, /cart|seen/, 'Bob signed in at the same browser, and has her cart');
  const { body } = await server.request({ cookie: bob.cookie });
  assert.match(
    body,
    /Count: 1\b/,
    'Bob signed in at the same browser, and has what was in her cart',
  );
  assert.match((await server.request({ cookie: bob.cookie, path: '/whoami' })).body, /bob/);
  assert.equal(bob.setCookie.length, 1, 'the id stayed, and Ann knows it');
  assert.match((await server.request({ cookie, path: '/whoami' })).body, /Nobody/);
  for (const [one, other] of [
    ['ann', 'an'],
    ['ann', 'anna'],
    ['ann', 'Ann'],
    ['ann', '%C3%A4nn'],
    ['ann', 'ann%20'],
    ['%C3%A9ve', 'e%CC%81ve'], // The same name in two forms of Unicode
    ['1', '01'],
  ]) {
    const first = await server.request({ path: `/login?user=${one}` });
    await server.request({ cookie: first.cookie });
    const second = await server.request({ cookie: first.cookie, path: `/login?user=${other}` });
    const page = await server.request({ cookie: second.cookie });
    assert.match(page.body, /Count: 1\b/, `${other} signed in, and has what ${one} has left`);
    const data = await handler.read(decodeURIComponent(idIn(second.cookie)));
    const name = decodeURIComponent(String(other));
    assert.ok(data.includes(`"${name}"`), `"${name}" signed in, and the session is: ${data}`);
  }
});

test('a sign-in that cannot move the session fails', async () => {
  const { Login } = Sessions as { Login?: (user: string) => Promise<void> };
  assert.ok(Login, 'Sessions.Login is not written yet');
  let named: unknown;
  const page = await makePage(async (user) => {
    await session_write_close();
    // There is no open session now, so PHP's function answers false.
    await Login.call(Sessions, user).finally(() => {
      named = $_SESSION['user'];
    });
  });
  const { cookie } = await page.request();
  const { status } = await page.request({ cookie, path: '/login?user=ann' });
  assert.equal(status, 500, 'the id stayed, and the page said welcome');
  assert.equal(named, undefined, 'Login failed, and $_SESSION of the page has the user');
  assert.match((await server.request({ cookie, path: '/whoami' })).body, /Nobody/);
});

test('twenty sign-ins at once are answered', async () => {
  const visitors = await Promise.all(Array.from({ length: 20 }, () => server.request()));
  // Ten of them have a lock each before any goes on.
  const locks = gate(10, /GET_LOCK/i, { patience: 1000 });
  const logins = visitors.map(({ cookie }, index) =>
    server.request({ cookie, path: `/login?user=visitor${index}` }),
  );
  const served = await Promise.race([Promise.all(logins), silence(6000)]);
  locks.open();
  assert.ok(served, 'sign-ins that hold a connection wait for another one, and none ever ends');
  assert.ok(served.every(({ status }) => status === 200));
});
