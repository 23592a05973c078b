/** Sessions as bytes: open, create, save, touch, destroy, close, and who wins. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  SessionClosed,
  SessionSetupError,
  SessionTooLarge,
  SessionUnavailable,
  SessionValueError,
} from '../../src/store/errors.ts';
import { createSessions } from '../../src/store/store.ts';
import { HANG } from '../hang.ts';
import {
  json,
  newSchema,
  newSession,
  newStore,
  open,
  poolOf,
  query,
  secrets,
  statementsOn,
  stored,
  storeOn,
  wiredStore,
} from './fixture.ts';
import { parsed } from './parsed.ts';

const UPDATE = /^UPDATE/;

test('an unknown id opens nothing, and an invalid one sends no statement', async () => {
  const { sessions, wire } = await wiredStore();
  const seen = statementsOn(wire);
  for (const id of ['', 'x', "' OR 1=1", '\0'.repeat(43), 'é'.repeat(43), 'a'.repeat(1e6)]) {
    assert.equal(await sessions.open(id), undefined);
  }
  assert.equal(await sessions.open(undefined), undefined);
  assert.deepEqual(seen, []);
  assert.equal(await sessions.open(sessions.newId()), undefined);
  assert.equal(seen.length, 1);
});

test('the table holds no id, and what it holds is no id', async () => {
  const sessions = newStore();
  const id = await newSession(sessions, { a: 1 });
  const rows = await query('SELECT * FROM sessions');
  assert.ok(rows.length > 0);
  for (const { id: key } of rows as unknown as { id: Buffer }[]) {
    assert.equal(key.length, 32);
    assert.notEqual(key.toString('base64url'), id);
    assert.equal(await sessions.open(key.toString('base64url')), undefined);
  }
});

test('different keys of one session are merged, whichever order they are saved in', async () => {
  const [one, other] = [newStore(), newStore()];
  const id = await newSession(one, { both: 0 });
  const [first, second] = [await open(one, id), await open(other, id)];
  assert.equal(await first.save(json({ both: 0, first: 1 })), 'saved');
  assert.equal(await second.save(json({ both: 0, second: 2 })), 'merged');
  assert.deepEqual(parsed(second.data), { both: 0, first: 1, second: 2 });
  assert.equal(await first.save(json({ first: 3 })), 'merged');
  assert.deepEqual(await stored(one, id), { first: 3, second: 2 });
});

test('the caller chooses what happens to a key that both changed', async () => {
  const choices = [
    ['mine', 'mine'],
    ['theirs', 'theirs'],
    [
      (_key: string, base: unknown, mine: unknown, theirs: unknown) => [base, mine, theirs],
      ['base', 'mine', 'theirs'],
    ],
  ] as const;
  for (const [onConflict, expected] of choices) {
    const sessions = newStore({ onConflict });
    const id = await newSession(sessions, { key: 'base' });
    const [first, second] = [await open(sessions, id), await open(sessions, id)];
    await first.save(json({ key: 'theirs' }));
    const isMine = onConflict === 'mine';
    assert.equal(await second.save(json({ key: 'mine', more: 1 })), isMine ? 'saved' : 'merged');
    assert.deepEqual(await stored(sessions, id), { key: expected, more: 1 });
  }
  const sessions = newStore({ onConflict: 'reject' });
  const id = await newSession(sessions, { key: 'base' });
  const [first, second] = [await open(sessions, id), await open(sessions, id)];
  await first.save(json({ key: 'theirs' }));
  await assert.rejects(second.save(json({ key: 'mine', more: 1 })), { keys: ['key'] });
  assert.deepEqual(await stored(sessions, id), { key: 'theirs' });
});

test('50 requests of two processes with a key each all keep theirs', async () => {
  const [one, other] = [newStore(), newStore()];
  const id = await newSession(one, {});
  const sessions = await Promise.all(
    Array.from({ length: 50 }, (_, index) => open(index % 2 ? one : other, id)),
  );
  await Promise.all(sessions.map((session, index) => session.save(json({ [`k${index}`]: index }))));
  assert.equal(Object.keys((await stored(one, id)) as object).length, 50);
});

test('a lost answer is recognised: the save is applied once, and known as its own', async () => {
  const { sessions, wire } = await wiredStore();
  const id = await newSession(sessions, { n: 0 });
  const session = await open(sessions, id);
  const gate = wire.gate(1, UPDATE, { holds: 'answer', opens: 'by hand' });
  const saving = session.save(json({ n: 1 }));
  await gate.arrived;
  gate.cut();
  assert.equal(await saving, 'saved');
  assert.equal(await session.save(json({ n: 2 })), 'saved');
  const [row] = await query('SELECT version FROM sessions WHERE d=?', [json({ n: 2 })]);
  assert.equal(row?.['version'], 3, 'created, saved, saved');
});

test('a lost answer is recognised even when another save came after it', async () => {
  const { sessions, wire } = await wiredStore({
    onConflict: (_key, _base, mine, theirs) => Number(mine) + Number(theirs),
  });
  const id = await newSession(sessions, { n: 0 });
  const [session, other] = [await open(sessions, id), await open(newStore(), id)];
  const gate = wire.gate(1, UPDATE, { holds: 'answer', opens: 'by hand' });
  const saving = session.save(json({ n: 1 }));
  await gate.arrived;
  await other.save(json({ n: 10 }));
  gate.cut();
  assert.equal(await saving, 'saved', 'not merged once more');
  assert.deepEqual(await stored(sessions, id), { n: 10 });
});

test('a statement that never arrived is sent again', async () => {
  const { sessions, wire } = await wiredStore();
  const id = await newSession(sessions, { n: 0 });
  const session = await open(sessions, id);
  const gate = wire.gate(1, UPDATE, { opens: 'by hand' });
  const saving = session.save(json({ n: 1 }));
  await gate.arrived;
  gate.cut();
  assert.equal(await saving, 'saved');
  assert.deepEqual(await stored(sessions, id), { n: 1 });
});

test('a creation whose answer was lost is found again', async () => {
  const { sessions, wire } = await wiredStore();
  const gate = wire.gate(1, /^INSERT/, { holds: 'answer', opens: 'by hand' });
  const id = sessions.newId();
  const creating = sessions.create(id, json({ n: 1 }));
  await gate.arrived;
  gate.cut();
  assert.equal(await (await creating).save(json({ n: 2 })), 'saved');
});

test('a call whose statement gets no answer sends another, and that connection is not used again', async () => {
  const { sessions, wire, pool } = await wiredStore(
    { statementTimeout: 2 },
    { connectionLimit: 1 },
  );
  const id = await newSession(sessions, { n: 0 });
  const [before] = await pool.query('SELECT CONNECTION_ID() AS id');
  const gate = wire.gate(1, /^SELECT .*d/, { opens: 'by hand', patience: HANG });
  const session = await sessions.open(id);
  assert.deepEqual(parsed(session?.data), { n: 0 });
  gate.open();
  const [after] = await pool.query('SELECT CONNECTION_ID() AS id');
  assert.notDeepEqual(after, before);
});

test('saves of one session that wait for a silent server are all SessionUnavailable', async () => {
  const { sessions, wire } = await wiredStore({ timeout: 4 });
  const id = await newSession(newStore(), { n: 0 });
  const [one, other] = [await open(sessions, id), await open(sessions, id)];
  const gate = wire.gate(1, /^UPDATE/, { opens: 'by hand', patience: HANG });
  const saves = [one.save(json({ n: 1 })), other.save(json({ n: 2 }))];
  await Promise.all(saves.map((save) => assert.rejects(save, SessionUnavailable)));
  // The first was sent, and may be made yet.
  await assert.rejects(saves[0] as Promise<unknown>, /not known whether|no usable answer/);
  gate.open();
  await Promise.all([one.close(), other.close()]);
});

test('a server that cannot be reached is SessionUnavailable, without code, address or id', async () => {
  const pool = poolOf('mysql://root:secret@127.0.0.1:1/none');
  const sessions = storeOn(pool, { timeout: 0.1 });
  const id = sessions.newId();
  const error = await sessions.open(id).then(
    () => assert.fail('opened'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SessionUnavailable);
  assert.equal('code' in error, false);
  assert.ok(error.cause instanceof Error);
  assert.doesNotMatch(error.message, /127\.0\.0\.1|secret/);
  assert.ok(!error.message.includes(id));
});

test('a session that is too large is refused before anything is sent', async () => {
  const sessions = newStore();
  const id = await newSession(sessions, { n: 0 });
  const session = await open(sessions, id);
  const [row] = await query('SELECT @@max_allowed_packet AS most');
  const most = Math.min(Number(row?.['most']) - 1024, 2 ** 24 - 1);
  const bytes = Buffer.alloc(most - 8, 0x20);
  bytes.write('{"n":1}');
  assert.equal(await session.save(bytes), 'saved');
  const larger = Buffer.concat([bytes, Buffer.alloc(9, 0x20)]);
  await assert.rejects(session.save(larger), (error) => {
    assert.ok(error instanceof SessionTooLarge);
    assert.deepEqual([error.size, error.limit], [most + 1, most]);
    return true;
  });
  assert.ok((await open(sessions, id)).data.equals(bytes));
});

test('a full table column is the limit, though the server would cut', async () => {
  const own = await newSchema();
  const pool = poolOf(own.url);
  const sessions = storeOn(pool);
  await sessions.createTable();
  await pool.query('ALTER TABLE sessions MODIFY d BLOB NOT NULL');
  await assert.rejects(sessions.create(sessions.newId(), Buffer.alloc(70_000, 0x20)), {
    limit: 65_535,
  });
});

test('a Buffer that is used again for the next save changes nothing of the session before it', async () => {
  const sessions = newStore();
  const id = sessions.newId();
  const data = json({ a: 1 });
  const first = await sessions.create(id, data);
  data.write('{"a":2}');
  assert.deepEqual(parsed(first.data), { a: 1 });
  await first.save(data);
  const other = await open(sessions, id);
  await other.save(json({ a: 2, b: 1 }));
  data.write('{"a":3}');
  assert.equal(await first.save(data), 'merged');
  assert.deepEqual(await stored(sessions, id), { a: 3, b: 1 });
  const read = first.data;
  await other.save(json({ a: 3, b: 1, c: 1 }));
  read.write('{"a":4');
  assert.equal(await first.save(read), 'merged');
  assert.deepEqual(await stored(sessions, id), { a: 4, b: 1, c: 1 });
});

test('data of no format is refused when it must be merged, and the row stays', async () => {
  const sessions = newStore();
  const id = sessions.newId();
  await (await sessions.create(id, Buffer.from([0xff, 0xfe]))).close();
  const [first, second] = [await open(sessions, id), await open(sessions, id)];
  await first.save(Buffer.from([0xff, 0xfd]));
  await assert.rejects(second.save(json({})), { name: 'SessionUnreadable' });
});

test('a session for reading is never written, and a closed one is not used', async () => {
  const sessions = newStore();
  const id = await newSession(sessions, { n: 0 });
  const reading = await sessions.open(id, { mode: 'read' });
  // @ts-expect-error there is no save() to call
  await assert.rejects(reading.save(json({ n: 1 })), SessionClosed);
  const session = await open(sessions, id);
  await session.close();
  await session.close();
  await assert.rejects(session.save(json({ n: 1 })), SessionClosed);
});

test('an aborted call rejects with its reason', async () => {
  const { sessions, wire } = await wiredStore({ touchAfter: 0 });
  const id = await newSession(sessions, { n: 0 });
  const gate = wire.gate(1, /^SELECT .*d/, { opens: 'by hand' });
  const abort = new AbortController();
  const opening = sessions.open(id, { signal: abort.signal });
  await gate.arrived;
  const reason = new Error('the client has gone');
  abort.abort(reason);
  await assert.rejects(opening, reason);
  gate.open();
  const session = await open(sessions, id);
  const { signal } = abort;
  await assert.rejects(session.touch({ signal }), reason);
  await assert.rejects(session.destroy({ signal }), reason);
  assert.equal((await open(sessions, id)).state, 'alive');
});

test('a session expires when it is idle, and at its absolute end, by the clock of the database', async () => {
  const sessions = newStore({ idle: 100, absolute: 250 });
  const id = await newSession(sessions, { mine: 'expiry' });
  const where = 'WHERE d=?';
  const age = (seconds: number): Promise<unknown> =>
    query(`UPDATE sessions SET created=created-?,updated=updated-?,expires=expires-? ${where}`, [
      seconds * 1000,
      seconds * 1000,
      seconds * 1000,
      json({ mine: 'expiry' }),
    ]);
  for (const seconds of [90, 90]) {
    await age(seconds);
    assert.equal(await (await open(sessions, id)).touch(), true);
  }
  const [row] = await query(`SELECT expires-updated AS life FROM sessions ${where}`, [
    json({ mine: 'expiry' }),
  ]);
  assert.ok(Math.abs(Number(row?.['life']) - 70_000) < 2000, 'the absolute end comes first');
  await age(71);
  assert.equal(await sessions.open(id), undefined);
});

test('a use is written down only after a share of the idle time', async () => {
  const { sessions, wire } = await wiredStore({ idle: 100 });
  const id = await newSession(sessions, { mine: 'touch' });
  const updates = statementsOn(wire, UPDATE);
  for (let time = 0; time < 5; time += 1) await (await open(sessions, id)).touch();
  assert.equal(updates.length, 0);
  await query('UPDATE sessions SET expires=expires-6000 WHERE d=?', [json({ mine: 'touch' })]);
  for (let time = 0; time < 5; time += 1) await (await open(sessions, id)).touch();
  assert.equal(updates.length, 1);
});

test('a session from before shorter times has them from its next use on', async () => {
  const forever = newStore({ idle: Infinity, absolute: Infinity });
  const shorter = newStore({ idle: 60, absolute: 3600 });
  const id = await newSession(forever, { mine: 'shorter' });
  assert.equal(await (await open(shorter, id)).touch(), true);
  const select = 'SELECT expires-updated AS times FROM sessions WHERE d=?';
  assert.equal((await query(select, [json({ mine: 'shorter' })]))[0]?.['times'], 60_000);
  await query('UPDATE sessions SET created=created-3600000 WHERE d=?', [json({ mine: 'shorter' })]);
  await (await open(forever, id)).touch();
  await (await open(shorter, id)).touch();
  assert.equal(await forever.open(id), undefined, 'its absolute end was before this use');
});

test('an older secret still opens, the row moves to the newest, and late saves find it', async () => {
  const older = newStore({ secrets: [secrets[1]] });
  const id = await newSession(older, { n: 0 });
  const late = await open(older, id);
  const both = newStore({ secrets });
  const session = await open(both, id);
  const reopened = await open(newStore({ secrets: [secrets[0]] }), id);
  assert.equal(await reopened.save(json({ n: 1 })), 'saved');
  assert.equal(await session.save(json({ n: 0, more: 1 })), 'merged');
  assert.equal(
    await late.save(json({ n: 2 })),
    'merged',
    'a process that does not know the new secret',
  );
  assert.deepEqual(await stored(older, id), { n: 2, more: 1 });
  const moved = await open(both, id);
  assert.equal(await moved.destroy(), true);
  assert.deepEqual(await query('SELECT id FROM sessions WHERE d=?', [json({ n: 2, more: 1 })]), []);
  assert.equal(await older.open(id), undefined);
});

test('what the table holds opens nothing: a row key as base64url, as hex, or a handle', async () => {
  const sessions = newStore();
  const id = await newSession(sessions, { mine: 'stolen' });
  const session = await open(sessions, id);
  await session.renew({ user: 'thief', label: 'row' });
  const rows = await query('SELECT id,next,token FROM sessions WHERE user=? OR next IS NOT NULL', [
    'thief',
  ]);
  const values = rows.flatMap(({ id: key, next, token }) => [key, next ?? key, token] as Buffer[]);
  const asCookies = values.flatMap((value) => [value.toString('base64url'), value.toString('hex')]);
  assert.ok(asCookies.length >= 6);
  for (const cookie of [...asCookies, session.handle]) {
    assert.equal(await sessions.open(cookie), undefined);
    assert.equal((await sessions.start(cookie)).isNew, true);
    assert.equal(await sessions.saveHandler().read(cookie), '');
  }
});

test('invalid options and owners are refused with their names', async () => {
  const refused: [object, RegExp][] = [
    [{ secrets: [] }, /^secrets must be a list/],
    [{ secrets: ['short'] }, /^secrets\[0\] has 5 bytes/],
    [{ idle: -1 }, /^idle takes seconds above 0/],
    [{ strategy: 'hope' }, /^strategy takes merge, lock, lease, row, not "hope"/],
    [{ table: 'a`b' }, /^invalid name of a table/],
    [{ touchAfter: 2 }, /^touchAfter takes 0 to 1, not 2/],
    [{ maxAge: 60 }, /^there is no option "maxAge"; known are url, .*, idle, /],
    [{ seal: { key: secrets } }, /^there is no option "seal.key"; known are seal.keys, /],
  ];
  for (const [options, message] of refused) {
    assert.throws(
      () => newStore(options),
      (error) => {
        assert.ok(error instanceof SessionSetupError);
        assert.match(error.message, message);
        return true;
      },
    );
  }
  for (const url of [undefined, '', 'hunter2']) {
    assert.throws(
      () => createSessions({ url, secrets } as never),
      (error) => {
        assert.ok(error instanceof SessionSetupError);
        assert.match(error.message, /give one, such as mysql:/);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      },
    );
  }
  const sessions = newStore();
  const create = (user: string): Promise<unknown> =>
    sessions.create(sessions.newId(), json({}), { user });
  await assert.rejects(create(''), SessionValueError);
  await assert.rejects(create('ü'.repeat(65)), SessionValueError);
  await assert.rejects(create('\ud800'), /^SessionValueError: user: half a surrogate pair/);
});
