/** Sessions as values: no row until something is stored, changes by key, updates that run again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  SessionClosed,
  SessionConflict,
  SessionNotFresh,
  SessionValueError,
} from '../../src/store/errors.ts';
import type { Session } from '../../src/store/session.ts';
import type { Sessions } from '../../src/store/store.ts';
import { newStore, query, statementsOn, stored, wiredStore } from './fixture.ts';

interface Shop {
  cart: string[];
  visits: number;
  name: string;
}

function shop(): Sessions<Shop> {
  return newStore() as Sessions<Shop>;
}

/** Starts a session with values, and returns its id. */
async function begin(sessions: Sessions<Shop>, values: Partial<Shop>): Promise<string> {
  await using session = await sessions.start(undefined);
  Object.assign(session.data, values);
  await session.save();
  return session.id as string;
}

test('a visitor who stores nothing gets neither a row nor a cookie, and sends no statement', async () => {
  const { sessions, wire } = await wiredStore();
  let statements = 0;
  wire.watch(({ kind }) => {
    if (kind === 'began') statements += 1;
  });
  await using session = await sessions.start(undefined);
  assert.equal(session.data['cart'], undefined);
  assert.equal(await session.save(), 'unchanged');
  assert.deepEqual([session.id, session.cookie, session.isNew], [undefined, undefined, true]);
  assert.equal(statements, 0);
});

test('stored data is there in the next request, and an unchanged request writes nothing', async () => {
  const { sessions, wire } = await wiredStore();
  const first = await sessions.start(undefined);
  first.data['cart'] = ['tea'];
  assert.equal(await first.save(), 'saved');
  assert.deepEqual(first.cookie, { set: first.id });
  const writes = statementsOn(wire, /^(?!SELECT)/);
  const second = await sessions.start(first.id);
  assert.deepEqual(second.data, { cart: ['tea'] });
  assert.equal(await second.save(), 'unchanged');
  assert.equal(second.cookie, undefined);
  assert.deepEqual(writes, []);
});

test('an unknown id is never adopted, and its cookie is left alone', async () => {
  const sessions = shop();
  const unknown = sessions.newId();
  await using session = await sessions.start(unknown);
  assert.equal(session.cookie, undefined);
  session.data.name = 'Ann';
  await session.save();
  assert.notEqual(session.id, unknown);
  assert.equal(await sessions.open(unknown), undefined);
});

test('a value that is changed in place is saved', async () => {
  const sessions = shop();
  const id = await begin(sessions, { cart: ['tea'], visits: 1 });
  await using session = await sessions.start(id);
  session.data.cart?.push('milk');
  delete session.data.visits;
  assert.equal(await session.save(), 'saved');
  assert.deepEqual(await stored(sessions, id), { cart: ['tea', 'milk'] });
});

test('50 updates of one number are all there, without a lock', async () => {
  const [one, other] = [shop(), shop()];
  const id = await begin(one, { visits: 0 });
  await Promise.all(
    Array.from({ length: 50 }, async (_, at) => {
      await using session = await (at % 2 ? one : other).start(id);
      session.update('visits', (count = 0) => count + 1);
      assert.notEqual(await session.save(), 'gone');
    }),
  );
  assert.deepEqual(await stored(one, id), { visits: 50 });
});

test('an update that an assignment has replaced does not run again', async () => {
  const sessions = shop();
  const id = await begin(sessions, { visits: 1 });
  const session = await sessions.start(id);
  session.update('visits', (count = 0) => count + 1);
  session.data.visits = 100;
  const other = await sessions.start(id);
  other.data.visits = 7;
  await other.save();
  await session.save();
  assert.deepEqual(await stored(sessions, id), { visits: 100 });
});

test('after a merge the session shows what other requests have saved', async () => {
  const sessions = shop();
  const id = await begin(sessions, { visits: 1, name: 'Ann', cart: [] });
  const session = await sessions.start(id);
  const other = await sessions.start(id);
  session.data.visits = 2;
  other.data.name = 'Eve';
  Reflect.deleteProperty(other.data, 'cart');
  await other.save();
  assert.equal(await session.save(), 'merged');
  assert.deepEqual(session.data, { visits: 2, name: 'Eve' });
  session.data.name = 'Bob';
  assert.equal(await session.save(), 'saved');
});

test('a value that cannot be stored fails the save, and the row stays', async () => {
  const sessions = shop();
  const id = await begin(sessions, { name: 'Ann' });
  const session = await sessions.start(id);
  session.data.name = new Date() as never;
  await assert.rejects(session.save(), SessionValueError);
  assert.deepEqual(await stored(sessions, id), { name: 'Ann' });
});

test('a session that is ended elsewhere is not revived, and its cookie is left alone', async () => {
  const sessions = shop();
  const id = await begin(sessions, { name: 'Ann' });
  const slow = await sessions.start(id);
  const logout = await sessions.start(id);
  await logout.destroy();
  assert.equal(logout.cookie, 'clear');
  assert.deepEqual([logout.data, logout.id, await logout.save()], [{}, undefined, 'gone']);
  assert.throws(() => logout.update('visits', () => 1), SessionClosed);
  slow.data.visits = 1;
  assert.equal(await slow.save(), 'gone');
  assert.equal(slow.cookie, undefined);
  assert.equal(await sessions.open(id), undefined);
});

test('a login gives a new id with the data so far, and the user', async () => {
  const sessions = shop();
  const id = await begin(sessions, { cart: ['tea'] });
  const session = await sessions.start(id);
  session.data.name = 'Ann';
  await session.renew({ user: '42' });
  assert.notEqual(session.id, id);
  assert.deepEqual(session.cookie, { set: session.id });
  assert.equal(session.user, '42');
  assert.deepEqual(await stored(sessions, session.id as string), { cart: ['tea'], name: 'Ann' });
});

test('requireFresh() asks for a recent login, and a login of the same user is one', async (t) => {
  const sessions = shop();
  await using session = await sessions.start(undefined);
  assert.throws(() => session.requireFresh(300), SessionNotFresh);
  session.data.name = 'Ann';
  await session.renew({ user: 'fresh' });
  session.requireFresh(300);
  await query("UPDATE sessions SET created=created-301000 WHERE user='fresh'");
  await using later = await sessions.start(session.id);
  assert.throws(() => later.requireFresh(300), SessionNotFresh);
  await later.renew();
  assert.throws(() => later.requireFresh(300), SessionNotFresh, 'a new id is no login');
  await later.renew({ user: 'fresh' });
  later.requireFresh(300);
  assert.deepEqual(later.data, { name: 'Ann' });
  const { now } = performance;
  t.mock.method(performance, 'now', () => now.call(performance) + 301_000);
  later.data.name = 'Bob';
  await later.save();
  assert.throws(() => later.requireFresh(300), SessionNotFresh, 'a save is no login');
});

test('a thousand unknown ids are one alert', async () => {
  const sessions = shop();
  const alerts: unknown[] = [];
  sessions.on('guessing', ({ count }) => alerts.push(count));
  const guess = () => sessions.open(sessions.newId());
  await Promise.all(Array.from({ length: 99 }, guess));
  assert.deepEqual(alerts, []);
  await Promise.all(Array.from({ length: 901 }, guess));
  assert.deepEqual(alerts, [100]);
});

test('a login that fails after its new id was stored sets the cookie, and makes its updates once', async () => {
  const { sessions, wire } = await wiredStore({ maxPerUser: 1 });
  const id = await begin(sessions as Sessions<Shop>, { cart: ['tea'], visits: 0 });
  await using session = await (sessions as Sessions<Shop>).start(id);
  session.update('visits', (visits = 0) => visits + 1);
  const gate = wire.gate(1, /ORDER BY `created`/, { opens: 'by hand' });
  const leaving = new AbortController();
  const renewing = session.renew({ user: 'ends early', signal: leaving.signal });
  await gate.reached(renewing);
  leaving.abort(new Error('left'));
  await assert.rejects(renewing, /left/);
  gate.open();
  assert.deepEqual(session.cookie, { set: session.id });
  await using other = await shop().start(session.id);
  assert.deepEqual(other.data.cart, ['tea']);
  other.update('visits', (visits = 0) => visits + 10);
  await other.save();
  session.update('visits', (visits = 0) => visits + 100);
  assert.equal(await session.save(), 'merged');
  assert.equal(session.data.visits, 111);
});

test('a login without a session before it stores one', async () => {
  const sessions = shop();
  const session = await sessions.start(undefined);
  await session.renew({ user: 'first visit' });
  assert.equal((await sessions.open(session.id))?.user, 'first visit');
});

test('of two logins at once, both visitors are logged in with a session each', async () => {
  const sessions = shop();
  const id = await begin(sessions, { cart: ['tea'] });
  const both: Session<Shop>[] = [await sessions.start(id), await sessions.start(id)];
  await Promise.all(both.map((session) => session.renew({ user: 'double click' })));
  for (const session of both) {
    assert.equal((await sessions.start(session.id)).user, 'double click');
    assert.deepEqual(session.data, { cart: ['tea'] });
  }
});

test('a rotation that another request has won keeps the session, its changes and the cookie', async () => {
  const sessions = shop();
  const id = await begin(sessions, { visits: 1 });
  const both = [await sessions.start(id), await sessions.start(id)];
  for (const [at, session] of both.entries())
    session.data[at ? 'name' : 'visits'] = (at ? 'x' : 5) as never;
  await Promise.all(both.map((session) => session.renew()));
  const cookies = both.flatMap(({ cookie }) => (typeof cookie === 'object' ? [cookie.set] : []));
  assert.equal(cookies.length, 1);
  assert.deepEqual(await stored(sessions, cookies[0] as string), { visits: 5, name: 'x' });
  assert.deepEqual(await stored(sessions, id), { visits: 5, name: 'x' }, 'within the grace');
});

test('a login, and a logout that keeps the session, are not lost to a rotation that was faster', async () => {
  const sessions = shop();
  let id = await begin(sessions, { visits: 1 });
  for (const user of ['lou', null]) {
    const [rotation, change] = [await sessions.start(id), await sessions.start(id)];
    change.update('visits', (count = 0) => count + 1);
    await rotation.renew();
    await change.renew({ user });
    assert.equal(change.user, user ?? undefined);
    assert.ok(typeof change.cookie === 'object');
    id = change.cookie.set;
    await using found = await sessions.start(id);
    assert.equal(found.user, user ?? undefined);
    assert.equal((await sessions.of('lou').list()).length, user === null ? 0 : 1);
  }
  assert.deepEqual(await stored(sessions, id), { visits: 3 });
});

test('of two logouts at once, or one after the other, the second changes nothing', async () => {
  const sessions = shop();
  for (const end of ['renew', 'destroy'] as const) {
    const visitor = await sessions.start(await begin(sessions, { cart: ['tea'] }));
    await visitor.renew({ user: 'lia' });
    const id = visitor.id as string;
    const clicks = [await sessions.start(id), await sessions.start(id)] as const;
    const [first, second] = clicks;
    await (end === 'renew' ? first.renew({ user: null }) : first.destroy());
    await second.renew({ user: null });
    const third = await sessions.start(id);
    await third.renew({ user: null });
    for (const late of [second, third]) {
      assert.deepEqual([late.user, late.cookie], [undefined, undefined]);
      assert.throws(() => late.requireFresh(60), SessionNotFresh);
      assert.equal(await late.save(), late === second ? 'gone' : 'unchanged');
    }
    assert.deepEqual(await sessions.of('lia').list(), []);
    const kept = typeof first.cookie === 'object' ? first.cookie.set : undefined;
    assert.deepEqual((await sessions.start(kept)).data, end === 'renew' ? { cart: ['tea'] } : {});
  }
});

test('a login into a session that was ended meanwhile is a conflict', async () => {
  const sessions = shop();
  const id = await begin(sessions, { name: 'Ann' });
  const [login, logout] = [await sessions.start(id), await sessions.start(id)];
  await logout.destroy();
  await assert.rejects(login.renew({ user: '42' }), SessionConflict);
  assert.equal(login.cookie, undefined);
});

test('no event, error or inspected object shows an id', async () => {
  const { inspect } = await import('node:util');
  const sessions = shop();
  const seen: unknown[] = [];
  for (const kind of ['create', 'renew', 'destroy', 'unknown-id', 'replay', 'conflict'] as const) {
    sessions.on(kind, (event) => seen.push(event));
  }
  const id = await begin(sessions, { name: 'Ann' });
  const session = await sessions.start(id);
  await session.renew({ user: '42' });
  const last = session.id as string;
  await sessions.open(sessions.newId());
  seen.push(session);
  await session.destroy();
  const text = inspect(seen, { depth: 9, showHidden: true });
  assert.match(text, /'create'.*'renew'.*'unknown-id'.*'destroy'/s);
  for (const each of [id, last]) assert.ok(!text.includes(each));
});

test('a value beside the data, and an update that is not a function, are refused', async () => {
  await using session = await shop().start(undefined);
  assert.throws(() => Object.assign(session, { visits: 1 }), /Cannot add property visits/);
  assert.throws(() => session.update('visits', 5 as never), {
    name: 'SessionSetupError',
    message: 'update() takes a function, not 5',
  });
  assert.equal(await session.save(), 'unchanged');
});

test('the types refuse wrong values and unknown keys', async () => {
  const sessions = shop();
  const session = await sessions.start(undefined);
  // @ts-expect-error a number
  session.data.visits = 'many';
  // @ts-expect-error no such key
  session.data.vists = 1;
  // @ts-expect-error the value may be missing
  session.update('visits', (count: number) => count + 1);
  // @ts-expect-error no such key
  session.update('vists', () => 1);
  const [row] = await query('SELECT 1 AS one');
  assert.equal(row?.['one'], 1);
});
