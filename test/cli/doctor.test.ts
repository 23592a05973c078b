/** The doctor, on a real server that is broken in one way at a time. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import type { Finding } from '../../src/cli/doctor/case.ts';
import { createSessions } from '../../src/store/index.ts';
import { startServer } from '../../src/workshop/machine/database/own-server.ts';
import { fill, phpsessid, written } from './fixture.ts';

const secret = 'M2kqY0sVb7Zx9QfTtLw3RrHnJd5PpUaE8gC1oIiSyKo=';

// Settings of the whole server are broken: it must not be the one of other tests.
const server = await startServer({ settings: ['--log-bin', '--server-id=1'] });
const admin = await createConnection({ uri: server.url, multipleStatements: true });
after(async () => {
  await admin.end();
  await server.close();
});
// The tests' server may write its log less often than a server does by default.
const DEFAULTS = `SET GLOBAL read_only=0, GLOBAL sql_mode=DEFAULT, GLOBAL autocommit=1,
  GLOBAL max_allowed_packet=16777216, GLOBAL innodb_flush_log_at_trx_commit=1,
  GLOBAL wait_timeout=28800, GLOBAL init_connect='', GLOBAL sql_select_limit=DEFAULT,
  GLOBAL max_statement_time=0, GLOBAL binlog_format=ROW, GLOBAL completion_type=DEFAULT,
  GLOBAL max_join_size=DEFAULT, GLOBAL max_prepared_stmt_count=DEFAULT;
  SET GLOBAL TRANSACTION ISOLATION LEVEL REPEATABLE READ`;

/** An installation that nothing is wrong with, and its user, who has the four rights. */
async function healthy(): Promise<{ url: string; schema: string; user: string }> {
  await admin.query(DEFAULTS);
  const { name: schema, url } = await server.createSchema('doctor');
  const sessions = createSessions({ url, secrets: [secret], gc: false });
  await sessions.createTable();
  await sessions.close();
  const user = `'u_${schema.slice(-12)}'@'%'`;
  await admin.query(
    `CREATE USER ${user} IDENTIFIED BY 'pass word';
     GRANT SELECT, INSERT, UPDATE, DELETE ON ${schema}.sessions TO ${user};
     USE ${schema}`,
  );
  const own = new URL(url);
  own.username = user.slice(1, -5);
  own.password = encodeURIComponent('pass word');
  return { url: own.href, schema, user };
}

interface Report {
  readonly code: number;
  readonly findings: readonly Finding[];
  readonly unchecked: readonly string[];
}

async function examine(url: string, args = '', secrets = secret): Promise<Report> {
  const env = { DATABASE_URL: url, SESSION_SECRETS: secrets };
  const { code, out, err } = await phpsessid(`doctor --json ${args}`, { env });
  assert.ok(!`${out}${err}`.includes('pass%20word') && !`${out}${err}`.includes(secret));
  assert.notEqual(out, '', err);
  return { code, ...(JSON.parse(out) as Omit<Report, 'code'>) };
}

const codesOf = ({ findings }: Report): string[] => findings.map(({ code }) => code);

/** Pastes a remedy as an administrator would. */
async function paste({ findings }: Report): Promise<void> {
  for (const { remedy } of findings) {
    const statements = remedy.match(/^(?:ALTER|SET|CREATE TABLE|GRANT|UPDATE)[^;]*;/gm) ?? [];
    assert.ok(statements.length > 0, remedy);
    for (const sql of statements) await admin.query(sql);
  }
}

test('a healthy installation has no finding', async () => {
  const { url } = await healthy();
  const report = await examine(url);
  assert.deepEqual(report, {
    code: 0,
    findings: [],
    unchecked: ['the cookie: give --site https://…'],
  });
});

/** The finding, and the statements that break the installation. The remedy's SQL ends it. */
const BROKEN: readonly (readonly [code: string, sql: string])[] = [
  ['engine', 'ALTER TABLE sessions ENGINE=Aria'],
  ['id-collation', 'ALTER TABLE sessions MODIFY id VARCHAR(64) NOT NULL'],
  ['id-short', 'ALTER TABLE sessions MODIFY id VARBINARY(16) NOT NULL'],
  ['id-not-unique', 'ALTER TABLE sessions DROP PRIMARY KEY'],
  ['id-not-unique', 'ALTER TABLE sessions DROP PRIMARY KEY, ADD n INT AUTO_INCREMENT PRIMARY KEY'],
  ['data-charset', 'ALTER TABLE sessions MODIFY d MEDIUMTEXT NOT NULL'],
  ['data-small', 'ALTER TABLE sessions MODIFY d BLOB NOT NULL'],
  ['number-small', 'ALTER TABLE sessions MODIFY expires INT UNSIGNED NOT NULL'],
  ['number-small', 'ALTER TABLE sessions MODIFY updated DATETIME NOT NULL'],
  ['column-required', 'ALTER TABLE sessions ADD tenant VARCHAR(9) COLLATE utf8mb4_bin NOT NULL'],
  ['user-collation', 'ALTER TABLE sessions MODIFY user VARCHAR(128) NULL'],
  ['column-type', 'ALTER TABLE sessions MODIFY token BINARY(8) NOT NULL'],
  ['column-missing', 'ALTER TABLE sessions DROP label'],
  ['index-unique', 'ALTER TABLE sessions ADD UNIQUE (user)'],
  ['index-expires', 'ALTER TABLE sessions DROP KEY expires'],
  ['index-expires', 'ALTER TABLE sessions ALTER INDEX expires IGNORED'],
  ['index-user', 'ALTER TABLE sessions DROP KEY user'],
  ['index-user', 'ALTER TABLE sessions DROP KEY user, ADD KEY (user(4))'],
  ['constraint', 'ALTER TABLE sessions ADD CONSTRAINT `j.s` CHECK (JSON_VALID(d))'],
  ['constraint', 'ALTER TABLE sessions MODIFY d MEDIUMBLOB NOT NULL CHECK (LENGTH(d) < 999)'],
  [
    'constraint',
    `CREATE TABLE users (name VARBINARY(128) PRIMARY KEY);
      ALTER TABLE sessions ADD CONSTRAINT owner FOREIGN KEY (user) REFERENCES users (name)`,
  ],
  ['history', 'ALTER TABLE sessions ADD SYSTEM VERSIONING'],
  ['read-only', 'SET GLOBAL read_only=1'],
  ['sql-mode', "SET GLOBAL sql_mode='NO_ENGINE_SUBSTITUTION'"],
  ['select-limit', 'SET GLOBAL sql_select_limit=1'],
  ['select-limit', 'SET GLOBAL max_join_size=5000'],
  ['prepared-limit', 'SET GLOBAL max_prepared_stmt_count=100'],
  ['statement-time', 'SET GLOBAL max_statement_time=0.5'],
  ['autocommit', 'SET GLOBAL autocommit=0'],
  ['autocommit', 'SET GLOBAL completion_type=CHAIN'],
  ['isolation', 'SET GLOBAL TRANSACTION ISOLATION LEVEL READ UNCOMMITTED'],
  ['packet', 'SET GLOBAL max_allowed_packet=65536'],
  ['flush-log', 'SET GLOBAL innodb_flush_log_at_trx_commit=0'],
  ['binlog-format', 'SET GLOBAL binlog_format=STATEMENT'],
  ['wait-timeout', 'SET GLOBAL wait_timeout=10'],
];

for (const [code, sql] of BROKEN) {
  test(`${code} is found, nothing else, and its remedy ends it: ${sql}`, async () => {
    const { url } = await healthy();
    await admin.query(sql);
    const report = await examine(url);
    assert.deepEqual([report.code, codesOf(report)], [1, [code]]);
    await paste(report);
    assert.deepEqual(await examine(url).then(codesOf), []);
  });
}

test('an id that is unique only with another column, or only in its first bytes, is found', async () => {
  for (const key of [
    'ADD PRIMARY KEY (id, created)',
    'ADD UNIQUE (id(8))',
    'ADD PRIMARY KEY (id, expires) PARTITION BY HASH (expires) PARTITIONS 2',
  ]) {
    const { url } = await healthy();
    await admin.query(`ALTER TABLE sessions DROP PRIMARY KEY, ${key}`);
    const report = await examine(url);
    assert.deepEqual(codesOf(report), ['id-not-unique'], key);
    await paste(report);
    assert.deepEqual(await examine(url).then(codesOf), []);
  }
});

test('rights on some columns are missing rights, and no column is taken for missing', async () => {
  const { url, schema, user } = await healthy();
  await admin.query(
    `REVOKE ALL ON ${schema}.sessions FROM ${user};
     GRANT SELECT (id, version, expires), INSERT, UPDATE (version), DELETE ON ${schema}.sessions TO ${user}`,
  );
  const report = await examine(url);
  assert.deepEqual(codesOf(report), ['rights-narrow']);
  assert.match(report.findings[0]?.message ?? '', /no right to SELECT, UPDATE on sessions/);
  await paste(report);
  assert.deepEqual(await examine(url).then(codesOf), []);
});

test("limits of the account that a pool's ten connections reach are found", async () => {
  const { url, user } = await healthy();
  await admin.query(`ALTER USER ${user} WITH MAX_USER_CONNECTIONS 5 MAX_UPDATES_PER_HOUR 900`);
  const { findings, code } = await examine(url);
  assert.deepEqual([code, findings.map((each) => each.code)], [1, ['account-limits']]);
  assert.match(findings[0]?.message ?? '', /5 connections at a time .*, 900 updates an hour:/);
  await paste({ code, findings, unchecked: [] });
  assert.deepEqual(await examine(url).then(codesOf), []);
});

test('an account that reaches its limit of statements meanwhile is found', async () => {
  const { url, user } = await healthy();
  await admin.query(`ALTER USER ${user} WITH MAX_QUERIES_PER_HOUR 12`);
  const report = await examine(url);
  assert.deepEqual([report.code, codesOf(report)], [1, ['account-limits']]);
  await paste(report);
  await admin.query('FLUSH USER_RESOURCES');
  assert.deepEqual(await examine(url).then(codesOf), []);
});

test('a check that an option asks for and that cannot be made ends with 1', async () => {
  const { url } = await healthy();
  for (const args of ['--site http://127.0.0.1:1/', '--node 127.0.0.1:1']) {
    const report = await examine(url, args);
    assert.deepEqual([report.code, report.findings], [1, []], args);
    assert.match(report.unchecked.join(), /cannot (?:be fetched|connect) \(/);
    const env = { DATABASE_URL: url, SESSION_SECRETS: secret };
    const { code, out } = await phpsessid(`doctor ${args}`, { env });
    assert.equal(code, 1);
    assert.match(out, /: nothing found, but not everything that was asked for could be checked\n$/);
  }
});

test('a column under another name is proposed, and is not reported as a foreign one', async () => {
  const { url } = await healthy();
  await admin.query('ALTER TABLE sessions RENAME COLUMN d TO payload');
  const report = await examine(url);
  assert.deepEqual(codesOf(report), ['column-missing']);
  assert.match(report.findings[0]?.remedy ?? '', /^--column data=payload .* --rename payload=d /);
  assert.deepEqual(await examine(url, '--column data=payload').then(codesOf), []);
});

test('a table whose name differs in its letters alone is named', async () => {
  const { url, schema, user } = await healthy();
  await admin.query(
    `RENAME TABLE sessions TO Sessions; GRANT SELECT ON ${schema}.Sessions TO ${user}`,
  );
  const { findings } = await examine(url);
  assert.match(findings[0]?.message ?? '', /; there is "Sessions": is this the table\?$/);
});

test('the type JSON is two findings, whose remedies can be pasted in their order', async () => {
  const { url } = await healthy();
  await admin.query('ALTER TABLE sessions MODIFY d JSON NOT NULL');
  const report = await examine(url);
  assert.deepEqual(codesOf(report), ['data-charset', 'constraint']);
  await paste(report);
  assert.deepEqual(await examine(url).then(codesOf), []);
});

test('a login that succeeds before every statement is refused ends with 3 and the reason', async () => {
  const { url, user } = await healthy();
  const refusal = async (sql: string): Promise<string> => {
    await admin.query(sql);
    const { code, out, err } = await phpsessid('doctor', { env: { DATABASE_URL: url } });
    assert.deepEqual([code, out, err.split('\n').length], [3, '', 2], err);
    return err;
  };
  assert.match(
    await refusal("SET GLOBAL init_connect='SELECT wrong'"),
    /of its init_connect fails/,
  );
  await admin.query(DEFAULTS);
  assert.match(await refusal(`ALTER USER ${user} PASSWORD EXPIRE`), /password has expired/);
  await admin.query(`ALTER USER ${user} IDENTIFIED BY 'pass word'`);
  // mysql2 has another server's name for this error's number.
  assert.match(
    await refusal(`ALTER USER ${user} ACCOUNT LOCK`),
    /the server says: .*account is locked/,
  );
});

test('a command that needs more rights than sessions do names them', async () => {
  const { url } = await healthy();
  await admin.query('ALTER TABLE sessions DROP KEY user');
  const env = { DATABASE_URL: url, SESSION_SECRETS: secret };
  for (const [command, message] of [
    [
      'migrate',
      /^error: the account has no right to ALTER on the table, which sessions do not need: /,
    ],
    ['bench', /^error: the account may not create .* INSERT, UPDATE, DELETE, CREATE and DROP on /],
  ] as const) {
    const { code, err } = await phpsessid(command, { env });
    assert.equal(code, 1);
    assert.match(err, message);
  }
});

test('a setting that init_connect or the account changes has a remedy of its own', async () => {
  const { url, user } = await healthy();
  await admin.query(
    `SET GLOBAL init_connect='SET autocommit=0'; ALTER USER ${user} WITH MAX_STATEMENT_TIME 0.5`,
  );
  const report = await examine(url);
  assert.deepEqual(codesOf(report), ['statement-time', 'autocommit']);
  for (const { remedy } of report.findings) {
    assert.match(remedy, /itself is right.*\ninit_connect of the server, .* 'SET autocommit=0'\n/);
  }
  await admin.query(`SET GLOBAL init_connect=''; ALTER USER ${user} WITH MAX_STATEMENT_TIME 0`);
});

test("a limit of idle transactions is found for the strategy 'row'", async () => {
  const { url } = await healthy();
  await admin.query('SET GLOBAL idle_write_transaction_timeout=5');
  const row = written('row.json', JSON.stringify({ strategy: 'row' }));
  assert.deepEqual(await examine(url).then(codesOf), []);
  const report = await examine(url, `--config ${row}`);
  assert.deepEqual(codesOf(report), ['wait-timeout']);
  await paste(report);
  assert.deepEqual(await examine(url, `--config ${row}`).then(codesOf), []);
  await admin.query('SET GLOBAL idle_write_transaction_timeout=0');
});

test('triggers and events are found by an account that may see them, and so is a foreign key of another table', async () => {
  const { url, schema, user } = await healthy();
  await admin.query(
    `CREATE TABLE carts (session VARBINARY(32), FOREIGN KEY (session) REFERENCES sessions (id));
     CREATE TABLE notes (session VARBINARY(32), FOREIGN KEY (session) REFERENCES sessions (id) ON DELETE CASCADE);
     CREATE TRIGGER counted BEFORE INSERT ON sessions FOR EACH ROW SET NEW.label = NULL;
     CREATE EVENT swept ON SCHEDULE EVERY 1 DAY DO DELETE FROM sessions WHERE updated < 1;
     CREATE EVENT other ON SCHEDULE EVERY 1 DAY DO DELETE FROM carts;
     GRANT TRIGGER, EVENT, SELECT ON ${schema}.* TO ${user}`,
  );
  const report = await examine(url, '--ignore rights-wide');
  assert.deepEqual(codesOf(report), ['constraint', 'trigger', 'event']);
  for (const { remedy } of report.findings) await admin.query(remedy);
  assert.deepEqual(await examine(url, '--ignore rights-wide').then(codesOf), []);
});

test('rights of a role that is not active after a login count as missing', async () => {
  const { url, schema, user } = await healthy();
  const role = `r_${schema.slice(-12)}`;
  await admin.query(
    `REVOKE INSERT, UPDATE ON sessions FROM ${user}; CREATE ROLE ${role};
     GRANT INSERT, UPDATE ON sessions TO ${role}; GRANT ${role} TO ${user}`,
  );
  const report = await examine(url);
  assert.deepEqual(codesOf(report), ['rights-narrow']);
  const [remedy = ''] = report.findings[0]?.remedy.split('\n') ?? [];
  assert.match(remedy, /^SET DEFAULT ROLE/);
  await admin.query(remedy);
  assert.deepEqual(await examine(url).then(codesOf), []);
});

/** Begins as a proxy does: with a greeting of its own, which has another number of the connection. */
async function relay({ hostname, port }: URL): Promise<number> {
  const proxy = createNetServer((client) => {
    const upstream = connect(Number(port), hostname);
    upstream.once('data', (greeting: Buffer) => {
      const at = greeting.indexOf(0, 5) + 1;
      greeting.writeUInt32LE(greeting.readUInt32LE(at) + 1000, at);
      client.write(greeting);
      client.pipe(upstream).pipe(client);
    });
    for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  after(() => proxy.close());
  await once(proxy, 'listening');
  return (proxy.address() as AddressInfo).port;
}

test('a table that another connection locks is found, and nothing waits for half a minute', async () => {
  const { url, schema } = await healthy();
  const other = await createConnection(server.url);
  await other.query(`LOCK TABLES ${schema}.sessions WRITE`);
  const report = await examine(url);
  await other.end();
  assert.deepEqual([report.code, codesOf(report)], [1, ['table-locked']]);
  assert.deepEqual(await examine(url).then(codesOf), []);
});

test('a server in the mode for the rescue of its data is found', async () => {
  const rescue = await startServer({ settings: ['--innodb-force-recovery=1'] });
  try {
    const { url } = await rescue.createSchema('rescue');
    const sessions = createSessions({ url, secrets: [secret], gc: false });
    await sessions.createTable();
    await sessions.close();
    const report = await examine(url, '--ignore rights-wide --ignore flush-log');
    assert.deepEqual([report.code, codesOf(report)], [1, ['read-only']]);
    assert.match(report.findings[0]?.message ?? '', /innodb_force_recovery=1/);
  } finally {
    await rescue.close();
  }
});

test('a proxy that answers instead of the server', async () => {
  const address = new URL((await healthy()).url);
  address.port = String(await relay(address));
  assert.deepEqual(await examine(address.href).then(codesOf), ['proxy']);
});

test('a right to read the passwords of all accounts is not needed', async () => {
  const { url, user } = await healthy();
  await admin.query(`GRANT SELECT ON mysql.* TO ${user}`);
  const report = await examine(url);
  assert.deepEqual(codesOf(report), ['rights-wide']);
  assert.match(report.findings[0]?.message ?? '', /has SELECT on mysql\.\*/);
});

/** Findings whose remedy needs a decision. */
const DAMAGED: readonly (readonly [code: string, sql: string])[] = [
  ['engine', 'RENAME TABLE sessions TO behind; CREATE VIEW sessions AS SELECT * FROM behind'],
  ['column-type', "ALTER TABLE sessions DROP label, ADD label VARBINARY(255) AS ('x')"],
  [
    'table-foreign',
    `DROP TABLE sessions; CREATE TABLE sessions (
      session_id VARCHAR(128) COLLATE utf8mb4_general_ci NOT NULL PRIMARY KEY,
      expires INT UNSIGNED NOT NULL, data MEDIUMTEXT)`,
  ],
  [
    'table-foreign',
    `DROP TABLE sessions; CREATE TABLE sessions (
      id VARCHAR(255) PRIMARY KEY, user_id BIGINT UNSIGNED, ip_address VARCHAR(45), user_agent TEXT,
      payload LONGTEXT NOT NULL, last_activity INT NOT NULL)`,
  ],
  ['table-broken', 'ALTER TABLE sessions DISCARD TABLESPACE'],
  ['index-unique', 'ALTER TABLE sessions ADD tenant INT NOT NULL DEFAULT 0, ADD UNIQUE (tenant)'],
  ['index-unique', 'ALTER TABLE sessions ADD bytes INT AS (LENGTH(d)), ADD UNIQUE (bytes)'],
  ['clock', "SET GLOBAL init_connect='SET timestamp=UNIX_TIMESTAMP()-3600'"],
  ['format', row("'n|i:1;'")],
  ['unreadable', row('\'{"cut":\'')],
  ['ids-plain', `${row("'{}'")}; UPDATE sessions SET id='4f9vt3rs1q9n1c0sdm1k2a3b4c'`],
  ['endless', `${row("'{}'")}; UPDATE sessions SET expires=253402300799999`],
];

test('an expiry in seconds or microseconds is found, and its remedy keeps the sessions alive', async () => {
  for (const change of ['DIV 1000', '*1000']) {
    const { url } = await healthy();
    await fill(admin, 150, 600_000);
    await admin.query(`UPDATE sessions SET expires=expires ${change}`);
    const report = await examine(url);
    assert.deepEqual([report.code, codesOf(report)], [1, ['expires-unit']], change);
    await paste(report);
    assert.deepEqual(await examine(url).then(codesOf), []);
    const alive = 'SELECT COUNT(*) AS alive FROM sessions WHERE expires>UNIX_TIMESTAMP()*1000';
    assert.deepEqual((await admin.query(alive))[0], [{ alive: 150 }]);
  }
});

function row(data: string): string {
  return `INSERT INTO sessions (id,d,version,token,created,updated,expires)
    VALUES (UNHEX(SHA2('x',256)),${data},1,'',0,0,UNIX_TIMESTAMP()*1000+600000)`;
}

for (const [code, sql] of DAMAGED) {
  test(`${code} is found, and nothing else: ${sql}`, async () => {
    const { url } = await healthy();
    await admin.query(sql);
    const report = await examine(url);
    assert.deepEqual([report.code, codesOf(report)], [1, [code]]);
    assert.ok(report.findings.every(({ message, remedy }) => message !== '' && remedy !== ''));
  });
}

test('sealed rows are reported only if the given keys do not open them', async () => {
  const { url } = await healthy();
  const [one, two] = ['first'.repeat(8), 'second'.repeat(8)].map((key) => ({ keys: [key] }));
  const sessions = createSessions({ url, secrets: [secret], gc: false, seal: one });
  await (await sessions.create(sessions.newId(), Buffer.from('{}'))).close();
  await sessions.close();
  const codes = async (seal: unknown): Promise<string[]> => {
    const config = written('seal.json', JSON.stringify({ seal }));
    return codesOf(await examine(url, `--config ${config}`));
  };
  assert.deepEqual(await examine(url).then(codesOf), []);
  assert.deepEqual(await codes(one), []);
  assert.deepEqual(await codes(two), ['unreadable']);
});

test('expired rows that pile up are found, and nothing else', async () => {
  const { url } = await healthy();
  await fill(admin, 150, -3_600_000);
  assert.deepEqual(await examine(url).then(codesOf), ['gc']);
  assert.equal((await phpsessid('gc', { env: { DATABASE_URL: url } })).code, 0);
  assert.deepEqual(await examine(url).then(codesOf), []);
});

test('a missing table is found, and its remedy makes a healthy one', async () => {
  const { url, schema, user } = await healthy();
  await admin.query('DROP TABLE sessions');
  const report = await examine(url);
  assert.deepEqual(codesOf(report), ['table-missing']);
  await paste(report);
  await admin.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${schema}.sessions TO ${user}`);
  assert.deepEqual(await examine(url).then(codesOf), []);
});

test('rights that are missing, and rights that are not needed', async () => {
  const { url, schema, user } = await healthy();
  await admin.query(`REVOKE DELETE ON ${schema}.sessions FROM ${user}`);
  const narrow = await examine(url);
  assert.deepEqual(codesOf(narrow), ['rights-narrow']);
  assert.match(narrow.findings[0]?.message ?? '', /no right to DELETE on sessions or/);
  await paste(narrow);
  assert.deepEqual(await examine(url).then(codesOf), []);
  await admin.query(`GRANT ALTER, DROP ON \`${schema.replaceAll('_', '\\_')}\`.* TO ${user}`);
  const wide = await examine(url);
  assert.deepEqual(codesOf(wide), ['rights-wide']);
  assert.match(wide.findings[0]?.message ?? '', /has DROP, ALTER on/);
  assert.equal((await examine(url, '--ignore rights-wide')).code, 0);
});

test('the lease table is missing for the strategy that needs it', async () => {
  const { url, schema, user } = await healthy();
  await admin.query(`GRANT SELECT ON ${schema}.session_locks TO ${user}`);
  const lease = written('lease.json', JSON.stringify({ strategy: 'lease' }));
  const narrow = await examine(url, `--config ${lease}`);
  assert.deepEqual(codesOf(narrow), ['rights-narrow']);
  assert.match(narrow.findings[0]?.message ?? '', /INSERT, UPDATE, DELETE on session_locks/);
  await paste(narrow);
  assert.deepEqual(await examine(url, `--config ${lease}`).then(codesOf), []);
  await admin.query(`ALTER TABLE ${schema}.session_locks DROP PRIMARY KEY`);
  const double = await examine(url, `--config ${lease}`);
  assert.deepEqual(codesOf(double), ['lease-table']);
  assert.match(double.findings[0]?.message ?? '', /two requests can have the lease/);
  await admin.query(`ALTER TABLE ${schema}.session_locks DROP owner`);
  assert.deepEqual(await examine(url, `--config ${lease}`).then(codesOf), ['lease-table']);
  await admin.query('DROP TABLE session_locks');
  const none = await examine(url, `--config ${lease}`);
  assert.deepEqual(codesOf(none), ['lease-table']);
  await paste(none);
  assert.deepEqual(await examine(url, `--config ${lease}`).then(codesOf), []);
});

test('secrets that are short, weak or repeated are found', async () => {
  const { url } = await healthy();
  const codes = async (...secrets: string[]): Promise<string[]> =>
    codesOf(await examine(url, '', secrets.join(' ')));
  assert.deepEqual(await codes('short'), ['secret-short']);
  assert.deepEqual(await codes('abc'.repeat(20)), ['secret-weak']);
  assert.deepEqual(await codes(secret, secret), ['secret-twice']);
  for (const example of [
    '0123456789abcdef0123456789abcdef',
    'abcdefghijklmnopqrstuvwxyz0123456789',
    'change-me-to-a-long-random-string-please',
    'keyboard cat, keyboard cat, keyboard cat',
  ]) {
    const file = written('secret.txt', example);
    assert.deepEqual(await examine(url, `--secrets-file ${file}`).then(codesOf), ['secret-weak']);
  }
  const words = written('words.txt', 'correct horse battery staple and one more word');
  assert.deepEqual(await examine(url, `--secrets-file ${words}`).then(codesOf), []);
  assert.deepEqual(await codes('5f1d0c7be2a9463892b41c6df3a07e58'), []);
  assert.match((await examine(url, '', '')).unchecked[0] ?? '', /the secrets/);
});

test('another node whose clock differs is found', async () => {
  const { url } = await healthy();
  const { host } = new URL(url);
  assert.deepEqual(await examine(url, `--node ${host}`).then(codesOf), []);
  const path = join(tmpdir(), `phpsessid-${process.pid}.sock`);
  const relay = createNetServer((client) => {
    client.pipe(connect(Number(new URL(url).port), new URL(url).hostname)).pipe(client);
  }).listen(path);
  relay.unref();
  const bySocket = new URL(url);
  bySocket.searchParams.set('socketPath', path);
  const { unchecked } = await examine(bySocket.href, '--node 127.0.0.1:1');
  assert.match(unchecked.join(), /the clock of 127\.0\.0\.1:1: cannot connect \(ECONNREFUSED\)/);
  relay.close();
  // The connection to the node selects no schema.
  await admin.query(
    "SET GLOBAL init_connect='SET timestamp=IF(DATABASE() IS NULL, UNIX_TIMESTAMP()+60, 0)'",
  );
  const report = await examine(url, `--node 127.0.0.1:1 --node ${host}`);
  assert.deepEqual(codesOf(report), ['clock-nodes']);
  assert.match(report.unchecked.join(), /the clock of 127\.0\.0\.1:1: cannot connect/);
  assert.match(report.findings[0]?.message ?? '', /(?:59|60) s ahead of/);
});

test('the attributes of the cookie that a browser gets are checked', async () => {
  const { url } = await healthy();
  let headers: Record<string, string | string[]> = {};
  let authorization: string | undefined;
  const site = createServer((request, response) => {
    authorization = request.headers.authorization;
    response.writeHead(302, headers).end();
  }).listen(0, '127.0.0.1');
  site.unref();
  await once(site, 'listening');
  const page = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;
  const codes = async (cookie: string | string[], cache: string, args = ''): Promise<string[]> => {
    headers = { 'set-cookie': cookie, 'cache-control': cache };
    return codesOf(await examine(url, `--site ${page} ${args}`));
  };
  const good = '__Host-session=abc; Path=/; HttpOnly; Secure; SameSite=Lax';
  assert.deepEqual(await codes(good, 'no-store'), []);
  assert.deepEqual(await codes(good, 'public'), ['cookie-cached']);
  for (const [attribute, code] of [
    ['HttpOnly; ', 'cookie-httponly'],
    ['Secure; ', 'cookie-secure'],
    ['; SameSite=Lax', 'cookie-samesite'],
    ['__Host-', 'cookie-prefix'],
  ] as const) {
    assert.deepEqual(await codes(good.replace(attribute, ''), 'no-store'), [code]);
  }
  assert.deepEqual(await codes(`${good}; Domain=example.com`, 'no-store'), ['cookie-domain']);
  const all = ['PHPSESSID=secret', 'a=b'];
  assert.deepEqual(await codes(all, ''), [
    'cookie-httponly',
    'cookie-secure',
    'cookie-samesite',
    'cookie-prefix',
    'cookie-cached',
  ]);
  assert.deepEqual(
    await codes([good, 'a=b; HttpOnly; Secure; SameSite=Lax'], 'private', '--cookie a'),
    ['cookie-prefix'],
  );
  headers = {};
  const { unchecked } = await examine(url, `--site ${page}`);
  assert.match(unchecked.join(), /sets none/);
  assert.equal(authorization, undefined);
  const closed = `--site ${page.replace('//', '//ann:s%40cret@')}`;
  const asked = await examine(url, closed);
  assert.ok(!JSON.stringify(asked).includes('cret'), 'a password is shown');
  assert.equal(authorization, `Basic ${Buffer.from('ann:s@cret').toString('base64')}`);
  site.close();
  site.closeAllConnections();
  await once(site, 'close');
  assert.match((await examine(url, `--site ${page}`)).unchecked.join(), /ECONNREFUSED/);
  const blocked = await examine(url, '--site http://127.0.0.1:1/');
  assert.match(blocked.unchecked.join(), /\(bad port\)/);
});

test('for people: the level, the code, the remedy, and a sentence at the end', async () => {
  const { url } = await healthy();
  await admin.query('ALTER TABLE sessions DROP KEY expires');
  const env = { DATABASE_URL: url, SESSION_SECRETS: secret };
  const { code, out, err } = await phpsessid('doctor', { env });
  assert.equal(code, 1);
  assert.match(
    out,
    /^error {4}index-expires\n {2}no index begins with "expires": .*\n {4}ALTER TABLE `sessions` ADD KEY \(`expires`\);\n\nnot checked: .*\n.*, table sessions: 1 finding\n$/,
  );
  assert.equal(err, '');
});
