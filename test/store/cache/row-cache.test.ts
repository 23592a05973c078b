/** The protocol of the row cache: each dangerous order of steps, and then all of them at random. */

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { createPool, type Pool, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { gate } from '../../../src/contract/case.ts';
import { CacheUnavailable, MemcachedClient } from '../../../src/store/cache/memcached.ts';
import { type CacheableRow, RowCache } from '../../../src/store/cache/row-cache.ts';
import { obtainServer } from '../../../src/workshop/machine/database/server.ts';
import { Memcached } from '../../../src/workshop/machine/memcached.ts';
import { until } from '../../workshop/machine/place.ts';

let memcached: Memcached;
const clients: MemcachedClient[] = [];

before(async () => {
  memcached = await Memcached.open();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
after(() => memcached.close());

/** Ten seconds: a busy machine must not be taken for a server that hangs. */
function newClient(): MemcachedClient {
  const client = new MemcachedClient({ server: `127.0.0.1:${memcached.port}`, timeout: 10_000 });
  clients.push(client);
  return client;
}

/** A cache as one process has it, with a connection of its own. */
function newCache(onFailure?: (error: Error) => void): RowCache {
  return new RowCache(newClient(), { onFailure });
}

let rows = 0;
const newId = (): Buffer => Buffer.from(`row-${++rows}`);
const row = (text: string, lifetime = 60_000): CacheableRow => ({
  bytes: Buffer.from(text),
  lifetime,
});
const text = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString();

const mustNotLoad = (): never => {
  throw new Error('the database was asked');
};

test('a row is loaded once, and then comes from memcached in every process', async () => {
  const id = newId();
  const [here, there] = [newCache(), newCache()];
  assert.equal(text(await here.read(id, async () => row('one'))), 'one');
  assert.equal(text(await here.read(id, mustNotLoad)), 'one');
  assert.equal(text(await there.read(id, mustNotLoad)), 'one');
});

test('a session that is not there is asked for each time', async () => {
  const id = newId();
  const cache = newCache();
  assert.equal(await cache.read(id, async () => undefined), undefined);
  assert.equal(text(await cache.read(id, async () => row('made since'))), 'made since');
});

test('a row whose session ends within a second is not kept', async () => {
  const id = newId();
  const cache = newCache();
  await cache.read(id, async () => row('brief', 999));
  assert.equal(text(await cache.read(id, async () => row('again', 999))), 'again');
});

test('fifty readers at once ask the database once', async () => {
  const id = newId();
  const cache = newCache();
  let loads = 0;
  const answers = await Promise.all(
    Array.from({ length: 50 }, () =>
      cache.read(id, async () => {
        loads++;
        return row('shared');
      }),
    ),
  );
  assert.equal(loads, 1);
  assert.deepEqual(new Set(answers.map(text)), new Set(['shared']));
});

test('a reader that comes after the save of another process does not join an older load', async () => {
  const id = newId();
  const [here, there] = [newCache(), newCache()];
  const [loading, answered] = [gate(), gate()];
  const early = here.read(id, async () => {
    loading.open();
    await answered.closed;
    return row('old');
  });
  await loading.closed;
  await there.write(id, async () => {
    const during = here.read(id, async () => row('new'));
    assert.equal(text(await during), 'new', 'the row is written, and its writer not done');
    return { result: true, row: row('new') };
  });
  const late = here.read(id, async () => row('new'));
  assert.equal(text(await late), 'new');
  answered.open();
  assert.equal(text(await early), 'old');
});

test('a load that ends with its own request is repeated for the others that wait', async () => {
  const id = newId();
  const cache = newCache();
  const [loading, ended] = [gate(), gate()];
  const first = cache.read(id, async () => {
    loading.open();
    await ended.closed;
    throw new Error('the visitor has left');
  });
  await loading.closed;
  const second = cache.read(id, async () => row('one'));
  ended.open();
  await assert.rejects(first, /has left/);
  assert.equal(text(await second), 'one');
});

test('a write leaves its own row for the readers', async () => {
  const id = newId();
  const [here, there] = [newCache(), newCache()];
  await here.read(id, async () => row('old'));
  const result = await here.write(id, async () => ({ result: 'saved', row: row('new') }));
  assert.equal(result, 'saved');
  assert.equal(text(await there.read(id, mustNotLoad)), 'new');
});

test('a session that was ended is gone in every process', async () => {
  const id = newId();
  const [here, there] = [newCache(), newCache()];
  await there.read(id, async () => row('signed in'));
  await here.write(id, async () => ({ result: true, row: undefined }));
  assert.equal(await there.read(id, async () => undefined), undefined);
});

test('a reader that loaded before the write does not fill the key after it', async () => {
  const id = newId();
  const [reader, writer, later] = [newCache(), newCache(), newCache()];
  const [loading, written] = [gate(), gate()];
  const reading = reader.read(id, async () => {
    loading.open();
    await written.closed;
    return row('old');
  });
  await loading.closed;
  await writer.write(id, async () => ({ result: true, row: row('new') }));
  written.open();
  assert.equal(text(await reading), 'old', 'it had asked before the write');
  assert.equal(text(await later.read(id, async () => row('new'))), 'new');
  assert.equal(text(await later.read(id, mustNotLoad)), 'new');
});

test('a reader in the middle of a write asks the database, and fills nothing', async () => {
  const id = newId();
  const [writer, reader] = [newCache(), newCache()];
  await reader.read(id, async () => row('old'));
  await writer.write(id, async () => {
    assert.equal(text(await reader.read(id, async () => row('old'))), 'old');
    assert.equal(text(await reader.read(id, async () => row('new'))), 'new');
    return { result: true, row: row('new') };
  });
  assert.equal(text(await reader.read(id, mustNotLoad)), 'new');
});

test('readers after a write do not join a load from before it', async () => {
  const id = newId();
  const cache = newCache();
  const [loading, written] = [gate(), gate()];
  const early = cache.read(id, async () => {
    loading.open();
    await written.closed;
    return row('old');
  });
  await loading.closed;
  await cache.write(id, async () => ({ result: true, row: undefined }));
  const late = cache.read(id, async () => row('new'));
  assert.equal(text(await late), 'new');
  written.open();
  assert.equal(text(await early), 'old');
});

test('a writer that dies after its commit leaves the database in charge', async () => {
  const id = newId();
  const client = newClient();
  const [writer, reader] = [new RowCache(client), newCache()];
  await reader.read(id, async () => row('old'));
  await writer.write(id, async () => {
    client.close(); // The database has the new row; nothing more reaches memcached.
    return { result: true, row: row('new') };
  });
  assert.equal(text(await reader.read(id, async () => row('new'))), 'new');
  assert.equal(text(await reader.read(id, async () => row('newer'))), 'newer');
});

test('a write that fails without an answer leaves the database in charge', async () => {
  const id = newId();
  const [writer, reader] = [newCache(), newCache()];
  await reader.read(id, async () => row('old'));
  const failing = writer.write(id, () => Promise.reject(new Error('no answer')));
  await assert.rejects(failing, /no answer/);
  // The statement may still be on its way: what is read now must not be kept.
  assert.equal(text(await reader.read(id, async () => row('old'))), 'old');
  assert.equal(text(await reader.read(id, async () => row('new'))), 'new');
});

test('of two writers the slower one settles the key', async () => {
  const id = newId();
  const [first, second, reader] = [newCache(), newCache(), newCache()];
  const [begun, done] = [gate(), gate()];
  const slow = first.write(id, async () => {
    begun.open();
    await done.closed;
    return { result: true, row: row('two') };
  });
  await begun.closed;
  await second.write(id, async () => ({ result: true, row: row('one') }));
  done.open();
  await slow;
  // The second writer's row may be older than the first's: neither knows, so none is kept.
  assert.equal(text(await reader.read(id, async () => row('two'))), 'two');
});

test('a memcached that was killed costs no request', async () => {
  const id = newId();
  const failures: string[] = [];
  const cache = newCache((error) => failures.push(error.name));
  await cache.read(id, async () => row('one'));
  await memcached.signal('SIGKILL');
  try {
    assert.equal(text(await cache.read(id, async () => row('two'))), 'two');
    const result = await cache.write(id, async () => ({ result: 'saved', row: row('three') }));
    assert.equal(result, 'saved');
    assert.deepEqual(new Set(failures), new Set(['CacheUnavailable']));
  } finally {
    await memcached.start();
  }
});

test('no key holds a session id or a readable row key', async () => {
  const seen: string[] = [];
  const client = newClient();
  const get = client.get.bind(client);
  client.get = (key) => {
    seen.push(key);
    return get(key);
  };
  await new RowCache(client, { prefix: 'shop:' }).read(Buffer.from('row'), async () => row('x'));
  assert.deepEqual(new Set(seen), new Set([`shop:${Buffer.from('row').toString('base64url')}`]));
});

test('no reader is ever behind a commit, with writers dying between the two stores', async (t) => {
  const server = await obtainServer();
  t.after(() => server.close());
  const schema = await server.createSchema('rowcache');
  const pool = createPool({ uri: schema.url, connectionLimit: 12 });
  t.after(() => pool.end());
  await pool.query('CREATE TABLE r (id VARBINARY(32) PRIMARY KEY, version INT NOT NULL)');
  const ids = Array.from({ length: 8 }, newId);
  for (const id of ids) await pool.execute('INSERT INTO r VALUES (?, 0)', [id]);

  /** For each row the highest version whose writer has returned, or died after its commit. */
  const committed = new Map(ids.map((id) => [id, 0]));
  let [reads, hits, stale, died] = [0, 0, 0, 0];
  const random = seeded(Number(process.env['SEED'] ?? 1));
  let working = 4;

  const write = async (): Promise<void> => {
    let client = newClient();
    for (let step = 0; step < 80; step++) {
      const id = ids[Math.floor(random() * ids.length)] as Buffer;
      const dies = random() < 0.05;
      const version = await new RowCache(client).write(id, async () => {
        const next = await increment(pool, id);
        if (dies) client.close();
        return { result: next, row: row(String(next)) };
      });
      committed.set(id, Math.max(committed.get(id) ?? 0, version));
      if (dies) client = newClient();
      if (dies) died++;
    }
    working--;
  };
  const read = async (): Promise<void> => {
    const cache = new RowCache(newClient());
    while (working > 0) {
      const id = ids[Math.floor(random() * ids.length)] as Buffer;
      const least = committed.get(id) ?? 0;
      let loaded = false;
      const bytes = await cache.read(id, async () => {
        loaded = true;
        return row(String(await versionOf(pool, id)));
      });
      reads++;
      if (!loaded) hits++;
      if (Number(text(bytes)) < least) stale++;
    }
  };
  await Promise.all([...Array.from({ length: 4 }, write), ...Array.from({ length: 8 }, read)]);
  t.diagnostic(`${reads} reads, ${hits} from memcached, ${died} writers died`);
  assert.ok(died > 0 && hits > reads / 20, `${died} died, ${hits} of ${reads} from memcached`);
  assert.equal(stale, 0, `${stale} of ${reads} reads were behind a commit`);
});

async function increment(pool: Pool, id: Buffer): Promise<number> {
  for (;;) {
    const version = await versionOf(pool, id);
    const sql = 'UPDATE r SET version=version+1 WHERE id=? AND version=?';
    const [{ affectedRows }] = await pool.execute<ResultSetHeader>(sql, [id, version]);
    if (affectedRows === 1) return version + 1;
  }
}

async function versionOf(pool: Pool, id: Buffer): Promise<number> {
  const sql = 'SELECT version FROM r WHERE id=?';
  const [found] = await pool.execute<RowDataPacket[]>(sql, [id]);
  return Number(found[0]?.['version']);
}

/** mulberry32: the order of steps still depends on the machine, the choices do not. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('a write that memcached did not receive is seen here at once, and elsewhere once it answers', async () => {
  const id = newId();
  const client = newClient();
  let isDown = false;
  const flaky = new Proxy(client, {
    get: (target, name) => {
      if (isDown) return () => Promise.reject(new CacheUnavailable('down'));
      return (target[name as 'get'] as typeof target.get).bind(target);
    },
  });
  const [here, there] = [new RowCache(flaky), newCache()];
  await there.read(id, async () => row('one'));
  isDown = true;
  await here.write(id, async () => ({ result: true, row: row('two') }));
  isDown = false;
  const load = async (): Promise<CacheableRow> => row('two');
  assert.equal(text(await here.read(id, load)), 'two');
  await until(async () => text(await there.read(id, load)) === 'two');
  here.close();
});
