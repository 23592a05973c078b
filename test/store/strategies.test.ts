/** Holds between read and save: locks, leases, rows; and the loss of each. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { sessionsContract } from '../../src/contract/sessions.ts';
import {
  SessionLockLost,
  SessionLockTimeout,
  SessionSetupError,
  SessionUnavailable,
} from '../../src/store/errors.ts';
import type { OpenSession } from '../../src/store/open-session.ts';
import type { Sessions } from '../../src/store/store.ts';
import { requireOneWriter } from '../../src/store/table/probe.ts';
import { until } from '../workshop/machine/place.ts';
import {
  json,
  newSession,
  newStore,
  type Options,
  open,
  poolOf,
  query,
  schema,
  statementsOn,
  stored,
  storeOn,
  wiredStore,
} from './fixture.ts';
import { parsed } from './parsed.ts';

const LOCKING = ['lock', 'lease', 'row'] as const;

/** Adds one to `n`, as a page would that reads, thinks and saves. */
async function increment(sessions: Sessions, id: string): Promise<void> {
  await using session = await open(sessions, id);
  const { n } = parsed(session.data) as { n: number };
  assert.equal(await session.save(json({ n: n + 1 })), 'saved');
}

for (const strategy of ['merge', ...LOCKING] as const) {
  const processes = [newStore({ strategy }), newStore({ strategy })] as [Sessions, Sessions];
  const nowhere = storeOn(poolOf('mysql://root@127.0.0.1:1/none'), { strategy, timeout: 0.05 });
  let opened = 0;
  sessionsContract({
    test,
    name: strategy,
    create: () => ({
      open() {
        opened += 1;
        return processes[opened % 2 === 0 ? 0 : 1];
      },
      unreachable: () => nowhere,
    }),
    cases: ({ needs }) => needs !== (strategy === 'merge' ? 'waiting' : 'overlap'),
  });
}

for (const strategy of LOCKING) {
  test(`${strategy}: a wait ends with SessionLockTimeout, here and in another process`, async () => {
    const options: Options = { strategy, lockTimeout: 1 };
    const [one, other] = [newStore(options), newStore(options)];
    const id = await newSession(one, { n: 0 });
    const holder = await open(one, id);
    await Promise.all([
      assert.rejects(one.open(id), SessionLockTimeout),
      assert.rejects(other.open(id), SessionLockTimeout),
    ]);
    await holder.close();
    await increment(newStore({ strategy }), id);
  });

  test(`${strategy}: an aborted wait leaves nothing behind`, async () => {
    const [one, other] = [newStore({ strategy }), newStore({ strategy })];
    const id = await newSession(one, { n: 0 });
    const holder = await open(one, id);
    const reason = new Error('the client has gone');
    const aborts = [new AbortController(), new AbortController()] as const;
    const waits = [one, other].map((sessions, at) =>
      sessions.open(id, { signal: aborts[at as 0 | 1].signal }),
    );
    for (let time = 0; time < 5; time += 1) await stored(one, id);
    for (const abort of aborts) abort.abort(reason);
    for (const wait of waits) await assert.rejects(wait, reason);
    await holder.close();
    await Promise.all([increment(one, id), increment(other, id)]);
  });

  test(`${strategy}: a close waits for the save and for the new id that a page has not awaited`, async () => {
    const { sessions, wire } = await wiredStore({ strategy });
    const id = await newSession(sessions, { n: 0 });
    const besideClose = async <Answer>(
      call: (session: OpenSession) => Promise<Answer>,
    ): Promise<Answer> => {
      const session = await open(sessions, id);
      const gate = wire.gate(1, /^UPDATE `sessions`/, { holds: 'answer', opens: 'by hand' });
      const answer = call(session);
      await gate.arrived;
      const closed = session.close();
      gate.open();
      await closed;
      return await answer;
    };
    assert.equal(await besideClose((session) => session.save(json({ n: 1 }))), 'saved');
    assert.deepEqual(await stored(sessions, id), { n: 1 });
    const renewed = await besideClose((session) => session.renew());
    assert.deepEqual(await stored(sessions, renewed ?? ''), { n: 1 });
  });

  test(`${strategy}: an unknown id leaves nothing locked`, async () => {
    const sessions = newStore({ strategy }, { connectionLimit: 1 });
    for (let time = 0; time < 3; time += 1) {
      assert.equal(await sessions.open(sessions.newId()), undefined);
    }
    const [row] = await query('SELECT COUNT(*) AS n FROM session_locks');
    assert.equal(row?.['n'], 0);
  });

  test(`${strategy}: waiting requests take no connection from others`, async () => {
    const sessions = newStore({ strategy }, { connectionLimit: 2 });
    const [hot, cold] = [
      await newSession(sessions, { n: 0 }),
      await newSession(sessions, { n: 0 }),
    ];
    const holder = await open(sessions, hot);
    const waiting = Array.from({ length: 20 }, () => increment(sessions, hot));
    assert.deepEqual(await stored(sessions, cold), { n: 0 });
    await holder.close();
    await Promise.all(waiting);
    assert.deepEqual(await stored(sessions, hot), { n: 20 });
  });
}

for (const strategy of ['lock', 'row'] as const) {
  test(`${strategy}: a lock whose connection was killed refuses the save, and nothing is lost`, async () => {
    const { sessions, wire } = await wiredStore({ strategy });
    const id = await newSession(sessions, { n: 0 });
    const lost: unknown[] = [];
    sessions.on('lock-lost', (event) => lost.push(event.kind));
    const session = await open(sessions, id);
    wire.cut();
    const other = newStore({ strategy });
    await increment(other, id);
    await assert.rejects(session.save(json({ n: 100 })), SessionLockLost);
    await session.close();
    assert.deepEqual(await stored(other, id), { n: 1 });
  });
}

test('a database that goes away ends a call in its time, which has no lock to wait for', async () => {
  const places = await Promise.all(
    LOCKING.map(async (strategy) => {
      const times = { timeout: 3, statementTimeout: 1, lockTimeout: 600 };
      const { sessions, wire } = await wiredStore({ strategy, ...times });
      return { sessions, wire, id: await newSession(newStore(), { n: 0 }) };
    }),
  );
  const began = performance.now();
  await Promise.all(
    places.map(async ({ sessions, wire, id }) => {
      await wire.close();
      await assert.rejects(sessions.open(id), SessionUnavailable);
    }),
  );
  assert.ok(performance.now() - began < 12_000);
});

test('lock: a server that hangs ends a wait for the lock in the time of a call', async () => {
  const times = { timeout: 1, statementTimeout: 0.5, lockTimeout: 600 };
  const { sessions, wire } = await wiredStore({ strategy: 'lock', ...times });
  const id = sessions.newId();
  const hang = wire.gate(99, /GET_LOCK/, { opens: 'by hand' });
  const began = performance.now();
  await assert.rejects(sessions.open(id), SessionUnavailable);
  assert.ok(performance.now() - began < 12_000);
  hang.cut();
});

test('lock: a request that waits for more than a second gets the lock', async () => {
  const { sessions, wire } = await wiredStore({ strategy: 'lock' });
  const id = await newSession(sessions, { n: 0 });
  const holder = await open(newStore({ strategy: 'lock' }), id);
  const asked = statementsOn(wire, /GET_LOCK/);
  const waiting = increment(sessions, id);
  await until(() => asked.length === 2);
  await holder.close();
  await waiting;
  assert.deepEqual(await stored(sessions, id), { n: 1 });
});

test('lock: the answer of a save is lost, and the save is known', async () => {
  const { sessions, wire } = await wiredStore({ strategy: 'lock' });
  const id = await newSession(sessions, { n: 0 });
  const session = await open(sessions, id);
  const gate = wire.gate(1, /^UPDATE/, { holds: 'answer', opens: 'by hand' });
  const saving = session.save(json({ n: 1 }));
  await gate.arrived;
  gate.cut();
  assert.equal(await saving, 'saved');
  await session.close();
});

test('lock: a save that its row keeps waiting may be made after its error, which says so', async () => {
  const sessions = newStore({ strategy: 'lock', statementTimeout: 1 });
  const id = await newSession(newStore(), { n: 0 });
  const session = await open(sessions, id);
  const other = await poolOf(schema.url).getConnection();
  await other.query('START TRANSACTION');
  await other.query('SELECT id FROM sessions FOR UPDATE');
  await assert.rejects(session.save(json({ n: 1 })), (error) => {
    assert.ok(error instanceof SessionLockLost);
    return /^It is not known whether the session was saved/.test(error.message);
  });
  await other.query('ROLLBACK');
  other.release();
  await session.close();
  await until(async () => isDeepStrictEqual(await stored(sessions, id), { n: 1 }));
});

test('lock: a connection goes back to the pool without its lock', async () => {
  const pool = poolOf(schema.url, { connectionLimit: 1 });
  const sessions = storeOn(pool, { strategy: 'lock' });
  const id = await newSession(sessions, { n: 0 });
  const connection = async (): Promise<unknown> =>
    (await pool.query('SELECT CONNECTION_ID() AS id'))[0];
  const before = await connection();
  await increment(sessions, id);
  assert.deepEqual(await connection(), before, 'it was not closed');
  await increment(newStore({ strategy: 'lock' }), id);
});

test('lease: a lease that was not renewed is lost, and the save is refused', async () => {
  const sessions = newStore({ strategy: 'lease', leaseTime: 30 });
  const id = await newSession(sessions, { n: 0 });
  const session = await open(sessions, id);
  await query('UPDATE session_locks SET until_ms=0');
  await increment(newStore({ strategy: 'lease' }), id);
  await assert.rejects(session.save(json({ n: 100 })), SessionLockLost);
  await session.close();
  assert.deepEqual(await stored(sessions, id), { n: 1 });
});

test('lease: a request that ends while its lease is on the way keeps no later one waiting', async () => {
  const { sessions, wire } = await wiredStore({ strategy: 'lease', leaseTime: 60 });
  const id = await newSession(sessions, { n: 0 });
  const gate = wire.gate(1, /^INSERT INTO `session_locks`/, { holds: 'answer', opens: 'by hand' });
  const leaving = new AbortController();
  const opening = sessions.open(id, { signal: leaving.signal });
  await gate.arrived;
  leaving.abort();
  await assert.rejects(opening, { name: 'AbortError' });
  gate.cut();
  await increment(newStore({ strategy: 'lease', lockTimeout: 10 }), id);
});

test('lease: it is renewed while the page works, and its row is deleted afterwards', async () => {
  const { sessions, wire } = await wiredStore({ strategy: 'lease', leaseTime: 1.5 });
  const id = await newSession(sessions, { n: 0 });
  const session = await open(sessions, id);
  let renewals = 0;
  await new Promise<void>((resolve) => {
    wire.watch(({ kind, ...event }) => {
      if (kind !== 'ended' || !('statement' in event)) return;
      if (/^UPDATE `session_locks` SET until_ms/.test(event.statement.sql)) renewals += 1;
      if (renewals === 2) resolve();
    });
  });
  assert.equal(await session.save(json({ n: 1 })), 'saved');
  await session.close();
  const [row] = await query('SELECT COUNT(*) AS n FROM session_locks');
  assert.equal(row?.['n'], 0);
});

test('row: a page that ends all sessions of its user does not wait for its own lock', async () => {
  const sessions = newStore({ strategy: 'row' });
  const began = performance.now();
  for (const [at, end] of [
    () => sessions.of('self 0').revokeAll(),
    ({ handle }: OpenSession) => sessions.of('self 1').revoke(handle),
    () => sessions.endAll(),
  ].entries()) {
    const { id } = await sessions.create(sessions.newId(), json({}), { user: `self ${at}` });
    const [page, other] = [await open(sessions, id), newStore({ strategy: 'merge' })];
    assert.ok(Number(await end(page)) > 0);
    assert.equal(await page.save(json({ late: true })), 'gone');
    await page.close();
    assert.equal(await other.open(id), undefined);
  }
  assert.ok(performance.now() - began < 15_000, 'no statement waited for its limit');
});

test('row: an unchanged page rolls back, and the next user of the connection has no transaction', async () => {
  const pool = poolOf(schema.url, { connectionLimit: 1 });
  const sessions = storeOn(pool, { strategy: 'row' });
  const id = await newSession(sessions, { n: 0 });
  for (const save of [false, true]) {
    const session = await open(sessions, id);
    if (save) await session.save(json({ n: 1 }));
    await session.close();
    // Within a transaction this is error 1568.
    await pool.query('SET TRANSACTION READ WRITE');
  }
});

test('locks of one node are refused on a cluster, with the remedy', () => {
  for (const strategy of ['lock', 'row']) {
    assert.throws(
      () => requireOneWriter(strategy, 3),
      (error) => {
        assert.ok(error instanceof SessionSetupError);
        assert.match(error.message, /3 that take writes: use 'merge' or 'lease', or set oneWriter/);
        return true;
      },
    );
  }
  for (const strategy of ['merge', 'lease']) requireOneWriter(strategy, 3);
  requireOneWriter('lock', 1);
});
