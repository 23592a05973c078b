/** The network cuts, truncates, swallows, delays or spoils a statement or its answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SessionError, SessionTooLarge, SessionUnavailable } from '../../../src/store/errors.ts';
import { KeyedHash } from '../../../src/store/identifiers.ts';
import type { Session } from '../../../src/store/session.ts';
import { createSessions, type Sessions } from '../../../src/store/store.ts';
import { until } from '../../workshop/machine/place.ts';
import {
  atEnd,
  json,
  newSchema,
  newSession,
  newStore,
  poolOf,
  query,
  ready,
  schema,
  secrets,
  stored,
  storeOn,
} from '../fixture.ts';
import { Chaos, type Fault } from './chaos.ts';

const direct = newStore();

/** A store behind a proxy; its statements are prepared already. */
async function place({ timeout = 30, statementTimeout = 0.3 } = {}): Promise<{
  sessions: Sessions;
  chaos: Chaos;
}> {
  const chaos = await Chaos.open(schema.url);
  atEnd(() => chaos.close());
  const pool = poolOf(chaos.url, { connectionLimit: 3 });
  const sessions = storeOn(pool, { timeout, statementTimeout });
  await ready(sessions);
  return { sessions, chaos };
}

type Place = Awaited<ReturnType<typeof place>>;

/** The key of a session's row, which every statement about it has. */
function keyOf(id: string): Buffer {
  return new KeyedHash(secrets).keysOf(id)[0];
}

/** Saves once while a fault is armed: the row must be changed once, and the save must know it. */
async function saveUnder({ sessions, chaos }: Place, fault: Omit<Fault, 'on'>): Promise<void> {
  const id = await newSession(sessions, { n: 0 });
  const session = await sessions.open(id);
  chaos.arm({ on: keyOf(id), ...fault });
  const label = JSON.stringify(fault);
  assert.equal(await session?.save(json({ n: 1 })), 'saved', label);
  assert.ok(chaos.hasStruck, label);
  assert.deepEqual(await stored(direct, id), { n: 1 });
  const [row] = await query('SELECT version FROM sessions WHERE id=?', [keyOf(id)]);
  assert.equal(Number(row?.['version']), 2, label);
}

test('the answer of a save is swallowed: the save is known, and the row is changed once', async () => {
  await saveUnder(await place(), { way: 'down', after: 0, end: 'silence' });
});

test('a save that is swallowed itself is sent again', async () => {
  await saveUnder(await place(), { way: 'up', after: 10, end: 'silence' });
});

test('a save and its answer come in slices of one byte', async () => {
  const at = await place();
  await saveUnder(at, { way: 'up', after: 0, end: 'slices' });
  await saveUnder(at, { way: 'down', after: 0, end: 'slices' });
});

for (const end of ['fin', 'rst'] as const) {
  test(`a save and its answer are cut at each of many bytes (${end}), and the row is changed once`, async () => {
    const at = await place();
    for (const after of [0, 1, 4, 5, 11, 20, 40]) await saveUnder(at, { way: 'up', after, end });
    for (const after of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
      await saveUnder(at, { way: 'down', after, end });
    }
  });

  test(`the answer of a read is cut at each of many bytes (${end}), and the read is repeated`, async () => {
    const { sessions, chaos } = await place();
    const id = await newSession(sessions, { n: 'x'.repeat(400) });
    for (const after of [0, 1, 3, 4, 5, 6, 20, 40, 100, 300, 600]) {
      chaos.arm({ on: keyOf(id), way: 'down', after, end });
      assert.deepEqual(await stored(sessions, id), { n: 'x'.repeat(400) });
      assert.ok(chaos.hasStruck, String(after));
    }
  });
}

test('one byte of an answer is spoiled: the session is read or saved all the same, and nothing crashes', async () => {
  const { sessions, chaos } = await place();
  const readUnder = async (fault: Pick<Fault, 'after' | 'mask'>): Promise<void> => {
    const id = await newSession(direct, { n: 0 });
    chaos.arm({ on: keyOf(id), way: 'down', end: 'flip', ...fault });
    const session = await sessions.open(id, { mode: 'read' });
    assert.deepEqual(session?.data, json({ n: 0 }), JSON.stringify(fault));
  };
  // 150 bytes describe the key and the data; data that is spoiled itself only TLS would notice.
  for (let after = 0; after < 150; after += 1) await readUnder({ after });
  // Fewer columns than the row has: the driver emits two errors of one connection.
  await readUnder({ after: 4, mask: 2 });
  for (let after = 0; after < 12; after += 1) {
    await saveUnder({ sessions, chaos }, { way: 'down', after, end: 'flip' });
  }
});

test('a key is spoiled in an answer: the session is found all the same, and so are all', async () => {
  const chaos = await Chaos.open((await newSchema()).url);
  atEnd(() => chaos.close());
  for (const batch of [true, false]) {
    const sessions = storeOn(poolOf(chaos.url, { connectionLimit: 1 }), { batch });
    await sessions.createTable();
    const id = await newSession(sessions, { n: 0 });
    assert.deepEqual(await stored(sessions, id), { n: 0 });
    chaos.arm({ on: keyOf(id), way: 'down', after: keyOf(id), end: 'flip' });
    assert.deepEqual(await stored(sessions, id), { n: 0 });
    assert.ok(chaos.hasStruck);
    const walk = async (): Promise<string[]> => {
      const handles: string[] = [];
      for await (const { handle } of sessions.all()) handles.push(handle);
      return handles;
    };
    const handles = await walk();
    // COM_STMT_EXECUTE; the column of 32 bytes in the character set `binary`, 63, is text in 33 now.
    const column = Buffer.from([63, 0, 32, 0, 0, 0]);
    chaos.arm({ on: Buffer.from([0, 23]), way: 'down', after: column, mask: 30, end: 'flip' });
    assert.deepEqual(await walk(), handles);
    assert.ok(chaos.hasStruck);
  }
});

test('a login at the server that is spoiled on its way is not taken for a wrong password', async () => {
  const chaos = await Chaos.open(schema.url);
  atEnd(() => chaos.close());
  const { username } = new URL(chaos.url);
  // Behind 36 bytes, the name and two bytes the password begins.
  for (const place of [3, 10]) {
    const sessions = storeOn(poolOf(chaos.url));
    const after = 36 + username.length + place;
    chaos.arm({ on: Buffer.from(username), way: 'up', after, end: 'flip' });
    await sessions.ready();
    assert.ok(chaos.hasStruck);
  }
});

test('one byte in the head of a statement is spoiled on its way: it is sent again', async () => {
  const { sessions, chaos } = await place();
  for (let after = 0; after < 28; after += 1) {
    const id = await newSession(direct, { n: 0 });
    const session = await sessions.open(id);
    chaos.arm({ on: keyOf(id), way: 'up', after, end: 'flip' });
    assert.equal(await session?.save(json({ n: 1 })), 'saved', String(after));
    assert.deepEqual(await stored(direct, id), { n: 1 }, String(after));
  }
});

test('a login, a new id and a logout whose answer is cut or swallowed are done once', async () => {
  const { sessions, chaos } = await place();
  const ends = ['fin', 'rst', 'silence'] as const;
  for (const end of ends) {
    const user = `cut ${end}`;
    const id = sessions.newId();
    chaos.arm({ on: keyOf(id), way: 'down', after: 0, end });
    const session = await sessions.create(id, json({ user }), { user });
    assert.ok(chaos.hasStruck);
    chaos.arm({ on: keyOf(id), way: 'down', after: 0, end });
    const renewed = await session.renew({ grace: 60 });
    assert.ok(chaos.hasStruck && renewed);
    assert.equal((await direct.of(user).list()).length, 1);
    assert.deepEqual(await stored(direct, renewed), { user });
    chaos.arm({ on: keyOf(renewed), way: 'down', after: 0, end });
    await session.destroy();
    assert.ok(chaos.hasStruck);
    assert.equal(await direct.open(renewed), undefined);
  }
});

test('after a time-out the next caller gets a connection that answers', async () => {
  const { sessions, chaos } = await place({ timeout: 3, statementTimeout: 3 });
  const id = await newSession(sessions, { n: 0 });
  chaos.arm({ on: keyOf(id), way: 'down', after: 0, end: 'silence' });
  await assert.rejects(sessions.open(id), SessionUnavailable);
  // The dead connection would use up the time of this call, too.
  assert.deepEqual(await stored(sessions, id), { n: 0 });
});

test('close() ends though the answer of a statement never comes', async () => {
  const chaos = await Chaos.open(schema.url);
  atEnd(() => chaos.close());
  const sessions = createSessions({ secrets, url: chaos.url, timeout: 3, statementTimeout: 2 });
  await ready(sessions);
  const id = await newSession(direct, { n: 0 });
  chaos.arm({ on: keyOf(id), way: 'down', after: 0, end: 'silence' });
  const reading = assert.rejects(sessions.open(id), SessionError);
  await until(() => chaos.hasStruck);
  await sessions.close();
  await reading;
});

test('a packet at the limit of the server is saved to the byte, and one beyond it is not sent', async () => {
  const [row] = await query('SELECT @@max_allowed_packet AS most');
  // MySQL's default is 64 MB, and the column takes 16.
  const most = Math.min(Number(row?.['most']), 2 ** 24);
  const sessions = newStore({ format: 'php_serialize', timeout: 30, statementTimeout: 20 });
  const payload = (length: number, byte: string): Buffer =>
    Buffer.from(`a:1:{s:1:"x";s:${length}:"${byte.repeat(length)}";}`, 'latin1');
  const id = await newSession(sessions, {});
  const session = await sessions.open(id);
  for (const byte of ['\0', 'x']) {
    const data = payload(most - 2048, byte);
    assert.equal(await session?.save(data), 'saved');
    assert.ok((await direct.open(id, { mode: 'read' }))?.data.equals(data));
  }
  const chaos = await Chaos.open(schema.url);
  atEnd(() => chaos.close());
  const watched = storeOn(poolOf(chaos.url), { format: 'php_serialize' });
  const other = await watched.open(id);
  chaos.arm({ on: Buffer.from('y'.repeat(64)), way: 'up', after: 0, end: 'flip' });
  await assert.rejects(
    other?.save(payload(most, 'y')) ?? assert.fail(),
    (error) => error instanceof SessionTooLarge && error.size > error.limit,
  );
  assert.equal(chaos.hasStruck, false, 'nothing was sent');
  assert.equal(
    (await direct.open(id, { mode: 'read' }))?.data.length,
    payload(most - 2048, 'x').length,
  );
});

test('a save that failed without an answer is not made twice when it is tried again', async () => {
  const { sessions, chaos } = await place({ timeout: 3, statementTimeout: 3 });
  const id = await newSession(direct, { n: 0 });
  const session = (await sessions.start(id)) as unknown as Session<{ n: number }>;
  session.update('n', (n = 0) => n + 1);
  chaos.arm({ on: keyOf(id), way: 'down', after: 0, end: 'silence' });
  await assert.rejects(session.save(), SessionUnavailable);
  await assert.rejects(session.save(), { name: 'SessionConflict' });
  await assert.rejects(session.renew(), { name: 'SessionConflict' });
  assert.deepEqual(await stored(direct, id), { n: 1 });
});
