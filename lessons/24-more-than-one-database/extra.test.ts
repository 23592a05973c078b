import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createPool } from 'mysql2/promise';
import { openBench } from '#bench';

/** The object of one request. */
interface Request {
  open(path: string, name: string): unknown;
  read(id: string): Promise<string | Uint8Array>;
  write(id: string, data: string): Promise<boolean>;
}

const { database, exported, handler, newId, store } = await openBench();
await handler.open('', 'MySession');
const pool = createPool(database.url);
after(() => pool.end());

/** A request that has read the session, by a class for which one key is a counter. */
async function requestFor(id: string): Promise<Request> {
  const means = { pool, reserve: [], counters: ['clicks'] };
  const request = new (exported as new (parts: object) => Request)(means);
  request.open('', 'MySession');
  await request.read(id);
  return request;
}

test('two requests that have counted are both counted', async () => {
  const id = await newId();
  await store(id, 'clicks|i:10;');
  const [one, two] = [await requestFor(id), await requestFor(id)];
  await one.write(id, 'clicks|i:11;');
  assert.equal(await two.write(id, 'clicks|i:13;').catch(String), true);
  assert.equal(await handler.read(id), 'clicks|i:14;');
});

test('two requests that count for the first time are both counted', async () => {
  const id = await newId();
  await store(id, 'user|s:3:"ann";');
  const [one, two] = [await requestFor(id), await requestFor(id)];
  await one.write(id, 'user|s:3:"ann";clicks|i:1;');
  assert.equal(await two.write(id, 'user|s:3:"ann";clicks|i:1;').catch(String), true);
  assert.equal(await handler.read(id), 'user|s:3:"ann";clicks|i:2;');
});

test('no other number is added up', async () => {
  const id = await newId();
  await store(id, 'price|i:5;');
  const [one, two] = [await requestFor(id), await requestFor(id)];
  await one.write(id, 'price|i:6;');
  await assert.rejects(two.write(id, 'price|i:7;'), 'both have set a price');
  assert.equal(await handler.read(id), 'price|i:6;');
});
