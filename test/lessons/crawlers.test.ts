/** The crawlers of lesson 22: four programs count the same table by the same rule, beside its use. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import { encodeEnvelope, encodeSession, PhpFloat, PhpObject } from '../../src/serialize/index.ts';
import { type OwnedDatabase, openDatabase } from '../../src/workshop/bench/database.ts';
import { seededRandom } from '../../src/workshop/bench/random.ts';
import {
  type DatabaseServer,
  obtainServer,
  type Schema,
} from '../../src/workshop/machine/database/server.ts';
import { openWire, type Wire } from '../../src/workshop/wire/proxy.ts';
import { HANG } from '../hang.ts';
import {
  accountOf,
  type Crawler,
  crawl,
  Daemon,
  folder,
  prepareCrawlers,
} from './crawlers/programs.ts';
import { damage, json, malformed, php } from './crawlers/rows.ts';

const now = 1_800_000_000;
const at = ['--now', String(now)];

const tables = readFileSync(join(folder, 'schema.sql'), 'utf8');

let server: DatabaseServer;
let schema: Schema;
let wire: Wire;
let database: OwnedDatabase;
let account: Record<string, string>;
let crawlers: Crawler[];
let end: () => Promise<void>;
before(async () => {
  ({ crawlers, end } = await prepareCrawlers());
  server = await obtainServer();
  schema = await server.createSchema('crawlers');
  wire = await openWire(schema.url);
  database = await openDatabase(schema.url, wire, tables);
  account = accountOf(await database.reader('crawlable'));
  account['CRAWL_PASSWORD'] = 'ä password of its €wn';
  await database.query(`ALTER USER ${account['CRAWL_USER']} IDENTIFIED BY ?`, [
    account['CRAWL_PASSWORD'],
  ]);
});
after(async () => {
  await database?.close();
  await wire?.close();
  await schema?.drop();
  await server?.close();
  await end?.();
});

type Cell = Buffer | string | null;

async function fill(rows: [d: Cell, updated: number | string | null][]): Promise<void> {
  await database.query('DELETE FROM sessions');
  for (let from = 0; from < rows.length; from += 500) {
    const part = rows.slice(from, from + 500);
    // Row by row where they are large: the server takes packets of 16 MiB.
    const isLarge = part.some(([d]) => (d?.length ?? 0) > 10_000);
    const values = part.map((row) => [randomBytes(32), ...row]);
    const insert = 'INSERT INTO sessions (id, d, updated) VALUES ?';
    for (const each of isLarge ? values.map((value) => [value]) : [values]) {
      await database.query(insert, [each]);
    }
  }
}

/** Takes the same census with each program, and returns the one text. */
async function countWithAll(...args: string[]): Promise<string> {
  const results = await Promise.all(
    crawlers.map(async (crawler) => {
      const { code, stdout, stderr } = await crawl(crawler, account, '--once', ...at, ...args);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, crawler.name);
      return stdout;
    }),
  );
  const [first = '', ...others] = results;
  for (const [index, other] of others.entries()) {
    assert.equal(other, first, `${crawlers[index + 1]?.name} counts as C does`);
  }
  return first;
}

const numbersOf = (census: string): Record<string, string | undefined> =>
  Object.fromEntries(
    census
      .trimEnd()
      .split('\n')
      .map((line) => line.split(': ') as [string, string]),
  );

test('four programs print the same bytes for rows of every kind', async () => {
  const times: (number | string | null)[] = [
    ...[null, 0, -1, '-9223372036854775808', '9223372036854775807', now - 1441, now + 1441],
    ...[
      now,
      now - 59,
      now - 60,
      now - 299,
      now - 300,
      now - 899,
      now - 900,
      now - 1440,
      now + 1440,
    ],
  ];
  await fill([
    ...[...php, ...json, ...malformed, ''].map((d): [Cell, number] => [d, now]),
    ...times.map((updated): [Cell, typeof updated] => ['count|i:1;', updated]),
    [null, now],
    [null, null],
  ]);
  const sizes: number[] = [];
  const unwatch = wire.watch(({ kind, ...event }) => {
    const outcome = kind === 'ended' && 'statement' in event && event.statement.outcome;
    if (outcome && outcome.kind === 'rows') sizes.push(outcome.bytes);
  });
  const census = await countWithAll();
  unwatch();
  assert.ok(Math.max(...sizes) < 4 * 1024 ** 2, `a statement read ${Math.max(...sizes)} bytes`);
  const numbers = numbersOf(census);
  const alive = php.length + json.length + malformed.length + 1 + 9;
  assert.deepEqual(
    ['rows', 'unused', 'expired', 'alive', 'empty', 'php', 'json', 'malformed'].map(
      (name) => numbers[name],
    ),
    [alive + 9, 2, 7, alive, 1, php.length + 9, json.length, malformed.length].map(String),
    census,
  );
  assert.match(census, /^time: 1800000000\nrows: \d+\n/);
  assert.match(census, /\nlargest: 1048577 1048576 1048576\n\n$/);
});

test('four programs agree about rows that were damaged at random', async (context) => {
  const random = seededRandom(process.env['SEED']);
  context.diagnostic(`SEED=${random.seed}`);
  // In groups with ages of their own, so that two mistakes seldom cancel each other out.
  for (let round = 0; round < 2; round += 1) {
    const rows = damage(() => random.next(), 1500);
    await fill(rows.map((d): [Cell, number] => [d, now]));
    const numbers = numbersOf(await countWithAll());
    assert.ok(Number(numbers['malformed']) > 500, 'damage');
    assert.ok(Number(numbers['php']) + Number(numbers['json']) > 100, 'and no damage');
  }
});

test('every session that our writers write is well-formed', async () => {
  const variables = {
    count: 3,
    user: 'Zoë | {"v":2}',
    price: new PhpFloat(1),
    ratio: 0.1,
    huge: 2n ** 62n,
    none: null,
    yes: true,
    bytes: Buffer.from([0xff, 0x00]),
    list: [1, [2, [3]]],
    map: new Map<number | string, unknown>([
      [5, 'a'],
      ['b', 6],
    ]) as never,
    object: new PhpObject('Cart', new Map([['items', [1]]])),
  };
  const { bytes } = encodeSession('php', variables);
  await fill([bytes as Buffer, encodeEnvelope(variables), encodeEnvelope({})].map((d) => [d, now]));
  const { malformed: broken, php: old, json: envelopes } = numbersOf(await countWithAll());
  assert.deepEqual({ broken, old, envelopes }, { broken: '0', old: '1', envelopes: '2' });
});

test('the census on the page is that of the sessions it speaks of', async () => {
  await fill([
    ['count|i:1;', now - 10],
    ['count|i:1;user|s:3:"Ann";', now - 100],
    ['count', now - 400],
    ['count|i:1;', now - 1441],
    [null, now],
  ]);
  const page = readFileSync(join(folder, 'README.md'), 'utf8');
  assert.equal(await countWithAll(), `${/^time: 1800000000\n[^`]*/m.exec(page)?.[0]}\n`);
});

test('a census of an empty table has zeros, and no sizes', async () => {
  await fill([]);
  const [time, ...lines] = (await countWithAll()).split('\n');
  assert.deepEqual([time, ...lines.splice(-3)], [`time: ${now}`, 'largest:', '', '']);
  for (const line of lines) assert.match(line, /^[a-z 15]+: 0$/, 'a number of an empty table');
});

test('without options a census is for the database’s time and PHP’s usual lifetime', async () => {
  const [row] = await database.query('SELECT UNIX_TIMESTAMP() AS clock');
  const clock = Number(row?.['clock']);
  await fill([1000, 2000].map((age) => ['count|i:1;', clock - age]));
  await Promise.all(
    crawlers.map(async (crawler) => {
      const usual = numbersOf((await crawl(crawler, account, '--once')).stdout);
      assert.ok(Math.abs(Number(usual['time']) - clock) <= 60, `${crawler.name}: ${usual['time']}`);
      assert.deepEqual([usual['alive'], usual['expired']], ['1', '1'], crawler.name);
      const short = await crawl(crawler, account, '--once', '--lifetime', '500');
      assert.equal(numbersOf(short.stdout)['expired'], '2', crawler.name);
    }),
  );
});

test('between two pages of a crawler the table is free', async () => {
  for (const crawler of crawlers) {
    await fill(Array.from({ length: 250 }, () => ['count|i:1;', now]));
    const second = wire.gate(1, /WHERE n > [1-9]/, { opens: 'by hand', patience: HANG });
    const counting = crawl(crawler, account, '--once', ...at);
    await Promise.race([second.arrived, counting]);
    const visitor = await createConnection(schema.url);
    try {
      await visitor.query('SET innodb_lock_wait_timeout = 1, lock_wait_timeout = 1');
      await visitor.query('UPDATE sessions SET version = version + 1, updated = ?', [now - 1]);
      await visitor.query('INSERT INTO sessions (id, updated) VALUES (?, ?)', [
        randomBytes(32),
        now,
      ]);
      await visitor.query('DELETE FROM sessions ORDER BY n LIMIT 10');
      await visitor.query('DELETE FROM sessions ORDER BY n DESC LIMIT 21');
      await visitor.query("ALTER TABLE sessions COMMENT 'not held by a transaction'");
    } finally {
      second.open();
      await visitor.end();
    }
    const { code, stdout, stderr } = await counting;
    assert.equal(code, 0, `${crawler.name}: ${stderr}`);
    assert.equal(numbersOf(stdout)['rows'], '230', `${crawler.name}: 20 rows went before it came`);
  }
});

test('a crawler waits for no save, and counts none that is not finished', async () => {
  await fill(['count|i:1;', 'x'.repeat(70_000)].map((d) => [d, now]));
  const page = await createConnection(schema.url);
  try {
    await page.beginTransaction();
    await page.query("UPDATE sessions SET d = ''");
    await page.query("INSERT INTO sessions (id, d, updated) VALUES ('new', '', ?)", [now]);
    const { rows, empty } = numbersOf(await countWithAll());
    assert.deepEqual([rows, empty], ['2', '0'], 'rows, and those that are empty');
  } finally {
    await page.end();
  }
});

test('a large session that ends before its own statement is not counted', async () => {
  for (const crawler of crawlers) {
    await fill(['x'.repeat(65_537), 'count|i:1;', 'x'.repeat(65_536)].map((d) => [d, now]));
    const one = wire.gate(1, /WHERE n = /, { opens: 'by hand', patience: HANG });
    const counting = crawl(crawler, account, '--once', ...at);
    await Promise.race([one.arrived, counting]);
    await database.query('DELETE FROM sessions WHERE LENGTH(d) > 65536');
    one.open();
    const { rows, alive } = numbersOf((await counting).stdout);
    assert.deepEqual([rows, alive, one.statements.length], ['2', '2', 1], crawler.name);
  }
});

test('SIGTERM ends a waiting daemon at once, with exit code 0', async () => {
  await fill([['count|i:1;', now]]);
  const daemons = crawlers.map(
    (crawler) => new Daemon(crawler, account, '--interval', '3600', ...at),
  );
  try {
    await Promise.all(daemons.map((daemon) => daemon.printed('largest: 10\n\n')));
    for (const [index, daemon] of daemons.entries()) {
      const { code, took } = await daemon.terminate();
      assert.equal(code, 0, crawlers[index]?.name);
      assert.equal(daemon.stderr, '', crawlers[index]?.name);
      const censuses = daemon.stdout.match(/^time: /gm)?.length;
      assert.equal(censuses, 1, `censuses of ${crawlers[index]?.name}, one in an hour`);
      assert.ok(took < 60_000, `${crawlers[index]?.name} needed ${took} ms`);
    }
  } finally {
    await Promise.all(daemons.map((daemon) => daemon.kill()));
  }
});

test('SIGTERM during a census prints no half of it', async () => {
  await fill([['count|i:1;', now]]);
  for (const crawler of crawlers) {
    const page = wire.gate(1, /WHERE n > 0/, {
      opens: 'by hand',
      holds: 'answer',
      patience: HANG,
    });
    const daemon = new Daemon(crawler, account, '--interval', '3600', ...at);
    try {
      await page.arrived;
      const ending = daemon.terminate();
      // PHP's handler runs when the database has answered; the others do not wait for that.
      if (crawler.name === 'PHP') page.open();
      assert.equal((await ending).code, 0, crawler.name);
      assert.deepEqual([daemon.stdout, daemon.stderr], ['', ''], crawler.name);
    } finally {
      page.open();
      await daemon.kill();
    }
  }
});

test('a daemon reports a database that fails, and continues when it is back', async () => {
  await fill([['count|i:1;', now]]);
  await database.query('RENAME TABLE sessions TO away');
  const start = performance.now();
  const daemons = crawlers.map((crawler) => new Daemon(crawler, account, '--interval', '1', ...at));
  try {
    // Two failures: a daemon without a pause has many more when the others have had two.
    await Promise.all(daemons.map((daemon) => daemon.printed('references invalid', 2)));
    await database.query('RENAME TABLE away TO sessions');
    await Promise.all(daemons.map((daemon) => daemon.printed('largest: 10\n\n')));
    const seconds = (performance.now() - start) / 1000;
    for (const [index, { stderr }] of daemons.entries()) {
      assert.match(stderr, /^crawl(\.\w+)?: .*crawlable.*\n/);
      const { length } = stderr.trimEnd().split('\n');
      const story = `${crawlers[index]?.name}: ${length} failures in ${seconds} s, one in a second`;
      assert.ok(length <= seconds + 2, story);
    }
    const pages = wire.gate(daemons.length, /WHERE n > 0/, {
      opens: 'by hand',
      holds: 'answer',
      patience: HANG,
    });
    await pages.arrived;
    for (const daemon of daemons) daemon.stdout = '';
    pages.cut();
    // Only a new connection can find the database again.
    await Promise.all(daemons.map((daemon) => daemon.printed('largest: 10\n\n')));
  } finally {
    await Promise.all(daemons.map((daemon) => daemon.kill()));
  }
});

test('exit codes and messages say what was wrong, and show no password', async (context) => {
  const wrong = { ...account, CRAWL_PASSWORD: 'Tr0ub4dor' };
  const { CRAWL_USER: _, ...nameless } = account;
  // A packet of one byte: an error without a number.
  const stranger = createServer((socket) =>
    socket.on('error', () => {}).end('\x01\0\0\0\xff', 'latin1'),
  );
  context.after(() => stranger.close());
  await once(stranger.listen(0, '127.0.0.1'), 'listening');
  const notMySQL = { ...account, CRAWL_PORT: String((stranger.address() as AddressInfo).port) };
  await Promise.all(
    crawlers.map(async (crawler) => {
      const denied = await crawl(crawler, wrong, '--once');
      assert.equal(denied.code, 1, `${crawler.name}: ${denied.stderr}`);
      assert.match(denied.stderr, /Access denied/, crawler.name);
      assert.doesNotMatch(denied.stderr, /Tr0ub4dor/, crawler.name);
      const help = await crawl(crawler, {}, '--help');
      assert.deepEqual([help.code, help.stderr], [0, ''], crawler.name);
      assert.match(help.stdout, /--interval SECONDS/, crawler.name);
      for (const [said, ...args] of [
        [/once/],
        [/once/, '--once', '--interval', '5'],
        [/whole number/, '--interval', '5x'],
        [/whole|expected|needs|missing/, '--interval'],
        [/--twice/, '--once', '--twice'],
      ] as [RegExp, ...string[]][]) {
        const { code, stdout, stderr } = await crawl(crawler, account, ...args);
        assert.deepEqual([code, stdout], [2, ''], `${crawler.name} ${args.join(' ')}: ${stderr}`);
        assert.match(stderr, /usage/, crawler.name);
        assert.match(stderr.trimEnd().split('\n').at(-1) ?? '', said, crawler.name);
      }
      const garbage = await crawl(crawler, notMySQL, '--once');
      assert.deepEqual([garbage.code, garbage.stdout], [1, ''], crawler.name);
      assert.match(garbage.stderr, /^crawl.*\n$/, `${crawler.name}: one line, and no traceback`);
      const unset = await crawl(crawler, nameless, '--once');
      assert.equal(unset.code, 2, crawler.name);
      const port = await crawl(crawler, { ...account, CRAWL_PORT: '33o6' }, '--once');
      assert.deepEqual([port.code, port.stdout], [2, ''], `${crawler.name}: ${port.stderr}`);
      assert.match(unset.stderr, /CRAWL_USER is not set|CRAWL_USER: is not set/, crawler.name);
    }),
  );
});

test('a statement that takes too long is ended by the server', async () => {
  await fill([['count|i:1;', now]]);
  const [, view = ''] = tables.split(';').map((sql) => sql.replace('CREATE', 'CREATE OR REPLACE'));
  await database.query(`${view} WHERE SLEEP(30) = 0`);
  try {
    const results = await Promise.all(
      crawlers.map((crawler) => crawl(crawler, account, '--once', ...at)),
    );
    for (const [index, { code, stderr }] of results.entries()) {
      assert.equal(code, 1, `${crawlers[index]?.name}: ${stderr}`);
      assert.match(
        stderr,
        /max_statement_time|maximum statement execution time/,
        crawlers[index]?.name,
      );
    }
  } finally {
    await database.query(view);
  }
});

test('a database that no longer answers ends a census within seconds', async () => {
  await fill([['count|i:1;', now]]);
  const answers = wire.gate(crawlers.length + 1, /WHERE n > 0/, {
    opens: 'by hand',
    holds: 'answer',
    patience: HANG,
  });
  try {
    const counts = crawlers.map((crawler) => crawl(crawler, account, '--once', ...at));
    for (const [index, { code, stdout, stderr }] of (await Promise.all(counts)).entries()) {
      assert.deepEqual([code, stdout], [1, ''], `${crawlers[index]?.name}: ${stderr}`);
      assert.match(stderr, /^crawl/, crawlers[index]?.name);
    }
  } finally {
    answers.open();
  }
});

test('the account of the page reads no key and changes nothing; but it could lock', async () => {
  await fill([['count|i:1;', now]]);
  const name = `crawler_${randomBytes(6).toString('hex')}`;
  const rights = readFileSync(join(folder, 'rights.sql'), 'utf8').replaceAll(/\bcrawler\b/g, name);
  await database.query(rights);
  const url = new URL(schema.url);
  Object.assign(url, { username: name, password: encodeURIComponent('a password of its own') });
  const reader = await createConnection(url.href);
  try {
    const ask = (sql: string): Promise<unknown> => reader.query(sql);
    assert.ok(await ask('SELECT n, updated, bytes, d FROM crawlable'));
    for (const sql of [
      'SELECT id FROM sessions',
      'UPDATE crawlable SET n = 1',
      'DELETE FROM crawlable',
    ]) {
      await assert.rejects(ask(sql), /denied/, sql);
    }
    await assert.rejects(ask('SELECT id FROM crawlable'), /Unknown column/);
    if (!server.version.includes('MariaDB')) return;
    await ask('START TRANSACTION');
    await ask('SELECT n, d FROM crawlable FOR UPDATE');
    await database.query('SET innodb_lock_wait_timeout = 1');
    await assert.rejects(database.query('UPDATE sessions SET updated = 1'), ({ cause }: Error) =>
      /Lock wait timeout/.test(String(cause)),
    );
    await ask('ROLLBACK');
    // The way out for a program that means well: it cannot lock by mistake.
    await ask('START TRANSACTION READ ONLY');
    await assert.rejects(ask('SELECT n, d FROM crawlable FOR UPDATE'), /READ ONLY transaction/);
  } finally {
    await reader.end();
    await database.query(`DROP USER ${name}`);
  }
});
