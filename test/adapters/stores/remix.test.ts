/** The storage behind remix's sessions: its cases, overlapping requests, logouts, failures. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSession, type Session, type SessionStorage } from '@remix-run/session';
import {
  type RemixSessionOptions,
  remixSessionStorage,
} from '../../../src/adapters/stores/remix.ts';
import { gate } from '../../../src/contract/case.ts';
import type { Sessions } from '../../../src/store/store.ts';
import { newStore, poolOf, query, statementsOn, storeOn, wiredStore } from '../../store/fixture.ts';

type Cookie = string | null;
type Page = (session: Session) => unknown;
type Request = (cookie: Cookie, page: Page) => Promise<{ cookie: Cookie; session: Session }>;

const byUser: RemixSessionOptions = { user: ({ user }) => user as string | undefined };

/** One request: the cookie is what the browser has afterwards. */
function start(sessions: Sessions): Request {
  const storage: SessionStorage = remixSessionStorage(sessions, createSession, byUser);
  return async (cookie, page) => {
    const session = await storage.read(cookie);
    await page(session);
    const set = await storage.save(session);
    return { cookie: set ?? cookie, session };
  };
}

const look: Page = () => {};
const count: Page = (session) => session.set('count', Number(session.get('count') ?? 0) + 1);
const renew: Page = (session) => session.regenerateId(true);
const login: Page = (session) => {
  session.set('user', '42');
  session.regenerateId(true);
};

test('an unknown id is not adopted', async () => {
  const request = start(newStore());
  for (const cookie of ['unknown', '', '11111111-1111-4111-8111-111111111111', 'é\0'.repeat(999)]) {
    const { session } = await request(cookie, look);
    assert.notEqual(session.id, cookie);
    assert.match(session.id, /^[\w-]{36}$/);
  }
});

test('data stays from request to request, and an unchanged session sets no cookie', async () => {
  const { sessions, wire } = await wiredStore();
  const storage = remixSessionStorage(sessions, createSession);
  const statements = statementsOn(wire);
  const empty = await storage.read(null);
  assert.equal(await storage.save(empty), null);
  empty.set('a', 1);
  empty.unset('a');
  assert.equal(await storage.save(empty), null);
  assert.equal(statements.length, 0);
  const request = start(sessions);
  const first = await request(null, count);
  const second = await request(first.cookie, count);
  assert.equal(second.session.get('count'), 2);
  statements.length = 0;
  const third = await storage.read(second.cookie);
  assert.equal(third.get('count'), 2);
  assert.equal(await storage.save(third), null);
  third.set('count', 2);
  assert.equal(await storage.save(third), second.cookie);
  assert.doesNotMatch(statements.join('\n'), /^(?!SELECT)/m);
});

test('a destroyed session removes its cookie, and its id opens nothing', async () => {
  const request = start(newStore());
  const { cookie } = await request(null, count);
  const ended = await request(cookie, (session) => session.destroy());
  assert.equal(ended.cookie, '');
  const after = await request(cookie, count);
  assert.equal(after.session.get('count'), 1);
  assert.notEqual(after.session.id, cookie);
  assert.equal((await request(null, (session) => session.destroy())).cookie, '');
});

test('a message is there in the next request alone, and two requests may each leave one', async () => {
  const request = start(newStore());
  const { cookie } = await request(null, count);
  const { closed, open } = gate();
  const flash = (key: string) =>
    request(cookie, async (session) => {
      await closed;
      session.flash(key, 'success');
    });
  const both = [flash('one'), flash('other')];
  open();
  await Promise.all(both);
  const next = await request(cookie, look);
  assert.deepEqual([next.session.get('one'), next.session.get('other')], ['success', 'success']);
  const later = await request(cookie, look);
  assert.deepEqual([later.session.get('one'), later.session.get('other')], [undefined, undefined]);
  assert.equal(later.session.get('count'), 1);
});

test('50 requests at once with a key each all keep theirs', async () => {
  const request = start(newStore());
  const { cookie } = await request(null, count);
  await Promise.all(
    Array.from({ length: 50 }, (_, at) => request(cookie, (session) => session.set(`k${at}`, at))),
  );
  assert.equal((await request(cookie, look)).session.size, 51);
});

test('a late save after a logout writes nothing and leaves the cookie', async () => {
  for (const late of [count, login, renew]) {
    const sessions = newStore();
    const storage = remixSessionStorage(sessions, createSession, { user: () => undefined });
    const request = start(sessions);
    const { cookie } = await request(null, (session) => session.set('secret', 'of before'));
    const slow = await storage.read(cookie);
    await request(cookie, (session) => session.destroy());
    late(slow);
    const set = await storage.save(slow);
    if (late === count) assert.equal(set, null);
    assert.equal((await request(cookie, look)).session.get('secret'), undefined);
    const { session } = await request(set, look);
    assert.equal(session.get('secret'), undefined);
    // A login that overlapped the logout is a login, without the data of before; another new id is empty.
    assert.equal(session.get('user'), late === login ? '42' : undefined);
  }
});

test('a logout reaches the new id that another request has given the session meanwhile', async () => {
  const sessions = newStore();
  const storage = remixSessionStorage(sessions, createSession, byUser);
  const request = start(sessions);
  const { cookie } = await request(null, login);
  const leaving = await storage.read(cookie);
  const renewed = await request(cookie, renew);
  // The old id neither opens the session nor ends it.
  assert.equal((await request(cookie, look)).session.size, 0);
  assert.equal((await request(renewed.cookie, look)).session.get('user'), '42');
  leaving.destroy();
  assert.equal(await storage.save(leaving), '');
  assert.equal((await request(renewed.cookie, look)).session.size, 0);
  assert.deepEqual(await sessions.of('42').list(), []);
});

test('regenerateId() leaves the old session, regenerateId(true) ends it; a second save continues', async () => {
  const sessions = newStore();
  const request = start(sessions);
  const { cookie } = await request(null, count);
  const copied = await request(cookie, (session) => session.regenerateId());
  assert.equal((await request(copied.cookie, count)).session.get('count'), 2);
  assert.equal((await request(cookie, count)).session.get('count'), 2);
  const storage = remixSessionStorage(sessions, createSession, byUser);
  const session = await storage.read(cookie);
  login(session);
  const renewed = await storage.save(session);
  assert.notEqual(renewed, cookie);
  session.set('again', 1);
  assert.equal(await storage.save(session), renewed);
  const after = await request(renewed, count);
  assert.deepEqual([after.session.get('count'), after.session.get('again')], [3, 1]);
  assert.equal((await request(cookie, count)).session.get('count'), 1);
  // remix names the first of three ids as the one to delete.
  renew(session);
  const third = await request(await storage.save(session), count);
  assert.equal(third.session.get('count'), 4);
  assert.equal((await request(renewed, count)).session.get('count'), 1);
});

test('a login keeps what an overlapping request has saved, and its old id never shows the user', async () => {
  const { sessions, wire } = await wiredStore();
  const storage = remixSessionStorage(sessions, createSession, byUser);
  const request = start(newStore());
  const { cookie } = await request(null, (session) => session.set('cart', 'tea'));
  const session = await storage.read(cookie);
  await request(cookie, (other) => other.set('other', 1));
  login(session);
  const insert = wire.gate(1, /^INSERT/, { opens: 'by hand' });
  const saving = storage.save(session);
  await insert.arrived;
  assert.equal((await request(cookie, look)).session.get('user'), undefined);
  insert.open();
  await saving;
  session.set('again', 1);
  const after = await request(await storage.save(session), look);
  assert.deepEqual(
    ['cart', 'other', 'user'].map((key) => after.session.get(key)),
    ['tea', 1, '42'],
  );
});

test('a user is on the row, a revocation ends the session, and a login without a new id is refused', async () => {
  const sessions = newStore();
  const request = start(sessions);
  const { cookie } = await request(null, login);
  await assert.rejects(
    request(cookie, (session) => session.set('user', '43')),
    /give it a new id at the login/,
  );
  assert.ok((await sessions.of('42').revokeAll()) > 0);
  assert.equal((await request(cookie, look)).session.get('user'), undefined);
});

test('a session that is only read stays alive', async () => {
  const sessions = newStore({ idle: 100 });
  const request = start(sessions);
  const { cookie } = await request(null, (session) => session.set('idle', 'until now'));
  for (let times = 0; times < 2; times += 1) {
    await query(`UPDATE sessions SET expires = expires - 60000 WHERE d LIKE '%until now%'`);
    assert.equal((await request(cookie, look)).session.get('idle'), 'until now');
  }
});

test('a value that cannot be stored is refused, and a database that is down is an error', async () => {
  const request = start(newStore());
  await assert.rejects(
    request(null, (session) => session.set('_flash.a', 1)),
    /SessionValueError|_flash\./,
  );
  assert.throws(
    () => remixSessionStorage(newStore({ strategy: 'row' }), createSession),
    /use 'merge'/,
  );
  const pool = poolOf('mysql://root@localhost/none', { socketPath: '/no/such/socket' });
  const down = start(storeOn(pool, { timeout: 0.05 }));
  await assert.rejects(down('some id', look), /SessionUnavailable|did not|not reach/);
});
