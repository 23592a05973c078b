/** Expired sessions are deleted, by one process, and a session that is used meanwhile is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RowDataPacket } from 'mysql2';
import type { Pool } from 'mysql2/promise';
import type { Context } from '../../src/store/context.ts';
import { Database } from '../../src/store/database/database.ts';
import { SessionSetupError, SessionUnavailable } from '../../src/store/errors.ts';
import { Events, type SessionEvent } from '../../src/store/events.ts';
import { becomeRunner, collect } from '../../src/store/gc.ts';
import { OurTable } from '../../src/store/table/ours.ts';
import { openWire } from '../../src/workshop/wire/proxy.ts';
import { atEnd, json, newSchema, newSession, poolOf, statementsOn, storeOn } from './fixture.ts';

/** A schema with sessions of its own, behind a wire. */
async function place(): Promise<{
  direct: Pool;
  pool: Pool;
  wire: Awaited<ReturnType<typeof openWire>>;
}> {
  const { url } = await newSchema();
  const wire = await openWire(url);
  atEnd(() => wire.close());
  const direct = poolOf(url);
  await storeOn(direct).createTable();
  return { direct, pool: poolOf(wire.url), wire };
}

async function fill(pool: Pool, expired: number, alive: number): Promise<void> {
  await pool.query(
    `INSERT INTO sessions (id,d,version,token,created,updated,expires)
     SELECT UNHEX(SHA2(seq,256)),'{}',1,REPEAT('x',16),0,0,
       UNIX_TIMESTAMP()*1000+IF(seq<=?,-1000*(1+CAST(seq AS SIGNED) MOD 100),1000000)
     FROM JSON_TABLE(CONCAT('[0',REPEAT(',0',?),']'),'$[*]' COLUMNS (seq FOR ORDINALITY)) AS numbers`,
    [expired, expired + alive - 1],
  );
}

async function count(pool: Pool): Promise<number> {
  const [[row]] = await pool.query<RowDataPacket[]>('SELECT COUNT(*) AS n FROM sessions');
  return Number(row?.['n']);
}

/** The parts of a store that a collection uses, on one server or on a cluster. */
function contextOn(pool: Pool, nodes: number): Context {
  const facts = { schema: '', maxBytes: 0, nodes };
  // A statement that is repeated because its answer is late finds nothing left to count.
  const parts = { database: new Database(pool, 20_000), table: new OurTable('sessions') };
  return { ...parts, facts, budget: 20_000, events: new Events() } as unknown as Context;
}

for (const [name, nodes, expired] of [
  ['one server', 1, 12_000],
  ['a cluster', 3, 1200],
] as const) {
  test(`${name}: all expired sessions are deleted, and no other`, async () => {
    const { direct, pool } = await place();
    await fill(direct, expired, 500);
    assert.equal(await collect(contextOn(pool, nodes), 30_000), expired);
    assert.equal(await count(direct), 500);
    assert.equal(await collect(contextOn(pool, nodes), 30_000), 0);
  });

  test(`${name}: a budget ends it, and what was deleted stays deleted`, async () => {
    const { direct, pool } = await place();
    await fill(direct, 2000, 0);
    assert.equal(await collect(contextOn(pool, nodes), 0), 0);
    assert.equal(await count(direct), 2000);
  });

  test(`${name}: an error takes back no number of what was committed before`, async () => {
    const { direct, pool } = await place();
    await fill(direct, 1200, 0);
    await direct.query(
      'CREATE TRIGGER refused BEFORE DELETE ON sessions FOR EACH ROW ' +
        'IF OLD.expires=(SELECT MAX(expires) FROM sessions) THEN ' +
        "SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO=1142; END IF",
    );
    let deleted = 0;
    const collecting = collect(contextOn(pool, nodes), 30_000, (some) => {
      deleted += some;
    });
    await assert.rejects(collecting, SessionSetupError);
    assert.equal(deleted, 1200 - (await count(direct)));
    assert.equal(deleted, nodes > 1 ? 1000 : 0);
  });

  test(`${name}: a session that is used while it is being collected survives`, async () => {
    const { direct, pool, wire } = await place();
    await fill(direct, 10, 0);
    const gate = wire.gate(1, /^DELETE/, { opens: 'by hand' });
    const collecting = collect(contextOn(pool, nodes), 30_000);
    await gate.arrived;
    await direct.query('UPDATE sessions SET expires=expires+1000000 LIMIT 3');
    gate.open();
    assert.equal(await collecting, 7);
    assert.equal(await count(direct), 3);
  });
}

test('of eight processes one becomes the runner, and another after its time', async () => {
  const { direct, pool } = await place();
  const all = (): Promise<boolean[]> =>
    Promise.all(Array.from({ length: 8 }, () => becomeRunner(contextOn(pool, 1), 60_000)));
  const runners = async (): Promise<number> => (await all()).filter((is) => is).length;
  assert.equal(await runners(), 1);
  assert.equal(await runners(), 0);
  await direct.query('UPDATE sessions SET expires=1');
  assert.equal(await runners(), 1);
});

test('the timer collects, and its failure is an event', async (t) => {
  const { direct, pool } = await place();
  await fill(direct, 100, 0);
  const events: SessionEvent[] = [];
  const stores = Array.from({ length: 4 }, () => storeOn(pool, { gc: { every: 0.4 } }));
  const collected = new Promise<void>((resolve) => {
    for (const sessions of stores) {
      sessions.on('gc', (event) => {
        events.push(event);
        resolve();
      });
    }
  });
  for (const sessions of stores) await sessions.ready();
  await collected;
  for (const sessions of stores) await sessions.close();
  assert.deepEqual(
    events.map((event) => event.count),
    [100],
  );

  const failing = storeOn(pool, { gc: { every: 0.01 } });
  const failed = new Promise<SessionEvent>((resolve) => failing.on('gc-failed', resolve));
  await failing.ready();
  await direct.query('RENAME TABLE sessions TO away');
  assert.equal(((await failed).error as Error).name, 'SessionSetupError');
  await failing.close();

  await direct.query('RENAME TABLE away TO sessions');
  const brief = storeOn(pool, { gc: { every: 999 } });
  const timers = t.mock.method(globalThis, 'setTimeout');
  await Promise.all([brief.ready(), brief.close()]);
  const delays = timers.mock.calls.map(({ arguments: [, delay = 0] }) => delay);
  assert.ok(delays.length > 0 && Math.max(...delays) < 499_500, 'nothing is planned after a close');
});

test('without a budget one statement deletes all on one server, and pieces on a cluster', async () => {
  const { direct, pool, wire } = await place();
  const statements = statementsOn(wire, /^DELETE/);
  for (const [nodes, deletes] of [
    [1, 1],
    [3, 3],
  ] as const) {
    await fill(direct, 1200, 100);
    statements.length = 0;
    assert.equal(await collect(contextOn(pool, nodes), Number.POSITIVE_INFINITY), 1200);
    assert.deepEqual([statements.length, await count(direct)], [deletes, 100]);
    await direct.query('DELETE FROM sessions');
  }
});

test('without a budget, a database that goes away ends the collection in the time of a call', async () => {
  for (const nodes of [1, 3]) {
    const { direct, pool, wire } = await place();
    await fill(direct, 1200, 1);
    const hurried = { ...contextOn(pool, nodes), budget: 300 };
    const gate = wire.gate(1, /^DELETE/, { opens: 'by hand' });
    const collecting = collect(hurried, Number.POSITIVE_INFINITY);
    await gate.arrived;
    await wire.close();
    await assert.rejects(collecting, SessionUnavailable, `${nodes} nodes`);
  }
});

test('gc() collects at once', async () => {
  const { direct, pool } = await place();
  const sessions = storeOn(pool);
  const id = await newSession(sessions, { n: 0 });
  await fill(direct, 100, 0);
  assert.equal(await sessions.gc(), 100);
  assert.deepEqual((await sessions.open(id))?.data, json({ n: 0 }));
});
