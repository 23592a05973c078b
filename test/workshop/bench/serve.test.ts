/** The counter page of a lesson's class, in this process and apart from it. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createConnection } from 'mysql2/promise';
import { assembleBench, releaseServer } from '../../../src/workshop/bench/assemble.ts';
import { root } from '../../../src/workshop/course/catalogue.ts';
import { loadClass, nextCopy } from '../../../src/workshop/sandbox/load-class.ts';

const lesson = join(root, 'lessons/05-a-request-around-it');
const { bench, end } = await assembleBench({
  file: join(lesson, 'sessions.ts'),
  schemaSql:
    'CREATE TABLE sessions (id int auto_increment not null primary key, d text, updated int)',
});
after(async () => {
  await end();
  await releaseServer();
});

test('one session is counted by two processes and this one', async () => {
  const [here, left, right] = await Promise.all([
    bench.serve(),
    bench.serve({ apart: true }),
    bench.serve({ apart: true }),
  ]);
  let { cookie, body } = await here.request();
  assert.match(body, /<p>Count: 1<\/p>/);
  for (const [index, server] of [left, right, here, left].entries()) {
    ({ cookie, body } = await server.request({ cookie }));
    assert.match(body, new RegExp(`<p>Count: ${index + 2}</p>`));
  }
  const rows = await bench.database.rows();
  assert.deepEqual(
    rows.map((row) => row['d']),
    ['count|i:5;'],
  );
});

test('two copies of a class share no file of the lessons, also in a file that is run by hand', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'phpsessid-copies-'));
  const write = (path: string, text: string): void =>
    writeFileSync(join(folder, 'lessons/project', path), text);
  // A project may lie in a folder named `lessons`, too.
  mkdirSync(join(folder, 'lessons/project/lessons/18-seal'), { recursive: true });
  const imports = { '#seal': './lessons/18-seal/seal.mjs', '#client': './client.mjs' };
  write('package.json', JSON.stringify({ type: 'module', imports }));
  write('client.mjs', 'export const client = {};');
  write('lessons/18-seal/seal.mjs', 'export const drawn = {};');
  const file = join(folder, 'lessons/project/lessons/18-seal/class.mjs');
  write(
    'lessons/18-seal/class.mjs',
    "import { client } from '#client'; import { drawn } from '#seal'; export const Sessions = { client, drawn };",
  );
  const load = () => loadClass(nextCopy(file)) as Promise<{ client?: object; drawn?: object }>;
  try {
    const [one, two] = [await load(), await load()];
    assert.notEqual(one.drawn, two.drawn);
    assert.equal(one.client, two.client);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a server that is killed while it writes leaves the session as it was', async () => {
  const [doomed, other] = await Promise.all([bench.serve({ apart: true }), bench.serve()]);
  const { cookie } = await other.request();
  const gate = bench.gate(1, /^UPDATE/, { opens: 'by hand' });
  const dying = doomed.request({ cookie });
  dying.catch(() => {});
  assert.equal(await gate.arrived, true);
  await doomed.kill();
  await assert.rejects(dying);
  gate.cut();
  const { body } = await other.request({ cookie });
  assert.match(body, /<p>Count: 2<\/p>/);
});

test('a page of 2010 signs in, says who it is, and signs out', async () => {
  const page = await bench.serve();
  const { cookie } = await page.request({ path: '/login?user=%3Cb%3Eann' });
  assert.match(
    (await page.request({ path: '/whoami', cookie })).body,
    /Signed in as &#60;b&#62;ann/,
  );
  assert.equal((await page.request({ path: '/logout', cookie })).status, 200);
  assert.match((await page.request({ path: '/whoami', cookie })).body, /Nobody is signed in/);
  assert.equal((await page.request({ path: '/%3Cscript%3E' })).status, 404);
});

test('a request runs the callbacks in order, and every one of them is in its trace', async () => {
  const page = await bench.serve();
  const { trace } = await page.request();
  assert.deepEqual(trace, ['open', 'create_sid', 'read', 'write', 'close']);
});

test('a statement that waits for a lock is seen, by name and of a row', async () => {
  const { database } = bench;
  await database.query("INSERT INTO sessions (id, d) VALUES (77, 'x')");
  const client = await createConnection(database.url);
  const reader = await createConnection(database.url);
  for (const [hold, wait, release] of [
    ["SELECT GET_LOCK('held', 0)", "SELECT GET_LOCK('held', 9)", "SELECT RELEASE_LOCK('held')"],
    ['START TRANSACTION', "UPDATE sessions SET d = 'y' WHERE id = 77", 'ROLLBACK'],
  ] as const) {
    await database.query(hold);
    if (release === 'ROLLBACK') {
      await database.query('SELECT d FROM sessions WHERE id = 77 FOR UPDATE');
    }
    const waiting = client.query(wait);
    assert.equal(await database.lockWaits(1, waiting), true, wait);
    // The server copies its transactions into INNODB_TRX, and keeps the copy while it is read often.
    let isRead = true;
    const reads = (async () => {
      while (isRead) await reader.query('SELECT * FROM information_schema.INNODB_TRX');
    })();
    try {
      await database.query(release);
      await waiting;
      assert.equal(await database.lockWaits(1, waiting), false, `after ${release}`);
    } finally {
      isRead = false;
      await reads;
    }
  }
  await Promise.all([client.end(), reader.end()]);
});
