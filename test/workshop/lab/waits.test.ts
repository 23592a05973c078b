import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { describeWait, findWaits } from '../../../src/workshop/lab/lock-waits.ts';
import type { RequestEntry } from '../../../src/workshop/lab/request-entry.ts';
import { KEPT_STATEMENTS, Timeline } from '../../../src/workshop/lab/timeline.ts';
import { hasLock, type LockEffect, lockEffect } from '../../../src/workshop/sandbox/locks.ts';
import { database } from './workshop.ts';

/** A request's statements: what each does, from when to when, and whether a lock was had. */
type Statement = [effect: LockEffect | undefined, at: number, end?: number, got?: boolean];

const takes: LockEffect = { does: 'takes', kind: 'name', lock: 'cart' };
const rows: LockEffect = { does: 'takes', kind: 'rows', lock: 'row 1' };
const releases: LockEffect = { does: 'releases', lock: undefined };

function timelineOf(requests: Statement[][], ended = true): RequestEntry[] {
  const timeline = new Timeline();
  const origin = { pid: 7, sender: () => 'you' as const };
  requests.forEach((statements, index) => {
    const request = index + 1;
    const at = statements[0]?.[1] ?? 0;
    timeline.take(origin, { type: 'request', request, method: 'GET', url: '/', remotePort: 1, at });
    statements.forEach(([lock, began, end, got = lock?.does === 'takes' || undefined], number) => {
      const statement = request * 1_000 + number;
      const common = { request, statement };
      const sql = { sql: '', values: [], step: undefined, lock, at: began };
      timeline.take(origin, { type: 'sql', ...common, ...sql });
      if (end === undefined) return;
      const outcome = { outcome: '', failed: false, got, at: end };
      timeline.take(origin, { type: 'sql-end', ...common, ...outcome });
    });
    const last = statements.at(-1);
    if (ended)
      timeline.take(origin, { type: 'response', request, status: 200, at: last?.[2] ?? 0 });
  });
  return timeline.entries;
}

const waitsIn = (entries: RequestEntry[], now = 1_000) =>
  [...findWaits(entries, now).values()].map(describeWait);

test('a request that asks while another holds the lock waits for that one', () => {
  const entries = timelineOf([
    [
      [takes, 0, 1],
      [releases, 30, 31],
    ],
    [
      [takes, 5, 31],
      [releases, 40, 41],
    ],
  ]);
  assert.deepEqual(waitsIn(entries), [
    'You (request 2) waited 26.0 ms for the lock that You (request 1) held.',
  ]);
});

test('a request after the lock’s release has not waited', () => {
  const entries = timelineOf([
    [
      [takes, 0, 1],
      [releases, 30, 31],
    ],
    [[takes, 32, 33]],
  ]);
  assert.deepEqual(waitsIn(entries), []);
});

test('a lock that is released after the last kept statement is not held any more', () => {
  const many = (at: number): Statement[] =>
    Array.from({ length: KEPT_STATEMENTS }, () => [undefined, at, at]);
  const pairs: [LockEffect, LockEffect][] = [
    [takes, releases],
    [rows, { does: 'ends' }],
  ];
  for (const [lock, released] of pairs) {
    const taken: Statement[] = [
      [{ does: 'begins' }, 0, 0],
      [lock, 0, 1],
    ];
    const first: Statement[] = [...taken, ...many(2), [released, 30, 31], ...many(40)];
    const entries = timelineOf([first, [[lock, 32, 33]]]);
    assert.deepEqual(waitsIn(entries), []);
    assert.equal(entries[0]?.further, first.length - KEPT_STATEMENTS - 1);
  }
});

test('locks with other names are ignored', () => {
  const entries = timelineOf([
    [
      [takes, 0, 1],
      [releases, 30, 31],
    ],
    [[{ ...takes, lock: 'other' }, 5, 32]],
  ]);
  assert.deepEqual(waitsIn(entries), []);
});

test('a wait for two holders in turn names both', () => {
  const entries = timelineOf([
    [
      [takes, 0, 1],
      [releases, 30, 31],
    ],
    [
      [takes, 2, 31],
      [releases, 50, 51],
    ],
    [[takes, 3, 52]],
  ]);
  assert.match(
    waitsIn(entries)[1] ?? '',
    /lock that You \(request 1\), then You \(request 2\) held/,
  );
});

test('an ongoing wait is shown with the time so far', () => {
  const entries = timelineOf([[[takes, 0, 1]], [[takes, 5]]], false);
  assert.deepEqual(waitsIn(entries, 505), [
    'You (request 2) has been waiting 500 ms for the lock that You (request 1) held.',
  ]);
});

test('a wait in vain says so, even if no request here held the lock', () => {
  const entries = timelineOf([[[takes, 5, 2_005, false]]]);
  assert.deepEqual(waitsIn(entries), [
    'You (request 1) waited 2000 ms for a lock that no request of this timeline held, and did not get it.',
  ]);
});

test('rows stay locked until the transaction ends, and no longer without one', () => {
  const second: Statement[] = [[rows, 5, 31]];
  const within = timelineOf([
    [
      [{ does: 'begins' }, 0, 0],
      [rows, 0, 1],
      [{ does: 'ends' }, 30, 31],
    ],
    second,
  ]);
  assert.equal(waitsIn(within).length, 1);
  const without = timelineOf([
    [
      [rows, 0, 1],
      [undefined, 30, 31],
    ],
    second,
  ]);
  assert.deepEqual(waitsIn(without), []);
});

test('the effect of a statement on locks is read from its SQL', () => {
  const name = 'SELECT SLEEP(?), GET_LOCK(?, 10)';
  assert.deepEqual(lockEffect(name, [0, 'cart']), takes);
  assert.deepEqual(lockEffect("select get_lock('cart', 1)", []), takes);
  assert.deepEqual(lockEffect('DO RELEASE_LOCK(?)', ['cart']), { does: 'releases', lock: 'cart' });
  assert.deepEqual(lockEffect('SELECT RELEASE_ALL_LOCKS()', []), releases);
  assert.deepEqual(lockEffect('START TRANSACTION', []), { does: 'begins' });
  assert.deepEqual(lockEffect('COMMIT', []), { does: 'ends' });
  assert.equal(lockEffect('ROLLBACK TO SAVEPOINT a', []), undefined);
  assert.equal(lockEffect('SELECT * FROM sessions WHERE id=?', [1]), undefined);
  assert.equal(lockEffect('SELECT 1 FROM t FOR UPDATE NOWAIT', []), undefined);
});

test('the same rows are the same lock, by every byte of the id', () => {
  const sql = 'SELECT d FROM sessions WHERE id=? FOR UPDATE';
  const lock = (id: Uint8Array) => {
    const effect = lockEffect(sql, [id]);
    return effect?.does === 'takes' ? effect.lock : undefined;
  };
  assert.equal(lock(Buffer.from('ab')), lock(Buffer.from('ab')));
  assert.notEqual(lock(Buffer.from('ab')), lock(Buffer.from('ac')));
});

test('the database’s result decides whether the lock was acquired', async () => {
  const server = await database();
  const connection = await createConnection(server.url);
  const other = await createConnection(server.url);
  const sql = 'SELECT GET_LOCK(?, 0) AS got';
  const [mine] = await connection.execute<RowDataPacket[]>(sql, ['waits.test']);
  const [theirs] = await other.execute<RowDataPacket[]>(sql, ['waits.test']);
  assert.equal(hasLock(takes, sql, mine), true);
  assert.equal(hasLock(takes, sql, theirs), false);
  const both =
    "SELECT IS_USED_LOCK(?) AS holder, (SELECT COUNT(*) FROM (SELECT 1, 2) a), GET_LOCK('cart', 0)";
  assert.equal(hasLock(takes, both, [{ holder: null, a: 1, got: 1 }]), true);
  assert.equal(hasLock(takes, both, [{ holder: 1, a: 1, got: 0 }]), false);
  await Promise.all([connection.end(), other.end()]);
  await server.close();
});
