import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { sealData, unsealData } from 'iron-session';
import { openBench } from '#bench';
import { MemcachedClient } from '#memcached';

const { cache: startCache, clock, given, statements } = await openBench();
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

test('a copy whose time was changed opens no session that is over', async () => {
  clock.set(1_800_000_000);
  const { id, key } = await cachedSession('user|s:3:"ann";');
  const saved = String(clock.now());
  clock.advance(1441);
  const entry = String((await client.get(key))?.value);
  await client.set(key, Buffer.from(entry.replaceAll(saved, String(clock.now()))), 60);
  assert.equal(await reader.read(id), '', 'the session ended a second ago');
});

test('a copy that was sealed with another password is read from the database', async () => {
  const [first, second] = [{ 1: 'first '.repeat(6) }, { 1: 'second '.repeat(6) }];
  const before = process.env['SESSION_PASSWORDS'];
  const use = (passwords: object): void => {
    process.env['SESSION_PASSWORDS'] = JSON.stringify(passwords);
  };
  try {
    use(first);
    const { id } = await cachedSession('user|s:3:"ann";');
    const token = await unsealData(id, { password: first });
    use(second);
    const count = statements().length;
    assert.equal(await reader.read(await sealData(token, { password: second })), 'user|s:3:"ann";');
    assert.ok(statements().length > count, 'the copy was used: its seal needs no password');
  } finally {
    if (before === undefined) delete process.env['SESSION_PASSWORDS'];
    else process.env['SESSION_PASSWORDS'] = before;
  }
});

test('a copy that a server has made is used as before', async () => {
  const { id } = await cachedSession('user|s:3:"ann";');
  const before = statements().length;
  assert.equal(await reader.read(id), 'user|s:3:"ann";');
  assert.equal(statements().length, before, 'the database was asked');
});
