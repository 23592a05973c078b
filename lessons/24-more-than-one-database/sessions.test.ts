import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection, createPool, type Pool } from 'mysql2/promise';
import { openBench } from '#bench';

type Values = Record<string, number>;
type Change = (data: Values) => void;

/** The object of one request. */
interface Request {
  open(path: string, name: string): unknown;
  close(): Promise<boolean>;
  read(id: string): Promise<string | Uint8Array>;
  write(id: string, data: string): Promise<boolean>;
  create_sid(): Promise<string>;
  gc(maxLife: number): Promise<unknown>;
  update?(id: string, change: Change): Promise<boolean>;
}

const { cluster, database, exported, gate, handler, newId, store } = await openBench();
await handler.open('', 'MySession');
// Another file may have the cluster. The time of a test begins when it is free.
await cluster().catch(() => {});

const pools: Pool[] = [];
after(() => Promise.all(pools.map((pool) => pool.end().catch(() => {}))));

/** A web server: the first address is its own node, the others are in reserve. */
function webServer(urls: readonly string[], writes = 'php') {
  const made = urls.map((uri) => createPool({ uri, connectTimeout: 2000 }));
  pools.push(...made);
  const [pool, ...reserve] = made;
  const request = (): Request => {
    const one = new (exported as new (means: object) => Request)({ pool, reserve, writes });
    one.open('', 'MySession');
    return one;
  };
  const update = async (id: string, change: Change): Promise<boolean> => {
    const one = request();
    assert.ok(one.update, 'the class has no method update');
    return await one.update(id, change);
  };
  return { request, update };
}

/** Three web servers, each with a node of its own. */
async function site(writes = 'php') {
  const urls = (await cluster()).nodes.map(({ url }) => url);
  const [one, two, three] = urls as [string, string, string];
  const ownNodeFirst = [
    [one, two, three],
    [two, three, one],
    [three, one, two],
  ] as const;
  const [first, second, third] = ownNodeFirst.map((order) => webServer(order, writes));
  return [first, second, third] as [WebServer, WebServer, WebServer];
}

type WebServer = ReturnType<typeof webServer>;
type Site = Awaited<ReturnType<typeof site>>;

/** Saves a new session through the first server. */
async function newSession([first]: Site, data: string): Promise<string> {
  const request = first.request();
  const id = await request.create_sid();
  await request.write(id, data);
  await request.close();
  return id;
}

/** Reads a session through the third server. */
async function dataOf([, , third]: Site, id: string): Promise<string> {
  const request = third.request();
  const data = Buffer.from(await request.read(id)).toString();
  await request.close();
  return data;
}

/** Three requests at once, each on another server, that have all read the same session. */
async function threeRequests(servers: Site, id: string) {
  const [one, two, three] = [servers[0].request(), servers[1].request(), servers[2].request()];
  for (const request of [one, two, three]) await request.read(id);
  const end = () => Promise.all([one, two, three].map((request) => request.close()));
  return { one, two, three, end };
}

const addOne: Change = (data) => {
  data['n'] = (data['n'] ?? 0) + 1;
};

const numberIn = (data: unknown, key: string): number =>
  Number(new RegExp(`(?:^|;)${key}\\|i:(\\d+);`).exec(String(data))?.[1] ?? 0);

test('changes of different keys on three nodes are all kept', async () => {
  for (const writes of ['php', 'json']) {
    const servers = await site(writes);
    const id = await newSession(servers, 'lang|s:2:"de";theme|s:4:"dark";');
    const { one, two, three, end } = await threeRequests(servers, id);
    const saves = [
      one.write(id, 'lang|s:2:"en";theme|s:4:"dark";'),
      two.write(id, 'lang|s:2:"de";theme|s:4:"dark";book|i:1;'),
      three.write(id, 'lang|s:2:"de";'),
    ];
    const outcomes = (await Promise.allSettled(saves)).map(({ status }) => status);
    await end();
    assert.deepEqual(outcomes, ['fulfilled', 'fulfilled', 'fulfilled'], `three saves in ${writes}`);
    const data = await dataOf(servers, id);
    assert.equal(data, 'lang|s:2:"en";book|i:1;', `the session in ${writes}`);
  }
});

test('a key that two requests have changed is saved once, and the later one is told', async () => {
  const servers = await site();
  const id = await newSession(servers, 'count|i:1;');
  const { one, two, three, end } = await threeRequests(servers, id);
  await one.write(id, 'count|i:2;');
  await assert.rejects(
    two.write(id, 'count|i:2;'),
    'both have counted, and both were told “saved”',
  );
  const other = await three.write(id, 'count|i:1;book|i:7;').catch(String);
  assert.equal(other, true, 'the save of another key');
  await end();
  assert.equal(await dataOf(servers, id), 'count|i:2;book|i:7;');
});

test('updates on three nodes at once are each made once', async () => {
  const servers = await site();
  const id = await newSession(servers, 'n|i:0;');
  const work = servers.map(async ({ update }) => {
    for (let at = 0; at < 10; at += 1) assert.equal(await update(id, addOne), true);
  });
  await Promise.all(work);
  assert.equal(await dataOf(servers, id), 'n|i:30;');
});

test('a read on one node finds what another has saved before', async () => {
  const servers = await site();
  const [one, , three] = servers;
  const id = await newSession(servers, 'n|i:1;');
  const late = await createConnection((await cluster()).nodes[2].url);
  try {
    // From here on node 3 receives what the others save, and does not apply it.
    await late.query('FLUSH TABLES WITH READ LOCK');
    await one.request().write(id, 'n|i:7;');
    const reading = three.request().read(id);
    // A stale read is over at once; on a busy machine, after a few turns.
    for (let turn = 0; turn < 10; turn += 1) await Promise.race([reading, delay(100)]);
    await late.query('UNLOCK TABLES');
    assert.equal(Buffer.from(await reading).toString(), 'n|i:7;', 'read on the node that is late');
  } finally {
    late.destroy();
  }
});

test('a sweep goes to another node when its own is down', async () => {
  const server = webServer(['mysql://nobody@127.0.0.1:1/none', database.url]);
  const [old, alive] = [await newId(), await newId()];
  await store(old, 'n|i:1;');
  await database.query('UPDATE sessions SET updated = updated - 5000');
  await store(alive, 'n|i:2;');
  const sweep = await server.request().gc(1440).catch(String);
  assert.equal(sweep, true, 'a request that sweeps');
  assert.equal(await handler.read(old), '');
  assert.equal((await database.rows()).length, 1, 'rows, of an old session and one that is alive');
  assert.equal(await handler.read(alive), 'n|i:2;');
});

test('a save whose answer is lost is made once', async () => {
  const server = webServer([database.url, database.url]);
  const cases = [
    { what: 'its answer was lost', holds: 'answer', ends: 'cut' },
    { what: 'it never arrived', holds: 'statement', ends: 'cut' },
    { what: 'the database hung', holds: 'answer', ends: 'open' },
  ] as const;
  for (const { what, holds, ends } of cases) {
    for (const others of [0, 3]) {
      const id = await newId();
      await store(id, 'n|i:0;');
      const saves = gate(1, /^\s*UPDATE/i, { opens: 'by hand', patience: 8000, holds });
      const saving = server.update(id, addOne);
      await Promise.race([saves.arrived, saving]);
      for (let at = 0; at < others; at += 1) await server.update(id, addOne);
      const end = ends === 'cut' ? saves.cut() : saving.catch(() => {}).finally(() => saves.open());
      const message = `${what}, and ${others} other saves came first`;
      assert.equal(await saving, true, message);
      await end;
      assert.equal(await handler.read(id), `n|i:${others + 1};`, message);
    }
  }
});

test('what was acknowledged is on every node once, whichever node died', async () => {
  const { nodes, bringBack } = await cluster();
  const servers = await site();
  const id = await newSession(servers, 'a|i:0;b|i:0;c|i:0;n|i:0;');
  assert.equal(await servers[0].update(id, () => {}), true);
  const keys = ['a', 'b', 'c'];
  const saved: Values = { a: 0, b: 0, c: 0, n: 0 };
  const unsure: Values = { a: 0, b: 0, c: 0, n: 0 };
  let writing = true;
  const work = servers.map(async (server, at) => {
    const key = keys[at] ?? '';
    while (writing) {
      const outcome = await server
        .update(id, (data) => {
          for (const each of [key, 'n']) data[each] = (data[each] ?? 0) + 1;
        })
        .then(
          () => saved,
          () => unsure,
        );
      for (const each of [key, 'n']) outcome[each] = (outcome[each] ?? 0) + 1;
      await delay(10);
    }
  });
  /** Waits until each of the three servers has saved something more. */
  const allSave = async (when: string): Promise<void> => {
    const before = { ...saved };
    const deadline = performance.now() + 20_000;
    while (keys.some((key) => (saved[key] ?? 0) < (before[key] ?? 0) + 5)) {
      assert.ok(performance.now() < deadline, `${when}, a server saved nothing for 20 s`);
      await delay(50);
      await nodes[0].query('SELECT 1').catch(() => {});
    }
  };
  try {
    await allSave('with three nodes');
    await nodes[1].kill();
    await allSave('after one node was killed');
    await nodes[2].kill();
    while (await nodes[0].query('SELECT id FROM sessions').catch(() => undefined)) await delay(50);
    const alone = saved['n'];
    await delay(300);
    assert.equal(saved['n'], alone, 'one node of three has acknowledged saves');
    await bringBack();
    await allSave('with three nodes again');
  } finally {
    writing = false;
    await Promise.all(work);
  }
  const rows = await Promise.all(
    nodes.map(({ query }) => query('SELECT d FROM sessions ORDER BY version DESC LIMIT 1')),
  );
  const datas = rows.map(([row]) => String(row?.['d']));
  assert.deepEqual(datas, [datas[0], datas[0], datas[0]], 'the three nodes');
  for (const key of [...keys, 'n']) {
    const [found, told] = [numberIn(datas[0], key), saved[key] ?? 0];
    const most = told + (unsure[key] ?? 0);
    assert.ok(found >= told && found <= most, `${key} is ${found}; saved ${told}, or ${most}`);
  }
});
