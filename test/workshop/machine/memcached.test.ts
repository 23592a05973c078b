/** A memcached of this process: its keys, and its end and second start. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MemcachedClient } from '../../../src/store/cache/memcached.ts';
import { Memcached } from '../../../src/workshop/machine/memcached.ts';

const folder = mkdtempSync(join(tmpdir(), 'phpsessid-memcached-test-'));
process.env['TMPDIR'] = folder;

let server: Memcached;
before(async () => {
  server = await Memcached.open();
});
after(async () => {
  await server.close();
  const left = readdirSync(folder);
  rmSync(folder, { recursive: true, force: true });
  assert.deepEqual(left, [], 'folders of a memcached that has ended');
});

test('the keys of memcached are listed with the time at which each ends, and a new start is empty', async () => {
  const client = new MemcachedClient({ server: `127.0.0.1:${server.port}`, timeout: 10_000 });
  assert.deepEqual(await server.keys(), []);
  await client.set('a%20b:=', Buffer.from('v'), 60);
  client.close();
  const [key, ...others] = await server.keys();
  assert.deepEqual(others, []);
  assert.equal(key?.name, 'a%20b:=');
  const seconds = (key.ends ?? 0) - Date.now() / 1000;
  assert.ok(seconds > 40 && seconds < 62, `it ends in ${seconds} s`);
  await server.signal('SIGKILL');
  await server.start();
  assert.deepEqual(await server.keys(), []);
});
