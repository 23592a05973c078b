/** Sessions change their format while others use them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RowDataPacket } from 'mysql2/promise';
import { json, newSchema, newSession, poolOf, secrets, storeOn } from '../store/fixture.ts';
import { phpsessid } from './fixture.ts';

async function place() {
  const { url } = await newSchema();
  const pool = poolOf(url);
  const sessions = storeOn(pool);
  await sessions.createTable();
  const env = { DATABASE_URL: url, SESSION_SECRETS: secrets.join(' ') };
  const convert = (args: string, signal?: AbortSignal) =>
    phpsessid(`convert ${args}`, signal ? { env, signal } : { env });
  const data = async (): Promise<string[]> => {
    const [rows] = await pool.query<RowDataPacket[]>('SELECT d FROM sessions ORDER BY id');
    return rows.map(({ d }) => String(d));
  };
  return { pool, sessions, convert, data };
}

test('live sessions change their format, and neither their values nor their expiry', async () => {
  const { pool, sessions, convert, data } = await place();
  for (let n = 0; n < 5; n += 1) await newSession(sessions, { n, list: ['tea', { q: 1.5 }] });
  await pool.query('UPDATE sessions SET expires=expires+7');
  const times = async () =>
    (await pool.query<RowDataPacket[]>('SELECT expires,updated FROM sessions ORDER BY id'))[0];
  const [before, then] = [await data(), await times()];
  assert.match((await convert('php --dry-run')).out, /^5 would be converted, 0 were php already/);
  assert.deepEqual(await data(), before);
  for (const format of ['php', 'php_serialize', 'php_binary', 'php', 'json']) {
    const { code, out } = await convert(format);
    assert.deepEqual([code, out], [0, `5 converted, 0 were ${format} already\n`]);
  }
  assert.deepEqual(
    await data(),
    before.map((plain) => `{"v":2,"data":${plain}}`),
  );
  assert.deepEqual(await times(), then);
  assert.match((await convert('json')).out, /^0 converted, 5 were json already/);
});

test('a conversion that fails in the middle reports what it has done', async () => {
  const { pool, sessions, convert } = await place();
  for (let n = 0; n < 4; n += 1) await newSession(sessions, { n });
  const [[last] = []] = await pool.query<RowDataPacket[]>('SELECT MAX(id) AS id FROM sessions');
  await pool.query(
    "CREATE TRIGGER refuse BEFORE UPDATE ON sessions FOR EACH ROW IF OLD.id=? THEN SIGNAL SQLSTATE '45000'; END IF",
    [last?.['id']],
  );
  const { code, out, err } = await convert('php --json');
  const { converted, isDone } = JSON.parse(out) as { converted: number; isDone: boolean };
  assert.deepEqual([code, converted, isDone], [1, 3, false], err);
  assert.match(err, /^error: .*1644/);
});

test('a save beside the conversion is not overwritten', async () => {
  const { sessions, convert } = await place();
  const ids = await Promise.all(Array.from({ length: 4 }, () => newSession(sessions, { n: 0 })));
  let isOver = false;
  const counts = new Map<string, number>();
  const write = async (id: string): Promise<void> => {
    while (!isOver) {
      const session = await sessions.start(id);
      session.update('n', (n) => Number(n) + 1);
      assert.notEqual(await session.save(), 'gone');
      await session.close();
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  };
  const writers = ids.map(write);
  for (let round = 0; round < 3; round += 1) {
    for (const format of ['php', 'json']) assert.equal((await convert(format)).err, '');
  }
  isOver = true;
  await Promise.all(writers);
  for (const id of ids) {
    const session = await sessions.start(id);
    assert.equal(Number(session.data['n']), counts.get(id));
    await session.close();
  }
});

test("PHP's types survive the conversion to JSON and back, and plain JSON gets its envelope", async () => {
  const { pool, sessions, convert, data } = await place();
  const php = 'user|O:4:"User":2:{s:2:"id";i:1152921504606846977;s:4:"rate";d:1;}a|a:1:{i:7;R:1;}';
  await newSession(sessions, { n: 1 });
  await (await sessions.create(sessions.newId(), Buffer.from(php))).close();
  assert.equal((await convert('json')).out, '2 converted, 0 were json already\n');
  const rows = (await data()).sort();
  assert.match(rows[0] ?? '', /^\{"v":2,"data":\{"n":1\}\}$/);
  assert.match(rows[1] ?? '', /\{"\$php":"int","value":"1152921504606846977"\}/);
  await pool.query('DELETE FROM sessions WHERE d=?', ['{"v":2,"data":{"n":1}}']);
  assert.equal((await convert('php')).code, 0);
  assert.deepEqual(await data(), [php]);
});

test('a session that would lose something, or cannot be read, stays as it is and is named', async () => {
  const { pool, sessions, convert, data } = await place();
  const empty = sessions.newId();
  await (await sessions.create(empty, json({ filter: {} }))).close();
  await newSession(sessions, { n: 1 });
  await pool.query(`INSERT INTO sessions (id,d,version,token,created,updated,expires)
    VALUES (UNHEX(SHA2('x',256)),'{"cut',1,'',0,0,(UNIX_TIMESTAMP()+600)*1000)`);
  const { code, out, err } = await convert('php');
  assert.equal(code, 1);
  assert.match(
    out,
    /^1 converted, 0 were php already\n1 left as they are: a value.*\n1 left as.*bytes/,
  );
  assert.match(err, /^[\w-]{24} refused: filter: an empty object, which PHP does not have,/m);
  assert.match(err, /^[\w-]{24} unreadable: /m);
  assert.deepEqual((await data()).sort(), ['n|i:1;', '{"cut', '{"filter":{}}']);
});

test('a stop leaves whole sessions, and the next run does the rest', async () => {
  const { sessions, convert, data } = await place();
  for (let n = 0; n < 10; n += 1) await newSession(sessions, { n });
  const stopping = new AbortController();
  const off = AbortSignal.any([stopping.signal]);
  const running = convert('php --json', off);
  stopping.abort();
  await running;
  assert.ok((await data()).every((text) => /^(?:n\|i:\d;|\{"n":\d\})$/.test(text)));
  assert.equal((await convert('php')).code, 0);
  assert.ok((await data()).every((text) => /^n\|i:\d;$/.test(text)));
});
