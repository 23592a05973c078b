import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection, createPool, type Pool } from 'mysql2/promise';
import { NotPorted, openBench } from '#bench';

const { clock, database, exported, gate, overhear, serve, statements } = await openBench();
const now = 1_800_000_000;
// A census that locks rows must fail a test, not stop it.
await database.query('SET innodb_lock_wait_timeout = 1');
let reader: Pool | undefined;
after(() => reader?.end());

/** Takes a census with an account that can read the view and nothing else. */
async function takeCensus(means: object = { now }, connections?: Pool): Promise<string> {
  if (!('census' in exported) || !exported.census) {
    const example =
      'static async census(reader: Pool, { now, maxLife = 1440 } = {}): Promise<string>';
    throw new NotPorted({ name: 'census', example });
  }
  // One connection: a census that keeps it has none for the next one, and gets an error.
  const only = { connectionLimit: 1, waitForConnections: false };
  reader ??= createPool({ uri: await database.reader('crawlable'), ...only });
  return await exported.census(connections ?? reader, means);
}

/** The numbers of a census, by their names. */
function numbersOf(census: string): Record<string, string | undefined> {
  const lines = census.trimEnd().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(': ') as [string, string]));
}

type Cells = [data: string | Buffer | null, updated: number | null];

async function add(rows: Cells[]): Promise<void> {
  const values = rows.map((cells) => [randomBytes(32), ...cells]);
  await database.query('INSERT INTO sessions (id, d, updated) VALUES ?', [values]);
}

/** Leaves these rows in the table, saved at one time or at a time for each. */
async function fill(data: Cells[0][], updated: Cells[1][] = [now]): Promise<void> {
  await database.query('DELETE FROM sessions');
  await add(data.map((d, index) => [d, updated[index % updated.length] ?? null]));
}

/** Holds the answer with the census's first rows: it is between two statements then. */
async function holdRows(census: () => Promise<string>) {
  const withRows = /^SELECT\b[^;]*?(?:(?<!\()\*|\bd\b)[^;]*\bFROM\b/i;
  const rows = gate(1, withRows, { opens: 'by hand', holds: 'answer' });
  const taken = census();
  if (!(await rows.reached(taken))) {
    rows.open();
    await taken;
    assert.fail('no statement of the census begins with SELECT and reads the column d');
  }
  return { rows, census: taken };
}

test('a census counts each row once, while rows are saved, added and deleted', async () => {
  await fill(Array(250).fill('count|i:1;'), [now - 100, now - 50, now - 10]);
  const { rows, census } = await holdRows(takeCensus);
  try {
    await database.query('UPDATE sessions SET updated = ?, version = version + 1', [now]);
    await database.query('DELETE FROM sessions ORDER BY n LIMIT 30');
    await database.query('DELETE FROM sessions ORDER BY n DESC LIMIT 20');
    await add(Array(40).fill(['count|i:1;', now]));
  } finally {
    rows.open();
    await census.catch(() => {});
  }
  const counted = numbersOf(await census)['rows'];
  const story = 'of 250 rows, 30 were deleted behind the census and 20 before it; 40 came later';
  assert.equal(counted, '230', story);
  // A class may read a large session by itself: it ends after the rows, and before that statement.
  await fill([`count|s:70000:"${'x'.repeat(70_000)}";`, 'count|i:1;']);
  const late = await holdRows(takeCensus);
  await database.query('DELETE FROM sessions WHERE LENGTH(d) > 10');
  late.rows.open();
  const { rows: all, malformed } = numbersOf(await late.census);
  assert.match(`${all} rows, ${malformed} malformed`, /^[12] rows, 0 malformed$/, 'one has ended');
});

test('a sign-in does not wait for a census', async () => {
  await fill(['count|i:1;']);
  const server = await serve();
  const { cookie } = await server.request({ path: '/login?user=ann' });
  // Ann's row is among the first hundred.
  await add(Array(150).fill(['count|i:1;', now]));
  const { rows, census } = await holdRows(takeCensus);
  try {
    const signIn = server.request({ path: '/login?user=ann', cookie });
    assert.equal(await database.lockWaits(1, signIn), false, 'a statement of the sign-in waits');
    assert.equal((await signIn).status, 200);
  } finally {
    rows.open();
    await census.catch(() => {});
  }
  assert.match(await census, /^alive: \d+$/m);
});

test('a census waits for no save, and counts none that is not finished', async () => {
  await fill(['count|i:1;', 'count|i:1;', `count|s:70000:"${'x'.repeat(70_000)}";`]);
  const page = await createConnection(database.url);
  await page.beginTransaction();
  await page.query(`UPDATE sessions SET d = 'user|s:3:"Ann";'`);
  await page.query("INSERT INTO sessions (id, updated) VALUES ('new', ?)", [now]);
  const census = takeCensus();
  const waits = await database.lockWaits(1, census);
  await page.rollback();
  await page.end();
  const counted = numbersOf(await census);
  assert.equal(waits, false, 'a statement of the census waits');
  assert.equal(counted['with user'], '0', 'saves that were taken back, and are counted');
  assert.deepEqual([counted['rows'], counted['with count']], ['3', '3'], 'rows, with count');
});

test('rows that are not sessions are counted, and end no census', async () => {
  const broken: (string | Buffer)[] = [
    Buffer.from([0xff, 0xfe]),
    'count|i:1;user|s:3:"An',
    'x|s:999999999:"a";',
    `x|${'a:1:{i:0;'.repeat(1000)}i:1;${'}'.repeat(1000)}`,
    Buffer.alloc(1000),
    `x|s:1100000:"${'y'.repeat(1_100_000)}";`,
    '{"v":2,"data":{"user":"ann"',
    '{"v":3,"data":{}}',
    Buffer.from('{"v":2,"data":{"x":"\xff"}}', 'latin1'),
  ];
  const whole: (string | Buffer)[] = [
    'count|i:1;',
    'user|s:3:"Ann";user|s:3:"Bob";',
    'name|s:12:"x|i:1;user|s";User|N;',
    Buffer.from('blob|s:3:"\xff\0|";count|i:2;', 'latin1'),
    '{"v":2,"data":{"count":3,"user":"Ann"}}',
    '{"v":2,"data":[]}',
    '',
  ];
  await fill([...broken, ...whole]);
  const census = numbersOf(await takeCensus());
  const { alive, malformed, php, json, empty } = census;
  assert.deepEqual(
    { alive, malformed, php, json, empty },
    { alive: '16', malformed: '9', php: '4', json: '2', empty: '1' },
    'sessions by their format',
  );
  const names = ['with count', 'with user', 'with other keys'];
  assert.deepEqual(
    names.map((name) => census[name]),
    ['3', '2', '2'],
    `sessions ${names.join(', ')}, of those that are not malformed`,
  );
  assert.equal(census['largest'], '1100015 10006 1000');
  const bytes = [...broken, ...whole].reduce((sum, d) => sum + Buffer.byteLength(d), 0);
  assert.equal(census['bytes'], String(bytes), 'bytes, those that the view keeps back included');
});

test('only a session that its visitor can still use is alive', async () => {
  const ages = [0, 59, 60, 299, 300, 899, 900, 1440, 1441, 86_400, -1, -300, -1441];
  const dead = 'x'.repeat(5000); // Nothing is said of a session that is over
  await fill(
    ['', ...ages.map((age) => (Math.abs(age) > 1440 ? dead : 'count|i:1;')), null, null],
    [null, ...ages.map((age) => now - age), now, now - 86_400],
  );
  const census = numbersOf(await takeCensus());
  const names = ['rows', 'unused', 'expired', 'alive', 'malformed', 'bytes', 'largest', 'time'];
  assert.deepEqual(
    names.map((name) => [name, census[name]]),
    [
      ['rows', '16'],
      ['unused', '2'],
      ['expired', '4'],
      ['alive', '10'],
      ['malformed', '0'],
      ['bytes', '100'],
      ['largest', '10 10 10'],
      ['time', String(now)],
    ],
    'the numbers of 16 rows, ten of them alive',
  );
  const bands = ['alive under 1 min', 'alive under 5 min', 'alive under 15 min', 'alive longer'];
  assert.deepEqual(
    bands.map((name) => [name, census[name]]),
    [
      ['alive under 1 min', '4'],
      ['alive under 5 min', '2'],
      ['alive under 15 min', '2'],
      ['alive longer', '2'],
    ],
    'sessions by the time since their last save',
  );
  const minute = numbersOf(await takeCensus({ now, maxLife: 60 }));
  assert.equal(minute['alive'], '4', 'with a lifetime of 60 s');
  const second = numbersOf(await takeCensus({ now, maxLife: 0 }));
  assert.equal(second['alive'], '1', 'with a lifetime of 0 s');
  const usual = numbersOf(await takeCensus({ now, maxLife: undefined }));
  assert.equal(usual['alive'], '10', 'with a lifetime that is undefined, as crawl.ts gives it');
  clock.advance(3600);
  const before = statements().length;
  const own = numbersOf(await takeCensus({}));
  clock.advance(-3600);
  for (const { sql } of statements().slice(before)) {
    assert.match(
      sql,
      /^(?!.*UNIX_TIMESTAMP).|\bn\b/is,
      'the time and the highest n, each by itself',
    );
  }
  await database.query('DELETE FROM sessions');
  const none = numbersOf(await takeCensus({}));
  assert.deepEqual(
    [none['rows'], none['alive'], none['bytes'], none['largest']],
    ['0', '0', '0', undefined],
    'rows, alive, bytes, largest: of no rows',
  );
  for (const { time } of [own, none]) {
    const ahead = Number(time) - clock.now();
    assert.ok(Math.abs(ahead) < 60, `without now, the time is ${ahead} s ahead of the database's`);
  }
});

test('a census contains no key, and nothing that is in a session', async () => {
  const secrets = ['reset_5ca1ab1e', 'tok_0ddba11', 'ann@example.com'];
  const [name, token, user] = secrets;
  const data = `${name}|s:11:"${token}";user|s:15:"${user}";`;
  await fill([data, `${data}x`]);
  let census = '';
  const printed = await overhear(async () => {
    census = await takeCensus();
  });
  assert.match(census, /^rows: 2$/m);
  const [row] = await database.rows();
  const id = Buffer.from(row?.['id'] as Buffer);
  const keys = (['hex', 'base64', 'base64url', 'latin1'] as const).map((each) => id.toString(each));
  const starts = (['hex', 'base64'] as const).map((each) => Buffer.from(data).toString(each, 0, 6));
  for (const secret of [...secrets, ...keys, ...starts]) {
    for (const text of [census, printed]) {
      assert.ok(!text.toLowerCase().includes(secret.toLowerCase()), `it contains ${secret}`);
    }
  }
});

test('no statement of a census reads more than a hundred rows or 4 MiB', async () => {
  const large = `x|s:1000000:"${'y'.repeat(1_000_000)}";`;
  const [medium, wide] = [60_000, 120_000].map((size) => `x|s:${size}:"${'y'.repeat(size)}";`);
  await fill([...Array(8).fill(large), ...Array(90).fill(medium), ...Array(60).fill(null)]);
  await add([...Array(45).fill([wide, now]), ...Array(107).fill(['count|i:1;', now])]);
  // More numbers are missing than a page has rows.
  await database.query('DELETE FROM sessions WHERE d IS NULL');
  const before = statements().length;
  const census = numbersOf(await takeCensus());
  assert.deepEqual([census['rows'], census['malformed'], census['php']], ['250', '0', '250']);
  const read = statements()
    .slice(before)
    .flatMap(({ outcome }) => (outcome?.kind === 'rows' ? [outcome] : []));
  const [rows, bytes] = (['rows', 'bytes'] as const).map((each) => read.map((one) => one[each]));
  assert.ok(Math.max(...(rows ?? [])) <= 100, `the statements read ${rows} rows`);
  assert.ok(Math.max(...(bytes ?? [])) <= 4 * 1024 ** 2, `the statements read ${bytes} bytes`);
});

test('a census that has to wait fails after two seconds', async () => {
  await fill(['count|i:1;']);
  await takeCensus();
  const uri = await database.reader('crawlable');
  const [pool, one] = [2, 1].map((connectionLimit) => createPool({ uri, connectionLimit })) as [
    Pool,
    Pool,
  ];
  const holder = await createConnection(database.url);
  await holder.query('SET lock_wait_timeout = 1');
  const lock = () => holder.query('LOCK TABLES sessions WRITE');
  // The table is locked between two statements of one census, and before the first of another.
  const begun = gate(1, /\bcrawlable\b/i, { opens: 'by hand', holds: 'answer' });
  const between = takeCensus({ now }, one).catch((error: Error) => error);
  await begun.reached(between);
  const locking = await lock().catch((error: Error) => error);
  const [own] = begun.statements;
  begun.open();
  // A census in a transaction still has the table.
  if (locking instanceof Error) await between.then(lock);
  const isOther = ({ connection }: { connection: number }) => connection !== own?.connection;
  const first = gate(1, /^/, { opens: 'by hand', where: isOther });
  const census = takeCensus({ now }, pool).catch((error: Error) => error);
  await first.reached(census);
  // A connection that the census gives back goes to the test, and the census gets the other one.
  const other = await pool.getConnection();
  const taken = pool.getConnection().finally(() => other.release());
  first.open();
  /** How many statements of the census are at the database, and for how many seconds. */
  const listed = async (): Promise<[statements: number, seconds: number]> => {
    const [row] = await database.query(
      "SELECT COUNT(*) AS n, MAX(TIME) AS seconds FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID() AND INFO LIKE '%crawlable%'",
    );
    return [Number(row?.['n']), Number(row?.['seconds'])];
  };
  let [outcome, longest] = ['nothing in 8 s' as unknown, 0];
  let isOver = false;
  census
    .then((result) => {
      outcome = result;
      return between;
    })
    .then(() => {
      isOver = true;
    });
  for (const end = performance.now() + 8000; !isOver && performance.now() < end; ) {
    longest = Math.max(longest, (await listed())[1]);
    await delay(50);
  }
  // A statement that has failed may be listed for a moment longer than its answer takes.
  let waiting = 1;
  for (let looks = 0; waiting > 0 && looks < 20; looks += 1) {
    if (looks > 0) await delay(50);
    [waiting] = await listed();
  }
  await holder.query('UNLOCK TABLES');
  await holder.end();
  await census;
  // A census that keeps its connection leaves none.
  taken.then(
    (connection) => connection.release(),
    () => {},
  );
  await Promise.all([pool.end(), one.end()]);
  assert.ok(outcome instanceof Error, `a census of a table that is locked: ${outcome}`);
  assert.ok(longest < 4, `a statement has waited for ${longest} s, as the database counts them`);
  assert.equal(waiting, 0, 'statements that still wait at the database');
});

test('a census that fails gives its connection back', async () => {
  await fill(['count|i:1;', '']);
  await takeCensus();
  await database.withoutTable(async () => {
    await assert.rejects(takeCensus(), 'a census without a table');
  });
  const { rows, census } = await holdRows(takeCensus);
  rows.cut();
  await assert.rejects(census, 'a census whose connection is lost between two statements');
  const next = await takeCensus().catch((error: Error) => `rows: ${error.message}`);
  assert.equal(
    numbersOf(next)['rows'],
    '2',
    'the next census, with the one connection of its pool',
  );
  assert.equal(numbersOf(next)['largest'], '10 0', 'of two sessions, one of them empty');
});
