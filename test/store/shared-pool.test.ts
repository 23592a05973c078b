/** The application's own pool: settings, transactions and locks that it leaves on connections. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPoolCluster, type Pool } from 'mysql2/promise';
import { SessionSetupError, SessionUnavailable } from '../../src/store/errors.ts';
import type { Sessions } from '../../src/store/store.ts';
import {
  atEnd,
  json,
  newSchema,
  newSession,
  newStore,
  type Options,
  poolOf,
  schema,
  stored,
  storeOn,
} from './fixture.ts';

const direct = newStore();

/** A store on a pool whose connections begin with a statement of the application. */
function storeAfter(sql: string, options: Options = {}, url: string = schema.url): Sessions {
  const pool = poolOf(url);
  pool.on('connection', (connection) => void connection.query(sql));
  return storeOn(pool, options);
}

/** A store whose pool has one connection. */
async function storeOnOne(options: Options = {}): Promise<{ sessions: Sessions; pool: Pool }> {
  const pool = poolOf(schema.url, { connectionLimit: 1 });
  const sessions = storeOn(pool, options);
  await sessions.ready();
  return { sessions, pool };
}

/** The application uses the connection, and leaves something open. */
async function leave(pool: Pool, statements: readonly string[]): Promise<void> {
  const connection = await pool.getConnection();
  for (const sql of statements) await connection.query(sql);
  connection.release();
}

test('answers without rows end no session, and lose no lock', async () => {
  const sessions = storeAfter('SET SESSION sql_select_limit=0', { strategy: 'lock' });
  const id = await newSession(sessions, { n: 1 });
  await using session = (await sessions.open(id)) ?? assert.fail();
  assert.equal(await session.save(json({ n: 2 })), 'saved');
});

test('a limit on the rows of an answer ends no session, and lets none stay', async () => {
  const limit = 'SET SESSION sql_select_limit=1';
  const sessions = storeAfter(limit, { maxPerUser: 2 });
  const ids = await Promise.all([1, 2, 3].map((n) => newSession(direct, { n })));
  const opened = await Promise.all(ids.map((id) => sessions.open(id, { mode: 'read' })));
  assert.ok(opened.every((session) => session !== undefined));
  const user = 'limited';
  const [first] = await Promise.all(
    [1, 2, 3, 4].map((n) => direct.create(direct.newId(), json({ n }), { user })),
  );
  await sessions.create(sessions.newId(), json({}), { user });
  assert.equal((await direct.of(user).list()).length, 2);
  await sessions.of(user).revokeOthers({ handle: first?.handle });
  const { url } = await newSchema();
  const article = storeAfter(limit, { profile: 'article' } as unknown as Options, url);
  await article.createTable();
  const bare = await Promise.all([1, 2].map((n) => newSession(article, { n })));
  assert.deepEqual(await Promise.all(bare.map((id) => stored(article, id))), [{ n: 1 }, { n: 2 }]);
});

test('with autocommit off the store is refused, with the remedy', async () => {
  const sessions = storeAfter('SET SESSION autocommit=0');
  await assert.rejects(sessions.ready(), (error: Error) => {
    assert.ok(error instanceof SessionSetupError);
    return /autocommit is off.*set autocommit=1/.test(error.message);
  });
});

for (const strategy of ['merge', 'lease', 'row'] as const) {
  test(`${strategy}: a save on a connection that was released within a transaction is durable`, async () => {
    const left = ['START TRANSACTION', 'SELECT COUNT(*) FROM sessions'];
    for (const sql of [left, ['SET autocommit=0']]) {
      const id = await newSession(direct, { n: 0 });
      const { sessions, pool } = await storeOnOne({ strategy });
      const session = (await sessions.open(id)) ?? assert.fail();
      if (strategy !== 'row') await leave(pool, sql);
      assert.equal(await session.save(json({ n: 1 })), 'saved');
      await session.close();
      await leave(pool, sql);
      const made = await newSession(sessions, { n: 2 });
      await leave(pool, sql);
      const opened = (await sessions.open(made)) ?? assert.fail();
      const renewed = await opened.renew({ user: 'left open' });
      await opened.close();
      await leave(pool, sql);
      assert.equal(await sessions.of('left open').revokeAll(), 1);
      await pool.end();
      assert.deepEqual(await stored(direct, id), { n: 1 });
      assert.deepEqual(await stored(direct, renewed ?? ''), undefined);
    }
  });
}

test('settings of the connections that the application needs change no session', async () => {
  const settings = [
    "NAMES latin1, time_zone='+13:00', sql_safe_updates=1, innodb_lock_wait_timeout=1",
    'SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED',
    "sql_mode='ANSI,NO_BACKSLASH_ESCAPES,NO_UNSIGNED_SUBTRACTION'",
  ];
  for (const setting of settings) {
    const sessions = storeAfter(`SET ${setting}`);
    const value = { text: 'ä日\\\'"\0😀' };
    const id = sessions.newId();
    const session = await sessions.create(id, json({}), { user: 'Änne', label: 'Läptop' });
    assert.equal(await session.save(json(value)), 'saved');
    assert.deepEqual(await stored(direct, id), value);
    assert.equal((await direct.of('Änne').list())[0]?.label, 'Läptop');
    assert.equal(typeof (await sessions.gc()), 'number');
    assert.equal(await sessions.of('Änne').revokeAll(), 1);
  }
});

for (const strategy of ['merge', 'lock', 'lease', 'row'] as const) {
  test(`${strategy}: no session is read as of a transaction that was left open`, async () => {
    const { sessions, pool } = await storeOnOne({ strategy });
    const id = direct.newId();
    await direct.create(id, json({ n: 0 }), { user: strategy });
    for (const left of ['START TRANSACTION WITH CONSISTENT SNAPSHOT', 'SET autocommit=0']) {
      await leave(pool, [left]);
      const before = await stored(sessions, id);
      const made = await newSession(direct, { made: left });
      if (before) await direct.of(strategy).revokeAll();
      assert.deepEqual(await stored(sessions, made), { made: left });
      assert.equal(await stored(sessions, id), undefined);
      assert.equal(await sessions.open(id), undefined);
      assert.deepEqual(await sessions.of(strategy).list(), []);
    }
  });
}

test('LOCK TABLES that was left open fails no read and no save', async () => {
  const { sessions, pool } = await storeOnOne();
  const id = await newSession(direct, { n: 0 });
  await leave(pool, ['CREATE TABLE IF NOT EXISTS other (n INT)', 'LOCK TABLES other READ']);
  const session = (await sessions.open(id)) ?? assert.fail();
  await leave(pool, ['LOCK TABLES sessions READ']);
  assert.equal(await session.save(json({ n: 1 })), 'saved');
});

test('a use that changes no byte of the row does not end the session', async () => {
  const sessions = newStore({ touchAfter: 0 }, { flags: ['-FOUND_ROWS'] });
  const id = await newSession(direct, { n: 0 });
  const opened = await Promise.all(Array.from({ length: 40 }, () => sessions.open(id)));
  const touched = await Promise.all(opened.map((session) => session?.touch()));
  assert.ok(touched.every((isThere) => isThere));
});

test('the servers of a PoolCluster are used, and without one nothing but the call fails', async () => {
  const cluster = createPoolCluster();
  atEnd(() => cluster.end());
  // The declarations of mysql2 have no common type for a pool and a cluster's servers.
  const servers = cluster.of('*') as unknown as Pool;
  await assert.rejects(storeOn(servers, { timeout: 0.2 }).ready(), SessionUnavailable);
  cluster.add('first', schema.url);
  const sessions = storeOn(servers);
  const id = await newSession(sessions, { n: 1 });
  assert.deepEqual(await stored(direct, id), { n: 1 });
});
