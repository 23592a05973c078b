/** Saves of different sessions in one statement: each has its own outcome, whatever its neighbours do. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { RowDataPacket } from 'mysql2';
import type { Pool } from 'mysql2/promise';
import { BatchedWrites } from '../../src/store/database/batched-writes.ts';
import { Database, type Statement } from '../../src/store/database/database.ts';
import { Deadline } from '../../src/store/database/deadline.ts';
import type { OpenSession } from '../../src/store/open-session.ts';
import type { Sessions } from '../../src/store/store.ts';
import { OurTable } from '../../src/store/table/ours.ts';
import { firstMarks, MARK_BYTES } from '../../src/store/table/statements.ts';
import type { Save } from '../../src/store/table/table.ts';
import type { Wire } from '../../src/workshop/wire/proxy.ts';
import {
  json,
  newSchema,
  newSession,
  newStore,
  type Options,
  poolOf,
  query,
  statementsOn,
  stored,
  storeOn,
  untilLocked,
  wiredStore,
} from './fixture.ts';

const SAVE = /^UPDATE `sessions` (FORCE INDEX .PRIMARY. )?SET `d`/;

/** A store on a schema of its own. */
async function place(options: Options = {}): Promise<{ sessions: Sessions; direct: Pool }> {
  const { url } = await newSchema();
  const direct = poolOf(url);
  const sessions = storeOn(direct, options);
  await sessions.createTable();
  return { sessions, direct };
}

/** Opens sessions of `{ n: 0 }`. */
async function open(sessions: Sessions, count: number): Promise<OpenSession[]> {
  const ids = await Promise.all(
    Array.from({ length: count }, () => newSession(sessions, { n: 0 })),
  );
  return await Promise.all(ids.map(async (id) => (await sessions.open(id)) as OpenSession));
}

/** Saves the first session, and the others while its statement is held. */
async function saveBehind(
  wire: Wire,
  [first, ...others]: OpenSession[],
): Promise<Promise<unknown>[]> {
  const gate = wire.gate(1, SAVE, { opens: 'by hand' });
  const begun = first?.save(json({ n: 1 }));
  await gate.arrived;
  const waiting = others.map((session) => session.save(json({ n: 1 })));
  setImmediate(() => gate.open());
  return [begun as Promise<unknown>, ...waiting];
}

test('saves that wait for one statement go together in the next', async () => {
  const { sessions, wire } = await wiredStore();
  const all = await open(sessions, 41);
  const statements = statementsOn(wire, SAVE);
  const saves = await saveBehind(wire, all);
  assert.deepEqual(new Set(await Promise.all(saves)), new Set(['saved']));
  assert.equal(statements.length, 3, 'one, 32, and the other 8');
  for (const { id } of all) assert.deepEqual(await stored(sessions, id), { n: 1 });
  const [row] = await query(
    'SELECT COUNT(DISTINCT LEFT(token,4)) AS n FROM sessions WHERE version=2',
  );
  assert.equal(row?.['n'], 41, 'each has a mark of its own');
});

test('any bytes arrive as they are, and each in its own row', async () => {
  const { sessions, wire } = await wiredStore();
  const all = await open(sessions, 13);
  const bytes = all.map((_, at) => randomBytes(at * 500));
  const gate = wire.gate(1, SAVE, { opens: 'by hand' });
  const saves = all.map((session, at) => session.save(bytes[at] as Buffer));
  await gate.arrived;
  gate.open();
  assert.deepEqual(new Set(await Promise.all(saves)), new Set(['saved']));
  for (const [at, { id }] of all.entries()) {
    assert.deepEqual((await sessions.open(id))?.data, bytes[at]);
  }
});

test('in one batch some are saved, one is merged, and one is gone', async () => {
  const { sessions, wire } = await wiredStore();
  const all = await open(sessions, 8);
  const other = newStore();
  await (await other.open(all[3]?.id))?.save(json({ n: 0, theirs: true }));
  await (await other.open(all[5]?.id))?.destroy();
  const answers = await Promise.all(await saveBehind(wire, all));
  const wanted = all.map((_, at) => (at === 3 ? 'merged' : at === 5 ? 'gone' : 'saved'));
  assert.deepEqual(answers, wanted);
  assert.deepEqual(await stored(sessions, all[3]?.id as string), { n: 1, theirs: true });
  assert.equal(await stored(sessions, all[5]?.id as string), undefined);
});

test('a row that the server refuses fails its own save, and no other', async () => {
  const { sessions, direct } = await place();
  await direct.query(
    `CREATE TRIGGER refuse BEFORE UPDATE ON sessions FOR EACH ROW
     IF NEW.d LIKE '%bad%' THEN SIGNAL SQLSTATE '45000'; END IF`,
  );
  const all = await open(sessions, 6);
  const saves = all.map((session, at) => session.save(json(at === 2 ? 'bad' : { at })));
  const settled = await Promise.allSettled(saves);
  assert.deepEqual(
    settled.map((each) => (each.status === 'fulfilled' ? each.value : each.reason.name)),
    ['saved', 'saved', 'SessionSetupError', 'saved', 'saved', 'saved'],
  );
  for (const [at, { id }] of all.entries()) {
    assert.deepEqual(await stored(sessions, id), at === 2 ? { n: 0 } : { at });
  }
});

test('a batch whose answer is lost was saved once', async () => {
  const { sessions, wire } = await wiredStore();
  const all = await open(sessions, 6);
  const gate = wire.gate(1, SAVE, { holds: 'answer', opens: 'by hand' });
  const saves = all.map((session) => session.save(json({ n: 1 })));
  await gate.arrived;
  gate.cut();
  assert.deepEqual(new Set(await Promise.all(saves)), new Set(['saved']));
  const versions = await query('SELECT version FROM sessions WHERE d=?', [json({ n: 1 })]);
  for (const { version } of versions) assert.equal(version, 2);
});

test('a batch that is chosen to end a deadlock is saved one by one', async () => {
  const { sessions, direct } = await place();
  const before = await deadlocks(direct);
  const all = await open(sessions, 4);
  const [rows] = await direct.query<RowDataPacket[]>('SELECT id FROM sessions ORDER BY id');
  const connection = await direct.getConnection();
  await connection.query('START TRANSACTION');
  // The server rolls back the transaction that has changed less. The batch must not meet these rows
  // before the first session's.
  await connection.query(
    `INSERT INTO sessions SELECT UNHEX(CONCAT(REPEAT('F',48),LPAD(seq,16,'0'))),'',9,REPEAT('x',16),
       NULL,NULL,NULL,0,0,1 FROM JSON_TABLE(CONCAT('[0',REPEAT(',0',49),']'),'$[*]' COLUMNS (seq FOR ORDINALITY)) AS numbers`,
  );
  // By key: a search would lock rows on its way.
  const hold = (row: RowDataPacket | undefined) =>
    connection.execute("UPDATE sessions SET label='held' WHERE id=?", [row?.['id']]);
  await hold(rows.at(-1));
  const saves = all.map((session) => session.save(json({ n: 1 })));
  await untilLocked(direct);
  await hold(rows[0]);
  await connection.query('ROLLBACK');
  connection.release();
  assert.deepEqual(new Set(await Promise.all(saves)), new Set(['saved']));
  assert.ok((await deadlocks(direct)) > before);
});

test('a row that another program has locked keeps no later save waiting', {
  timeout: 10_000,
}, async () => {
  const { sessions, direct } = await place({ statementTimeout: 600, timeout: 600 });
  const held = await sessions.create(sessions.newId(), json({ n: 0 }), { user: 'held' });
  const [free] = (await open(sessions, 1)) as [OpenSession];
  const connection = await direct.getConnection();
  await connection.query('START TRANSACTION');
  await connection.query("SELECT d FROM sessions WHERE user='held' FOR UPDATE");
  let isSaved = false;
  const waiting = held.save(json({ n: 1 })).then(() => {
    isSaved = true;
  });
  await untilLocked(direct);
  assert.equal(await free.save(json({ n: 1 })), 'saved');
  assert.equal(isSaved, false);
  await connection.query('ROLLBACK');
  connection.release();
  await waiting;
});

/** Waits until a statement waits for a row's lock. */
/** Counts the deadlocks of the server; only MariaDB has them among its status variables. */
async function deadlocks(direct: Pool): Promise<number> {
  const [rows] = await direct.query<RowDataPacket[]>(
    "SELECT COUNT AS n FROM information_schema.INNODB_METRICS WHERE NAME='lock_deadlocks'",
  );
  return Number(rows[0]?.['n']);
}

test('a save that was aborted while it waited is never sent', async () => {
  const { sessions, wire } = await wiredStore();
  const [first, second, third] = (await open(sessions, 3)) as [
    OpenSession,
    OpenSession,
    OpenSession,
  ];
  const gate = wire.gate(1, SAVE, { opens: 'by hand' });
  const saved = first.save(json({ n: 1 }));
  await gate.arrived;
  const abort = new AbortController();
  const aborted = second.save(json({ n: 1 }), { signal: abort.signal });
  const waiting = third.save(json({ n: 1 }));
  const reason = new Error('the client has gone');
  abort.abort(reason);
  gate.open();
  await assert.rejects(aborted, reason);
  assert.deepEqual(await Promise.all([saved, waiting]), ['saved', 'saved']);
  assert.deepEqual(await stored(sessions, second.id), { n: 0 });
});

test('an abort in a running batch harms no other save of it', async () => {
  const { sessions, wire } = await wiredStore();
  const all = await open(sessions, 4);
  const gate = wire.gate(1, SAVE, { opens: 'by hand' });
  const abort = new AbortController();
  const reason = new Error('the client has gone');
  const saves = all.map((session, at) =>
    session.save(json({ n: 1 }), at === 1 ? { signal: abort.signal } : {}),
  );
  await gate.arrived;
  abort.abort(reason);
  gate.open();
  const settled = await Promise.allSettled(saves);
  assert.deepEqual(
    settled.map((each) => (each.status === 'fulfilled' ? each.value : each.reason)),
    ['saved', reason, 'saved', 'saved'],
  );
});

test('a batch that the server cannot run is saved one by one, and so are all later saves', async () => {
  const { direct } = await place();
  const table = new BrokenBatches('sessions');
  const life = { idle: 60_000, absolute: 60_000 };
  const writes = new BatchedWrites(new Database(direct, 2000), table, life, 2000, 1000);
  const saves = [1, 2, 3].map((n) => ({
    ...{ key: Buffer.alloc(32, n), guard: 1, data: json({ n }), mark: Buffer.alloc(MARK_BYTES, n) },
    seen: firstMarks(Buffer.alloc(MARK_BYTES, n)),
  }));
  for (const save of saves) {
    const fresh = { ...save, user: undefined, label: undefined };
    const { sql, values } = table.insert(fresh, life);
    await direct.execute(sql, [...values]);
  }
  const saveAll = (all: readonly Save[]): Promise<boolean[]> =>
    Promise.all(all.map((save) => writes.save(save, new Deadline(5000))));
  assert.deepEqual(await saveAll(saves), [true, true, true]);
  await new Promise(setImmediate);
  assert.deepEqual(await saveAll(saves), [false, false, false]);
  const later = saves.map((save) => {
    const { guard, marks } = table.after(save);
    return { ...save, guard: guard as number, seen: marks };
  });
  assert.deepEqual(await saveAll(later), [true, true, true]);
  assert.equal(table.batches, 1);
});

class BrokenBatches extends OurTable {
  batches = 0;
  override updateAll(saves: readonly Save[]): Statement {
    this.batches += 1;
    return { sql: 'UPDATE sessions SET no_such_column=? WHERE id=?', values: [1, saves.length] };
  }
}

test('batch: false saves each session by itself', async () => {
  const { sessions, wire } = await wiredStore({ batch: false });
  const all = await open(sessions, 5);
  const statements = statementsOn(wire, SAVE);
  await Promise.all(all.map((session) => session.save(json({ n: 1 }))));
  assert.equal(statements.length, 5);
});

test('two processes that save the same sessions lose and double nothing', async () => {
  const stores = [newStore(), newStore()];
  const ids = await Promise.all(
    Array.from({ length: 12 }, () => newSession(stores[0] as Sessions, { n: 0 })),
  );
  const add = async (sessions: Sessions, id: string): Promise<void> => {
    const session = await sessions.start(id);
    session.update('n', (n) => (n as number) + 1);
    await session.save();
    await session.close();
  };
  const work = async (sessions: Sessions, from: number): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await add(sessions, ids[(from + turn) % 12] as string);
  };
  await Promise.all(
    stores.flatMap((sessions) => Array.from({ length: 12 }, (_, from) => work(sessions, from))),
  );
  const values = await Promise.all(ids.map((id) => stored(stores[0] as Sessions, id)));
  const total = (values as { n: number }[]).reduce((sum, { n }) => sum + n, 0);
  assert.equal(total, 480);
});
