/** The cluster of a lesson's tests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCluster } from '../../../src/workshop/bench/cluster.ts';

const table = 'CREATE TABLE sessions (id INT PRIMARY KEY, d TEXT)';

test('a file has three nodes with its table, and the next file has whole ones', async () => {
  let steps = 0;
  const first = await openCluster(table, () => {
    steps += 1;
  });
  assert.ok(steps > 0, 'a wait that is not reported looks like a class that hangs');
  await first.nodes[0].query('INSERT INTO sessions VALUES (?,?)', [1, 'a']);
  for (const { query } of first.nodes) {
    assert.deepEqual(await query('SELECT * FROM sessions'), [{ id: 1, d: 'a' }]);
  }
  await first.nodes[2].kill();
  await assert.rejects(first.nodes[2].query('SELECT 1'), { code: 'ECONNREFUSED' });
  await first.bringBack();
  assert.equal((await first.nodes[2].query('SELECT * FROM sessions')).length, 1);
  await first.nodes[2].kill();

  const waiting = openCluster(table, () => {});
  await first.close();
  const second = await waiting;
  for (const { query } of second.nodes) {
    assert.deepEqual(await query('SELECT * FROM sessions'), []);
  }
  await second.close();
});
