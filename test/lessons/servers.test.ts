/** Lesson 23's site: two Node servers and one PHP behind a real haproxy, on one table. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { fileOf, findLesson, readLessons } from '../../src/workshop/course/catalogue.ts';
import { schemaFor } from '../../src/workshop/course/tables.ts';
import { type DatabaseServer, obtainServer } from '../../src/workshop/machine/database/server.ts';
import { type PageResponse, visit } from '../../src/workshop/sandbox/browser.ts';
import { type ChildServer, startPage } from '../../src/workshop/sandbox/server.ts';
import {
  countOf,
  openSite,
  type Site,
  serverOf,
  visitOften,
} from '../../src/workshop/sandbox/site.ts';
import { openWire, type Wire } from '../../src/workshop/wire/proxy.ts';
import { HANG } from '../hang.ts';

const lessons = readLessons();
const lesson = findLesson(lessons, 23);
const names = ['A', 'B', 'PHP'];
const hour = 3600;

let server: DatabaseServer;
let wire: Wire;
let site: Site;
let environment: Record<string, string>;
let table: Awaited<ReturnType<typeof createConnection>>;

before(async () => {
  server = await obtainServer();
  const schema = await server.createSchema('servers');
  table = await createConnection({ uri: schema.url, multipleStatements: true });
  await table.query(schemaFor(lessons, lesson.number));
  wire = await openWire(schema.url);
  environment = {
    DATABASE_URL: wire.url,
    SESSION_CLOCK: 'database',
    SESSION_PASSWORDS: JSON.stringify({ 1: randomBytes(32).toString('base64url') }),
  };
  site = await openSite(
    [
      { name: 'A', file: lesson.files.class },
      // Sweeps by this server's clock would end every session.
      { name: 'B', file: lesson.files.class, clockAhead: hour, settings: sweeping },
      { name: 'PHP', file: fileOf(lesson, 'page.php'), settings: sweeping },
    ],
    environment,
    { progress: (line) => console.error(line) },
  );
});
after(async () => {
  await site?.close();
  await wire?.close();
  await table?.end();
  await server?.close();
});

const quiet = { 'session.gc_probability': '0' };
const sweeping = { 'session.gc_probability': '1', 'session.gc_divisor': '10' };

/** Asks until a server has answered: the proxy gives each its turn once it is up. */
async function ask(name: string, cookie: string, path = '/whoami'): Promise<PageResponse> {
  const end = performance.now() + HANG;
  for (let turn = 0; performance.now() < end; turn += 1) {
    const page = await visit(site.port, { cookie, path });
    if (serverOf(page) === name) return page;
    await delay(turn < 10 ? 0 : 25);
  }
  throw new Error(`${name} has not answered within ${HANG / 1000} s`);
}

/** Asks a Node server itself, not the proxy. */
function at(name: string, cookie: string, path = '/'): Promise<PageResponse> {
  return visit(site.servers.get(name)?.port ?? 0, { cookie, path });
}

/** A session whose counter is at 1. */
async function begin(): Promise<string> {
  const { cookie, body } = await visit(site.port);
  assert.match(body, /Count: 1\b/);
  return cookie;
}

test('three hundred requests at three servers count to three hundred', async () => {
  const cookie = await begin();
  const { right, failed, counts } = await visitOften(site.port, cookie, 299, 6);
  assert.equal(failed, 0);
  assert.deepEqual(
    counts,
    Array.from({ length: 299 }, (_, index) => index + 2),
  );
  assert.deepEqual([...right.keys()].sort(), names);
  for (const [name, number] of right) assert.ok(number >= 90, `${name} has answered ${number}`);
});

test('a user is signed in at every server, and signed out at every server', async () => {
  for (const signsIn of ['A', 'PHP']) {
    let cookie = await begin();
    cookie = (await ask(signsIn, cookie, '/login?user=ann')).cookie;
    for (const name of names) {
      const { body, setCookie } = await ask(name, cookie);
      assert.match(body, /Signed in as ann/, `${name}, after a sign-in at ${signsIn}`);
      assert.deepEqual(setCookie, []);
    }
    await ask(signsIn === 'A' ? 'PHP' : 'A', cookie, '/logout');
    for (const name of names) {
      assert.match((await ask(name, cookie)).body, /Nobody/, `${name}, after a sign-out`);
    }
  }
});

/** Leaves one server of the site running. */
async function leaveOnly(name: string): Promise<void> {
  for (const other of site.servers.values()) if (other.name !== name) await other.kill();
}

async function startAll(): Promise<void> {
  await Promise.all([...site.servers.values()].map((each) => each.start()));
}

/** Waits until so many statements wait for a named lock. */
async function lockWaits(count: number): Promise<void> {
  const end = performance.now() + HANG;
  while (performance.now() < end) {
    const [rows] = await table.query<RowDataPacket[]>(
      "SELECT ID FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND STATE = 'User lock'",
    );
    if (rows.length >= count) return;
    await delay(25);
  }
  assert.fail(`no ${count} statements have waited for a lock within ${HANG / 1000} s`);
}

for (const name of ['A', 'PHP']) {
  test(`${name} is killed in the middle of a request: that request is lost, and nothing else`, async () => {
    const cookie = await begin();
    await leaveOnly(name);
    // The request has the lock, and the answer with the row is on its way.
    const reads = wire.gate(1, /^\s*SELECT \*/i, {
      opens: 'by hand',
      holds: 'answer',
      patience: HANG,
    });
    const lost = visit(site.port, { cookie });
    await reads.arrived;
    await startAll();
    const next = at('B', cookie);
    await lockWaits(1);
    await site.servers.get(name)?.kill();
    assert.equal((await lost).status, 502, 'the proxy sends no request twice');
    assert.equal(countOf(await next), 2, 'the session was left as it was, and its lock is free');
    reads.open();
    const { failed, counts } = await visitOften(site.port, cookie, 9, 3);
    assert.deepEqual([failed, counts.at(-1)], [0, 11], 'while a server is down');
    await startAll();
    await ask(name, cookie);
    assert.equal(countOf(await visit(site.port, { cookie })), 12, 'and when it is back');
  });
}

for (const [holds, counted] of [
  ['statement', 0],
  ['answer', 1],
] as const) {
  test(`a server is killed before the answer to its save arrives: held ${holds}, counted ${counted}`, async () => {
    const cookie = await begin();
    await ask('A', cookie);
    await leaveOnly('A');
    const saves = wire.gate(1, /^\s*UPDATE/i, { opens: 'by hand', holds, patience: HANG });
    const lost = visit(site.port, { cookie });
    await Promise.race([saves.arrived, lost]);
    await site.servers.get('A')?.kill();
    assert.equal((await lost).status, 502);
    saves.cut();
    await startAll();
    assert.equal(countOf(await at('B', cookie)), 2 + counted);
  });
}

test('servers are killed under load: each visit that was answered is counted once', async () => {
  const cookie = await begin();
  let done = false;
  const visits = visitOften(site.port, cookie, 90, 3).finally(() => {
    done = true;
  });
  for (let turn = 0; !done; turn += 1) {
    const server = site.servers.get(names[turn % names.length] ?? '');
    await delay(100);
    await server?.kill();
    await server?.start();
  }
  const { failed, counts } = await visits;
  assert.equal(new Set(counts).size, counts.length, 'two visits were shown the same count');
  const next = countOf(await visit(site.port, { cookie }));
  const [least, most] = [counts.length + 2, counts.length + 2 + failed];
  assert.ok(next >= least && next <= most, `${next}, and not from ${least} to ${most}`);
  assert.ok(next > (counts.at(-1) ?? 0), 'a visit was shown a count that was lost');
});

test('servers that hang are taken out, and visitors continue at the one that is left', async () => {
  const cookie = await begin();
  const hung = ['B', 'PHP'].flatMap((name) => site.servers.get(name) ?? []);
  await Promise.all(hung.map((each) => each.pause()));
  const began = performance.now();
  try {
    // Until the checks have failed, a visit may get to a server that hangs, and ends with it.
    const first = await visitOften(site.port, cookie, 12, 3);
    const seconds = (performance.now() - began) / 1000;
    assert.ok(first.failed > 0 && first.failed <= 6, `${first.failed} of 12 visits failed`);
    // As long as haproxy waits for a server.
    assert.ok(seconds < 30, `visits waited ${seconds} s for servers that hang`);
    const { failed, right } = await visitOften(site.port, cookie, 9, 3);
    assert.deepEqual([failed, [...right]], [0, [['A', 9]]], 'once they are out');
  } finally {
    await Promise.all(hung.map((each) => each.resume()));
  }
  for (const name of ['B', 'PHP']) await ask(name, cookie);
  assert.ok(countOf(await visit(site.port, { cookie })) >= 17, 'and when they are back');
});

test('without a server the site answers 503, and comes back by itself', async () => {
  const cookie = await begin();
  await leaveOnly('none');
  const { status, setCookie, body } = await visit(site.port, { cookie });
  assert.deepEqual([status, setCookie], [503, []]);
  assert.match(body, /No server is available to handle this request/);
  await startAll();
  for (const name of names) await ask(name, cookie);
  assert.equal(countOf(await visit(site.port, { cookie })), 2);
});

test('a server whose clock is an hour ahead ends no session', async () => {
  const [cookie, other] = [await begin(), await begin()];
  for (let turn = 2; turn <= 31; turn += 1) assert.equal(countOf(await at('B', cookie)), turn);
  assert.equal(
    countOf(await at('A', other)),
    2,
    'after thirty requests at B, three of which swept',
  );
  assert.equal(countOf(await at('A', cookie)), 32);
  const [[row]] = await table.query<RowDataPacket[]>(
    'SELECT MAX(updated) - UNIX_TIMESTAMP() AS ahead FROM sessions',
  );
  assert.ok(Number(row?.['ahead']) <= 0, `saved ${row?.['ahead']} s ahead of the database`);
});

test('PHP opens the seals that iron-session made, and no damaged one', async () => {
  const { cookie } = await at('A', await begin(), '/login?user=ann');
  const [name, seal = ''] = cookie.split('=');
  for (let place = 0; place < seal.length; place += 23) {
    const other = seal[place] === '7' ? '8' : '7';
    const damaged = `${name}=${seal.slice(0, place)}${other}${seal.slice(place + 1)}`;
    const { body } = await ask('PHP', damaged);
    assert.match(body, /Nobody/, `with another character at place ${place}`);
  }
  assert.match((await ask('PHP', cookie)).body, /Signed in as ann/);
});

test('servers learn to read a format before any of them writes it, and can go back', async () => {
  await table.query('DELETE FROM sessions');
  const data = async (): Promise<string> => {
    const [[row]] = await table.query<RowDataPacket[]>('SELECT d FROM sessions');
    return String(row?.['d']);
  };
  const running: ChildServer[] = [];
  const serve = async (number: number, writes: string): Promise<ChildServer> => {
    const { files } = findLesson(lessons, number);
    const order = { classFile: files.class, settings: quiet };
    const own = { environment: { ...environment, SESSION_WRITES: writes } };
    const page = await startPage(order, own);
    running.push(page);
    return page;
  };
  try {
    const before = await serve(20, 'php');
    const reads = await serve(lesson.number, 'php');
    const writes = await serve(lesson.number, 'json');
    const { cookie } = await visit(before.port);
    for (const [server, count, begins] of [
      [reads, 2, 'count|i:2;'],
      [before, 3, 'count|i:3;'],
      [writes, 4, '{"v":2,'],
      [reads, 5, 'count|i:5;'],
      [writes, 6, '{"v":2,'],
    ] as const) {
      assert.equal(countOf(await visit(server.port, { cookie })), count);
      assert.ok((await data()).startsWith(begins), `${await data()} begins with ${begins}`);
    }
    // The reason for the order: a server that cannot read the session deletes it.
    assert.equal((await visit(before.port, { cookie })).status, 500);
    assert.equal(await data(), 'undefined');
  } finally {
    await Promise.all(running.map((each) => each.stop()));
  }
});

test('PHP reads what a newer server has written, or refuses it and leaves it', async () => {
  await table.query('DELETE FROM sessions');
  const cookie = await begin();
  await leaveOnly('PHP');
  const holds = async (data: string): Promise<number> => {
    await table.query('UPDATE sessions SET d = ?', [data]);
    const { status } = await visit(site.port, { cookie });
    return status;
  };
  const read = '{"v":2,"data":{"name":"Zoë","list":[1,{"a":null}],"count":7}}';
  assert.equal(await holds(read), 200);
  const [[row]] = await table.query<RowDataPacket[]>('SELECT d FROM sessions');
  const list = 'a:2:{i:0;i:1;i:1;a:1:{s:1:"a";N;}}';
  assert.equal(String(row?.['d']), `name|s:4:"Zoë";list|${list}count|i:8;`);
  for (const refused of [
    '{"v":3,"data":{"count":7}}',
    '{"v":2,"data":{"count":{"$php":"float","value":"7"}}}',
    '{"v":2,"data":{"a|user":"admin"}}',
    '{"v":2,"data":',
    `{"v":2,"data":{${Array.from({ length: 10_001 }, (_, k) => `"${k * 2 ** 17}":1`).join()}}}`,
  ]) {
    assert.equal(await holds(refused), 500, refused.slice(0, 100));
    const [rows] = await table.query<RowDataPacket[]>('SELECT d FROM sessions');
    assert.ok(rows.length > 0 && rows.every(({ d }) => String(d) === refused), 'it was changed');
  }
  await startAll();
});
