import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { createPool } from 'mysql2/promise';
import { openBench } from '#bench';

const globals = new Set(Reflect.ownKeys(globalThis));
const { clock, database, exported, given, handler, newId, secondDatabase, serve, silence, store } =
  await openBench();
const forum = await secondDatabase();
const pool = createPool(forum.url);
after(() => pool.end());

const whoami = { path: '/whoami' };

test('two handlers keep their sessions in two databases', async () => {
  // The forum comes first: the process's own pool is not made yet.
  const board = await given({ pool }).serve();
  const { cookie: bob } = await board.request({ path: '/login?user=bob' });
  const shop = await serve();
  const { cookie: ann } = await shop.request({ path: '/login?user=ann' });
  for (let round = 1; round <= 2; round += 1) {
    const [here, there] = await Promise.all([
      shop.request({ ...whoami, cookie: ann }),
      board.request({ ...whoami, cookie: bob }),
    ]);
    assert.match(here.body, /ann/, `the shop, visit ${round}`);
    assert.match(there.body, /bob/, `the forum, visit ${round}`);
  }
  assert.match((await board.request({ ...whoami, cookie: ann })).body, /Nobody/, 'Ann, elsewhere');
  const users = async (of: typeof database) =>
    (await of.rows()).map(({ d }) => String(d)).filter((data) => data !== '');
  assert.deepEqual(await users(database), ['user|s:3:"ann";'], 'the sessions of the shop');
  assert.deepEqual(await users(forum), ['user|s:3:"bob";'], 'the sessions of the forum');
  // Two requests of one database, of which the first saves after the second has read.
  await handler.open('', 'MySession');
  const ids = [await newId(), await newId()] as const;
  for (const id of ids) await store(id, 'user|N;');
  const [first, second] = ids.map(
    () => new (exported as new (means: object) => typeof handler)({}),
  ) as [typeof handler, typeof handler];
  for (const request of [first, second]) await request.open('', 'MySession');
  await first.read(ids[0]);
  await second.read(ids[1]);
  await first.write(ids[0], 'user|s:4:"Carl";');
  await second.write(ids[1], 'user|s:4:"Dora";');
  for (const request of [first, second]) await request.close();
  assert.equal(await handler.read(ids[0]), 'user|s:4:"Carl";', 'saved after another has read');
  assert.equal(await handler.read(ids[1]), 'user|s:4:"Dora";', 'saved after another has saved');
});

/** A property's value; a getter may refuse an object that is not of its class. */
const propertyOf = (holder: object, key: PropertyKey, receiver: object): unknown => {
  try {
    return Reflect.get(holder, key, receiver);
  } catch {
    return undefined;
  }
};
assert.ok(typeof exported === 'function', 'Sessions is a class');

/** The result of a method without arguments; undefined if it throws or does not answer soon. */
const resultOf = async (call: () => unknown): Promise<unknown> => {
  try {
    return await Promise.race([call(), silence(500)]);
  } catch {
    return undefined;
  }
};

test('no part of the class leads to its connections', async () => {
  await handler.open('', 'MySession');
  const id = await newId();
  await store(id, 'user|s:3:"Ann";');
  const seen = new Set<unknown>();
  const found: string[] = [];
  const look = (value: unknown, path: string): void => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return;
    if (seen.has(value)) return;
    seen.add(value);
    if ('getConnection' in value || 'execute' in value) {
      found.push(path);
      return;
    }
    for (const key of Reflect.ownKeys(value)) {
      look(propertyOf(value, key, value), `${path}.${String(key)}`);
    }
    if (value instanceof Map) for (const [key, each] of value) look(each, `${path}.get(${key})`);
    if (value instanceof Set) for (const each of value) look(each, `an element of ${path}`);
    if (value instanceof WeakMap) look(value.get(own), `${path}.get(new Sessions())`);
  };
  const own = new (exported as new (means: object) => typeof handler)({ pool });
  // An object that holds a lock has a connection as well.
  await own.open?.('', 'MySession');
  await own.create_sid?.();
  look(exported, 'Sessions');
  look(own, 'new Sessions()');
  const prototype = Reflect.getPrototypeOf(own) ?? {};
  for (const key of Reflect.ownKeys(prototype)) {
    look(propertyOf(prototype, key, own), `new Sessions().${String(key)}`);
  }
  // A method may return what no property holds. PHP's own methods need a session.
  const known = ['open', 'close', 'read', 'write', 'destroy', 'gc', 'create_sid', 'validateId'];
  for (const [holder, keys] of [
    [own, Reflect.ownKeys(prototype)],
    [exported, Reflect.ownKeys(exported)],
  ] as const) {
    for (const key of keys) {
      const method = propertyOf(holder, key, holder);
      if (typeof method !== 'function' || method.length > 0) continue;
      if (['constructor', 'initCallbacks', 'Login', 'Allows', ...known].includes(String(key)))
        continue;
      look(await resultOf(() => method.call(holder)), `the result of ${String(key)}()`);
    }
  }
  for (const [name, part] of Object.entries(await import('#sessions'))) look(part, name);
  for (const key of Reflect.ownKeys(globalThis)) {
    if (!globals.has(key))
      look(propertyOf(globalThis, key, globalThis), `globalThis.${String(key)}`);
  }
  await own.close?.();
  assert.deepEqual(found, [], 'any module of the process could use these, or exchange them');
  Object.assign(exported, { Db: pool, pool });
  assert.equal(await handler.read(id), 'user|s:3:"Ann";', 'an assignment has moved every visitor');
  const saved = await handler.write(id, 'user|s:3:"Bob";').catch(String);
  assert.equal(saved, true, 'an assignment has moved every save');
});

test('an object that has failed throws that error, and changes nothing', async () => {
  const calls: Record<string, (of: typeof handler, id: string) => Promise<unknown>> = {
    read: (of, id) => of.read(id),
    write: (of, id) => of.write(id, 'user|s:3:"Ann";'),
    gc: (of) => of.gc(1440),
    create_sid: (of) => of.create_sid(),
  };
  for (const [what, call] of Object.entries(calls)) {
    const request = new (exported as new (means: object) => typeof handler)({ pool });
    assert.ok('destroy' in request, 'the objects of the class have no method destroy');
    await request.open('', 'MySession');
    const id = await request.create_sid();
    const saved: unknown = await request.write(id, 'user|N;').catch(String);
    assert.equal(saved, true, 'a save by an object that has read nothing');
    const failed = await forum.withoutTable(() => call(request, id).catch((error) => error));
    assert.ok(failed instanceof Error, `${what} without a table`);
    const isIt = (error: unknown): boolean => error === failed;
    const { length } = await forum.rows();
    await assert.rejects(() => request.write(id, 'user|s:3:"Ann";'), isIt, `write after ${what}`);
    await assert.rejects(() => request.destroy(id), isIt, `destroy after ${what}`);
    assert.equal((await forum.rows()).length, length, 'rows, with that of the request');
  }
  const page = await given({ pool }).serve();
  assert.equal((await forum.withoutTable(() => page.request())).status, 500, 'without a table');
  assert.match((await page.request()).body, /Count: 1\b/, 'the request after one that failed');
});

test('the clock that was given is the only one', async () => {
  let now = 1_900_000_000;
  const later = given({ pool, now: () => now });
  await forum.query('DELETE FROM sessions');
  await later.handler.open('', 'MySession');
  const id = await later.handler.create_sid();
  const updated = async () => Number((await forum.rows())[0]?.['updated']);
  assert.equal(await updated(), now, 'the time at which create_sid made the row');
  now += 100;
  await later.handler.write(id, 'user|s:3:"Ann";');
  assert.equal(await updated(), now, 'the time at which write saved');
  const slow = new (exported as new (means: object) => typeof handler)({ pool, now: () => now });
  await slow.open('', 'MySession');
  await slow.read(id);
  now += 100;
  await slow.write(id, 'user|s:3:"Ann";');
  await slow.close();
  assert.equal(await updated(), now, 'the time at which a page saved that took 100 s');
  now += 1440;
  assert.equal(
    await later.handler.read(id),
    'user|s:3:"Ann";',
    "the session, read by a handler in the last second of its life by that handler's clock",
  );
  await later.handler.gc(1440);
  assert.equal(
    (await forum.rows()).length,
    1,
    "rows after a sweep in the last second of the session's life",
  );
  now += 1;
  assert.equal(
    await later.handler.read(id),
    '',
    "the session, read a second after its life by the handler's clock",
  );
  await later.handler.gc(1440);
  assert.equal((await forum.rows()).length, 0, 'rows after a sweep a second later');
  // Without `now`, the process's clock is read at each save, and not once for an object.
  clock.set(now + 0.9);
  await handler.open('', 'MySession');
  const mine = await newId();
  const page = new (exported as new (means: object) => typeof handler)({});
  await page.open('', 'MySession');
  await page.read(mine);
  clock.set(now + 100.9);
  await page.write(mine, 'user|s:4:"Mine";');
  await page.close();
  const times = (await database.rows()).map(({ updated }) => updated);
  const story = `no row is dated ${clock.now()}, the time of the process; they are ${times}`;
  assert.ok(times.includes(clock.now()), story);
  for (const maxLife of [60, 0]) {
    const brief = await given({ pool, now: () => now, maxLife }).serve();
    const { cookie } = await brief.request();
    now += maxLife + 1;
    const { body } = await brief.request({ cookie });
    assert.match(body, /Count: 1\b/, `the lifetime of php.ini, and not that of ${maxLife} s`);
  }
});

test('a token is made of the random bytes that were given', async () => {
  const sizes: number[] = [];
  const drawn = Buffer.alloc(32, 7);
  const known = given({
    pool,
    random: (size) => {
      sizes.push(size);
      return drawn;
    },
  });
  await known.handler.open('', 'MySession');
  const page = await known.serve();
  const key = createHash('sha256').update(drawn.toString('base64url')).digest();
  for (const create of [() => known.handler.create_sid(), () => page.request()]) {
    await forum.query('DELETE FROM sessions');
    sizes.length = 0;
    await create();
    // A page saves as well, and the save on a cluster draws bytes for its mark.
    assert.equal(sizes[0], 32, 'the first bytes that were asked for');
    const [row] = await forum.rows();
    assert.deepEqual(
      Buffer.from(row?.['id'] as Buffer),
      key,
      'the id in the row, the hash of the token',
    );
  }
});
