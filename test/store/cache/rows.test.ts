/** Two processes with one memcached in front of one table. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Pool } from 'mysql2/promise';
import { MemcachedClient } from '../../../src/store/cache/memcached.ts';
import { SessionSetupError } from '../../../src/store/errors.ts';
import { KeyedHash } from '../../../src/store/identifiers.ts';
import type { Sessions } from '../../../src/store/store.ts';
import { Memcached } from '../../../src/workshop/machine/memcached.ts';
import {
  atEnd,
  json,
  newSession,
  newStore,
  type Options,
  poolOf,
  query,
  schema,
  secrets,
  stored,
  storeOn,
} from '../fixture.ts';

let memcached: Memcached;
before(async () => {
  memcached = await Memcached.open();
});
after(() => memcached.close());

/** A store with the cache, and a count of the statements that it has sent. */
async function cachedStore(
  options: Options = {},
): Promise<{ sessions: Sessions; sent: () => number }> {
  const pool: Pool = poolOf(schema.url);
  let count = 0;
  pool.pool.on('acquire', () => {
    count++;
  });
  // Ten seconds: a busy machine must not be taken for a server that hangs.
  const cache = { server: `127.0.0.1:${memcached.port}`, timeout: 10 };
  const sessions = storeOn(pool, { cache, ...options });
  atEnd(() => sessions.close());
  await sessions.ready();
  return { sessions, sent: () => count };
}

test('a session that was read once is read without the database, in every process', async () => {
  const [here, there] = [await cachedStore(), await cachedStore()];
  const id = await newSession(here.sessions, { n: 1 });
  assert.deepEqual(await stored(here.sessions, id), { n: 1 });
  const [before, beforeThere] = [here.sent(), there.sent()];
  assert.deepEqual(await stored(here.sessions, id), { n: 1 });
  assert.deepEqual(await stored(there.sessions, id), { n: 1 });
  assert.ok(before > 0, 'the statements are counted');
  assert.deepEqual([here.sent(), there.sent()], [before, beforeThere]);
});

test('every column that a session shows comes back from memcached', async () => {
  const { sessions } = await cachedStore();
  const id = sessions.newId();
  const owner = { user: 'Zoë', label: 'Firefox — Linux' };
  await (await sessions.create(id, Buffer.from('n|i:1;'), owner)).close();
  const views = [];
  for (let time = 0; time < 2; time++) {
    const session = await sessions.open(id, { mode: 'read' });
    views.push({ data: session?.data.toString(), user: session?.user, label: session?.label });
  }
  assert.deepEqual(views, Array(2).fill({ data: 'n|i:1;', ...owner }));
});

test('the time that a row has been in memcached counts for its age and for its last use', async (t) => {
  const { sessions, sent } = await cachedStore({ idle: 10 });
  const id = sessions.newId();
  await (await sessions.create(id, json({ n: 1 }), { user: 'ann' })).close();
  await stored(sessions, id);
  const { now } = Date;
  t.mock.method(Date, 'now', () => now() + 6000);
  const before = sent();
  const session = await sessions.start(id);
  assert.equal(sent(), before, 'it came from memcached');
  assert.throws(() => session.requireFresh(5), { name: 'SessionNotFresh' });
  assert.equal(await session.save(), 'unchanged');
  assert.equal(sent(), before + 1, 'its use was written down');
});

test('a machine whose clock is hours ahead makes no login in memcached old', async (t) => {
  const { sessions, sent } = await cachedStore();
  const id = sessions.newId();
  await (await sessions.create(id, json({ n: 1 }), { user: 'ann' })).close();
  await stored(sessions, id);
  const { now } = Date;
  t.mock.method(Date, 'now', () => now() + 3 * 3_600_000);
  const before = sent();
  const session = await sessions.start(id);
  assert.equal(sent(), before, 'it came from memcached');
  session.requireFresh(120);
});

test('a sealed session is sealed in memcached as well, after a read and after a save', async () => {
  const { sessions, sent } = await cachedStore({ seal: { keys: ['s'.repeat(32)] } });
  const id = await newSession(sessions, { card: '4111-1111-1111' });
  const [key] = new KeyedHash(secrets).keysOf(id);
  const client = new MemcachedClient({ server: `127.0.0.1:${memcached.port}`, timeout: 10_000 });
  atEnd(() => client.close());
  const isCached = async (): Promise<void> => {
    const item = await client.get(`phpsessid:${key.toString('base64url')}`);
    assert.equal(item?.value[0], 1, 'it is a row');
    assert.doesNotMatch(item.value.toString('latin1'), /card|4111-1111/);
  };
  await stored(sessions, id);
  await isCached();
  await using session = await sessions.open(id);
  await session?.save(json({ card: '4111-1111-1111', n: 1 }));
  await isCached();
  const before = sent();
  assert.deepEqual(await stored(sessions, id), { card: '4111-1111-1111', n: 1 });
  assert.equal(sent(), before, 'it came from memcached');
});

test('a cached session of one store opens nothing in a store on another table', async () => {
  await query('CREATE TABLE admin_sessions LIKE sessions');
  const [shop, admin] = [await cachedStore(), await cachedStore({ table: 'admin_sessions' })];
  const id = shop.sessions.newId();
  await (await shop.sessions.create(id, json({ n: 1 }), { user: '1' })).close();
  const before = shop.sent();
  for (let time = 0; time < 2; time++) assert.deepEqual(await stored(shop.sessions, id), { n: 1 });
  assert.equal(shop.sent(), before + 1, 'the second came from memcached');
  assert.equal(await admin.sessions.open(id), undefined);
});

test('a save, a renewal, and each way to end a session are seen at once elsewhere', async () => {
  const [here, there] = [await cachedStore(), await cachedStore()];
  const begin = async (): Promise<string> => {
    const id = here.sessions.newId();
    await (await here.sessions.create(id, json({ n: 1 }), { user: 'ann' })).close();
    assert.deepEqual(await stored(there.sessions, id), { n: 1 });
    return id;
  };
  const open = async (id: string) => {
    const session = await here.sessions.open(id);
    assert.ok(session);
    return session;
  };

  const saved = await begin();
  await (await open(saved)).save(json({ n: 2 }));
  assert.deepEqual(await stored(there.sessions, saved), { n: 2 });

  const renewed = await begin();
  const next = await (await open(renewed)).renew({ grace: 0, user: 'bob' });
  assert.deepEqual(await stored(there.sessions, next ?? ''), { n: 1 });
  assert.equal(await stored(there.sessions, renewed), undefined);

  const destroyed = await begin();
  await (await open(destroyed)).destroy();
  assert.equal(await stored(there.sessions, destroyed), undefined);

  const revoked = await begin();
  await here.sessions.of('ann').revokeOthers({ handle: undefined });
  assert.equal(await stored(there.sessions, revoked), undefined);

  const all = await begin();
  await here.sessions.of('ann').revokeAll();
  assert.equal(await stored(there.sessions, all), undefined);

  const limited = await begin();
  const { sessions: strict } = await cachedStore({ maxPerUser: 1 });
  await (await strict.create(strict.newId(), json({ n: 3 }), { user: 'ann' })).close();
  assert.equal(await stored(there.sessions, limited), undefined);
});

test('requests that use an old id at once get the session, or all of them a new one', async () => {
  const { sessions } = await cachedStore();
  const renewed = async (grace: number): Promise<string> => {
    const id = sessions.newId();
    const session = await sessions.create(id, json({ n: 1 }), { user: 'ann' });
    await session.renew({ grace });
    return id;
  };
  const startAll = (id: string) =>
    Promise.all([1, 2, 3].map(async () => (await sessions.start(id)).data));
  assert.deepEqual(await startAll(await renewed(10)), Array(3).fill({ n: 1 }));
  const replayed = await renewed(0);
  const users = [1, 2, 3].map(async () => (await sessions.start(replayed)).user);
  assert.deepEqual(await Promise.all(users), Array(3).fill(undefined));
});

test('increments of two processes through the cache are all kept', async () => {
  const stores = [await cachedStore(), await cachedStore()];
  const id = await newSession(stores[0]?.sessions as Sessions, { n: 0 });
  await Promise.all(
    stores.map(async ({ sessions }) => {
      for (let step = 0; step < 20; step++) {
        const session = await sessions.start(id);
        session.update('n', (n) => (typeof n === 'number' ? n : 0) + 1);
        await session.save();
        await session.close();
      }
    }),
  );
  assert.deepEqual(await stored(newStore(), id), { n: 40 });
  assert.deepEqual(await stored(stores[1]?.sessions as Sessions, id), { n: 40 });
});

test('a row that an attacker wrote into memcached logs no user in', async () => {
  const { sessions } = await cachedStore();
  const id = await newSession(sessions, { user: 'guest' });
  const other = await newSession(sessions, { user: 'admin' });
  await stored(sessions, id);
  await stored(sessions, other);
  const client = new MemcachedClient({ server: `127.0.0.1:${memcached.port}` });
  const keyOf = (text: string): string =>
    `phpsessid:${new KeyedHash(secrets).keysOf(text)[0].toString('base64url')}`;
  const own = await client.get(keyOf(id));
  const foreign = await client.get(keyOf(other));
  assert.ok(own && foreign);
  const changed = Buffer.from(own.value.toString('latin1').replace('guest', 'admin'), 'latin1');
  for (const forged of [changed, foreign.value, own.value.subarray(0, 20), Buffer.of(1)]) {
    await client.set(keyOf(id), forged, 60);
    assert.deepEqual(await stored(sessions, id), { user: 'guest' });
  }
  client.close();
});

test('neither the id nor the secret reaches memcached', async () => {
  const { sessions } = await cachedStore({
    cache: { server: `127.0.0.1:${memcached.port}`, prefix: 'p:', timeout: 10 },
  });
  const id = await newSession(sessions, { n: 1 });
  await stored(sessions, id);
  const client = new MemcachedClient({ server: `127.0.0.1:${memcached.port}` });
  const key = new KeyedHash(secrets).keysOf(id)[0];
  const held = await client.get(`p:${key.toString('base64url')}`);
  client.close();
  assert.ok(held, 'the row is under the hash of the id');
  for (const secret of [id, ...secrets]) assert.ok(!held.value.includes(secret));
});

test('a memcached that hangs or is gone costs no request, and is an event', async () => {
  const server = `127.0.0.1:${memcached.port}`;
  const { sessions } = await cachedStore({ cache: { server } });
  const id = await newSession(sessions, { n: 1 });
  const kinds: string[] = [];
  sessions.on('cache-failed', ({ error }) => kinds.push((error as Error).name));
  await memcached.signal('SIGSTOP');
  try {
    assert.deepEqual(await stored(sessions, id), { n: 1 });
    const session = await sessions.open(id);
    assert.equal(await session?.save(json({ n: 2 })), 'saved');
    await session?.close();
  } finally {
    await memcached.signal('SIGKILL');
  }
  assert.deepEqual(await stored(sessions, id), { n: 2 });
  assert.deepEqual(new Set(kinds), new Set(['CacheUnavailable']));
  await memcached.start();
});

test('a session in its last second is read from the database', async () => {
  const { sessions } = await cachedStore({ idle: 0.9, touchAfter: 1 });
  const id = await newSession(sessions, { n: 1 });
  assert.deepEqual(await stored(sessions, id), { n: 1 });
  await query('UPDATE sessions SET expires=1 WHERE id=?', [new KeyedHash(secrets).keysOf(id)[0]]);
  assert.equal(await stored(sessions, id), undefined);
});

test('invalid options of the cache are refused', () => {
  const refused = { name: 'SessionSetupError' };
  assert.throws(() => newStore({ cache: { server: 'localhost' } }), refused);
  assert.throws(() => newStore({ cache: { server: '127.0.0.1:99999' } }), refused);
  const server = '127.0.0.1:11211';
  assert.throws(() => newStore({ cache: { server, prefix: 'my shop:' } }), /prefix takes 1 to 200/);
  assert.throws(() => newStore({ cache: { server, maxAge: 0 } }), /cache\.maxAge takes whole/);
  assert.throws(() => newStore({ cache: { server, maxAge: 1.5 } }), SessionSetupError);
});
