/** The commands on a real table, as an operator uses them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Pool, RowDataPacket } from 'mysql2/promise';
import { COMMANDS } from '../../src/cli/commands.ts';
import { Interrupted } from '../../src/cli/ends.ts';
import type { Sessions } from '../../src/store/index.ts';
import { root } from '../../src/workshop/course/catalogue.ts';
import { json, newSchema, newSession, poolOf, secrets, stored, storeOn } from '../store/fixture.ts';
import { fill, phpsessid, type Ran, type Running, written } from './fixture.ts';

interface Place {
  readonly url: string;
  readonly pool: Pool;
  readonly sessions: Sessions;
  query(sql: string): Promise<RowDataPacket[]>;
  run(args: string, more?: Running): Promise<Ran>;
}

/** An empty table. Outputs are searched for the password and for ids by each run. */
async function place(): Promise<Place> {
  const { url } = await newSchema();
  const pool = poolOf(url);
  const sessions = storeOn(pool);
  await sessions.createTable();
  const env = { DATABASE_URL: url, SESSION_SECRETS: secrets.join(' ') };
  return {
    url,
    pool,
    sessions,
    query: async (sql) => (await pool.query<RowDataPacket[]>(sql))[0],
    async run(args, more) {
      const ran = await phpsessid(args, { ...more, env: { ...env, ...more?.env } });
      const [{ password }, text] = [new URL(url), ran.out + ran.err];
      for (const secret of [password, ...secrets]) {
        assert.ok(secret === '' || !text.includes(secret), text);
      }
      return ran;
    },
  };
}

const lines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

async function login(
  sessions: Sessions,
  user: string,
  label: string,
  data: unknown,
): Promise<string> {
  const id = sessions.newId();
  await (await sessions.create(id, json(data), { user, label })).close();
  return id;
}

test('create makes the tables, is harmless twice, and prints their SQL', async () => {
  const { url } = await newSchema();
  const env = { DATABASE_URL: url };
  const { out } = await phpsessid('create --print');
  assert.match(
    out,
    /^CREATE TABLE IF NOT EXISTS `sessions` \([^;]*;\nCREATE TABLE .*`session_locks`/,
  );
  for (let times = 0; times < 2; times += 1) {
    const { code, err } = await phpsessid('create --table web --column data=payload', { env });
    assert.deepEqual([code, err], [0, '']);
  }
  const secrets = written('read-by-all', 's'.repeat(32), 0o644);
  const { err } = await phpsessid(`create --secrets-file ${secrets}`, { env });
  assert.equal(err.match(/chmod/g)?.length, 1, err);
  const pool = poolOf(url);
  assert.equal(await storeOn(pool, { table: 'web', columns: { data: 'payload' } }).count(), 0);
});

test('both tables are in the schema that --table names, also where the address names none', async () => {
  const { url, name } = await newSchema();
  const env = { DATABASE_URL: new URL('/', url).href };
  const { out } = await phpsessid('create --print --table web.sessions');
  assert.deepEqual(out.match(/EXISTS .*`/g), [
    'EXISTS `web`.`sessions`',
    'EXISTS `web`.`session_locks`',
  ]);
  const { code, err } = await phpsessid(`create --table ${name}.sessions`, { env });
  assert.deepEqual([code, err], [0, '']);
  const [tables] = await poolOf(url).query<RowDataPacket[]>('SHOW TABLES');
  assert.deepEqual(tables.flatMap(Object.values).sort(), ['session_locks', 'sessions']);
});

test('list shows handles, owners and times, never an id; one user, a limit', async () => {
  const { sessions, run } = await place();
  const ids = [
    await newSession(sessions, { n: 1 }),
    await login(sessions, 'ann', 'Firefox', { cart: ['tea'] }),
    await login(sessions, 'ann', 'a\u001b[2J\u202elabel', {}),
  ];
  const text = await run('list');
  assert.equal(text.err, '3 sessions\n');
  assert.match(text.out, /^handle +created +expires +size +user +label\n/);
  assert.match(text.out, /ann +a\\u001b\[2J\\u202elabel/);
  for (const id of ids) assert.ok(!text.out.includes(id));
  const all = lines((await run('list --json')).out);
  assert.deepEqual(all.map(({ user }) => user).sort(), ['ann', 'ann', null]);
  const own = lines((await run('list ann --json')).out);
  assert.deepEqual(
    own.map(({ handle }) => handle).sort(),
    (await sessions.of('ann').list()).map(({ handle }) => handle).sort(),
  );
  assert.equal(lines((await run('list --json --limit 2')).out).length, 2);
});

test('show tells keys, types and sizes, and values only with --reveal', async () => {
  const { sessions, query, run } = await place();
  await login(sessions, 'ann', 'Firefox', { token: 'xyzzy', cart: ['tea'], n: 1 });
  const [{ handle } = { handle: '' }] = await sessions.of('ann').list();
  const hidden = await run(`show ${handle}`);
  assert.match(hidden.out, /format +json\n/);
  assert.match(hidden.out, / {2}token +string +7 B\n {2}cart +list of 1 +7 B\n/);
  assert.ok(!hidden.out.includes('xyzzy'));
  assert.match((await run(`show ${handle} --reveal`)).out, /token +string +7 B {2}'xyzzy'/);
  const { keys } = JSON.parse((await run(`show ${handle} --json --reveal`)).out) as {
    keys: unknown[];
  };
  assert.deepEqual(keys[2], { key: 'n', type: 'number', bytes: 1, value: 1 });
  await query(`UPDATE sessions SET d='cart|a:1:{i:5;s:3:"tea";}user|O:4:"User":1:{s:1:"n";i:1;}'`);
  const [cart, user] = [
    { $php: 'array', entries: [[5, 'tea']] },
    { $php: 'object', class: 'User', properties: { n: 1 } },
  ];
  const php = JSON.parse((await run(`show ${handle} --json --reveal`)).out) as {
    keys: { value: unknown }[];
  };
  assert.deepEqual(
    php.keys.map(({ value }) => value),
    [cart, user],
  );
  assert.match((await run(`show ${handle} --reveal`)).out, /properties: Map\(1\) \{ 'n' => 1 \}/);
  await query(`UPDATE sessions SET d='{"deep":[[[[[[[1]]]]]]]}'`);
  assert.match((await run(`show ${handle} --reveal`)).out, / {2}\[ \[ \[ \[ \[ \[ \[ 1 \] \] /);
  await query(`UPDATE sessions SET d='{"v":2,"data":{"k":{"\u009b2J":{"$php":"?"}}}}'`);
  assert.match((await run(`show ${handle}`)).out, /\["\\u009b2J"\]/);
  await query(`UPDATE sessions SET d='{"cut'`);
  const cut = await run(`show ${handle}`);
  assert.equal(cut.code, 1);
  assert.match(cut.out, /it is in none of the formats/);
});

test('revoke ends one session, those of a user, or all', async () => {
  const { sessions, run } = await place();
  const anonymous = await newSession(sessions, {});
  const [ann, bob] = [await login(sessions, 'ann', '', {}), await login(sessions, 'bob', '', {})];
  await login(sessions, 'ann', '', {});
  const all = lines((await run('list --json')).out);
  const visitor = all.find(({ user }) => user === null)?.['handle'];
  assert.deepEqual(await run(`revoke ${visitor}`), { code: 0, out: '1 session ended\n', err: '' });
  assert.equal(await stored(sessions, anonymous), undefined);
  const again = await run(`revoke ${visitor}`);
  assert.equal(again.code, 1);
  assert.match(again.err, /no live session has the handle/);
  const [kept] = await sessions.of('ann').list();
  const dashed = await run(`revoke -- -${'x'.repeat(23)}`);
  assert.match(dashed.err, /no live session has the handle -x/);
  const mistyped = await run(`revoke --user ann --except ${kept?.handle.toUpperCase()}`);
  assert.equal(mistyped.code, 1);
  assert.equal((await sessions.of('ann').list()).length, 2);
  await run(`revoke --user ann --except ${kept?.handle}`);
  assert.equal((await sessions.of('ann').list()).length, 1);
  assert.equal((await run('revoke --user ann --json')).out, '{"ended":1,"isDone":true}\n');
  assert.equal(await stored(sessions, ann), undefined);
  assert.deepEqual(await stored(sessions, bob), {});
  assert.equal((await run('revoke --all')).code, 2);
  assert.equal((await run('revoke --all --yes')).out, '1 session ended\n');
});

test('revoke --all, list and migrate that are stopped say so, and revoke ends after a piece', async () => {
  const { pool, run } = await place();
  await fill(pool, 1200, 600_000);
  const signal = AbortSignal.abort(new Interrupted(130));
  const stopped = await run('revoke --all --yes', { signal });
  assert.deepEqual(stopped, {
    code: 130,
    out: '500 sessions ended\n',
    err: 'stopped: run it again for the rest\n',
  });
  const search = await run(`revoke ${'a'.repeat(24)}`, { signal });
  assert.deepEqual([search.code, search.err], [130, 'stopped: run it again for the rest\n']);
  assert.equal((await run('list', { signal })).err, '0 sessions\nstopped: there may be more\n');
  assert.deepEqual(await run('migrate', { signal }), { code: 130, out: '', err: '' });
});

test('gc and revoke --all that fail in the middle report what is done', async () => {
  const { pool, query, run } = await place();
  await fill(pool, 1200, 600_000);
  await query(
    'CREATE TRIGGER refused BEFORE DELETE ON sessions FOR EACH ROW ' +
      'IF OLD.id=(SELECT MAX(id) FROM sessions) THEN ' +
      "SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO=1142; END IF",
  );
  const revoked = await run('revoke --all --yes --json');
  assert.deepEqual(
    [revoked.code, revoked.out],
    [1, '{"ended":1000,"isDone":false}\n'],
    revoked.err,
  );
  await query('UPDATE sessions SET expires=1');
  const swept = await run('gc');
  assert.equal(swept.code, 1, swept.err);
  assert.match(swept.out, /^0 expired sessions deleted in [0-9.]+ s; there may be more\n$/);
});

test('a handle that begins like an option is a handle', async () => {
  const { run } = await place();
  const handle = '-'.padEnd(24, 'a');
  assert.match((await run(`show ${handle}`)).err, /the handle -a+: handles change with the newest/);
  const revoked = await run(`revoke --user ann --except ${handle}`);
  assert.equal(revoked.code, 1);
  assert.match(revoked.err, /the user has no live session with the handle -a.* nothing was ended/);
});

test('gc deletes what has expired, within its budget', async () => {
  const { pool, sessions, run } = await place();
  const id = await newSession(sessions, { n: 1 });
  await fill(pool, 1000, -60_000);
  assert.match((await run('gc')).out, /^1000 expired sessions deleted in [0-9.]+ s\n$/);
  const { deleted, isDone } = JSON.parse((await run('gc --json --budget 5')).out) as {
    deleted: number;
    isDone: boolean;
  };
  assert.deepEqual([deleted, isDone], [0, true]);
  assert.deepEqual(await stored(sessions, id), { n: 1 });
});

test('crawl counts ages, sizes, formats and malformed rows, and prints nothing else', async () => {
  const { pool, sessions, query, run } = await place();
  await newSession(sessions, { secretkey: 'xyzzy' });
  await login(sessions, 'ann', '', { text: 'x'.repeat(2000) });
  const data = [`'n|i:1;'`, `'{"cut'`, `''`, `REPEAT('x',1048576)`];
  for (const [at, bytes] of data.entries()) {
    await query(`INSERT INTO sessions (id,d,version,token,created,updated,expires)
      VALUES (UNHEX(SHA2('row ${at}',256)),${bytes},1,'',0,
        (UNIX_TIMESTAMP()-600)*1000,(UNIX_TIMESTAMP()+600)*1000)`);
  }
  await fill(pool, 250, -60_000);
  const { code, out } = await run('crawl --json');
  assert.equal(code, 1, 'a malformed row is a finding');
  assert.deepEqual(JSON.parse(out), {
    rows: 256,
    expired: 250,
    renewed: 0,
    alive: 6,
    signedIn: 1,
    lastSeen: {
      'under 1 min': 2,
      'under 5 min': 0,
      'under 15 min': 4,
      'under 1 h': 0,
      'under 1 day': 0,
      'longer ago': 0,
    },
    size: { 'under 1 KiB': 4, 'under 16 KiB': 1, 'under 64 KiB': 0, 'under 1 MiB': 0, larger: 1 },
    format: { json: 2, php: 1, php_serialize: 0, php_binary: 0, sealed: 0 },
    empty: 1,
    malformed: 1,
    bytes: 21 + 2011 + 6 + 5 + 1_048_576,
    largest: 1_048_576,
    isDone: true,
  });
  const text = await run('crawl');
  assert.ok(!/xyzzy|secretkey|ann/.test(text.out));
  assert.match(text.out, /^malformed +1$/m);
});

test('bench measures, and leaves no table behind', async () => {
  const { query, run } = await place();
  const { code, out } = await run('bench --json --seconds 0.05 --clients 4 --bytes 100');
  assert.equal(code, 0);
  assert.deepEqual(
    lines(out).map(({ load }) => String(load).trim()),
    ['create', 'plain INSERT', 'read', 'plain SELECT', 'read and save', 'plain SELECT, UPDATE'],
  );
  assert.ok(lines(out).every(({ perSecond }) => Number(perSecond) > 0));
  assert.deepEqual(await query("SHOW TABLES LIKE 'phpsessid_bench%'"), []);
});

test('every command has a help with its options and examples', async () => {
  const { out } = await phpsessid('--help');
  for (const [name, { options }] of Object.entries(COMMANDS)) {
    assert.match(out, new RegExp(`^  ${name} `, 'm'));
    const help = await phpsessid(`${name} --help`);
    assert.equal(help.code, 0);
    assert.equal((await phpsessid(`help ${name}`)).out, help.out);
    for (const option of Object.keys(options)) assert.match(help.out, new RegExp(`--${option}\\b`));
    assert.match(help.out, /Examples:\n {2}.*phpsessid/);
    assert.ok(
      help.out.split('\n').every((line) => line.length <= 100),
      help.out,
    );
  }
});

test('a wrong command line ends with 2 and says what is right', async () => {
  // Nothing listens there, so a line that is refused only after a connection ends with 3.
  const env = { DATABASE_URL: 'mysql://ann@127.0.0.1:1/shop', SESSION_SECRETS: secrets.join(' ') };
  const short = written('short', 'too short');
  for (const [args, message] of [
    ['lsit', /no command "lsit": doctor, create/],
    ['list --lmit 3', /--lmit.*phpsessid list --help/],
    ['--json list', /the command comes before "--json": phpsessid --help/],
    ['revoke --user ann --user bob', /--user is given twice: phpsessid revoke takes one/],
    ['list a b', /"b" is one argument too many/],
    ['list --limit many', /--limit takes a whole number from 1, at most \d+, not "many"/],
    ['list --limit 0.5', /--limit takes a whole number from 1/],
    ['gc --budget -1', /--budget/],
    ['gc --budget Infinity', /--budget takes seconds above 0, at most 1000000, not "Infinity"/],
    ['bench --clients 1e9', /--clients takes a whole number from 1, at most 10000/],
    ['list --table=', /--table takes a value, and not an empty one/],
    ['revoke --user=', /--user takes a value, and not an empty one/],
    ['list --column date=payload', /no option "columns.date"; known are columns.id/],
    ['list --table a.b.c', /invalid name of a table or column: "a.b.c"/],
    ['create --print --table a`b', /invalid name of a table or column/],
    ['doctor --ignore nonsense', /no finding "nonsense"; known are table-missing, /],
    ['doctor --cookie sid', /--cookie belongs to --site/],
    ['convert xml', /json, php, php_serialize, php_binary, not "xml"/],
    ['convert', /takes a format/],
    ['show', /takes a HANDLE/],
    ['revoke', /one of HANDLE, --user USER, --all/],
    ['revoke abc --all', /one of HANDLE/],
    ['list --limit -3', /^error: "-3" looks like an option: write --limit=-3\n$/],
    ['list --limit=-3', /--limit takes a whole number .*, not "-3"/],
    ['gc --secrets-file SHORT', /secrets\[0\] has 9 bytes/],
    ['list --column d', /COLUMN=NAME/],
    [`doctor --secrets-file ${written('none.txt', '\n')}`, /none\.txt has no secret in it/],
    [
      `doctor --config ${written('seal-short.json', '{"seal":{"keys":["short"]}}')}`,
      /seal-short\.json: seal\.keys\[0\] has 5 bytes/,
    ],
    ['list --secrets-file /nowhere', /--secrets-file \/nowhere cannot be read \(ENOENT\)/],
    ['doctor --node a:b:c', /--node takes HOST/],
    ['doctor --site shop', /--site takes an address/],
    ['doctor --site htps://ann:secret@shop', /not "htps:\/\/…@shop"/],
  ] as const) {
    const { code, out, err } = await phpsessid(args.replace('SHORT', short), { env });
    assert.deepEqual([code, out], [2, ''], args);
    assert.match(err, message);
  }
});

test('the address comes from --url, --config or DATABASE_URL, and is never shown with its password', async () => {
  const { url, run, sessions } = await place();
  await newSession(sessions, {});
  const none = await run('crawl', { env: { DATABASE_URL: undefined } });
  assert.equal(none.code, 2);
  assert.match(none.err, /set DATABASE_URL=/);
  for (const wrong of [
    'nonsense:pass',
    'http://user:hush@host/',
    'mysql://user:hu/sh@host/db',
    'mysql://user:p@hush/sh@host/db',
    'mysql://user:p@hush?sh@host/db',
    'mysql://user:p@hush/sh#sh@host/db',
    'mysql://user:hush%@host/db',
    'mysql://100%:hush@host/db',
    'mysql://user:hush@host/db?ssl=true',
    'mysql://user:hush@host/db?charset=none',
    'mysql://user:hush@host/db?ssl=yes',
    'mysql://user:hush@host',
    'mysql://user:hush@host/?table=sessions',
  ]) {
    const { code, err } = await run('crawl', { env: { DATABASE_URL: wrong } });
    assert.deepEqual([code, err.split('\n').length], [2, 2], err);
    assert.ok(!err.includes('hush'));
  }
  const warned = await run(`crawl --json --url ${url}`, {
    env: { DATABASE_URL: 'mysql://nowhere/x' },
  });
  assert.equal(warned.code, 0);
  assert.match(warned.err, /a password in --url is visible/);
  const config = written('place.json', JSON.stringify({ url, secrets, table: 'sessions' }));
  const both = { env: { DATABASE_URL: undefined, SESSION_SECRETS: undefined } };
  assert.equal((await run(`list --config ${config}`, both)).code, 0);
  const module = written('place.mjs', `export default ${JSON.stringify({ url, secrets })}`, 0o644);
  assert.match((await run(`list --config ${module}`, both)).err, /chmod 600/);
  // As the page's example: all there is to hide is in the environment.
  const options = '{ url: process.env.PLACE, secrets: process.env.SECRETS.split(" ") }';
  const open = written('open.mjs', `export default ${options}`, 0o644);
  Object.assign(process.env, { PLACE: url, SECRETS: secrets.join(' ') });
  const quiet = await run(`list --config ${open}`, both);
  assert.deepEqual([quiet.code, /chmod/.test(quiet.err)], [0, false]);
  const marked = written('marked.txt', `\uFEFF${secrets.join('\r\n')}\r\n`);
  const handles = async (args: string): Promise<unknown> =>
    lines((await run(`list --json ${args}`)).out).map(({ handle }) => handle);
  assert.deepEqual(await handles(`--secrets-file ${marked}`), await handles(''));
  assert.equal((await run(`list --config ${written('marked.json', '\uFEFF{}')}`)).code, 0);
  const misspelt = written('wrong.json', JSON.stringify({ url, tabel: 'x' }));
  assert.match(
    (await run(`list --config ${misspelt}`, both)).err,
    /no option "tabel"; known are url/,
  );
  assert.match((await run(`list --config ${written('bad.json', '{')}`)).err, /is not JSON/);
  const profile = written('profile.json', '{"profile":"article"}');
  assert.match((await run(`list --config ${profile}`)).err, /serves the store's own table/);
});

test('a server that is not there, or refuses, ends with 3 and its reason', async () => {
  const { url, run } = await place();
  const at = (change: (address: URL) => void): Promise<Ran> => {
    const address = new URL(url);
    change(address);
    return run('crawl', { env: { DATABASE_URL: address.href } });
  };
  const refused = await at((address) => {
    address.port = '1';
  });
  assert.equal(refused.code, 3);
  assert.match(refused.err, /nothing listens there/);
  const denied = await at((address) => {
    address.password = 'wrong-password';
  });
  assert.equal(denied.code, 3);
  assert.match(denied.err, /refuses the user or the password/);
  assert.ok(!denied.err.includes('wrong-password'));
  const unknown = await at((address) => {
    address.pathname = '/no_such_schema';
  });
  assert.equal(unknown.code, 3);
  assert.match(unknown.err, /does not exist|has no right/);
  const socket = await at((address) => {
    address.searchParams.set('socketPath', '/no/such.sock');
  });
  assert.match(socket.err, /@\/no\/such\.sock\/\w+: there is no such socket/);
});

test('a configuration that does not fit ends with 2, a table with 1, on every command', async () => {
  const { query, run } = await place();
  const none = await run('list', { env: { SESSION_SECRETS: undefined } });
  assert.equal(none.code, 2);
  assert.match(none.err, /no secrets: .*SESSION_SECRETS/);
  const [lone = ''] = secrets.map(String);
  const one = { SESSION_SECRETS: undefined, SESSION_SECRET: lone };
  assert.equal((await run('list', { env: one })).code, 0);
  assert.equal((await run('list', { env: { ...one, SESSION_SECRETS: '' } })).code, 0);
  const empty = written('none.json', '{"secrets":[]}');
  const nothing = await run(`doctor --config ${empty}`, { env: { SESSION_SECRETS: undefined } });
  assert.equal(nothing.code, 2);
  assert.match(nothing.err, /secrets must be a list of texts/);
  const configured = written('secrets.json', JSON.stringify({ secrets: ['short'] }));
  assert.equal((await run(`list --config ${configured}`, { env: one })).code, 2);
  const short = await run('list', { env: { SESSION_SECRETS: 'short' } });
  assert.match(short.err, /has 5 bytes/);
  assert.equal(short.code, 2);
  const options = written('options.json', JSON.stringify({ idle: '30' }));
  for (const command of ['doctor', 'create', 'migrate', 'list', 'gc', 'crawl', 'bench']) {
    const wrong = await run(`${command} --config ${options}`);
    assert.equal(wrong.code, 2, command);
    assert.match(wrong.err, /options\.json: idle takes seconds above 0, not "30"/);
  }
  await query('DROP TABLE sessions');
  for (const command of ['doctor', 'migrate', 'list', 'show x', 'revoke x', 'gc', 'convert json']) {
    const missing = await run(command);
    assert.equal(missing.code, 1, command);
    assert.match(missing.out + missing.err, /"sessions"(?: does not exist|: phpsessid create)/);
  }
  assert.match(
    (await run('list')).err,
    /create it once by createTable\(\) or "npx phpsessid create"/,
  );
  await query('CREATE TABLE sessions (id INT)');
  const other = await run('crawl');
  assert.equal(other.code, 1);
  assert.match(other.err, /has not all of the store's columns: phpsessid doctor/);
  assert.equal((await run('create')).code, 1);
});

test('colours and progress are for a terminal, and NO_COLOR ends the colours', async () => {
  const { sessions, run } = await place();
  await newSession(sessions, {});
  const sign = '\u001b';
  const piped = await run('doctor --ignore rights-wide');
  assert.ok(!`${piped.out}${piped.err}`.includes(sign));
  const shown = await run('doctor', { isTerminal: true });
  assert.ok(shown.out.includes(`${sign}[3`));
  assert.ok(shown.err.includes('checking'));
  // A wrapped line would leave its first half on the terminal.
  const narrow = await run('doctor', { isTerminal: true, columns: 12 });
  assert.match(narrow.err, /checking th\r/);
  const plain = await run('doctor', { isTerminal: true, env: { NO_COLOR: '1' } });
  assert.ok(!plain.out.includes(sign));
});

test('the page lists every finding of the doctor, and no other', () => {
  const folder = join(root, 'src/cli/doctor');
  const files = [
    join(root, 'src/cli/shape.ts'),
    join(root, 'src/cli/indexes.ts'),
    ...readdirSync(folder).map((name) => join(folder, name)),
  ];
  const source = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  const literal = /(?:code: |error\(\s*|add\(\s*|^ {4}\[)'([a-z]+(?:-[a-z]+)*)'/gm;
  const codes = [...source.matchAll(literal)].map(([, code]) => code);
  const page = readFileSync(join(root, 'docs/command-line.md'), 'utf8');
  const table = page.slice(
    page.indexOf('| finding |'),
    page.indexOf('\n\n', page.indexOf('| finding |')),
  );
  const listed = [...table.matchAll(/^\| `([a-z-]+)`/gm)].map(([, code]) => code);
  assert.deepEqual([...new Set(codes)].sort(), listed.sort());
});

test('a configuration that cannot be loaded is named, and no line of it is shown', async () => {
  const { code, err } = await phpsessid([
    'list',
    '--config',
    written('broken.mjs', "export default { secrets: ['hunter2' 'x'] };\n"),
  ]);
  assert.equal(code, 2);
  assert.match(err, /broken\.mjs cannot be loaded \(SyntaxError\): run it with node\n$/);
  assert.doesNotMatch(err, /hunter2|node:internal/);
});
