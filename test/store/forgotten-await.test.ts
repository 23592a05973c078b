/** Pages that forget an await, and keys and options that an attacker or a typo has chosen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session } from '../../src/store/session.ts';
import { createSessions, type Sessions } from '../../src/store/store.ts';
import { newStore, poolOf, schema, secrets, wiredStore } from './fixture.ts';

const proto: string = '__proto__';

async function visitor(sessions: Sessions): Promise<string> {
  await using session = await sessions.start(undefined);
  session.data['n'] = 1;
  await session.save();
  return session.id as string;
}

/** A session with a change, whose save is held under way until `release()`. */
async function savingAfter(change: (session: Session) => void) {
  const { sessions, wire } = await wiredStore();
  const id = await visitor(sessions);
  const session = await sessions.start(id);
  change(session);
  const gate = wire.gate(1, /^UPDATE/, { opens: 'by hand' });
  const saving = session.save();
  await gate.arrived;
  return { sessions, id, session, saving, release: () => gate.open() };
}

/** Changes a session in another process. */
async function changeElsewhere(id: string, change: (session: Session) => void): Promise<void> {
  await using other = await newStore().start(id);
  change(other);
  await other.save();
}

test('a new session that is saved and renewed at once has one row, and the user', async () => {
  const sessions = newStore();
  const count = await sessions.count();
  const session = await sessions.start(undefined);
  session.data['n'] = 1;
  await Promise.all([session.save(), session.save(), session.renew({ user: 'ivy' })]);
  const { cookie } = session;
  assert.ok(typeof cookie === 'object');
  const found = await sessions.start(cookie.set);
  assert.deepEqual([found.user, found.data['n']], ['ivy', 1]);
  assert.deepEqual(
    await sessions
      .of('ivy')
      .list()
      .then(({ length }) => length),
    1,
  );
  assert.equal(await sessions.count(), count + 1);
});

test('the end of a session and a save that is not awaited before it: it is ended', async () => {
  const sessions = newStore();
  const id = await visitor(sessions);
  const session = await sessions.start(id);
  session.data['n'] = 2;
  const calls = [session.save(), session.destroy(), session.save()];
  assert.deepEqual(await Promise.all(calls), ['saved', undefined, 'gone']);
  assert.equal(session.cookie, 'clear');
  assert.equal((await sessions.start(id)).isNew, true);
});

test('a change that is made while a save is under way is part of the next one', async () => {
  const { sessions, id, session, saving, release } = await savingAfter(({ data }) => {
    data['n'] = 2;
  });
  session.data['n'] = 3;
  session.data['m'] = 1;
  release();
  await saving;
  assert.equal(await session.save(), 'saved');
  assert.deepEqual({ ...(await sessions.start(id)).data }, { n: 3, m: 1 });
});

test('an update that is made while a save is under way runs again on what that save has merged', async () => {
  const add = (session: Session, by: number): void => session.update('n', (n) => Number(n) + by);
  const { sessions, id, session, saving, release } = await savingAfter((each) => add(each, 10));
  add(session, 1000);
  await changeElsewhere(id, (each) => add(each, 100));
  release();
  assert.equal(await saving, 'merged');
  assert.equal(session.data['n'], 1111);
  await changeElsewhere(id, (each) => add(each, 100));
  assert.equal(await session.save(), 'merged');
  assert.deepEqual({ ...(await sessions.start(id)).data }, { n: 1211 });
});

test('an update that throws when it runs again leaves the keys of others as they are', async () => {
  const { sessions, id, session, saving, release } = await savingAfter(({ data }) => {
    data['a'] = 1;
  });
  session.update('n', (n) => (n === 1 ? 2 : assert.fail('sold out')));
  await changeElsewhere(id, ({ data }) => Object.assign(data, { n: 5, z: 1 }));
  release();
  await assert.rejects(saving, /sold out/);
  await session.finish();
  assert.deepEqual({ ...(await sessions.start(id)).data }, { n: 5, z: 1, a: 1 });
});

test('a key that is assigned and then updated keeps the assignment in a conflict', async () => {
  const sessions = newStore();
  const id = await visitor(sessions);
  const increase = (n: unknown): number => Number(n) + 1;
  for (const [value, isUpdated] of [
    [10, false],
    [20, true],
  ] as const) {
    const session = await sessions.start(id);
    if (isUpdated) session.update('n', increase);
    session.data['n'] = value;
    session.update('n', increase);
    await using other = await sessions.start(id);
    other.update('n', increase);
    await other.save();
    await session.save();
    assert.equal((await sessions.start(id)).data['n'], value + 1);
  }
});

test('a session that is closed while its save is under way has saved what it merged', async () => {
  const { id, session, saving, release } = await savingAfter(({ data }) => {
    data['n'] = 2;
  });
  await changeElsewhere(id, ({ data }) => {
    data['m'] = 1;
  });
  const closing = session.close();
  release();
  assert.equal(await saving, 'merged');
  await closing;
  await session.finish();
  assert.throws(() => Object.assign(session.data, { n: 3 }), { name: 'SessionClosed' });
});

test('a key that is also a property of every object is an ordinary key', async () => {
  const sessions = newStore();
  const session = await sessions.start(undefined);
  const { data } = session;
  assert.equal(data[proto], undefined);
  data[proto] = { admin: true };
  assert.equal(data['admin'], undefined);
  session.update('toString', (value) => [value ?? 'none']);
  await session.save();
  const again = await sessions.start(session.id);
  assert.deepEqual(again.data[proto], { admin: true });
  assert.deepEqual([again.data['admin'], again.data['toString']], [undefined, ['none']]);

  const other = await sessions.start(undefined);
  other.update(proto, (value: unknown = {}) => Object.assign(value as object, { bad: 1 }));
  assert.equal(({} as { bad?: number }).bad, undefined, 'all objects are changed');
  await other.save();
  assert.equal((await sessions.start(other.id)).data['bad'], undefined);
});

test('a getter and a symbol that the application defines are refused, and not left out', async () => {
  const sessions = newStore();
  const [getting, naming] = [await sessions.start(undefined), await sessions.start(undefined)];
  Object.defineProperty(getting.data, 'now', { get: () => 1, enumerable: true });
  await assert.rejects(getting.save(), { name: 'SessionValueError', path: 'now' });
  Reflect.set(naming.data, Symbol('user'), 'Ann');
  await assert.rejects(naming.save(), { name: 'SessionValueError', path: 'data' });
});

test('an option that does not exist, and an invalid pool, are refused by name', () => {
  const pool = poolOf(schema.url);
  const create = (options: object): unknown => createSessions({ secrets, pool, ...options });
  assert.throws(() => create({ idel: 60 }), /^SessionSetupError: there is no option "idel"/);
  for (const wrong of [{}, null, 'pool']) {
    assert.throws(() => create({ pool: wrong }), /^SessionSetupError: pool takes a pool of mysql2/);
  }
});
