/** New ids: the old one during its grace and after, many renewals at once, logins and fixation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionEvent } from '../../src/store/events.ts';
import { json, newSession, newStore, open, query, secrets, stored, wiredStore } from './fixture.ts';
import { parsed } from './parsed.ts';

/** Ends every grace, as time would. */
async function endGraces(): Promise<void> {
  await query('UPDATE sessions SET updated=updated-100000 WHERE next IS NOT NULL');
}

test('a renewed session is found by both ids during the grace, and saved by both', async () => {
  const sessions = newStore();
  const id = await newSession(sessions, { n: 0 });
  const under = await open(sessions, id);
  const session = await open(sessions, id);
  const renewed = await session.renew();
  assert.ok(renewed && renewed !== id && session.id === renewed);
  assert.equal(await session.save(json({ n: 0, new: 1 })), 'saved');
  const late = await open(sessions, id);
  assert.equal(await late.save(json({ n: 0, new: 1, late: 1 })), 'saved');
  assert.equal(await under.save(json({ n: 0, under: 1 })), 'merged', 'it began before the renewal');
  assert.deepEqual(await stored(sessions, renewed), { n: 0, new: 1, late: 1, under: 1 });
});

test('an old id that is used after its grace ends its successors, and is an event', async () => {
  const sessions = newStore();
  const events: SessionEvent[] = [];
  sessions.on('replay', (event) => events.push(event));
  const id = await newSession(sessions, { n: 0 });
  const session = await open(sessions, id);
  await session.renew({ grace: 1 });
  const last = await session.renew({ grace: 1 });
  assert.ok(last);
  await endGraces();
  assert.equal(await sessions.open(id), undefined);
  assert.equal(await sessions.open(last), undefined);
  assert.equal(await session.save(json({ n: 1 })), 'gone');
  assert.deepEqual(
    events.map(({ kind, count }) => [kind, count]),
    [['replay', 2]],
  );
});

test('after a rotation of the secrets an old id still leads to its session, and replays end it', async () => {
  const older = newStore({ secrets: [secrets[1]] });
  const newer = newStore({ secrets });
  const id = await newSession(older, { n: 0 });
  const renewed = (await (await open(older, id)).renew()) as string;
  assert.deepEqual(await stored(newer, renewed), { n: 0 });
  await (await open(newer, renewed)).touch();
  const [row] = await query('SELECT COUNT(*) AS n FROM sessions WHERE next IS NULL AND d=?', [
    json({ n: 0 }),
  ]);
  assert.equal(row?.['n'], 1, 'the session has one row');
  assert.deepEqual(await stored(newer, id), { n: 0 }, 'within the grace');
  await query('UPDATE sessions SET updated=updated-100000 WHERE d=? AND next IS NOT NULL', ['']);
  assert.equal(await newer.open(id), undefined);
  assert.equal(await newer.open(renewed), undefined);
  assert.equal(await older.open(renewed), undefined);
});

test('the old row of a session without an absolute end is deleted some day', async () => {
  const sessions = newStore({ absolute: Number.POSITIVE_INFINITY });
  const id = await newSession(sessions, { n: 'endless' });
  await (await open(sessions, id)).renew();
  const [row] = await query(
    'SELECT MAX(CAST(expires AS SIGNED)-CAST(updated AS SIGNED)) DIV 86400000 AS days FROM sessions ' +
      'WHERE next IS NOT NULL',
  );
  assert.equal(row?.['days'], 30, 'days after the grace');

  const older = newStore({ secrets: [secrets[1]], absolute: Number.POSITIVE_INFINITY });
  const rekeyed = await newSession(older, { n: 'rekeyed' });
  assert.deepEqual(await stored(sessions, rekeyed), { n: 'rekeyed' });
  await (await open(sessions, rekeyed)).save(json({ n: 'moved' }));
  assert.deepEqual(await stored(older, rekeyed), { n: 'moved' });
  const [last] = await query(
    'SELECT (MAX(expires)/1000-UNIX_TIMESTAMP()) DIV 86400 AS days FROM sessions WHERE next IS NOT NULL',
  );
  assert.equal(last?.['days'], 41, 'the longest grace and 30 days');
});

test('with a grace of 0 the old id is a replay at once', async () => {
  const sessions = newStore();
  const id = await newSession(sessions, { n: 0 });
  const renewed = await (await open(sessions, id)).renew({ grace: 0 });
  assert.equal(await sessions.open(id), undefined);
  assert.equal(await sessions.open(renewed), undefined);
});

test('the id from before a login never reaches the session of the user', async () => {
  const sessions = newStore();
  const planted = await newSession(sessions, { cart: [] });
  const victim = await open(sessions, planted);
  const secret = json({ cart: [], card: '4111' });
  const id = await victim.renew({ user: '42', data: secret, grace: 60 });
  assert.ok(id);
  const attacker = await open(sessions, planted);
  assert.deepEqual(
    [attacker.user, parsed(attacker.data), attacker.state],
    [undefined, { cart: [] }, 'replaced'],
  );
  assert.equal(await attacker.save(json({ cart: ['x'] })), 'gone');
  assert.equal(await attacker.touch(), false);
  assert.equal(await attacker.renew(), undefined);
  assert.equal(await attacker.destroy(), false);
  assert.deepEqual(await stored(sessions, id), { cart: [], card: '4111' });
});

test('a logout that keeps the session leaves no data of the user in the old row', async () => {
  const sessions = newStore();
  const session = await open(sessions, await newSession(sessions, { cart: [] }));
  const id = await session.renew({ user: '42', data: json({ card: '5500' }) });
  await session.renew({ user: null, data: json({ cart: [] }) });
  assert.equal(await sessions.open(id), undefined);
  assert.deepEqual(await query("SELECT 1 FROM sessions WHERE d LIKE '%5500%'"), []);
});

test('20 requests with the old id during the grace all find the session', async () => {
  const sessions = newStore();
  const id = await newSession(sessions, { user: 42 });
  await (await open(sessions, id)).renew({ grace: 30 });
  const found = await Promise.all(Array.from({ length: 20 }, () => stored(sessions, id)));
  assert.ok(found.every((value) => (value as { user: number }).user === 42));
});

test('of eight renewals at once one wins, and there is one session', async () => {
  const stores = [newStore(), newStore()] as const;
  for (let round = 0; round < 5; round += 1) {
    const id = await newSession(stores[0], { round });
    const all = await Promise.all(
      Array.from({ length: 8 }, (_, at) => open(stores[at % 2 ? 1 : 0], id)),
    );
    const ids = await Promise.all(all.map((session) => session.renew()));
    assert.equal(ids.filter((each) => each !== undefined).length, 1);
    const rows = await query('SELECT next FROM sessions WHERE d=?', [json({ round })]);
    assert.equal(rows.length, 1, 'the pointer has no data');
    for (const session of all) assert.equal(session.state, 'alive');
    await all[0]?.destroy();
  }
});

test('a renewal whose answer was lost is found again', async () => {
  const { sessions, wire } = await wiredStore();
  const id = await newSession(sessions, { n: 0 });
  const session = await open(sessions, id);
  const gate = wire.gate(1, /^COMMIT/, { holds: 'answer', opens: 'by hand' });
  const renewing = session.renew();
  await gate.arrived;
  gate.cut();
  const renewed = await renewing;
  assert.ok(renewed);
  assert.deepEqual(await stored(newStore(), renewed), { n: 0 });
});

test('a renewal that is cut in its middle is done once, or not at all', async () => {
  for (const statement of [/^UPDATE/, /^INSERT/, /^COMMIT/]) {
    const { sessions, wire } = await wiredStore();
    const id = await newSession(sessions, { n: 0 });
    const session = await open(sessions, id);
    const gate = wire.gate(1, statement, { opens: 'by hand' });
    const renewing = session.renew();
    await gate.arrived;
    gate.cut();
    const renewed = await renewing;
    assert.ok(renewed, String(statement));
    assert.equal(await session.save(json({ n: 1 })), 'saved');
    assert.deepEqual(await stored(sessions, id), { n: 1 });
  }
});

test('a login starts the absolute time again, a rotation does not', async () => {
  const sessions = newStore({ absolute: 1000, idle: 1000 });
  const id = await newSession(sessions, { mine: 'age' });
  await query('UPDATE sessions SET created=created-500000 WHERE d=?', [json({ mine: 'age' })]);
  const session = await open(sessions, id);
  const left = async (): Promise<number> => {
    const [row] = await query(
      'SELECT MAX(expires-updated) AS n FROM sessions WHERE d=? AND next IS NULL',
      [json({ mine: 'age' })],
    );
    return Math.round(Number(row?.['n']) / 10_000) * 10;
  };
  await session.renew();
  assert.equal(await left(), 500);
  await session.renew({ user: '42' });
  assert.equal(await left(), 1000);
  await session.renew({ user: null });
  assert.equal(session.user, undefined);
});
