/** Sealed payloads: bound to their row, under a ring of keys, with every way to a session. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionSetupError, SessionTooLarge, SessionUnreadable } from '../../src/store/errors.ts';
import type { SealOptions } from '../../src/store/payload/seal.ts';
import { json, newSession, newStore, poolOf, query, schema, stored, storeOn } from './fixture.ts';
import { parsed } from './parsed.ts';

const [first, second] = ['1'.repeat(32), '2'.repeat(32)] as const;
const seal: SealOptions = { keys: [first] };

async function payloadOf(user: string): Promise<{ id: Buffer; d: Buffer }> {
  const [row] = await query('SELECT id,d FROM sessions WHERE user=? AND next IS NULL', [user]);
  return row as { id: Buffer; d: Buffer } & typeof row;
}

test('what the table holds does not show the data, and every strategy reads and saves it', async () => {
  for (const strategy of ['merge', 'lock', 'lease', 'row'] as const) {
    const sessions = newStore({ seal, strategy });
    const id = sessions.newId();
    await using session = await sessions.create(id, json({ card: '4111' }), { user: strategy });
    assert.equal(await session.save(json({ card: '4111', n: 1 })), 'saved');
    assert.doesNotMatch((await payloadOf(strategy)).d.toString('latin1'), /4111|card/);
    const renewed = await session.renew();
    assert.deepEqual(await stored(newStore({ seal }), renewed as string), { card: '4111', n: 1 });
  }
});

test('two requests that change different keys are merged', async () => {
  const sessions = newStore({ seal });
  const id = await newSession(sessions, { n: 0 });
  const [one, other] = [await sessions.open(id), await sessions.open(id)];
  await one?.save(json({ n: 1 }));
  assert.equal(await other?.save(json({ n: 0, m: 1 })), 'merged');
  assert.deepEqual(await stored(sessions, id), { n: 1, m: 1 });
});

test('a payload of another row, a changed one and one of no known key are unreadable', async () => {
  const sessions = newStore({ seal });
  const ids: [string, string] = [sessions.newId(), sessions.newId()];
  for (const [at, user] of (['swap a', 'swap b'] as const).entries()) {
    await sessions.create(ids[at as 0 | 1], json({ user }), { user });
  }
  const [a, b] = [await payloadOf('swap a'), await payloadOf('swap b')];
  await query('UPDATE sessions SET d=? WHERE id=?', [b.d, a.id]);
  const flipped = Buffer.from(b.d);
  flipped[30] = (flipped[30] as number) ^ 1;
  await query('UPDATE sessions SET d=? WHERE id=?', [flipped, b.id]);
  const unreadable = { name: 'SessionUnreadable', message: /another row/ };
  await assert.rejects(sessions.open(ids[0]), unreadable);
  await assert.rejects(sessions.open(ids[1]), unreadable);
  await query('UPDATE sessions SET d=? WHERE id=?', [b.d, b.id]);
  assert.deepEqual(await stored(sessions, ids[1]), { user: 'swap b' });
  const other = newStore({ seal: { keys: [second] } });
  await assert.rejects(other.open(ids[1]), /under none of seal\.keys/);
  const none = newStore();
  await assert.rejects(none.start(ids[1]), /it is sealed: give the store its keys/);
});

test('one unreadable session does not fail the readers of others in the same statement', async () => {
  const sessions = newStore({ seal });
  const good = await newSession(sessions, { n: 1 });
  const bad = sessions.newId();
  await sessions.create(bad, json({ n: 2 }), { user: 'bad' });
  await query('UPDATE sessions SET d=? WHERE user=?', [Buffer.alloc(99, 0xff), 'bad']);
  const [one, other] = await Promise.allSettled([sessions.open(good), sessions.open(bad)]);
  assert.equal(one.status, 'fulfilled');
  assert.ok(other.status === 'rejected' && other.reason instanceof SessionUnreadable);
  assert.equal(await sessions.of('bad').revokeAll(), 1, 'it can be ended');
});

test('keys rotate: the newest seals, an older one opens until it is removed', async () => {
  const id = await newSession(newStore({ seal }), { n: 0 });
  const both = newStore({ seal: { keys: [second, first] } });
  await using session = await both.open(id);
  await session?.save(json({ n: 1 }));
  assert.deepEqual(await stored(newStore({ seal: { keys: [second] } }), id), { n: 1 });
  await assert.rejects(newStore({ seal }).open(id), SessionUnreadable);
  const prepared = newStore({ seal: { keys: [first, second] } });
  assert.deepEqual(await stored(prepared, id), { n: 1 });
});

test('a table is sealed while it is in use, and unsealed data is refused afterwards', async () => {
  const id = await newSession(newStore(), { n: 0 });
  await assert.rejects(newStore({ seal }).open(id), /not sealed/);
  const migrating = newStore({ seal: { ...seal, readUnsealed: true } });
  await using session = await migrating.open(id);
  assert.equal(await session?.save(json({ n: 1 })), 'saved');
  assert.deepEqual(await stored(newStore({ seal }), id), { n: 1 });
});

test('the secrets rotate under a seal, and the moved row is sealed to its new key', async () => {
  const [newest, oldest] = ['n'.repeat(32), 'o'.repeat(32)];
  const id = await newSession(newStore({ seal, secrets: [oldest as string] }), { n: 0 });
  const both = newStore({ seal, secrets: [newest as string, oldest as string] });
  await (await both.open(id))?.close();
  assert.deepEqual(await stored(newStore({ seal, secrets: [newest as string] }), id), { n: 0 });
});

test('a process without the seal neither moves a sealed session nor gives it a new id', async () => {
  const [newest, oldest] = ['n'.repeat(32), 'o'.repeat(32)] as const;
  const sealing = newStore({ seal, secrets: [oldest, newest] });
  const id = await newSession(sealing, { n: 0 });
  const unsealed = newStore({ secrets: [newest, oldest] });
  const unreadable = {
    name: 'SessionUnreadable',
    message: /it is sealed: give the store its keys/,
  };
  await assert.rejects(unsealed.start(id), unreadable);
  await assert.rejects(newStore({ secrets: [oldest] }).open(id), unreadable);
  assert.deepEqual(await stored(sealing, id), { n: 0 });
});

test('the size guard counts the seal, and an empty session is sealed, too', async () => {
  const pool = poolOf(schema.url);
  await query('CREATE TABLE small LIKE sessions');
  await query('ALTER TABLE small MODIFY d TINYBLOB NOT NULL');
  const sessions = storeOn(pool, { seal, table: 'small' });
  const id = sessions.newId();
  const session = await sessions.create(id, Buffer.alloc(255 - 36, 'x'));
  await assert.rejects(session.save(Buffer.alloc(255 - 35, 'x')), SessionTooLarge);
  assert.equal(await session.save(Buffer.alloc(0)), 'saved');
  assert.equal(parsed((await sessions.open(id))?.data.length ? undefined : json('empty')), 'empty');
  const [row] = await query('SELECT LENGTH(d) AS n FROM small');
  assert.equal(row?.['n'], 36);
});

test('the save handler of PHP seals as well', async () => {
  const sessions = newStore({ seal });
  const id = 'a'.repeat(32);
  const writer = sessions.saveHandler();
  await writer.write(id, 'card|i:4111;');
  await writer.close();
  const reader = sessions.saveHandler();
  assert.equal(String(await reader.read(id)), 'card|i:4111;');
  await reader.close();
  const rows = await query("SELECT id FROM sessions WHERE d LIKE '%4111%'");
  assert.deepEqual(rows, []);
});

test('invalid keys are refused', () => {
  for (const keys of [[], ['short'], [5 as never]]) {
    assert.throws(() => newStore({ seal: { keys } }), SessionSetupError);
  }
});
