/** The client against a real memcached, and against servers that misbehave. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { CacheUnavailable, MemcachedClient } from '../../../src/store/cache/memcached.ts';
import { Memcached } from '../../../src/workshop/machine/memcached.ts';

let server: Memcached;
const clients: MemcachedClient[] = [];

before(async () => {
  server = await Memcached.open();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
after(() => server.close());

/** Ten seconds: a busy machine must not be taken for a server that hangs. */
function clientOf(port = server.port, timeout = 10_000): MemcachedClient {
  const client = new MemcachedClient({ server: `127.0.0.1:${port}`, timeout });
  clients.push(client);
  return client;
}

/** A server that answers each connection in its own way. */
async function serve(answer: (socket: Socket, bytes: Buffer) => void): Promise<number> {
  const stub = createServer((socket) => {
    socket.on('data', (bytes) => answer(socket, bytes));
    socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  stub.unref();
  await once(stub, 'listening');
  return (stub.address() as AddressInfo).port;
}

test('every byte comes back, line ends and memcached words included', async () => {
  const client = clientOf();
  const value = Buffer.concat([
    Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    Buffer.from('\r\nEND\r\nVALUE bytes 0 1 1\r\n'),
  ]);
  await client.set('bytes', value, 60);
  assert.deepEqual((await client.get('bytes'))?.value, value);
  await client.set('bytes', Buffer.alloc(0), 60);
  assert.deepEqual((await client.get('bytes'))?.value, Buffer.alloc(0));
  assert.equal(await client.get('bytes-of-nobody'), undefined);
});

test('a value of many packets comes back, and so do commands that were sent together', async () => {
  const client = clientOf();
  const large = Buffer.alloc(900_000, 'x\r\n');
  const small = Array.from({ length: 500 }, (_, at) => at);
  await Promise.all([
    client.set('large', large, 60),
    ...small.map((at) => client.set(`small-${at}`, Buffer.from(`${at}`), 60)),
  ]);
  const [found, ...others] = await Promise.all([
    client.get('large'),
    ...small.map((at) => client.get(`small-${at}`)),
  ]);
  assert.ok(found?.value.equals(large));
  assert.deepEqual(
    others.map((item) => Number(item?.value)),
    small,
  );
});

test('add, cas and remove succeed only on the version that they are about', async () => {
  const client = clientOf();
  assert.equal(await client.add('one', Buffer.from('a'), 60), true);
  assert.equal(await client.add('one', Buffer.from('b'), 60), false);
  const first = await client.get('one');
  assert.ok(first);
  assert.equal(await client.cas('one', Buffer.from('c'), 60, first.cas), true);
  assert.equal(await client.cas('one', Buffer.from('d'), 60, first.cas), false);
  assert.equal(await client.remove('one', first.cas), false);
  const second = await client.get('one');
  assert.equal(second?.value.toString(), 'c');
  assert.equal(await client.remove('one', second?.cas ?? ''), true);
  assert.equal(await client.get('one'), undefined);
  assert.equal(await client.cas('one', Buffer.from('e'), 60, first.cas), false);
});

test('a value that is too large fails alone, and the connection stays usable', async () => {
  const client = clientOf();
  await client.set('kept', Buffer.from('v'), 60);
  const [large, kept] = await Promise.allSettled([
    client.set('huge', Buffer.alloc(2_000_000), 60),
    client.get('kept'),
  ]);
  assert.ok(large.status === 'rejected' && large.reason instanceof CacheUnavailable);
  assert.match(large.reason.message, /SERVER_ERROR/);
  assert.ok(kept.status === 'fulfilled' && kept.value?.value.toString() === 'v');
});

test('a pause of this process is not taken for a server that hangs', async () => {
  await clientOf().set('k', Buffer.from('v'), 60);
  const client = clientOf(server.port, 500);
  await untilAnswered(client, 'k');
  const reading = client.get('k');
  await setImmediate();
  // Nothing of this process runs meanwhile, and memcached has time to answer.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
  assert.equal((await reading)?.value.toString(), 'v');
});

test('wrong keys, lifetimes and addresses are refused before anything is sent', async () => {
  const client = clientOf();
  for (const key of ['', 'a b', 'a\r\nflush_all\r\n', 'é', 'k'.repeat(251)]) {
    await assert.rejects(client.get(key), TypeError, JSON.stringify(key));
  }
  for (const seconds of [0, -1, 1.5, Number.NaN]) {
    await assert.rejects(client.set('k', Buffer.from('v'), seconds), TypeError);
  }
  for (const address of ['', 'localhost', '127.0.0.1:', 'a:b', '::1:11211']) {
    assert.throws(() => new MemcachedClient({ server: address }), /takes HOST:PORT/, address);
  }
});

test('a server that hangs costs one time-out, and is used again when it resumes', async (t) => {
  await clientOf().set('k', Buffer.from('v'), 60);
  const client = clientOf(server.port, 1000);
  await untilAnswered(client, 'k');
  await server.signal('SIGSTOP');
  // The clock stands still: the time-out ends, and the pause before the next try does not.
  const now = performance.now();
  const clock = t.mock.method(performance, 'now', () => now);
  try {
    const together = await Promise.allSettled([client.get('k'), client.get('k'), client.get('k')]);
    for (const { status } of together) assert.equal(status, 'rejected');
    const next = client.get('k').catch((error: unknown) => error);
    const outcome = await Promise.race([next, setImmediate('it waits for a server known to hang')]);
    assert.ok(outcome instanceof CacheUnavailable, String(outcome));
  } finally {
    clock.mock.restore();
    await server.signal('SIGCONT');
  }
  assert.equal((await untilAnswered(client, 'k'))?.value.toString(), 'v');
});

test('a server that was killed fails each command, and is used again, empty, after its start', async () => {
  const client = clientOf();
  await client.set('k', Buffer.from('v'), 60);
  await server.signal('SIGKILL');
  await assert.rejects(client.get('k'), CacheUnavailable);
  await server.start();
  assert.equal(await untilAnswered(client, 'k'), undefined);
});

test('an answer that the protocol does not know ends the connection and names no key', async () => {
  for (const words of ['VALUE secret-key 0 x\r\n', 'OOPS secret-key\r\n', 'ERROR\r\n']) {
    const port = await serve((socket) => socket.write(words));
    await assert.rejects(clientOf(port).get('secret-key'), (error: Error) => {
      assert.ok(error instanceof CacheUnavailable, words);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    });
  }
});

test('an answer that was not asked for is not taken for that of the next command', async (t) => {
  // The clock stands still: the next command must not come after the pause, on a new connection.
  const now = performance.now();
  t.mock.method(performance, 'now', () => now);
  const stray = 'VALUE b 0 5 7\r\nstray\r\nEND\r\n';
  const behind = await serve((socket) => socket.write(`END\r\n${stray}`));
  const client = clientOf(behind);
  await client.get('a');
  await assert.rejects(client.get('b'), CacheUnavailable);
  const instead = await serve((socket) => socket.write(stray));
  await assert.rejects(clientOf(instead).get('a'), CacheUnavailable);
});

test('an answer in pieces of one byte is read', async () => {
  const port = await serve((socket) => {
    const answer = Buffer.from('VALUE k 0 3 7\r\na\r\n\r\nEND\r\n');
    const next = (at: number): void => {
      if (at < answer.length) socket.write(answer.subarray(at, at + 1), () => next(at + 1));
    };
    next(0);
  });
  const found = await clientOf(port, 5000).get('k');
  assert.deepEqual(found, { value: Buffer.from('a\r\n'), cas: '7' });
});

test('a connection that ends in the middle of an answer fails the command', async () => {
  const port = await serve((socket) => socket.end('VALUE k 0 300 7\r\nabc'));
  await assert.rejects(clientOf(port).get('k'), CacheUnavailable);
});

test('after close() every command fails', async () => {
  const client = clientOf();
  const waiting = client.get('k');
  client.close();
  await assert.rejects(waiting, /was closed/);
  await assert.rejects(client.get('k'), /is closed/);
});

/** Asks again until the pause after a failure is over. */
async function untilAnswered(client: MemcachedClient, key: string) {
  for (;;) {
    try {
      return await client.get(key);
    } catch (error) {
      if (!(error instanceof CacheUnavailable)) throw error;
      await setImmediate();
    }
  }
}
