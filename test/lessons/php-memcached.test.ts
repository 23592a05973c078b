/** PHP's own memcached handler, and the keys that it shares with Node: what lesson 20 says of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MemcachedClient } from '#memcached';
import { decodeSession, encodeSession } from '../../src/serialize/index.ts';
import { Memcached } from '../../src/workshop/machine/memcached.ts';
import { obtainPhpMemcached } from '../../src/workshop/machine/php.ts';
import { type PhpServer, startPhp } from '../../src/workshop/oracle/php-cgi.ts';

const folder = mkdtempSync(join(tmpdir(), 'phpsessid-memcached-test-'));
const nodes: Memcached[] = [];
const clients: MemcachedClient[] = [];
let php: PhpServer;

before(async () => {
  const found = await obtainPhpMemcached();
  assert.ok(!('reason' in found), 'reason' in found ? found.reason : '');
  for (let count = 0; count < 2; count += 1) {
    const node = await Memcached.open();
    nodes.push(node);
    clients.push(new MemcachedClient({ server: address(node), timeout: 10_000 }));
  }
  php = await startPhp({
    php: found,
    settings: {
      'session.save_handler': 'memcached',
      'session.serialize_handler': 'php',
      'session.use_strict_mode': '0',
      'session.gc_maxlifetime': '1440',
      // Without an end the lock of a killed PHP stays.
      'memcached.sess_lock_expire': '5',
    },
  });
});
after(async () => {
  for (const client of clients) client.close();
  await php?.close();
  for (const node of nodes) await node.close();
  rmSync(folder, { recursive: true, force: true });
});

const address = (node: Memcached): string => `127.0.0.1:${node.port}`;

/** Runs a script for one request, with these nodes. */
async function run(code: string, on: readonly Memcached[], cookie = ''): Promise<string> {
  const script = join(folder, 'page.php');
  writeFileSync(script, `<?php ${code}`);
  const settings = { 'session.save_path': on.map(address).join(',') };
  const { body, stderr } = await php.request({ script, settings, cookie });
  assert.equal(stderr, '');
  return body;
}

const counter = `session_start();
$_SESSION['n'] = ($_SESSION['n'] ?? 0) + 1; $_SESSION['name'] = 'Zoë';
session_write_close(); echo $_SESSION['n'];`;

test('PHP and Node continue one session, under a key with the id in it', async () => {
  const [node, client] = [nodes.slice(0, 1), clients[0] as MemcachedClient];
  const key = 'memc.sess.key.abc123';
  assert.equal(await run(counter, node, 'PHPSESSID=abc123'), '1');
  const item = await client.get(key);
  assert.equal(String(item?.value), 'n|i:1;name|s:4:"Zoë";');
  const { variables } = decodeSession('php', item?.value ?? '');
  const { bytes } = encodeSession('php', { ...variables, n: 41 });
  assert.ok(bytes !== false);
  await client.set(key, bytes, 1440);
  assert.equal(await run(counter, node, 'PHPSESSID=abc123'), '42');
  const names = (await nodes[0]?.keys())?.map(({ name }) => name);
  assert.ok(names?.includes(key), 'memcached lists the id to everyone who asks');
});

test('a lock that Node holds keeps PHP from starting the session', async () => {
  const client = clients[0] as MemcachedClient;
  await client.add('memc.sess.key.lock.busy', Buffer.from('1'), 60);
  const start = 'error_reporting(0); var_dump(session_start());';
  const began = performance.now();
  assert.equal(await run(start, nodes.slice(0, 1), 'PHPSESSID=busy'), 'bool(false)\n');
  // Five attempts, 150 ms apart.
  assert.ok(performance.now() - began > 600);
});

test('with two nodes PHP places each session on a ring, and Node finds it there', async () => {
  const ids = Array.from({ length: 100 }, (_, at) => `visitor${at}`);
  const many = `foreach (${JSON.stringify(ids)} as $id) {
    session_id($id); session_start(['use_cookies' => 0]); $_SESSION['n'] = 1; session_write_close();
  }`;
  assert.equal(await run(many, nodes), '');
  const placed = [0, 0];
  for (const id of ids) {
    const at = nodeOf(id, nodes.map(address));
    const [here, there] = [clients[at], clients[1 - at]];
    assert.ok(await here?.get(`memc.sess.key.${id}`), `${id} is not on node ${at}`);
    assert.equal(await there?.get(`memc.sess.key.${id}`), undefined);
    placed[at] = (placed[at] ?? 0) + 1;
  }
  assert.ok(Math.min(...placed) > 10, `${placed} of 100`);
});

/**
 * Finds the node of a session, as libmemcached's consistent distribution does: a hundred points for
 * each node on a ring, and the first point at or after the hash of the id. The prefix of the key is
 * not hashed.
 */
function nodeOf(id: string, addresses: readonly string[]): number {
  const points = addresses
    .flatMap((name, node) =>
      Array.from({ length: 100 }, (_, at) => ({ node, hash: oneAtATime(`${name}-${at}`) })),
    )
    .sort((one, other) => one.hash - other.hash);
  const hash = oneAtATime(id);
  return (points.find((point) => point.hash >= hash) ?? points[0])?.node ?? 0;
}

/** Bob Jenkins's hash of this name, of 32 bits. */
function oneAtATime(text: string): number {
  let hash = 0;
  for (const byte of Buffer.from(text)) {
    hash = (hash + byte) | 0;
    hash = (hash + (hash << 10)) | 0;
    hash ^= hash >>> 6;
  }
  hash = (hash + (hash << 3)) | 0;
  hash ^= hash >>> 11;
  return (hash + (hash << 15)) >>> 0;
}
