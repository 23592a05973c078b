/** Three nodes of a cluster that all take writes: one is killed, one is paused, one is behind. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createPool, type Pool } from 'mysql2/promise';
import { SessionSetupError } from '../../../src/store/errors.ts';
import type { SessionsOptions, Strategy } from '../../../src/store/options.ts';
import { createSessions, type Sessions } from '../../../src/store/store.ts';
import { openCluster } from '../../../src/workshop/bench/cluster.ts';
import { until } from '../../workshop/machine/place.ts';
import { Ledger } from './ledger.ts';

const cluster = await openCluster('SELECT 1', () => {});
const pools: Pool[] = [];
after(async () => {
  for (const pool of pools) pool.pool.end(() => {});
  await cluster.close();
});

type Options = Omit<SessionsOptions, 'secrets' | 'pool' | 'url'>;

/** A store of a process that is connected to one node. */
function storeOn(node: number, options: Options = {}): Sessions {
  const pool = createPool({ uri: cluster.nodes[node]?.url ?? '', connectTimeout: 1000 });
  pools.push(pool);
  // A cluster stops for some seconds when a node is gone, and a busy machine is slow to connect.
  const limits = { timeout: 60, lockTimeout: 60 };
  return createSessions({ secrets: ['s'.repeat(32)], gc: false, ...limits, ...options, pool });
}

function storesOf(strategy: Strategy): Sessions[] {
  return [0, 1, 2].map((node) => storeOn(node, { strategy }));
}

await storeOn(0).createTable();
await until(async () => {
  const found = await Promise.all(
    cluster.nodes.map(({ query }) => query("SHOW TABLES LIKE 'sessions'")),
  );
  return found.every((tables) => tables.length === 1);
});

test('locks of one node are refused on three, with the reason', async () => {
  for (const strategy of ['lock', 'row'] as const) {
    await assert.rejects(storeOn(1, { strategy }).ready(), (error) => {
      assert.ok(error instanceof SessionSetupError);
      return /locks on one node, and this cluster has 3/.test(error.message);
    });
  }
  await storeOn(1, { strategy: 'lock', oneWriter: true }).ready();
  const handlers = (['lock', 'row'] as const).map((strategy) =>
    storeOn(1).saveHandler({ strategy }),
  );
  for (const handler of handlers) await assert.rejects(handler.open('', ''), SessionSetupError);
});

test('a session that one node has acknowledged is there on the others at once, and its end, too', async () => {
  const stores = storesOf('merge');
  const [one, two, three] = stores as [Sessions, Sessions, Sessions];
  for (let round = 0; round < 40; round += 1) {
    const id = one.newId();
    const session = await one.create(id, Buffer.from('{"n":0}'), { user: 'ann' });
    const found = await two.open(id);
    assert.equal(await found?.save(Buffer.from('{"n":1}')), 'saved');
    assert.equal((await three.open(id))?.data.toString(), '{"n":1}');
    await session.renew({ grace: 60 });
    assert.equal(await three.of('ann').revokeAll(), 1);
    assert.equal(await two.open(session.id), undefined);
    assert.equal(await two.open(id), undefined);
  }
});

test('of 30 logins at once on three nodes exactly the allowed number stay', async () => {
  const stores = [0, 1, 2].map((node) => storeOn(node, { maxPerUser: 3 }));
  await Promise.all(
    Array.from({ length: 30 }, async (_, at) => {
      const session = await (stores[at % 3] as Sessions).start(undefined);
      await session.renew({ user: 'many' });
      await session.close();
    }),
  );
  assert.equal((await (stores[0] as Sessions).of('many').list()).length, 3);
});

for (const strategy of ['merge', 'lease'] as const) {
  test(`${strategy}: a node is killed under load and comes back: nothing lost, doubled or revived`, async () => {
    const stores = storesOf(strategy);
    const ledger = await Ledger.begin({ stores, writers: 9, renewEvery: 9 });
    await ledger.reaches(60);
    await cluster.nodes[2].kill();
    await ledger.reaches(60);
    await Promise.all([ledger.logOut(0, 'destroy'), ledger.logOut(1, 'revokeAll')]);
    await cluster.bringBack();
    await ledger.reaches(30);
    await ledger.close(storeOn(0), storeOn(1), storeOn(2));
  });
}

test('a node is paused under load and goes on: nothing lost, and no old session read', async () => {
  const stores = storesOf('merge');
  const ledger = await Ledger.begin({ stores, writers: 9 });
  await ledger.reaches(30);
  await cluster.nodes[1].pause();
  try {
    await ledger.reaches(60);
  } finally {
    await cluster.nodes[1].resume();
  }
  const [one, two] = stores as [Sessions, Sessions];
  const id = one.newId();
  const session = await one.create(id, Buffer.from('{"n":0}'));
  // The node that was paused is behind, and does not know it yet.
  for (let n = 1; n <= 5; n += 1) {
    await session.save(Buffer.from(`{"n":${n}}`));
    assert.equal((await two.open(id))?.data.toString(), `{"n":${n}}`);
  }
  await cluster.bringBack();
  await ledger.close(storeOn(0), storeOn(1), storeOn(2));
});
