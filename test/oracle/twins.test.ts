/** The article's repaired class in a real PHP, and the port, over the same table. */
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { findLesson, readLessons, schemaFor } from '../../src/workshop/catalogue.ts';
import { type DatabaseServer, obtainServer } from '../../src/workshop/database/server.ts';
import { type PhpServer, startPhp } from '../../src/workshop/oracle/php-cgi.ts';

interface Visit {
  body: string;
  setCookie: string[];
}

type Visitor = (cookie: string | undefined) => Promise<Visit>;

let server: DatabaseServer;
let database: Connection;
let php: PhpServer;
let port: Server;
let askPhp: Visitor;
let askPort: Visitor;

before(async () => {
  server = await obtainServer();
  const lessons = readLessons();
  const lesson = findLesson(lessons, 5);
  const schema = await server.createSchema('twins');
  database = await createConnection(schema.url);
  await database.query(schemaFor(lessons, lesson.number));

  php = await startPhp();
  askPhp = async (cookie) => {
    const script = join(lesson.directory, 'counter.php');
    const { body, setCookie } = await php.request({
      script,
      cookie,
      env: { DATABASE_URL: schema.url },
    });
    return { body: body.toString().trim(), setCookie };
  };

  // The class reads its address when it is loaded.
  process.env['DATABASE_URL'] = schema.url;
  const page = (await import(
    '../../lessons/05-a-request-around-it/counter.ts'
  )) as typeof import('../../lessons/05-a-request-around-it/counter.ts');
  port = createServer(page.counter);
  await new Promise<void>((resolve) => port.listen(0, '127.0.0.1', resolve));
  const { port: number } = port.address() as AddressInfo;
  askPort = async (cookie) => {
    const response = await fetch(`http://127.0.0.1:${number}/`, {
      headers: cookie === undefined ? {} : { cookie },
    });
    return { body: (await response.text()).trim(), setCookie: response.headers.getSetCookie() };
  };
});

after(async () => {
  port?.close();
  await php?.close();
  await database?.end();
  await server?.close();
});

beforeEach(async () => {
  await database.query('TRUNCATE TABLE sessions');
});

/** A browser's next Cookie line. */
const cookieOf = ({ setCookie }: Visit): string | undefined => setCookie[0]?.split(';')[0];

/** The rows, and how far `updated` lies from this machine's clock, in whole minutes. */
async function rows(): Promise<unknown[]> {
  const [found] = await database.query<RowDataPacket[]>('SELECT * FROM sessions ORDER BY id');
  const now = Date.now() / 1000;
  return found.map(({ id, d, updated }) => ({
    id,
    d,
    minutesOld: Math.abs(Math.round((now - updated) / 60)),
  }));
}

/** A cookie line without its moment, after checking that the moment is the one promised. */
function timeless(line: string): string {
  return line.replace(/expires=([^;]+); Max-Age=(\d+)/, (_all, date: string, age: string) => {
    const promised = Date.now() + Number(age) * 1000;
    const minutes = Math.round((Date.parse(date) - promised) / 60_000);
    assert.equal(new Date(date).toUTCString(), date, 'the date has the form of RFC 9110');
    return `expires=<${minutes} minutes off>; Max-Age=${age}`;
  });
}

/** Two visitors, one of them three times, then typed cookies: known, unknown, empty, doubled. */
async function story(ask: Visitor): Promise<unknown> {
  const seen: { body: string; setCookie: string[] }[] = [];
  const visit = async (cookie: string | undefined): Promise<Visit> => {
    const { body, setCookie } = await ask(cookie);
    seen.push({ body, setCookie: setCookie.map(timeless) });
    return { body, setCookie };
  };
  const ann = cookieOf(await visit(undefined));
  const bob = cookieOf(await visit(undefined));
  for (const cookie of [
    ann,
    bob,
    ann,
    'MySession=404',
    'MySession=',
    'other=1; MySession=2',
    'MySession=1; MySession=2',
  ]) {
    await visit(cookie);
  }
  return { seen, rows: await rows() };
}

test('the same requests leave the same rows and send the same cookies', async () => {
  const fromPhp = await story(askPhp);
  await database.query('TRUNCATE TABLE sessions');
  assert.deepEqual(await story(askPort), fromPhp);
});

test('a session begun in PHP goes on in TypeScript, and back', async () => {
  const first = await askPhp(undefined);
  const cookie = cookieOf(first);
  const bodies = [first.body];
  for (const ask of [askPort, askPhp, askPort]) bodies.push((await ask(cookie)).body);
  assert.deepEqual(
    bodies,
    [1, 2, 3, 4].map((count) => `<p>Count: ${count}</p>`),
  );
});

test('a session begun in TypeScript goes on in PHP', async () => {
  const first = await askPort(undefined);
  assert.equal((await askPhp(cookieOf(first))).body, '<p>Count: 2</p>');
});

test('a mangled id reads the session of its leading number, and neither twin can save it', async () => {
  const cookie = cookieOf(await askPhp(undefined)) ?? '';
  const mangled = `${cookie}abc`;
  // PHP has printed the page before it fails to save; the port saves before anything leaves.
  assert.match((await askPhp(mangled)).body, /^<p>Count: 2<\/p>\s.*Truncated incorrect/s);
  assert.doesNotMatch((await askPort(mangled)).body, /Count/);
  assert.deepEqual(await rows(), [
    { id: Number(cookie.split('=')[1]), d: 'count|i:1;', minutesOld: 0 },
  ]);
});
