import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import { unsealData } from 'iron-session';
import { createPool } from 'mysql2/promise';
import { openBench, type Statement } from '#bench';
import { MemcachedClient } from '#memcached';

const {
  another,
  cache: startCache,
  clock,
  database,
  exported,
  gate,
  given,
  keptPromises,
  random,
  silence,
  statements,
} = await openBench();
/** A statement that finds a row, with all columns or with some. */
const finding = /\bSELECT\b[\s\S]+\bFROM\s+`?sessions\b/i;
const cache = await startCache();
const clients: MemcachedClient[] = [];
after(() => {
  for (const client of clients) client.close();
});

/** Ten seconds: a busy machine must not be taken for a memcached that hangs. */
function newClient(timeout = 10_000): MemcachedClient {
  const client = new MemcachedClient({ server: cache.server, timeout });
  clients.push(client);
  return client;
}

/** A server: its handler for pages that save, its handler for pages that only read, and its death. */
async function newServer(timeout?: number) {
  const client = newClient(timeout);
  const [saving, reading] = [given({ cache: client }), given({ cache: client, readOnly: true })];
  await saving.handler.open('', 'MySession');
  await reading.handler.open('', 'MySession');
  return {
    saving,
    reading,
    ...saving.handler,
    look: reading.handler.read,
    die: () => client.close(),
  };
}
const [a, b] = [await newServer(), await newServer()];

/** How many statements reached the database during a call: all, or those of one kind. */
async function asked(call: () => Promise<unknown>, kind = /^/): Promise<number> {
  const before = statements().length;
  await call();
  return statements()
    .slice(before)
    .filter(({ sql }) => kind.test(sql)).length;
}

/** A session that was saved at A, and that B has in its cache. */
async function cachedSession(data: string): Promise<string> {
  const id = await a.create_sid();
  await a.write(id, data);
  assert.equal(await b.look(id), data, 'what A has saved, read at B for the first time');
  // A class that saves to the cache first may send its UPDATE only now.
  const reads = await asked(() => b.look(id), finding);
  assert.equal(reads, 0, 'statements of a read that follows another one');
  return id;
}

const idIn = (cookie: string): string => decodeURIComponent(cookie.split('=')[1] ?? '');
const count = (data: string): number => Number(/(?:Count: |i:)(\d+)/.exec(data)?.[1]);

/** Holds a statement of a call, or its answer, while `body` runs; a call that sends none is over. */
async function during<Result>(
  call: () => Promise<Result>,
  holds: 'statement' | 'answer',
  statement: RegExp,
  body: (statement: Statement | undefined) => unknown,
  where?: (statement: Statement) => boolean,
): Promise<Result> {
  const held = gate(1, statement, { opens: 'by hand', holds, where });
  const result = call();
  if (!(await held.reached(result))) held.open();
  await body(held.statements[0]);
  held.open();
  return await result;
}

/** Waits until reads are answered by memcached again. */
async function cachedAgain(read: () => Promise<unknown>): Promise<void> {
  const until = performance.now() + 8000;
  while ((await asked(read)) > 0) {
    assert.ok(performance.now() < until, 'memcached is back, and is not used');
    await delay(20);
  }
}

/** How many connections memcached has. */
async function connections(): Promise<number> {
  const [host, port] = cache.server.split(':');
  const socket = connect(Number(port), host);
  socket.write('stats\r\nquit\r\n');
  return Number(/STAT curr_connections (\d+)/.exec(await text(socket))?.[1]);
}

/** A result that must come in time. */
async function soon<Result>(result: Promise<Result>): Promise<Result> {
  const late = delay(4000, undefined, { ref: false }).then(() => {
    throw new assert.AssertionError({ message: 'it waited for four seconds' });
  });
  return await Promise.race([result, late]);
}

test('a page that only reads asks the database once, at all servers together', async () => {
  const [page, there] = [await a.saving.serve(), await b.reading.serve()];
  const { cookie } = await page.request({ path: '/login?user=ann' });
  const whoami = { cookie, path: '/whoami' };
  const visit = async (): Promise<void> => {
    const { body, setCookie } = await there.request(whoami);
    assert.match(body, /Signed in as ann/);
    assert.deepEqual(setCookie, []);
  };
  const sent = await asked(visit);
  assert.ok(sent <= 1, `the first visit sent ${sent} statements`);
  assert.equal(await asked(visit), 0, 'statements of the second visit');
  const elsewhere = await (await newServer()).reading.serve();
  assert.equal(await asked(() => elsewhere.request(whoami)), 0, 'statements at another server');
  const alone = await given({ readOnly: true }).serve();
  const plain = await asked(() => alone.request(whoami));
  assert.ok(plain <= 1, `a visit where there is no memcached sent ${plain} statements`);
});

test('a page that only reads saves nothing, and says so', async () => {
  const page = await b.reading.serve();
  const [name] = (await page.request({ path: '/whoami' })).cookie.split('=');
  const id = await a.create_sid();
  for (const from of ['the database', 'memcached']) {
    await a.write(id, 'count|i:1;');
    if (from === 'memcached') await b.look(id);
    const { status } = await page.request({ cookie: `${name}=${id}` });
    assert.equal(status, 500, `it counted what ${from} has, and a page said so`);
    assert.equal(
      await b.look(id),
      'count|i:1;',
      'the session after a page that only reads has failed',
    );
  }
  // Both are U+FFFD as text.
  const [old, other] = [
    Buffer.from('x|s:1:"\xfe";', 'latin1'),
    Buffer.from('x|s:1:"\xff";', 'latin1'),
  ];
  await a.write(id, old);
  for (const data of [other, '']) {
    const request = new (exported as new (means: object) => typeof b.reading.handler)({
      cache: newClient(),
      readOnly: true,
    });
    await request.open('', 'MySession');
    await request.read(id);
    await assert.rejects(
      () => request.write(id, data),
      (error) => !inspect(error).includes(id),
      `${data.length === 0 ? 'an empty session' : 'another byte'} is to be saved, or the error contains the id`,
    );
    await request.close();
  }
  const broken = new (exported as new (means: object) => typeof b.reading.handler)({
    readOnly: true,
  });
  await broken.open('', 'MySession');
  const failed = await database.withoutTable(() => broken.read(id).catch((error) => error));
  assert.ok(failed instanceof Error, 'a read without a table and without a memcached');
  const saves = () => broken.write(id, '');
  await assert.rejects(
    saves,
    (error) => error === failed,
    'write after a read that failed, which throws its error',
  );
  const rows = (await database.rows()).length;
  assert.match((await page.request({ path: '/whoami' })).body, /Nobody/);
  assert.equal((await page.request()).status, 500, 'it counted a stranger, and a page said so');
  assert.equal((await database.rows()).length, rows, 'rows after the visit of a stranger');
  const cookie = `${name}=${id}`;
  assert.equal((await page.request({ path: '/logout', cookie })).status, 200);
  assert.equal(await b.look(id), '', 'a sign-out on a page that only reads left the session');
  const { setCookie } = await page.request({ path: '/whoami', cookie });
  assert.equal(setCookie.length, 1, 'a page that only reads accepted an id that has ended');
  const unused = `${name}=${await a.create_sid()}`;
  for (const visit of [1, 2]) {
    const { setCookie } = await page.request({ path: '/whoami', cookie: unused });
    assert.equal(setCookie.length, 1, `visit ${visit} accepted an id that was never saved`);
  }
});

test('fifty readers at once ask the database once', async () => {
  const id = await a.create_sid();
  await a.write(id, 'count|i:1;');
  const read = async () => {
    const crowd = Array.from({ length: 50 }, () => b.look(id));
    assert.deepEqual(new Set(await Promise.all(crowd)), new Set(['count|i:1;']));
  };
  const sent = await asked(read);
  assert.ok(sent <= 1, `fifty readers sent ${sent} statements`);
});

test('a session that is saved or ended at one server is so at the other', async () => {
  const id = await cachedSession('user|s:3:"ann";');
  await a.write(id, 'user|s:3:"bob";');
  assert.equal(await b.look(id), 'user|s:3:"bob";', 'read at B, after a save at A');
  assert.equal(await b.look(id), 'user|s:3:"bob";', 'read at B again, after a save at A');
  const photo = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  await a.write(id, photo);
  for (const from of ['the database', 'memcached']) {
    const bytes = await b.reading.handler.readBytes(id);
    assert.deepEqual(Buffer.from(bytes), Buffer.from(photo), `bytes read from ${from}`);
  }
  await a.destroy(id);
  assert.equal(await b.look(id), '', 'read at B, after the session was ended at A');
  // A page has read the session before it saves or ends it.
  const page = await a.saving.serve();
  const { cookie } = await page.request();
  for (const visits of [1, 2]) {
    assert.equal(await b.look(idIn(cookie)), `count|i:${visits};`, `read at B, visit ${visits}`);
    await page.request({ cookie });
  }
  assert.equal(await b.look(idIn(cookie)), 'count|i:3;', 'read at B, before the sign-out');
  await page.request({ path: '/logout', cookie });
  assert.equal(await b.look(idIn(cookie)), '', 'read at B, after a sign-out at A');
});

test('a read that is under way when a session ends leaves nothing behind', async () => {
  const id = await cachedSession('user|s:3:"ann";');
  await a.write(id, 'user|s:3:"bob";');
  await during(
    () => b.look(id),
    'answer',
    finding,
    async () => {
      await a.destroy(id);
      assert.equal(await b.look(id), '', 'it has joined a read from before the end');
    },
  );
  assert.equal(await b.look(id), '', 'read at B, after the session was ended at A');
});

test('a server that dies between its two stores leaves no old copy', async () => {
  const id = await cachedSession('user|s:3:"ann";');
  const mortal = await newServer();
  await during(() => mortal.destroy(id), 'answer', /^\s*DELETE/i, mortal.die);
  assert.equal(
    await b.look(id),
    '',
    'read at B, after a server has died while it ended the session',
  );
  // The second server lives, and its connection breaks in the middle of a save.
  const late = await cachedSession('count|i:1;');
  const pool = createPool(database.url);
  let broken: { stream?: Socket } = {};
  pool.on('acquire', (connection) => {
    broken = connection as { stream?: Socket };
  });
  const { handler: cutOff } = given({ cache: newClient(), pool });
  await cutOff.open('', 'MySession');
  await database.query('BEGIN');
  try {
    await database.query('SELECT id FROM sessions FOR UPDATE');
    const save = cutOff.write(late, 'count|i:2;').catch(() => false);
    await database.lockWaits(1, save);
    // The test breaks the connection, and the statement goes on at the database.
    broken.stream?.destroy(new Error('the test broke it'));
    await save;
    assert.equal(
      await b.look(late),
      'count|i:1;',
      'read at B, before the UPDATE that was cut off is carried out',
    );
  } finally {
    await database.query('ROLLBACK');
  }
  while (!(await database.rows()).some(({ d }) => String(d) === 'count|i:2;')) await delay(20);
  assert.equal(await b.look(late), 'count|i:2;', 'memcached has the row from before the save');
  await pool.end();
});

test('a writer that has ended leaves the token of the other one in place', async () => {
  for (const isOwn of [false, true]) {
    const id = await cachedSession('count|i:1;');
    const mortal = await newServer();
    await during(
      () => mortal.write(id, 'count|i:3;'),
      'statement',
      /^\s*UPDATE/i,
      async () => {
        await (isOwn ? mortal : a).write(id, 'count|i:2;');
        assert.equal(await b.look(id), 'count|i:2;', 'read at B, between the ends of two saves');
        // Its statement is on the way and comes to its end, and nothing comes after it.
        mortal.die();
      },
    );
    const other = isOwn ? 'the same server' : 'another server';
    assert.equal(await b.look(id), 'count|i:3;', `a save of ${other} has ended before it`);
  }
  // The other way round: the database carries out the slower save first and answers it last.
  const other = await cachedSession('count|i:1;');
  const slower = () => b.write(other, 'count|i:2;');
  await during(slower, 'answer', /^\s*UPDATE/i, () => a.write(other, 'count|i:3;'));
  assert.equal(
    await b.look(other),
    'count|i:3;',
    'read at B, after the save that the database carried out last',
  );
  // One comes between the look and the token of the other.
  const third = await cachedSession('count|i:1;');
  const [slow, late] = [newClient(), await newServer()];
  const saves = gate(1, /^\s*UPDATE/i, { opens: 'by hand' });
  let save: Promise<unknown> | undefined;
  const look = slow.get;
  slow.get = async (key) => {
    slow.get = look;
    const item = await look.call(slow, key);
    save = late.write(third, 'count|i:3;');
    await saves.arrived;
    return item;
  };
  const { handler: writer } = given({ cache: slow });
  await writer.open('', 'MySession');
  await writer.write(third, 'count|i:2;');
  assert.equal(await b.look(third), 'count|i:2;', 'read at B, after the first of two saves');
  late.die();
  saves.open();
  await save;
  assert.equal(await b.look(third), 'count|i:3;', 'a token took the place of another one');
  // The other's token comes there, and at the next try the end of that token.
  const fourth = await cachedSession('count|i:1;');
  const mortal = newClient();
  const begins = gate(1, /^\s*UPDATE/i, { opens: 'by hand' });
  let looks = 0;
  mortal.get = async (key) => {
    const item = await look.call(mortal, key);
    looks += 1;
    if (looks === 1) {
      save = a.write(fourth, 'count|i:2;');
      await begins.arrived;
    } else if (looks === 2) {
      begins.open();
      await save;
    }
    return item;
  };
  const { handler: tries } = given({ cache: mortal });
  await tries.open('', 'MySession');
  await during(
    () => tries.write(fourth, 'count|i:3;'),
    'statement',
    /^\s*UPDATE/i,
    async () => {
      assert.equal(await b.look(fourth), 'count|i:2;', 'read at B, while the later save waits');
      mortal.close();
    },
  );
  assert.equal(await b.look(fourth), 'count|i:3;', 'a writer met two changes of its key');
});

test('a read that comes late leaves the token of a writer in place', async () => {
  const id = await a.create_sid();
  await a.write(id, 'count|i:1;');
  const mortal = await newServer();
  const saves = gate(1, /^\s*UPDATE/i, { opens: 'by hand' });
  let save: Promise<unknown> | undefined;
  const client = newClient();
  const { add, get } = client;
  let hasLease = false;
  client.add = async (...lease) => (hasLease = await add.apply(client, lease));
  client.get = async (key) => {
    if (hasLease && !save) {
      // The reader has read the row, and looks whether it may keep a copy.
      save = mortal.write(id, 'count|i:2;');
      await saves.arrived;
    }
    return await get.call(client, key);
  };
  const { handler: reader } = given({ cache: client, readOnly: true });
  await reader.open('', 'MySession');
  assert.equal(await reader.read(id), 'count|i:1;');
  // Nothing comes after the statement that is on its way.
  mortal.die();
  saves.open();
  await save;
  assert.equal(await b.look(id), 'count|i:2;', 'a copy took the place of the token');
  // Before the reader looks, a save has ended and another reader has put its lease there.
  const third = await a.create_sid();
  await a.write(third, 'count|i:1;');
  const behind = newClient();
  let leased = false;
  let mayLook: () => void = () => {};
  const looks = new Promise<void>((resolve) => {
    mayLook = resolve;
  });
  let last = 'count|i:2;';
  behind.add = async (...entry) => {
    // A reader that removes its lease and adds its copy leaves the key empty in between.
    if (leased) {
      last = 'count|i:3;';
      await a.write(third, last);
    }
    leased = await add.apply(behind, entry);
    return leased;
  };
  behind.get = async (key) => {
    if (leased) await looks;
    return await get.call(behind, key);
  };
  const { handler: outrun } = given({ cache: behind, readOnly: true });
  await outrun.open('', 'MySession');
  const hold = () => gate(1, finding, { opens: 'by hand', holds: 'answer' });
  const old = hold();
  const reading = outrun.read(third);
  await old.reached(reading);
  await a.write(third, last);
  const newer = hold();
  const next = b.look(third);
  await newer.reached(next);
  mayLook();
  old.open();
  await reading;
  newer.open();
  await next;
  assert.equal(await b.look(third), last, "a copy took the place of another reader's lease");
  await a.write(third, last);
  leased = false;
  await outrun.read(third);
  assert.equal(await b.look(third), last, 'a copy came into a key that was empty for a moment');
  // The other way round: a copy comes between the writer's look and its token.
  const other = await a.create_sid();
  await a.write(other, 'count|i:1;');
  const slow = newClient();
  const look = slow.get;
  slow.get = async (key) => {
    slow.get = look;
    const item = await look.call(slow, key);
    await b.look(other);
    return item;
  };
  const { handler: writer } = given({ cache: slow });
  await writer.open('', 'MySession');
  await during(
    () => writer.write(other, 'count|i:2;'),
    'answer',
    /^\s*UPDATE/i,
    () => slow.close(),
  );
  assert.equal(await b.look(other), 'count|i:2;', 'a copy came before the token, and stayed');
});

test('a session that ends in the cache by its age is over', async () => {
  clock.set(Math.floor(Date.now() / 1000));
  const id = await a.create_sid();
  await a.write(id, 'count|i:1;');
  clock.advance(1000);
  assert.equal(await b.look(id), 'count|i:1;', 'its copy is younger than the session');
  const reads = await asked(() => b.look(id), finding);
  assert.equal(reads, 0, 'statements of a read that follows another one');
  clock.advance(440);
  assert.equal(await b.look(id), 'count|i:1;', 'in its last second');
  clock.advance(1);
  assert.equal(await b.look(id), '', 'read a second after the session is over');
  const uncached = await a.create_sid();
  await a.write(uncached, 'count|i:1;');
  clock.advance(1441);
  assert.equal(await b.look(uncached), '', 'read from the database, without a copy');
  const cached = await cachedSession('count|i:1;');
  const { handler: brief } = given({ cache: newClient(), readOnly: true, maxLife: 60 });
  await brief.open('', 'MySession');
  clock.advance(61);
  assert.equal(await brief.read(cached), '', 'a copy, where a session lives for a minute');
  const now = () => clock.now() + 1441;
  const { handler: ahead } = given({ cache: newClient(), readOnly: true, now });
  await ahead.open('', 'MySession');
  assert.equal(await ahead.read(cached), '', 'a copy, where the handler has a clock of its own');
  const both = await a.create_sid();
  await a.write(both, 'count|i:1;');
  clock.advance(61);
  const client = newClient();
  const { get } = client;
  const finds = gate(1, finding, { opens: 'by hand', holds: 'answer' });
  client.get = async (key) => {
    const item = await get.call(client, key);
    setImmediate(() => finds.open());
    return item;
  };
  const { handler: longer } = given({ cache: client, readOnly: true });
  await longer.open('', 'MySession');
  const short = brief.read(both);
  await finds.reached(short);
  assert.equal(await longer.read(both), 'count|i:1;', 'it has joined a read with a shorter life');
  assert.equal(await short, '', 'a session that lives for a minute, beside one that lives longer');
});

test('memcached learns no id, and keeps each key for two minutes at most', async () => {
  const password = { 1: 'for this test only '.repeat(2) };
  process.env['SESSION_PASSWORDS'] = JSON.stringify(password);
  try {
    const id = await cachedSession('count|i:1;');
    const { token = 'none' } = await unsealData<{ token?: string }>(id, { password });
    const check = async (): Promise<void> => {
      const keys = await cache.keys();
      const [first = '', second = ''] = [...new Set(keys.map(({ name }) => name))].sort();
      const shared = [...first].findIndex((character, at) => character !== second[at]);
      const own = first.length - shared;
      assert.ok(own > 20, `of ${first} and ${second}, ${own} characters tell sessions apart`);
      for (const { name, ends } of keys) {
        const entry = `${name} = ${(await newClient().get(name))?.value}`;
        assert.ok(!entry.includes(id), `the id is in ${entry}`);
        assert.ok(!entry.includes(token), `the token in the id is in ${entry}`);
        const left = (ends ?? Number.POSITIVE_INFINITY) - Date.now() / 1000;
        assert.ok(left < 120, `${name} ends in ${left} s`);
      }
    };
    await check();
    // memcached lists keys that have ended, and a key that was replaced a second time.
    const entries = async () => {
      const client = newClient();
      const keys = await cache.keys();
      const items = await Promise.all(keys.map(({ name }) => client.get(name)));
      return keys.flatMap((key, at) => {
        const value = items[at]?.value;
        return value ? [{ ...key, value: String(value) }] : [];
      });
    };
    const held = async () => new Map((await entries()).map(({ name, value }) => [name, value]));
    /** The seconds for which memcached keeps each value that it has got since. */
    const newest = async (before: Map<string, string>): Promise<number[]> => {
      const changed = (await entries()).filter(({ name, value }) => before.get(name) !== value);
      assert.notEqual(changed.length, 0, 'memcached has got nothing');
      return changed.map(({ ends }) => (ends ?? 0) - Date.now() / 1000);
    };
    let before = await held();
    await cachedSession('count|i:1;');
    const copy = Math.min(...(await newest(before)));
    assert.ok(copy < 15, `a copy ends after ten seconds, and this one in ${copy} s`);
    before = await held();
    await during(
      () => a.write(id, 'count|i:2;'),
      'statement',
      /^\s*UPDATE/i,
      async () => {
        await check();
        const left = Math.max(...(await newest(before)));
        assert.ok(left > 50, `a statement may wait for 50 s, and its token ends in ${left} s`);
      },
    );
    before = await held();
    await during(
      () => b.look(id),
      'answer',
      finding,
      async () => {
        const lease = Math.min(...(await newest(before)));
        assert.ok(lease < 15, `a lease ends after ten seconds, and this one in ${lease} s`);
      },
    );
    const seconds: number[] = [];
    const client = newClient();
    const { add, cas } = client;
    client.add = (key, bytes, kept) => {
      seconds.push(kept);
      return add.call(client, key, bytes, kept);
    };
    client.cas = (key, bytes, kept, version) => {
      seconds.push(kept);
      return cas.call(client, key, bytes, kept, version);
    };
    const { handler: reader } = given({ cache: client, readOnly: true });
    await reader.open('', 'MySession');
    const other = await a.create_sid();
    await a.write(other, 'count|i:1;');
    await reader.read(other);
    assert.deepEqual(new Set(seconds), new Set([10]), 'the seconds of a lease and of a copy');
  } finally {
    delete process.env['SESSION_PASSWORDS'];
  }
});

test('a memcached that hangs costs a moment and no request', async () => {
  const [here, there] = [await newServer(250), await newServer(250)];
  const page = await here.saving.serve();
  const { cookie } = await page.request();
  const { cookie: other } = await page.request();
  await there.look(idIn(cookie));
  assert.equal(await asked(() => there.look(idIn(cookie))), 0, 'statements before it hangs');
  await cache.signal('SIGSTOP');
  const visit = page.request({ cookie });
  try {
    assert.equal(count((await soon(visit)).body), 2, 'the count on a page while memcached hangs');
    assert.equal(await soon(there.look(idIn(cookie))), 'count|i:2;', 'read while memcached hangs');
    const { status } = await soon(page.request({ path: '/logout', cookie: other }));
    assert.equal(status, 200, 'a sign-out while memcached hangs');
    assert.equal(await soon(there.look(idIn(other))), '', 'a session that was ended meanwhile');
  } finally {
    await cache.signal('SIGCONT');
    // A visit that waits for memcached ends before the next test.
    await Promise.race([visit, silence(3000)]);
  }
  // Now memcached answers again, and has a copy that is behind.
  await cachedAgain(() => here.look(idIn(cookie)));
  assert.equal(count((await soon(page.request({ cookie }))).body), 3, 'the count after it hung');
  assert.equal(
    await soon(there.look(idIn(cookie))),
    'count|i:3;',
    'read at B, after a save when memcached was back',
  );
});

test('a memcached that comes back empty in the middle of a save costs no request', async () => {
  const id = await cachedSession('count|i:1;');
  const saved = await during(
    () => a.write(id, 'count|i:2;'),
    'statement',
    /^\s*UPDATE/i,
    async () => {
      await cache.signal('SIGKILL');
      const found = await soon(b.look(id)).finally(() => cache.start());
      assert.equal(found, 'count|i:1;', 'read while memcached is down');
      await cachedAgain(() => b.look(id));
    },
  );
  assert.equal(saved, true);
  const story = 'read after the save; another server has copied the old row in between';
  assert.equal(await b.look(id), 'count|i:2;', story);
  // A read begins while the key is empty, and ends after the save.
  const late = await cachedSession('count|i:1;');
  const client = newClient();
  const reads = gate(1, finding, { opens: 'by hand', holds: 'answer' });
  let read: Promise<unknown> = Promise.resolve();
  await during(
    () => a.write(late, 'count|i:2;'),
    'statement',
    /^\s*UPDATE/i,
    async () => {
      for (const { name } of await cache.keys()) {
        const item = await client.get(name);
        if (item) await client.remove(name, item.cas);
      }
      read = b.look(late);
      await reads.reached(read);
    },
  );
  reads.open();
  await read;
  assert.equal(await b.look(late), 'count|i:2;', 'the lease of a read before the save has stayed');
});

test('what does not fit into memcached is read from the database', async () => {
  const client = newClient();
  const megabyte = Buffer.alloc(1_000_000);
  for (let at = 0; at < 20; at += 1) await client.set(`full-${at}`, megabyte, 60);
  const id = await cachedSession('count|i:1;');
  const large = `text|s:1000000:"${'x'.repeat(1_000_000)}";`;
  await a.write(id, large);
  assert.equal(await b.look(id), large, 'read of a session too large for memcached');
  assert.equal(await b.look(id), large, 'second read of a session too large for memcached');
  await a.write(id, 'count|i:2;');
  assert.equal(await b.look(id), 'count|i:2;', 'read after a smaller save');
  // Nor does what another program has put there.
  const known = new Set((await cache.keys()).map(({ name }) => name));
  const theirs = await cachedSession('count|i:1;');
  const added = (await cache.keys()).filter(({ name }) => !known.has(name));
  for (const entry of ['no JSON', '5', '[1]', '{"copy":5}', '{"copy":["x"]}', '{"writers":{}}']) {
    for (const { name } of added) await client.set(name, Buffer.from(entry), 60);
    assert.equal(await b.look(theirs), 'count|i:1;', `the key holds ${entry}`);
    for (const { name } of added) await client.set(name, Buffer.from(entry), 60);
    await a.write(theirs, 'count|i:1;');
  }
});

test('pages that only read leave nothing behind in the process', async () => {
  const ids = await Promise.all(Array.from({ length: 60 }, () => a.create_sid()));
  await Promise.all(ids.map((id) => a.write(id, 'count|i:1;')));
  await a.look(ids[0] ?? '');
  const readAll = () => Promise.allSettled(ids.map((id) => a.look(id)));
  for (const way of ['reads', 'reads that failed'] as const) {
    const held = await keptPromises(async () => {
      if (way === 'reads') await readAll();
      else await database.withoutTable(readAll);
      await delay(50);
    });
    assert.ok(held < 60, `after 60 ${way} the process holds ${held} more promises`);
    await Promise.all(ids.map((id) => a.write(id, 'count|i:1;')));
  }
});

test('a process uses the memcached of SESSION_CACHE', async () => {
  process.env['SESSION_CACHE'] = cache.server;
  try {
    const { exported: loaded, handler, serve } = await another();
    await handler.open('', 'MySession');
    const id = await handler.create_sid();
    const before = new Set((await cache.keys()).map(({ name }) => name));
    const save = () => handler.write(id, 'count|i:1;');
    await during(save, 'statement', /^\s*UPDATE/i, async () => {
      // A key that was replaced may be listed twice.
      const names = new Set((await cache.keys()).map(({ name }) => name));
      for (const name of before) names.delete(name);
      assert.equal(names.size, 1, 'new keys while it saves');
    });
    const client = newClient();
    const { get } = client;
    let looks = 0;
    client.get = (key) => {
      looks += 1;
      return get.call(client, key);
    };
    const request = new (loaded as new (means: object) => typeof handler)({
      cache: client,
      readOnly: true,
    });
    await request.open('', 'MySession');
    await request.read(id);
    assert.notEqual(looks, 0, 'a handler that was given a memcached has asked another one');
    const page = await serve();
    const { cookie } = await page.request();
    const first = await connections();
    for (let visits = 1; visits <= 12; visits += 1) await page.request({ cookie });
    const more = (await connections()) - first;
    assert.ok(more < 6, `twelve visits have made ${more} more connections to memcached`);
  } finally {
    delete process.env['SESSION_CACHE'];
  }
});

test('no read is older than the last save, with servers dying between their two stores', async (t) => {
  const ids = await Promise.all(Array.from({ length: 24 }, () => a.create_sid()));
  /** For each session the last number whose save has returned. */
  const saved = new Map(ids.map((id) => [id, 0]));
  let [working, died, reads, stale] = [3, 0, 0, 0];
  const pick = (from: readonly string[]) => from[Math.floor(random() * from.length)] ?? '';
  const write = async (own: readonly string[]) => {
    let server = await newServer();
    for (let number = 1; number <= 60; number += 1) {
      const id = pick(own);
      const mark = id.slice(-7, -2);
      const data = `count|i:${number};by|s:5:"${mark}";`;
      if (random() < 0.1) {
        // `query` sends no values: the driver has put them into the SQL, bytes as digits.
        const spellings = [mark, Buffer.from(mark).toString('hex')];
        const isOwn = ({ sql, values }: Statement): boolean =>
          [sql, ...values].some((each) => spellings.some((one) => String(each).includes(one)));
        const die = (held: Statement | undefined): void => {
          if (held === undefined) return;
          server.die();
          died += 1;
        };
        await during(() => server.write(id, data), 'answer', /^\s*UPDATE/i, die, isOwn);
        server = await newServer();
      } else await server.write(id, data);
      saved.set(id, number);
    }
    working -= 1;
  };
  const read = async () => {
    while (working > 0) {
      const id = pick(ids);
      const least = saved.get(id) ?? 0;
      const found = count(await b.look(id)) || 0;
      reads += 1;
      if (found < least) stale += 1;
    }
  };
  const before = statements().length;
  await Promise.all([
    ...[0, 8, 16].map((at) => write(ids.slice(at, at + 8))),
    ...Array.from({ length: 4 }, read),
  ]);
  const loads = statements()
    .slice(before)
    .filter(({ sql }) => finding.test(sql)).length;
  t.diagnostic(`${reads} reads, ${reads - loads} from memcached, ${died} servers died`);
  assert.equal(stale, 0, `of ${reads} reads`);
  assert.ok(died > 3, `the test lets a server die at its UPDATE, and has met only ${died}`);
  assert.ok(reads - loads > reads / 20, `of ${reads} reads ${loads} asked the database`);
});
