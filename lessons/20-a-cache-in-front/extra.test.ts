import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openBench } from '#bench';
import { MemcachedClient } from '#memcached';

const { cache: startCache, given, statements } = await openBench();
const cache = await startCache();
const client = new MemcachedClient({ server: cache.server, timeout: 10_000 });
after(() => client.close());
const { handler } = given({ cache: client });
const { handler: reader } = given({ cache: client, readOnly: true });
await handler.open('', 'MySession');
await reader.open('', 'MySession');

/** A session that is in memcached, and its key there. */
async function cachedSession(data: string): Promise<{ id: string; key: string }> {
  const before = new Set((await cache.keys()).map(({ name }) => name));
  const id = await handler.create_sid();
  await handler.write(id, data);
  assert.equal(await reader.read(id), data);
  const added = (await cache.keys()).filter(({ name }) => !before.has(name));
  assert.equal(added.length, 1);
  return { id, key: added[0]?.name ?? '' };
}

test('a copy that was changed by another program is read from the database', async () => {
  const { id, key } = await cachedSession('user|s:3:"ann";');
  const entry = String((await client.get(key))?.value);
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const changed = entry
    .replaceAll('ann', 'bob')
    .replaceAll(base64('user|s:3:"ann";'), base64('user|s:3:"bob";'));
  await client.set(key, Buffer.from(changed), 60);
  assert.equal(await reader.read(id), 'user|s:3:"ann";');
});

test('a copy of one session is not a copy of another one', async () => {
  const ann = await cachedSession('user|s:3:"ann";');
  const mallory = await cachedSession('user|s:7:"mallory";');
  const item = await client.get(ann.key);
  await client.set(mallory.key, item?.value ?? Buffer.alloc(0), 60);
  assert.equal(await reader.read(mallory.id), 'user|s:7:"mallory";');
});

test('a copy that a server has made is used as before', async () => {
  const { id } = await cachedSession('user|s:3:"ann";');
  const before = statements().length;
  assert.equal(await reader.read(id), 'user|s:3:"ann";');
  assert.equal(statements().length, before, 'the database was asked');
});
