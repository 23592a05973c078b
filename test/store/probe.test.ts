/** Requirements on the server and the table, and the texts of refusals. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createPool } from 'mysql2';
import type { Pool, RowDataPacket } from 'mysql2/promise';
import { SessionSetupError } from '../../src/store/errors.ts';
import { createSessions } from '../../src/store/store.ts';
import { OurTable } from '../../src/store/table/ours.ts';
import { root } from '../../src/workshop/course/catalogue.ts';
import {
  atEnd,
  json,
  newSchema,
  newSession,
  poolOf,
  schema,
  secrets,
  stored,
  storeOn,
} from './fixture.ts';

async function refusal(alter: (pool: Pool) => Promise<unknown>): Promise<string> {
  const { url } = await newSchema();
  const pool = poolOf(url);
  const sessions = storeOn(pool);
  await sessions.createTable();
  await alter(pool);
  const error = await sessions.ready().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SessionSetupError);
  await assert.rejects(sessions.open(sessions.newId()), SessionSetupError, 'and at each use');
  return error.message;
}

test('a missing table, column or engine, and an id that compares loosely, are refused', async () => {
  const cases: [string, RegExp][] = [
    ['DROP TABLE sessions', /"sessions" does not exist.*create it once by createTable\(\)/],
    ['ALTER TABLE sessions DROP version, DROP token', /no column "version", "token"/],
    ['ALTER TABLE sessions ENGINE=MyISAM', /the engine MyISAM.*ENGINE=InnoDB/],
    ['ALTER TABLE sessions MODIFY id VARCHAR(64) NOT NULL', /compares by .*_ci.*VARBINARY/],
  ];
  for (const [sql, message] of cases) {
    assert.match(await refusal((pool) => pool.query(sql)), message);
  }
});

test('a view is refused as one', async () => {
  const message = await refusal(async (pool) => {
    await pool.query('RENAME TABLE sessions TO behind');
    await pool.query('CREATE VIEW sessions AS SELECT * FROM behind');
  });
  assert.match(message, /"sessions" is a view: name the table behind it/);
});

test('an address that cannot be right is refused with the form to use, and without its password', () => {
  const wrong = [undefined, '', 'localhost', 'localhost:3306/app', 'postgres://u:hidden@host/app'];
  const unescaped = ['mysql://u:hidden#1@host/app', 'mysql://u:hidden%@host/app'];
  for (const url of [...wrong, ...unescaped]) {
    assert.throws(
      () => createSessions({ url: url as string, secrets, gc: false }),
      ({ name, message }: Error) =>
        name === 'SessionSetupError' &&
        /(?:not an address|no.* url): give one, such as mysql:.*# % as %40/.test(message) &&
        !message.includes('hidden'),
    );
  }
});

test('a wrong password, no database and no server are reported with their remedies', async () => {
  const refusalOf = async (alter: (address: URL) => void): Promise<string> => {
    const address = new URL(schema.url);
    alter(address);
    const sessions = storeOn(poolOf(address.href), { timeout: 1 });
    const failure = await sessions.createTable().catch(({ message }: Error) => message);
    return String(failure);
  };
  const wrong = await refusalOf((address) => {
    address.password = 'wrong';
  });
  assert.match(wrong, /refuses the user or the password: check them in the address/);
  const none = await refusalOf((address) => {
    address.pathname = '';
  });
  assert.match(none, /no database is selected: name it at the end of the address/);
  const down = await refusalOf((address) => {
    address.port = '1';
  });
  assert.match(down, /\(ECONNREFUSED\): check its address, that it runs/);
});

test('a secret that is missing is not taken for a short one', () => {
  const options = {
    url: schema.url,
    secrets: [undefined as unknown as string],
    gc: false,
  } as const;
  assert.throws(() => createSessions(options), /secrets\[0\] is of the type undefined/);
});

test('a store that was refused can be used once the table is right', async () => {
  const pool = poolOf((await newSchema()).url);
  const sessions = storeOn(pool);
  await assert.rejects(sessions.ready(), SessionSetupError);
  await sessions.createTable();
  const id = await newSession(sessions, { n: 0 });
  assert.deepEqual(await stored(sessions, id), { n: 0 });
});

test('a table dropped while running is an error that says so, and not an empty session', async () => {
  const pool = poolOf((await newSchema()).url);
  const sessions = storeOn(pool);
  await sessions.createTable();
  const id = await newSession(sessions, { n: 0 });
  await pool.query('DROP TABLE sessions');
  await assert.rejects(
    sessions.open(id),
    /the table does not exist: create it once by createTable/,
  );
});

test('the table and its columns can have other names, and the table can be in another schema', async () => {
  const own = await newSchema();
  const pool = poolOf(schema.url);
  const columns = { id: 'sid', data: 'payload', user: 'user id', expires: 'until' };
  const sessions = storeOn(pool, { table: `${own.name}.web sessions`, columns });
  await sessions.createTable();
  const id = await newSession(sessions, { n: 0 });
  const session = await sessions.open(id);
  await session?.renew({ user: '42' });
  assert.equal((await sessions.of('42').list()).length, 1);
  assert.equal(await sessions.of('42').revokeAll(), 1);
  assert.equal(await sessions.gc(), 0);
});

test('any pool of mysql2 serves, with options that change its results', async () => {
  const options = {
    uri: schema.url,
    supportBigNumbers: true,
    bigNumberStrings: true,
    namedPlaceholders: true,
    rowsAsArray: false,
    nestTables: true,
    flags: ['-FOUND_ROWS'],
    typeCast: () => 'changed',
  };
  const callbacks = createPool(options);
  const lists = createPool({ uri: schema.url, rowsAsArray: true });
  atEnd(() => Promise.all([callbacks.promise().end(), lists.promise().end()]));
  // As a program does that observes the driver.
  lists.on('connection', (connection) => {
    const { execute } = connection;
    connection.execute = ((...values: Parameters<typeof execute>) => {
      execute.apply(connection, values);
    }) as unknown as typeof execute;
  });
  for (const pool of [callbacks, callbacks.promise(), lists]) {
    const sessions = createSessions({ pool, secrets, gc: false });
    const id = await newSession(sessions, { n: 0 });
    const session = await sessions.open(id);
    assert.equal(await session?.save(json({ n: 1 })), 'saved');
    assert.deepEqual(await stored(sessions, id), { n: 1 });
  }
});

test('the table on the page is the one that createTable() makes', () => {
  const page = readFileSync(join(root, 'docs/the-store.md'), 'utf8');
  const shown = /```sql\n(CREATE TABLE sessions.+?)\n```/s.exec(page)?.[1] ?? '';
  const plain = (sql: string): string =>
    sql
      .replaceAll(/--.*/g, '')
      .replaceAll('`', '')
      .replace('IF NOT EXISTS ', '')
      .replaceAll(/\s+/g, ' ')
      .trim();
  assert.equal(plain(shown), plain(new OurTable('sessions').schema));
});

test('a pool that was given stays open, and one that was made from a url is ended', async () => {
  const pool = poolOf(schema.url);
  const given = storeOn(pool);
  await given.close();
  await pool.query('SELECT 1');
  const own = createSessions({ url: schema.url, secrets, gc: false });
  await own.ready();
  await own.close();
  await assert.rejects(own.open(own.newId()), /the pool is closed/);
});

test('data that a narrowed column would cut is refused, though the connections are not strict', async () => {
  const pool = poolOf((await newSchema()).url);
  pool.pool.on('connection', (connection) => void connection.query("SET sql_mode=''"));
  const sessions = storeOn(pool);
  await sessions.createTable();
  const id = await newSession(sessions, { n: 0 });
  const [one, other] = [await sessions.open(id), await sessions.open(id)];
  await pool.query('ALTER TABLE sessions MODIFY d VARBINARY(20) NOT NULL');
  const text = 'x'.repeat(40);
  const isRefused = { name: 'SessionSetupError', message: /a value is longer than its column/ };
  await assert.rejects(newSession(sessions, { text }), isRefused);
  // Two at once go in one statement.
  const id2 = await newSession(sessions, { n: 0 });
  const third = await sessions.open(id2);
  for (const saved of await Promise.allSettled([
    one?.save(json({ text })),
    third?.save(json({ text })),
  ])) {
    assert.equal(saved.status, 'rejected');
  }
  await assert.rejects(other?.save(json({ text })) ?? Promise.resolve(), isRefused);
  assert.deepEqual(await stored(sessions, id), { n: 0 });
  const [[mode]] = await pool.query<RowDataPacket[]>('SELECT @@sql_mode AS mode');
  assert.equal(mode?.['mode'], '', "the application's own statements are as they were");
});
