/** The store as an application calls it beside express-session: with promises, or without waiting. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mock, test } from 'node:test';
import { Cookie, type SessionData } from 'express-session';
import { ExpressSessionStore } from '../../../src/adapters/stores/express-session.ts';
import { newSchema, poolOf, storeOn, wiredStore } from '../../store/fixture.ts';

const sessions = storeOn(poolOf((await newSchema()).url));
await sessions.createTable();
const broken = storeOn(poolOf('mysql://root@localhost/none', { socketPath: '/no/such/socket' }), {
  timeout: 0.05,
});

/** A session as express-session stores it. */
function data(values: object = {}): SessionData {
  return { cookie: new Cookie(), ...values } as SessionData;
}

test('every method returns a promise where it gets no callback', async () => {
  const store = new ExpressSessionStore(sessions);
  await store.set('a', data({ user: 'ann' }));
  assert.equal((await store.get('a'))?.['user'], 'ann');
  const cookie = new Cookie();
  cookie.maxAge = 60_000;
  await store.touch('a', { ...data({ user: 'ann' }), cookie });
  // express-session computes it: the clock may go on between its setter and its getter.
  const { originalMaxAge } = cookie;
  assert.ok(originalMaxAge !== null && originalMaxAge > 30_000);
  assert.equal((await store.get('a'))?.cookie.originalMaxAge, originalMaxAge);
  assert.deepEqual([await store.length(), (await store.all()).length], [1, 1]);
  await store.destroy('a');
  assert.equal(await store.get('a'), null);
  await store.set('b', data());
  await store.clear();
  assert.equal(await store.length(), 0);
});

test('a failure is a rejection, and a warning for a caller that does not wait', async () => {
  const store = new ExpressSessionStore(broken);
  const warned = once(process, 'warning');
  await assert.rejects(store.destroy('a'), { name: 'SessionUnavailable' });
  const [warning] = await warned;
  assert.equal(warning.name, 'SessionUnavailable');
});

test('a page that does not wait for its login, save or logout: the next page does', async () => {
  const { sessions: wired, wire } = await wiredStore();
  const store = new ExpressSessionStore(wired);
  /** Makes a second call while the first waits for the database. */
  async function during<Value>(
    first: (done: () => void) => void,
    second: () => Promise<Value>,
  ): Promise<Value> {
    const gate = wire.gate(1, /^(DELETE|INSERT|UPDATE)/, { opens: 'by hand' });
    const isOver = new Promise<void>(first);
    await gate.arrived;
    let isAnswered = false;
    const next = second().finally(() => {
      isAnswered = true;
    });
    // A call that does not wait is answered within this time.
    await wired.open(wired.newId());
    assert.equal(isAnswered, false);
    gate.open();
    await isOver;
    return await next;
  }
  const login = (done: () => void): void => store.set('c', data({ user: 'ann' }), done);
  const read = (): Promise<SessionData | null> => store.get('c');
  const session = await during(login, read);
  assert.equal(session?.['user'], 'ann');
  const save = (done: () => void): void => store.set('c', { ...session, user: 'eve' }, done);
  const request = Object.assign(session, { user: 'bob' });
  await during(
    (done) => store.set('c', request, done),
    () => store.touch('c', request),
  );
  assert.equal((await read())?.['user'], 'bob');
  assert.equal(await during((done) => store.destroy('c', done), read), null);
  await during(login, () => store.destroy('c'));
  assert.equal(await read(), null);
  await during(login, read);
  await during(
    (done) => store.destroy('c', done),
    () => new Promise<void>(save),
  );
  assert.equal((await read())?.['user'], 'eve');
});

test('the store calls back in a test that has replaced the timers', {
  timeout: 60_000,
}, async () => {
  const store = new ExpressSessionStore(sessions);
  mock.timers.enable({ apis: ['setImmediate', 'setTimeout'] });
  try {
    const found = new Promise((resolve) => store.get('none', (...values) => resolve(values)));
    assert.deepEqual(await found, [null, null]);
  } finally {
    mock.timers.reset();
  }
});
