/** Pages that forget an await, and keys and options that an attacker or a typo has chosen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSessions, type Sessions } from '../../src/store/store.ts';
import { newStore, poolOf, schema, secrets, wiredStore } from './fixture.ts';

const proto: string = '__proto__';

async function visitor(sessions: Sessions): Promise<string> {
  await using session = await sessions.start(undefined);
  session.data['n'] = 1;
  await session.save();
  return session.id as string;
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
  const { sessions, wire } = await wiredStore();
  const id = await visitor(sessions);
  const session = await sessions.start(id);
  session.data['n'] = 2;
  const gate = wire.gate(1, /^UPDATE/, { opens: 'by hand' });
  const saving = session.save();
  await gate.arrived;
  session.data['n'] = 3;
  session.data['m'] = 1;
  gate.open();
  await saving;
  assert.equal(await session.save(), 'saved');
  assert.deepEqual({ ...(await sessions.start(id)).data }, { n: 3, m: 1 });
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

test('a getter that the application defines is refused, and not left out', async () => {
  const session = await newStore().start(undefined);
  Object.defineProperty(session.data, 'now', { get: () => 1, enumerable: true });
  await assert.rejects(session.save(), { name: 'SessionValueError', path: 'now' });
});

test('an option that does not exist, and an invalid pool, are refused by name', () => {
  const pool = poolOf(schema.url);
  const create = (options: object): unknown => createSessions({ secrets, pool, ...options });
  assert.throws(() => create({ idel: 60 }), /^SessionSetupError: there is no option "idel"/);
  for (const wrong of [{}, null, 'pool']) {
    assert.throws(() => create({ pool: wrong }), /^SessionSetupError: pool takes a pool of mysql2/);
  }
});
