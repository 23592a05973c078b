import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { createPool } from 'mysql2/promise';
import { openBench } from '#bench';

const {
  another,
  clock,
  database,
  exported,
  gate,
  given,
  handler,
  secondDatabase,
  serve,
  silence,
  statements,
} = await openBench();
await handler.open('', 'MySession');
const { handler: elsewhere } = await another();
await elsewhere.open('', 'MySession');
const { handler: shared } = given({ clock: 'database' });
await shared.open('', 'MySession');
const { handler: polls } = given({ clock: 'database', readOnly: true });
await polls.open('', 'MySession');
const forum = await secondDatabase();
const pool = createPool(forum.url);
after(() => pool.end());

const hour = 3600;
const ann = 'user|s:3:"Ann";';

/** Puts a session into a table that was over long ago. */
async function addOld(table = database): Promise<void> {
  await table.query('DELETE FROM sessions');
  await table.query("INSERT INTO sessions (id, d, updated) VALUES ('old', '', 1000)");
}

/** Starts a sweep that is stopped at its DELETE, and runs a check meanwhile. */
async function whileSweeping(check: (cut: () => void) => Promise<void>): Promise<void> {
  await addOld();
  const sweeps = gate(1, /^\s*DELETE/i, { opens: 'by hand' });
  const sweep = handler.gc(1440).catch(() => false);
  await sweeps.arrived;
  try {
    await check(() => sweeps.cut());
  } finally {
    sweeps.open();
    await sweep;
  }
}

test('the sweep of a server whose clock is wrong ends no session', async () => {
  const id = await shared.create_sid();
  await shared.write(id, ann);
  for (const wrong of [hour, -hour]) {
    clock.advance(wrong);
    await shared.gc(1440);
    const there = [await shared.read(id), await polls.read(id)];
    clock.advance(-wrong);
    assert.deepEqual(there, [ann, ann], `read where it is ${wrong} s later, and with readOnly`);
    assert.equal(
      await shared.read(id),
      ann,
      `read here, after a sweep where it is ${wrong} s later`,
    );
  }
});

test('a session lives equally long, whichever server has saved it', async () => {
  const age = (by: number) => database.query('UPDATE sessions SET updated = updated - ?', [by]);
  for (const wrong of [hour, -hour]) {
    clock.advance(wrong);
    const id = await shared.create_sid();
    await age(1000);
    await shared.write(id, ann);
    clock.advance(-wrong);
    await age(1000);
    assert.equal(await shared.read(id), ann, `1000 s after a save where it is ${wrong} s later`);
    await age(441);
    clock.advance(wrong);
    assert.equal(await shared.read(id), '', `1441 s later, read where it is ${wrong} s later`);
    await shared.gc(1440);
    clock.advance(-wrong);
    assert.equal((await database.rows()).length, 0, 'rows after a sweep');
  }
  const ahead = async (): Promise<number> => {
    const [row] = await database.query('SELECT updated - UNIX_TIMESTAMP() AS ahead FROM sessions');
    return Number(row?.['ahead']);
  };
  for (const zone of ['+05:00', '-05:00']) {
    await database.query('DELETE FROM sessions');
    const abroad = createPool(database.url);
    abroad.on('connection', (connection) => connection.query('SET time_zone = ?', [zone]));
    const { handler: there } = given({ clock: 'database', pool: abroad });
    await there.open('', 'MySession');
    const id = await there.create_sid();
    const dates = [await ahead()];
    await there.write(id, ann);
    dates.push(await ahead());
    await there.gc(1440);
    const data = await there.read(id);
    await age(1500);
    await there.gc(1440);
    await abroad.end();
    const isNear = dates.every((date) => Math.abs(date) < 60);
    assert.ok(isNear, `a new session and a save at ${zone} are dated ${dates} s ahead`);
    assert.equal(data, ann, `read at ${zone}, after a sweep there`);
    assert.equal((await database.rows()).length, 0, `rows of 1500 s, after a sweep at ${zone}`);
  }
});

test('the environment says whose clock it is, where a handler is not told', async () => {
  const saved = async (by = handler): Promise<number> => {
    await database.query('DELETE FROM sessions');
    clock.advance(hour);
    try {
      await by.create_sid();
      await by.close();
    } finally {
      clock.advance(-hour);
    }
    const [row] = await database.query('SELECT updated - UNIX_TIMESTAMP() AS ahead FROM sessions');
    return Number(row?.['ahead']);
  };
  try {
    for (const [given, atLeast, atMost] of [
      ['database', -60, 0],
      ['server', hour - 60, hour + 60],
      [undefined, hour - 60, hour + 60],
    ] as const) {
      delete process.env['SESSION_CLOCK'];
      if (given !== undefined) process.env['SESSION_CLOCK'] = given;
      const ahead = await saved();
      assert.ok(ahead >= atLeast && ahead <= atMost, `SESSION_CLOCK=${given}: ${ahead} s ahead`);
    }
    for (const wrong of ['databse', 'Database', 'database ', '']) {
      process.env['SESSION_CLOCK'] = wrong;
      const message = `SESSION_CLOCK is "${wrong}"`;
      await assert.rejects(saved(), /SESSION_CLOCK must be server or database/, message);
    }
    process.env['SESSION_CLOCK'] = 'server';
    const ahead = await saved(shared);
    assert.ok(ahead <= 0, `a handler that was given clock: 'database' saves ${ahead} s ahead`);
    process.env['SESSION_CLOCK'] = 'database';
    const { handler: own } = given({ clock: 'server' });
    await own.open('', 'MySession');
    const mine = await saved(own);
    assert.ok(mine > hour - 60, `a handler that was given clock: 'server' saves ${mine} s ahead`);
    const { handler: stopped } = given({ clock: 'database', now: () => 1_800_000_000 });
    await stopped.open('', 'MySession');
    await saved(stopped);
    const [row] = await database.query('SELECT updated FROM sessions');
    assert.equal(row?.['updated'], 1_800_000_000, 'saved by a handler that was given `now`');
  } finally {
    delete process.env['SESSION_CLOCK'];
  }
});

test('of two sweeps at once, one does the work and the other does not wait', async () => {
  await whileSweeping(async () => {
    const before = statements().length;
    const second = elsewhere.gc(1440);
    assert.equal(
      await database.lockWaits(1, second),
      false,
      'the second sweep waits for the first',
    );
    assert.equal(await second, true);
    const swept = statements()
      .slice(before)
      .filter(({ sql }) => /^\s*DELETE/i.test(sql));
    assert.equal(swept.length, 0, 'statements that sweep, beside the first');
    const one = createPool({ uri: database.url, connectionLimit: 1, waitForConnections: false });
    const { handler: small } = given({ pool: one });
    await small.open('', 'MySession');
    for (let at = 0; at < 2; at += 1) {
      const third = await small.gc(1440).catch(String);
      assert.equal(third, true, 'a sweep that is not needed, with the one connection of its pool');
    }
    await one.end();
  });
  assert.equal((await database.rows()).length, 0, 'rows after both');
  // Both have asked before either has the lock: a class that looks first finds it free twice.
  await addOld();
  const asks = gate(2, /LOCK\s*\(/i, { opens: 'by hand' });
  const both = [handler.gc(1440), elsewhere.gc(1440)];
  const haveAsked = await asks.reached(Promise.all(both));
  const sweeps = gate(1, /^\s*DELETE/i, { opens: 'by hand' });
  asks.open();
  const waits = haveAsked && (await database.lockWaits(1, Promise.race(both)));
  sweeps.open();
  await Promise.all(both);
  assert.equal(waits, false, 'one of two sweeps that have begun together waits for the other');
});

test('a server that dies while it sweeps leaves the next sweep to another', async () => {
  await whileSweeping(async (cut) => {
    cut();
    // Waits until the database has noticed it.
    await database.connections();
    await elsewhere.gc(1440);
    assert.equal((await database.rows()).length, 0, 'rows after the sweep of the other server');
  });
});

test('a sweep that fails leaves the next one free', async (context) => {
  await addOld();
  const one = createPool({ uri: database.url, connectionLimit: 1, waitForConnections: false });
  context.after(() => one.end());
  const { handler: small } = given({ pool: one });
  await small.open('', 'MySession');
  const count = async () => (await one.query('SELECT COUNT(*) FROM sessions'))[0];
  const names = "Variable_name IN ('tx_isolation', 'transaction_isolation')";
  /** The level of its next transaction, by what that sees, and of those after it. */
  const levels = async () => {
    try {
      await one.query('BEGIN');
      const rows = await count();
      await database.query('INSERT INTO sessions (id, updated) VALUES (UUID_SHORT(), 1000)');
      const isRepeatable = isDeepStrictEqual(await count(), rows);
      await one.query('ROLLBACK');
      return [isRepeatable, (await one.query(`SHOW SESSION VARIABLES WHERE ${names}`))[0]];
    } catch (error) {
      return String(error);
    }
  };
  const before = await levels();
  const failed = await database.withoutTable(() => small.gc(1440).catch(() => false));
  assert.notEqual(failed, true, 'a sweep that has failed');
  assert.deepEqual(await levels(), before, 'of the one connection of the pool, afterwards');
  await elsewhere.gc(1440);
  assert.equal((await database.rows()).length, 0, 'rows after the sweep that came next');
  await small.gc(1440);
  assert.deepEqual(await levels(), before, 'of the one connection of the pool, after a sweep');
  await whileSweeping(async () => {
    assert.equal(await small.gc(1440), true);
  });
  assert.deepEqual(await levels(), before, 'of the same, after a sweep that was not needed');
  await one.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
  const chosen = await levels();
  await small.gc(1440);
  assert.deepEqual(await levels(), chosen, 'of the same, at READ COMMITTED, after a sweep');
});

test('the connection that has the lock of the reaper is the one that sweeps', async () => {
  // With several free connections in its pool, a class that asks the pool gets one after another.
  const requests = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const { handler: request } = given({});
      await request.open('', 'MySession');
      await request.create_sid();
      return request;
    }),
  );
  for (const request of requests) await request.close();
  await addOld();
  const before = statements().length;
  await handler.gc(1440);
  const used = statements()
    .slice(before)
    .filter(({ sql }) => /GET_LOCK|RELEASE|^\s*DELETE/i.test(sql))
    .map(({ connection }) => connection);
  assert.equal(new Set(used).size, 1, 'connections that lock, sweep and release');
  await addOld();
  const releases = gate(1, /RELEASE/i, { opens: 'by hand' });
  const sweep = handler.gc(1440).then(() => 'has returned');
  if (!(await releases.reached(sweep))) releases.open();
  else {
    const outcome = await Promise.race([sweep, silence(500, 'waits')]);
    releases.open();
    assert.equal(outcome, 'waits', 'a sweep whose lock is not released yet');
  }
  await sweep;
  await addOld();
  await elsewhere.gc(1440);
  assert.equal((await database.rows()).length, 0, 'rows after the sweep of another server');
});

test('a site does not wait for the sweep of another site', async () => {
  await addOld(forum);
  await whileSweeping(async () => {
    const { handler: other } = given({ pool });
    await other.open('', 'MySession');
    await other.gc(1440);
    assert.equal((await forum.rows()).length, 0, 'rows of the forum, while the shop is swept');
  });
  const asks = statements().findLast(({ sql }) => /\bGET_LOCK\(/i.test(sql));
  const named = asks?.sql.replace(/\bGET_LOCK\(/i, "CONCAT_WS('|', ") ?? '';
  const [row = {}] = await forum.query(named, asks?.values);
  const name = String(Object.values(row)[0]).replace(/\|[^|]*$/, '');
  const [next = {}] = await (await secondDatabase()).query(named, asks?.values);
  assert.notDeepEqual(next, row, 'the lock of a site whose name differs in its last character');
  const most = 64; // MySQL's limit; MariaDB's is higher
  assert.ok(name.length <= most, `the lock of the forum has ${name.length} characters: ${name}`);
});

test('a request that sweeps keeps its session to itself', async () => {
  const server = await serve({
    settings: { 'session.gc_probability': '1', 'session.gc_divisor': '1' },
  });
  const { cookie } = await server.request();
  const saves = gate(1, /^\s*UPDATE/i, { opens: 'by hand' });
  const first = server.request({ cookie });
  await saves.arrived;
  const second = (await another()).serve().then((other) => other.request({ cookie }));
  const waits = await database.lockWaits(1, second);
  saves.open();
  await Promise.all([first, second]);
  assert.equal(waits, true, 'another request went on with a session that was being used');
  const one = createPool({ uri: database.url, connectionLimit: 1, waitForConnections: false });
  const sweeper = new (exported as new (means: object) => typeof handler)({ pool: one });
  await sweeper.open('', 'MySession');
  await sweeper.create_sid();
  await sweeper.gc(1440);
  const used = 'its pool has the connection with its lock again, and gives it to another request';
  await assert.rejects(() => one.getConnection(), used);
  await sweeper.close();
  await one.end();
});
