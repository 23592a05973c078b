/** The doctor on a cluster: locks that one node knows, and a node without a majority. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Finding } from '../../src/cli/doctor/case.ts';
import { OurTable } from '../../src/store/table/ours.ts';
import { openCluster } from '../../src/workshop/bench/cluster.ts';
import { phpsessid, written } from './fixture.ts';

/** Milliseconds until a node must have noticed that the others are gone. */
const PATIENCE = 60_000;

test('locks on a cluster, clocks of its nodes, and a node without a majority', async () => {
  const cluster = await openCluster(new OurTable('sessions').schema, () => {});
  try {
    const [first, ...others] = cluster.nodes;
    const codes = async (config: object, ...args: string[]): Promise<string[]> => {
      const path = written('cluster.json', JSON.stringify(config));
      const list = [
        'doctor',
        '--json',
        '--config',
        path,
        '--ignore',
        'rights-wide',
        '--ignore',
        'flush-log',
        ...args,
      ];
      const { out, err } = await phpsessid(list, { env: { DATABASE_URL: first.url } });
      assert.notEqual(out, '', err);
      const { findings } = JSON.parse(out) as { findings: Finding[] };
      return findings.map(({ code }) => code);
    };
    const nodes = others.flatMap(({ url }) => ['--node', new URL(url).host]);
    assert.deepEqual(await codes({ strategy: 'merge' }, ...nodes), []);
    assert.deepEqual(await codes({ strategy: 'lock', oneWriter: true }), []);
    assert.deepEqual(await codes({ strategy: 'lock' }), ['cluster-locks']);
    for (const node of others) await node.kill();
    const end = Date.now() + PATIENCE;
    let found: string[] = [];
    while (found[0] !== 'cluster-state' && Date.now() < end) {
      await delay(100);
      found = await codes({});
    }
    assert.deepEqual(found, ['cluster-state']);
  } finally {
    await cluster.close();
  }
});
