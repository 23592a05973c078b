import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { openBench } from '#bench';

const { clock, database, gate, handler, newId, serve, silence, statements } = await openBench();
await handler.open('', 'MySession');

test('a session lives to the end of its last second', async () => {
  clock.set(1_800_000_000);
  const id = await newId();
  await handler.write(id, 'user|s:3:"Ann";');
  clock.advance(1440.6); // time() counts whole seconds, and it says 1440
  assert.equal(
    await handler.read(id),
    'user|s:3:"Ann";',
    'written 1440 whole seconds ago, and 1440 is the limit',
  );
});

test('a session that is over reads as an empty string, collected or not', async () => {
  clock.set(1_800_000_000);
  const id = await newId();
  await handler.write(id, 'user|s:3:"Ann";');
  clock.advance(1441);
  assert.equal(await handler.read(id), '', 'written 1441 s ago, and 1440 is the limit');
  await handler.gc(86_400);
  assert.equal(await handler.read(id), '', 'after a sweep that has left its row');
  await handler.write(id, 'user|s:3:"Ann";');
  clock.advance(1000);
  await handler.read(id);
  clock.advance(1000);
  assert.equal(await handler.read(id), '', 'written 2000 s ago, and only read since');
});

test('a session that was saved by a clock ahead of its time is over', async () => {
  clock.set(1_800_000_000);
  const id = await newId();
  await handler.write(id, 'user|s:3:"Ann";');
  clock.advance(7200);
  await handler.write(id, 'user|s:3:"Ann";');
  clock.advance(-7200);
  const answer = await handler.read(id);
  assert.equal(answer, '', 'saved by a clock two hours ahead, it lives two hours too long');
  clock.advance(7200 - 1441);
  const ahead = 'saved by a clock 1441 s ahead, and 1440 is the limit';
  assert.equal(await handler.read(id), '', ahead);
  clock.advance(1441 - 60);
  const near = 'a clock is a minute behind the one that saved it, and 1440 s is the limit';
  assert.equal(await handler.read(id), 'user|s:3:"Ann";', near);
  await handler.gc(30);
  const swept = 'a sweep of sessions older than 30 s took one that is younger than the clock';
  assert.equal(await handler.read(id), 'user|s:3:"Ann";', swept);
});

test('a session that is saved at the last moment stays', async () => {
  const ends: Record<string, (id: string) => Promise<unknown>> = {
    'a sweep': () => handler.gc(1440),
    'a read of a session that is over': (id) => handler.read(id),
  };
  for (const [what, end] of Object.entries(ends)) {
    clock.set(1_800_000_000);
    const id = await newId();
    await handler.write(id, 'count|i:1;');
    clock.advance(1441);
    // If it looks for the rows first, it gets its answer after the save.
    const looks = gate(1, /^\s*SELECT/i, { opens: 'by hand', holds: 'answer' });
    const ending = end(id);
    const hasLooked = await looks.reached(ending);
    const save = hasLooked && handler.write(id, 'count|i:2;');
    const isWaiting = save && (await database.lockWaits(1, save));
    looks.open();
    await Promise.all([ending, save]);
    assert.ok(!isWaiting, `a save waited: ${what} locks the rows that it looks for`);
    if (hasLooked) assert.equal(await handler.read(id), 'count|i:2;', `${what} deleted it`);
  }
});

test('the lifetime is the one that php.ini sets', async () => {
  clock.set(1_800_000_000);
  const strict = await serve({ settings: { 'session.gc_maxlifetime': '0' } });
  const { cookie: brief } = await strict.request();
  clock.advance(1);
  const { body } = await strict.request({ cookie: brief });
  assert.match(body, /Count: 1/, 'a second after the last visit, and 0 is the limit');
  const settings = { 'session.gc_maxlifetime': '60' };
  const server = await serve({ settings });
  const { cookie } = await server.request();
  clock.advance(50);
  assert.match((await server.request({ cookie })).body, /Count: 2/, '50 s after the last visit');
  clock.advance(70);
  assert.match((await server.request({ cookie })).body, /Count: 1/, '70 s after the last visit');
});

test('an invalid lifetime is refused and deletes nothing', async () => {
  clock.set(1_800_000_000);
  const id = await newId();
  await handler.write(id, 'count|i:1;');
  clock.advance(1);
  const lifetimes: unknown[] = [
    ...[
      -1,
      -10,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      0.5,
      -0.5,
      2 ** 53,
    ],
    ...[
      '0 OR 1=1',
      '1440',
      '-10',
      '',
      '1440; DROP TABLE sessions',
      true,
      null,
      undefined,
      10n,
      -1n,
    ],
    ...[[], [1440], {}, { valueOf: () => -1 }, new Date(), Symbol('1440')],
  ];
  for (const life of lifetimes) {
    const before = statements().length;
    const answer = await handler.gc(life as number).catch((error: unknown) => error);
    const shown = `garbageCollect(${inspect(life)})`;
    assert.ok(answer instanceof TypeError, `${shown} answered ${String(answer)}`);
    assert.equal(statements().length, before, `${shown} sent a statement before it was refused`);
    assert.equal(await handler.read(id), 'count|i:1;', `${shown} deleted a session`);
  }
  for (const life of [Number.MAX_SAFE_INTEGER, 0]) {
    const answer = await handler.gc(life);
    assert.ok(
      answer === true || typeof answer === 'number',
      `garbageCollect(${life}) is a lifetime`,
    );
    const found = life === 0 ? '' : 'count|i:1;';
    assert.equal(await handler.read(id), found, `after garbageCollect(${life}), a second old`);
  }
});

/** More rows than the usual batch of a thousand. */
const crowd = 1100;

/** The key of one row among many; a higher number is later in the table. */
function crowded(number: number): Buffer {
  const key = Buffer.alloc(32, 255);
  key.writeUInt16BE(65_536 - crowd + number);
  return key;
}

/** Many sessions: with three rows, a database reads all of them, index or not. */
async function addCrowd(updated: number): Promise<void> {
  const rows = Array.from({ length: crowd }, (_, number) => {
    return [crowded(number), 'count|i:1;', updated];
  });
  await database.query('DELETE FROM sessions');
  await database.query('INSERT INTO sessions (id, d, updated) VALUES ?', [rows]);
  await database.query('ANALYZE TABLE sessions');
}

test('the sweep finds its rows by their age', async () => {
  clock.set(1_800_000_000);
  await addCrowd(clock.now());
  await handler.gc(1440);
  const sweep = statements().findLast(({ sql }) => /^\s*DELETE/i.test(sql));
  const [plan] = await database.query(`EXPLAIN ${sweep?.sql}`, sweep?.values);
  assert.equal(plan?.['type'], 'range', 'every row of the table is looked at');
});

test('a save does not wait for the sweep', async () => {
  clock.set(1_800_000_000);
  await addCrowd(clock.now());
  clock.advance(2000);
  const id = await newId();
  await handler.write(id, 'count|i:1;');
  // A lock on the last of the old rows stops the sweep with its work nearly done.
  await database.query('BEGIN');
  await database.query('SELECT d FROM sessions WHERE id = ? FOR UPDATE', [crowded(crowd - 1)]);
  const sweep = handler.gc(1440);
  // Other requests wait for a connection, and take any that the sweep releases too early.
  const reads = Promise.all(Array.from({ length: 60 }, () => handler.read(id)));
  const found = await Promise.race([reads, silence(2000)]);
  await database.lockWaits(1, sweep);
  const save = handler.write(id, 'count|i:2;');
  const isWaiting = await database.lockWaits(2, save);
  await database.query('ROLLBACK');
  await Promise.all([sweep, save, reads]);
  assert.ok(found, 'reads waited on the connection that sweeps: it was released too early');
  assert.equal(isWaiting, false, 'a visitor waited until the sweep was over');
  assert.equal(await handler.read(id), 'count|i:2;');
  const left = (await database.rows()).length;
  assert.equal(left, 1, `rows after a sweep that found ${crowd} of them too old`);
});

/** The settings of the connections that save, which must be those of the server. */
async function settingsOfSaves(id: string): Promise<{ noted: unknown; unchanged: unknown }> {
  const [{ version } = {}] = await database.query('SELECT VERSION() AS version');
  const isolation = /mariadb/i.test(String(version)) ? '@@tx_isolation' : '@@transaction_isolation';
  const limit = /mariadb/i.test(String(version)) ? '@@max_statement_time' : '@@max_execution_time';
  const settings = `CONCAT_WS(' ', ${isolation}, @@autocommit, @@innodb_lock_wait_timeout, ${limit},
    @@lock_wait_timeout, @@wait_timeout, @@unique_checks, @@foreign_key_checks)`;
  // The test has each save note the settings of its connection.
  await database.query('CREATE TABLE IF NOT EXISTS noted (settings varchar(1000))');
  await database.query('DELETE FROM noted');
  await database.query(`CREATE TRIGGER note BEFORE UPDATE ON sessions
    FOR EACH ROW INSERT INTO noted VALUES (${settings})`);
  await Promise.all(Array.from({ length: 20 }, () => handler.write(id, 'count|i:1;')));
  await database.query('DROP TRIGGER note');
  const noted = await database.query('SELECT DISTINCT settings FROM noted');
  const server = settings.replaceAll('@@', '@@GLOBAL.');
  const unchanged = await database.query(`SELECT ${server} AS settings`);
  return { noted, unchanged };
}

test('a sweep changes no setting of its connection', async () => {
  const id = await newId();
  await handler.write(id, 'count|i:0;');
  await Promise.all(Array.from({ length: 10 }, () => handler.gc(86_400)));
  const { noted, unchanged } = await settingsOfSaves(id);
  assert.deepEqual(noted, unchanged, 'settings of connections after ten sweeps at once');
});

test('a sweep that fails leaves nothing behind', async () => {
  const id = await newId();
  await handler.write(id, 'count|i:0;');
  const fail = async (): Promise<string> => {
    for (let sweep = 1; sweep <= 12; sweep += 1) await handler.gc(1440).catch(() => {});
    return 'all have ended';
  };
  const waits = 'one still waits after 4 seconds';
  const failed = await database.withoutTable(() => Promise.race([fail(), silence(4000, waits)]));
  assert.equal(failed, 'all have ended', 'while the test had taken the table away for 12 sweeps');
  for (let save = 1; save <= 12; save += 1) {
    const saved = await Promise.race([handler.write(id, `count|i:${save};`), silence(4000, waits)]);
    assert.equal(saved, true, 'after the test had taken the table away for 12 sweeps');
    const seen = (await database.rows()).map(({ d }) => String(d));
    assert.ok(seen.includes(`count|i:${save};`), `no other connection sees save ${save}`);
  }
  const { noted, unchanged } = await settingsOfSaves(id);
  assert.deepEqual(noted, unchanged, 'settings of connections after sweeps that failed');
  clock.advance(1500);
  assert.notEqual(await handler.gc(1440), false);
  const kept = (await database.rows()).map(({ d }) => String(d));
  assert.ok(!kept.includes('count|i:1;'), 'a sweep after those that failed deletes nothing');
});
