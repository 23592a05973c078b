import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { createPool } from 'mysql2/promise';
import { openBench } from '#bench';

const { another, database, exported, given, handler, newId, overhear, serve } = await openBench();
await handler.open('', 'MySession');
const formats = ['php', 'php_binary', 'php_serialize'] as const;

/** One session as PHP has written it, by rows.php: each character is one byte. */
const byPhp = JSON.parse(
  readFileSync(new URL('./rows-by-php.json', import.meta.url), 'utf8'),
) as Record<(typeof formats)[number], string>;

/** The newest row's data; `undefined` without a row. */
const saved = async (): Promise<string | undefined> => {
  const [row] = await database.query('SELECT d FROM sessions ORDER BY updated DESC, version DESC');
  return row && Buffer.from((row['d'] as Buffer | null) ?? '').toString('latin1');
};
const envelope = async (): Promise<{ [key: string]: unknown }> => {
  const row = Buffer.from((await saved()) ?? '', 'latin1').toString();
  assert.match(row, /^\{"v":2,"data":\{.*\}\}$/s, 'the row is not an envelope');
  return (JSON.parse(row) as { data: object }).data as never;
};
const handlerOf = async (means: Parameters<typeof given>[0]) => {
  const { handler: made } = given(means);
  await made.open('', 'MySession');
  return made;
};
/** The object of one request. */
const requestOf = async (means: object) => {
  const request = new (exported as new (means: object) => typeof handler)(means);
  await request.open('', 'MySession');
  return request;
};
/** A session with data, under an id of its own, in an empty table. */
const stored = async (data: string): Promise<string> => {
  await database.query('DELETE FROM sessions');
  const id = await newId();
  await database.query('UPDATE sessions SET d = ?', [Buffer.from(data, 'latin1')]);
  return id;
};
const latin1 = async (bytes: Promise<Uint8Array>) => Buffer.from(await bytes).toString('latin1');

test('a name is a name to every program that reads JSON', async () => {
  await database.query('DELETE FROM sessions');
  const page = await given({ writes: 'json' }).serve();
  const user = 'Zoë|role|s:5:"admin";';
  const { cookie } = await page.request({ path: `/login?user=${encodeURIComponent(user)}` });
  assert.deepEqual(await envelope(), { user });
  assert.match((await page.request({ path: '/whoami', cookie })).body, /Zoë\|role/);
});

test('each session of PHP comes out of its row as PHP wrote it, to the byte', async () => {
  for (const format of formats) {
    const id = await stored(byPhp[format]);
    const json = await handlerOf({ format, writes: 'json' });
    assert.equal(await latin1(json.readBytes(id)), byPhp[format], `${format}, PHP's row`);
    await json.write(id, Buffer.from(byPhp[format], 'latin1'));
    const { count, code, cart } = await envelope();
    assert.deepEqual(
      { count, code, cart },
      { count: 1, code: '1', cart: [['tea', 2], ['cake', { slices: 3 }], []] },
    );
    assert.equal(await latin1(json.readBytes(id)), byPhp[format], `${format}, from JSON`);
    const empty = format === 'php_serialize' ? 'a:0:{}' : '';
    await json.write(id, empty);
    assert.deepEqual(await envelope(), {});
    assert.equal(await json.read(id), empty, `${format}, an empty session`);
  }
});

test('a visitor goes on while the site moves to JSON, and back', async () => {
  await database.query('DELETE FROM sessions');
  const [php, json, binary, arrays] = await Promise.all([
    given({ writes: 'php' }).serve(),
    ...formats.map((format) =>
      given({ writes: 'json' }).serve({ settings: { 'session.serialize_handler': format } }),
    ),
  ]);
  const { cookie } = await php.request();
  const visits = [json, json, php, json, arrays, binary, json, php] as (typeof php)[];
  for (const [index, server] of visits.entries()) {
    const count = index + 2;
    const { body } = await server.request({ cookie });
    const other = server === arrays ? 'php_serialize' : server === binary && 'php_binary';
    const where = other ? `, where PHP’s setting is ${other}` : '';
    assert.equal(body, `<p>Count: ${count}</p>\n`, `visit ${count}${where}`);
    if (server === php) assert.equal(await saved(), `count|i:${count};`);
    else assert.deepEqual(await envelope(), { count });
  }
});

test('a request that only reads leaves the row in the format that it has', async () => {
  await database.query('DELETE FROM sessions');
  const { cookie } = await given({ writes: 'json' })
    .serve()
    .then((page) => page.request());
  for (const row of ['user|s:3:"Ann";', '{"v": 2, "data": {"user": "Ann"}}']) {
    await database.query('UPDATE sessions SET d = ?', [row]);
    for (const writes of ['php', 'json'] as const) {
      const reader = await given({ writes, readOnly: true }).serve();
      const { body } = await reader.request({ path: '/whoami', cookie });
      assert.match(body, /Ann/, `${row}, with writes: ${writes}`);
      assert.equal(await saved(), row);
    }
  }
  // PHP saves no variables as `a:0:{}` there, and the JSON of the largest row is larger.
  const large = `x|s:1048561:"${'-'.repeat(1_048_561)}";`;
  for (const [format, row, data] of [
    ['php_serialize', '', 'a:0:{}'],
    ['php', large, large],
  ] as const) {
    for (const writes of ['php', 'json'] as const) {
      const id = await stored(row);
      const request = await requestOf({ format, writes, readOnly: true });
      await request.read(id);
      const what = `${format}, ${row.length} bytes, with writes: ${writes}`;
      assert.equal(await request.write(id, data).catch(String), true, what);
      await request.close();
      assert.ok((await saved()) === row, what);
    }
  }
  // As text both bytes are U+FFFD.
  const [photo, other] = ['x|s:1:"\xfe";', 'x|s:1:"\xff";'] as const;
  for (const writes of ['php', 'json'] as const) {
    const id = await stored(photo);
    const request = await requestOf({ writes, readOnly: true });
    await request.read(id);
    await assert.rejects(() => request.write(id, Buffer.from(other, 'latin1')), `in ${writes}`);
    await request.close();
    assert.equal(await saved(), photo);
  }
});

test('SESSION_WRITES is the switch, and off it saves what it always saved', async () => {
  const before = process.env['SESSION_WRITES'];
  const save = async (value: string | undefined, means: Parameters<typeof given>[0] = {}) => {
    if (value === undefined) delete process.env['SESSION_WRITES'];
    else process.env['SESSION_WRITES'] = value;
    const id = await stored('count|i:1;');
    await (await handlerOf(means)).write(id, 'count|i:2;');
    return await saved();
  };
  try {
    assert.equal(await save(undefined), 'count|i:2;', 'without the variable');
    assert.equal(await save('json'), '{"v":2,"data":{"count":2}}', 'SESSION_WRITES=json');
    assert.equal(await save('php'), 'count|i:2;', 'SESSION_WRITES=php');
    const told = await save('json', { writes: 'php' });
    assert.equal(told, 'count|i:2;', "SESSION_WRITES=json, and a handler with writes: 'php'");
    process.env['SESSION_WRITES'] = 'json';
    const id = await stored('');
    const made = await requestOf({});
    process.env['SESSION_WRITES'] = 'php';
    await made.write(id, 'count|i:2;');
    assert.equal(await saved(), '{"v":2,"data":{"count":2}}', 'json when the handler was made');
    for (const wrong of ['JSON', 'json ', '']) {
      await assert.rejects(() => save(wrong), /SESSION_WRITES/, `SESSION_WRITES=${wrong}`);
    }
  } finally {
    delete process.env['SESSION_WRITES'];
    if (before !== undefined) process.env['SESSION_WRITES'] = before;
  }
});

test('beside a server of the lesson before, a visitor stays signed in at both', async () => {
  await database.query('DELETE FROM sessions');
  const lessonBefore = new URL('../20-a-cache-in-front/sessions.ts', import.meta.url);
  const { serve: serveOld } = await another(undefined, fileURLToPath(lessonBefore));
  const [fresh, old] = await Promise.all([serve(), serveOld()]);
  const { cookie } = await fresh.request();
  // The two classes may give their cookies different names.
  const [nameOfOld] = (await old.request()).cookie.split('=');
  const [, id] = cookie.split('=');
  for (const [index, server] of [old, fresh, old, fresh].entries()) {
    const sent = server === old ? `${nameOfOld}=${id}` : cookie;
    const { body } = await server.request({ cookie: sent });
    assert.match(body, new RegExp(`Count: ${index + 2}<`), server === old ? 'the old one' : 'ours');
  }
});

test('a row that cannot be read is an error, and stays as it is', async () => {
  const rows = {
    'a newer version': '{"v":3,"data":{"user":"Zara"}}',
    'a newer version, with more members': '{"v":3,"data":{"user":"Zara"},"tags":[]}',
    'a tag that is unknown': '{"v":2,"data":{"user":{"$php":"Zara"}}}',
    'a fault under a name': '{"v":2,"data":{"Zara":{"$php":"date"}}}',
    'a key that is there twice': '{"v":2,"data":{"user":"Zara","role":"none","role":"admin"}}',
    'a number that JSON rounds': '{"v":2,"data":{"user":"Zara","count":9007199254740993}}',
    'cut in the middle of a name': '{"v":2,"data":{"user":"Zara","name":"|i:1;admin|b:1;',
  };
  const page = await given({ writes: 'json' }).serve();
  for (const [kind, row] of Object.entries(rows)) {
    const cookie = (await page.request()).cookie;
    const id = decodeURIComponent(cookie.split('=')[1] ?? '');
    await database.query('UPDATE sessions SET d = ?', [row]);
    const only = { uri: database.url, connectionLimit: 1, waitForConnections: false };
    const pool = createPool(only);
    const request = await requestOf({ pool, writes: 'json' });
    let error: unknown;
    const printed = await overhear(async () => {
      error = await request.read(id).then(
        (data) => assert.fail(`${kind} is read as ${JSON.stringify(data)}`),
        (error: unknown) => error,
      );
    });
    const shown = inspect(error, { depth: 9 });
    assert.ok(!shown.includes('Zara'), `the error for ${kind} quotes the row: ${shown}`);
    assert.ok(!printed.includes('Zara'), `the class prints the row, for ${kind}: ${printed}`);
    const held = await pool.getConnection().then(
      (connection) => connection.release(),
      () => 'the request that failed keeps its lock and its connection',
    );
    await pool.end();
    assert.equal(held, undefined, `after a failed read, for ${kind}`);
    const { status } = await page.request({ cookie });
    assert.equal(status, 500, `the status of a page, for ${kind}`);
    assert.equal(await saved(), row, `the row after it, for ${kind}`);
    await database.query('DELETE FROM sessions');
  }
});

test('a key of every prototype is a key like any other', async () => {
  const data = '__proto__|a:1:{s:5:"admin";b:1;}constructor|i:1;user|s:3:"Ann";';
  const id = await stored('');
  const json = await handlerOf({ writes: 'json' });
  await json.write(id, data);
  const { user, ...rest } = await envelope();
  assert.deepEqual([user, Object.keys(rest)], ['Ann', ['__proto__', 'constructor']]);
  assert.equal(await json.read(id), data);
  assert.equal(({} as { admin?: boolean }).admin, undefined, 'every object is an administrator');
  const braced = '{"user"|s:3:"Ann";';
  assert.equal(await json.read(await stored(braced)), braced, 'a row of PHP, and no envelope');
});

test('nothing is saved of which a part would be lost', async () => {
  const json = await handlerOf({ writes: 'json' });
  const parts = ['zebra|i:1', 'zebra|s:4:"Zara";name|s:3:"Zoë";', 'O:8:"stdClass"'];
  for (const data of parts) {
    const id = await stored('user|s:3:"Ann";');
    let error: unknown;
    const printed = await overhear(async () => {
      error = await json.write(id, data).then(
        () => assert.fail(`${data} is saved`),
        (error: unknown) => error,
      );
    });
    const shown = `${printed}${inspect(error, { depth: 9 })}`;
    assert.doesNotMatch(shown, /zebra|Zara|Zo|stdClass/, 'the error or the log quotes the session');
    assert.equal(await saved(), 'user|s:3:"Ann";');
  }
  const arrays = await handlerOf({ format: 'php_serialize', writes: 'json' });
  const id = await stored('');
  for (const scalar of ['s:3:"Ann";', 's:0:"";', 'i:0;', 'b:0;']) {
    await assert.rejects(
      () => arrays.write(id, scalar),
      (error) => !inspect(error, { depth: 9 }).includes('Ann'),
      `${scalar}, which is not an array, is saved, or the error quotes it`,
    );
  }
  // A page whose session ended while it waited for it has read nothing, and changes nothing.
  await database.query('DELETE FROM sessions');
  for (const [format, empty] of [
    ['php', ''],
    ['php_serialize', 'a:0:{}'],
  ] as const) {
    const late = await requestOf({ format, writes: 'json' });
    assert.ok(
      ['', empty].includes(String(await late.read(id))),
      `a session that is over: ${format}`,
    );
    const answer = await late.write(id, empty).catch(String);
    await late.close();
    assert.equal(answer, true, `a page with an empty session, whose session has ended: ${format}`);
  }
  // PHP's three notations cannot hold each other's keys.
  const rows = {
    php: '{"v":2,"data":{"a|b":"Zara"}}',
    php_binary: `{"v":2,"data":{"count":"Zara","${'k'.repeat(128)}":1}}`,
  };
  for (const [format, row] of Object.entries(rows)) {
    const id = await stored(row);
    const narrow = await handlerOf({ format: format as 'php', writes: 'json' });
    await assert.rejects(() => narrow.read(id), `${format} reads ${row}`);
    const shown = await overhear(() => narrow.read(id));
    assert.ok(!shown.includes('Zara'), `the error or the log quotes the row: ${shown}`);
    assert.match(await arrays.read(id), /^a:[12]:\{(s:\d+:"[^"]+";(i:1|s:4:"Zara");)+\}$/);
  }
  const list = await stored('');
  await arrays.write(list, 'a:2:{s:4:"user";s:3:"Ann";i:5;s:3:"tea";}');
  await assert.rejects(() => json.read(list), 'the notation php has no key 5');
});

test('the limit counts the bytes of the row, and not those of PHP', async () => {
  const json = await handlerOf({ writes: 'json' });
  const id = await stored('user|s:3:"Ann";');
  const photo = Buffer.concat([
    Buffer.from('photo|s:900000:"'),
    Buffer.alloc(900_000, 0xff),
    Buffer.from('";'),
  ]);
  const accents = `x|s:1200000:"${'é'.repeat(600_000)}";`;
  const largest = 1_048_576 - '{"v":2,"data":{"x":""}}'.length;
  const over = `x|s:${largest + 1}:"${'-'.repeat(largest + 1)}";`;
  for (const data of [photo, accents, over]) {
    await assert.rejects(() => json.write(id, data), { name: 'SessionTooLarge' });
    assert.equal(await saved(), 'user|s:3:"Ann";');
  }
  await json.write(id, `x|s:${largest}:"${'-'.repeat(largest)}";`);
  assert.equal((await saved())?.length, 1_048_576, 'bytes of the largest row');
  const list = Array.from({ length: 100_000 }, (_, at) => `i:${at};i:1;`).join('');
  await json.write(id, `list|a:100000:{${list}}`);
  assert.equal((await saved())?.length, 200_025, 'bytes of the row, and over 1,100,000 of PHP');
});
