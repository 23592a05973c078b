/** Older tables, brought to the present shape while they are in use. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pool, RowDataPacket } from 'mysql2/promise';
import { newSchema, newSession, poolOf, stored, storeOn } from '../store/fixture.ts';
import { phpsessid, type Ran } from './fixture.ts';

interface Place {
  readonly pool: Pool;
  /** A session that was there before. */
  readonly id: string;
  migrate(...args: string[]): Promise<Ran>;
}

/** A table with one session, and then of another shape. */
async function place(...changes: string[]): Promise<Place> {
  const { url } = await newSchema();
  const pool = poolOf(url);
  const sessions = storeOn(pool);
  await sessions.createTable();
  const id = await newSession(sessions, { n: 1 });
  for (const sql of changes) await pool.query(sql);
  const env = { DATABASE_URL: url };
  return { pool, id, migrate: (...args) => phpsessid(['migrate', ...args], { env }) };
}

async function columnsOf(pool: Pool): Promise<string[]> {
  const [rows] = await pool.query<RowDataPacket[]>('SHOW COLUMNS FROM sessions');
  return rows.map((row) => `${row['Field']} ${row['Type']}`);
}

const OLD = [
  'ALTER TABLE sessions RENAME COLUMN d TO payload',
  'ALTER TABLE sessions DROP KEY expires, DROP KEY user',
  'ALTER TABLE sessions DROP label, DROP next, DROP user, DROP created, DROP expires',
];

test('an older table gets what it lacks, and its sessions live on', async () => {
  const { pool, id, migrate } = await place(...OLD);
  const before = await columnsOf(pool);
  const dry = await migrate('--dry-run', '--rename', 'payload=d', '--add', 'tenant INT NULL');
  assert.deepEqual([dry.code, dry.err], [0, '']);
  assert.match(dry.out, /RENAME COLUMN `payload` TO `d`;\n.*ADD COLUMN tenant INT NULL;\n/);
  assert.match(dry.out, /\n\d+ steps to do\n$/);
  assert.deepEqual(await columnsOf(pool), before, 'a dry run changes nothing');

  const done = await migrate('--rename', 'payload=d', '--add', 'tenant INT NULL');
  assert.deepEqual([done.code, done.err], [0, '']);
  assert.match(done.out, /\n9 steps done, 1 rows have got their expiry\n$/);
  assert.deepEqual(await stored(storeOn(pool), id), { n: 1 });
  const [[row]] = await pool.query<RowDataPacket[]>(
    'SELECT expires - updated AS idle, created - updated AS age FROM sessions',
  );
  assert.equal(Number(row?.['idle']), 1_800_000);
  assert.ok(Number(row?.['age']) < 60_000, 'the absolute time begins with the migration');

  const again = await migrate('--rename', 'payload=d', '--add', 'tenant INT NULL');
  assert.deepEqual(again, { code: 0, out: 'the table sessions has the present shape\n', err: '' });
});

test('a session that the old version adds afterwards is not lost, and ends in time', async () => {
  const { pool, migrate } = await place(...OLD);
  assert.equal((await migrate('--rename', 'payload=d')).code, 0);
  await pool.query(
    `INSERT INTO sessions (id,d,version,token,updated)
     VALUES (UNHEX(SHA2('late',256)),'{"n":2}',1,'',UNIX_TIMESTAMP()*1000)`,
  );
  const sessions = storeOn(pool);
  assert.equal(await sessions.gc(), 0);
  assert.equal(await sessions.count(), 2);
  const { out } = await migrate();
  assert.equal(out, '0 steps done, 1 rows have got their expiry\n');
  const [rows] = await pool.query<RowDataPacket[]>(
    'SELECT 1 FROM sessions WHERE expires > (UNIX_TIMESTAMP() + 1801) * 1000',
  );
  assert.deepEqual(rows, []);
  await pool.query('UPDATE sessions SET created=1e15, updated=1e15, expires=1e15');
  const strange = await migrate();
  assert.equal(strange.out, '0 steps done, 2 rows have got their expiry\n');
});

test('a step that stops writes is refused, and what was done before it is kept', async () => {
  const { pool, id, migrate } = await place(
    'ALTER TABLE sessions DROP KEY user, DROP label, MODIFY d BLOB NOT NULL',
  );
  const refused = await migrate();
  assert.equal(refused.code, 1);
  assert.match(
    refused.err,
    /this step stops writes.*MODIFY `d` MEDIUMBLOB NOT NULL\ngive --allow-lock/,
  );
  const again = JSON.parse((await migrate('--json')).out) as { isDone: boolean; steps: string[] };
  assert.deepEqual([again.isDone, again.steps], [false, []]);
  const done = await migrate('--allow-lock', '--json');
  assert.equal(done.code, 0);
  const { isDone, steps } = JSON.parse(done.out) as { isDone: boolean; steps: string[] };
  assert.deepEqual([isDone, steps.length], [true, 3]);
  assert.deepEqual(await stored(storeOn(pool), id), { n: 1 });
});

test('a table of ids that are not hashed is refused, and so is one without the columns', async () => {
  const plain = await place(
    "UPDATE sessions SET id='4f9vt3rs1q9n1c0sdm1k2a3b4c'",
    'ALTER TABLE sessions MODIFY id VARCHAR(64) NOT NULL',
  );
  const refused = await plain.migrate('--allow-lock');
  assert.equal(refused.code, 1);
  assert.match(refused.err, /values that are not hashes of ids: no cookie would find its row/);
  const strange = await place('ALTER TABLE sessions RENAME COLUMN id TO sid');
  const named = await strange.migrate();
  assert.equal(named.code, 1);
  assert.match(named.err, /"id" is missing.*--column id=sid names it/);
});

test('a step that the server refuses is named with the reason, and no value of a row is shown', async () => {
  const { pool, migrate } = await place(
    'ALTER TABLE sessions DROP PRIMARY KEY',
    'INSERT INTO sessions SELECT * FROM sessions',
  );
  const { code, err } = await migrate('--allow-lock');
  assert.equal(code, 1);
  assert.match(
    err,
    /step \(ER_DUP_ENTRY\): ALTER TABLE `sessions` ADD PRIMARY KEY \(`id`\)\ntwo rows/,
  );
  await pool.query('DELETE FROM sessions LIMIT 1');
  assert.equal((await migrate('--allow-lock')).code, 0);
  // The driver has MySQL's names only, and for MariaDB's error no other than that.
  const unknown = await migrate('--add', 'tenant FANCY NULL');
  assert.match(
    unknown.err,
    /refuses this step \((error 4161|ER_PARSE_ERROR)\): .* tenant FANCY NULL\nrun it with an SQL/,
  );
});

test('a date is not made a number', async () => {
  const { pool, id, migrate } = await place(
    'UPDATE sessions SET expires=20301231235959',
    'ALTER TABLE sessions MODIFY expires DATETIME NOT NULL',
  );
  const stuck = await migrate('--allow-lock');
  assert.equal(stuck.code, 1);
  for (const [sql] of stuck.err.matchAll(/ALTER TABLE.*;/g)) await pool.query(sql);
  assert.equal((await migrate()).code, 0);
  const [[row]] = await pool.query<RowDataPacket[]>('SELECT expires-updated AS idle FROM sessions');
  assert.equal(Number(row?.['idle']), 1_800_000);
  assert.deepEqual(await stored(storeOn(pool), id), { n: 1 });
});

test('while another transaction uses the table, the ALTER gives way to later statements', async () => {
  const { pool, migrate } = await place('ALTER TABLE sessions DROP label');
  const other = await pool.getConnection();
  await other.query('START TRANSACTION');
  await other.query('SELECT COUNT(*) FROM sessions');
  const migrating = migrate();
  for (;;) {
    const [waiting] = await pool.query<RowDataPacket[]>(
      "SELECT 1 FROM information_schema.PROCESSLIST WHERE DB=DATABASE() AND STATE LIKE 'Waiting for table metadata%'",
    );
    if (waiting.length > 0) break;
  }
  // Behind an ALTER that waits for its lock, this read would wait for the other transaction's end.
  await pool.query('SELECT COUNT(*) FROM sessions');
  await other.query('COMMIT');
  other.release();
  const { code, err } = await migrating;
  assert.deepEqual([code, err], [0, '']);
});

test('a wrong --rename or --add says what it takes', async () => {
  const { migrate } = await place();
  for (const [args, exitCode, message] of [
    [['--rename', 'payload'], 2, /takes OLD=NEW/],
    [['--rename', 'one=two'], 1, /the table has neither column/],
    [['--add', 'tenant INT NOT NULL'], 2, /without a default every new session is refused/],
    [['--table', 'nowhere'], 1, /there is no table "nowhere": phpsessid create/],
  ] as const) {
    const { code, err } = await migrate(...args);
    assert.equal(code, exitCode, args.join(' '));
    assert.match(err, message);
  }
});
