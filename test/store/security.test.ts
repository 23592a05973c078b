/** Security requirements that no other file of the store tests; docs/the-proofs.md lists all. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenSession } from '../../src/store/open-session.ts';
import type { Sessions } from '../../src/store/store.ts';
import { json, newSession, newStore, type Options, stored, wiredStore } from './fixture.ts';

async function open(sessions: Sessions, id: string): Promise<OpenSession> {
  const session = await sessions.open(id);
  assert.ok(session);
  return session;
}

/** A logged-in session whose id was renewed once: its old and its new id. */
async function rotated(sessions: Sessions, user: string): Promise<[old: string, id: string]> {
  const old = sessions.newId();
  const session = await sessions.create(old, json({ card: '4111' }), { user });
  const id = await session.renew({ grace: 60 });
  assert.ok(id);
  return [old, id];
}

test('after a logout the ids from before are as unknown as the last one, within their grace too', async () => {
  const sessions = newStore();
  const ends: ((session: OpenSession) => Promise<unknown>)[] = [
    (session) => session.destroy(),
    (session) => sessions.of('ann').revoke(session.handle),
    () => sessions.of('ann').revokeAll(),
    async () => sessions.of('ann').revokeOthers(await sessions.create(sessions.newId(), json({}))),
  ];
  for (const end of ends) {
    const [old, id] = await rotated(sessions, 'ann');
    await end(await open(sessions, id));
    assert.equal(await sessions.open(id), undefined);
    assert.equal(await sessions.open(old), undefined, String(end));
  }
});

test('a logout that keeps the session shows nobody the user who has left', async () => {
  const sessions = newStore();
  const id = sessions.newId();
  const session = await sessions.create(id, json({ card: '4111' }), { user: 'ann' });
  const next = await session.renew({ user: null, data: json({ theme: 'dark' }), grace: 60 });
  assert.ok(next);
  assert.equal(await sessions.open(id), undefined);
  assert.deepEqual(await stored(sessions, next), { theme: 'dark' }, 'no replay within the grace');
});

test('a logout ends the session though another request has just given it a new id', async () => {
  for (const rounds of [1, 2]) {
    const sessions = newStore();
    const id = sessions.newId();
    const session = await sessions.create(id, json({}), { user: 'ann' });
    const leaving = await open(sessions, id);
    for (let round = 0; round < rounds; round += 1) await session.renew({ grace: 60 });
    assert.equal(await leaving.destroy(), true);
    assert.equal(await sessions.open(session.id), undefined);
    assert.equal(await sessions.open(id), undefined);
    assert.equal(await session.save(json({ late: true })), 'gone');
  }
});

test('a logout with the id from before a login leaves the session of the user alone', async () => {
  const sessions = newStore();
  const id = await newSession(sessions, {});
  const [attacker, victim] = [await open(sessions, id), await open(sessions, id)];
  const next = await victim.renew({ user: 'ann', grace: 60 });
  assert.ok(next);
  assert.equal(await attacker.destroy(), false);
  assert.equal((await open(sessions, next)).user, 'ann');
});

/** Holds the first DELETE until a session has a new id, as if its renewal had been under way. */
async function renewedBefore(
  statement: RegExp,
  end: (sessions: Sessions) => Promise<unknown>,
  session: OpenSession,
  options: Options = {},
): Promise<unknown> {
  const { sessions, wire } = await wiredStore(options);
  const gate = wire.gate(1, statement, { opens: 'by hand' });
  const ending = end(sessions);
  await gate.arrived;
  assert.ok(await session.renew({ grace: 60 }));
  gate.open();
  return await ending;
}

test('a session that is renewed while it is revoked is ended all the same', async () => {
  const sessions = newStore();
  const login = (user: string): Promise<OpenSession> =>
    sessions.create(sessions.newId(), json({ of: user }), { user });
  const one = await login('r1');
  assert.equal(await renewedBefore(/^DELETE/, (all) => all.of('r1').revoke(one.handle), one), true);
  const [kept, other] = [await login('r2'), await login('r2')];
  const revokeOthers = (all: Sessions): Promise<number> => all.of('r2').revokeOthers(kept);
  assert.equal(await renewedBefore(/^DELETE/, revokeOthers, other), 1);
  for (const session of [one, other]) assert.equal(await sessions.open(session.id), undefined);
  assert.ok(await sessions.open(kept.id));
  const oldest = await login('r3');
  const third = (all: Sessions): Promise<unknown> =>
    all.create(all.newId(), json({}), { user: 'r3' });
  await renewedBefore(/^DELETE/, third, oldest, { maxPerUser: 1 });
  assert.equal((await sessions.of('r3').list()).length, 1);
  assert.equal(await sessions.open(oldest.id), undefined);
});
