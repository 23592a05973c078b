import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestEntry } from '../../../src/workshop/lab/request-entry.ts';
import { compareRows, type Row } from '../../../src/workshop/lab/rows.ts';
import { groupByOverlap, KEPT_STATEMENTS, Timeline } from '../../../src/workshop/lab/timeline.ts';
import type { PageModel } from '../../../src/workshop/lab/views/model.ts';
import { timelinePanel } from '../../../src/workshop/lab/views/timeline.ts';
import type { Message } from '../../../src/workshop/sandbox/messages.ts';

const origin = { pid: 7, sender: () => 'you' as const };
const request = (number: number, at: number) =>
  ({ type: 'request', request: number, method: 'GET', url: '/', remotePort: 1, at }) as const;

test('a statement is below the callback that sent it', () => {
  const timeline = new Timeline();
  timeline.take(origin, request(1, 0));
  const step: Message = { type: 'callback', request: 1, step: 5, name: 'read', values: [], at: 1 };
  timeline.take(origin, step);
  const sql = {
    type: 'sql' as const,
    request: 1,
    statement: 9,
    sql: 'SELECT 1',
    values: [],
    lock: undefined,
    at: 2,
  };
  timeline.take(origin, { ...sql, step: 5 });
  timeline.take(origin, { ...sql, statement: 10, step: undefined });
  const [entry] = timeline.entries;
  assert.deepEqual(
    entry?.steps[0]?.statements.map((each) => each.statement),
    [9],
  );
  assert.deepEqual(
    entry?.statements.map((each) => each.statement),
    [10],
  );
});

test('a request that never stops asking the database is drawn with its first statements', () => {
  const timeline = new Timeline();
  timeline.take(origin, request(1, 0));
  const sql = { type: 'sql' as const, request: 1, sql: 'SELECT 1', values: [], lock: undefined };
  for (let statement = 1; statement <= KEPT_STATEMENTS + 9; statement += 1) {
    timeline.take(origin, { ...sql, statement, step: undefined, at: statement });
  }
  const drawn = String(timelinePanel({ running: { timeline } } as unknown as PageModel));
  assert.equal(drawn.split('SELECT 1').length - 1, KEPT_STATEMENTS);
  assert.match(drawn, />9 further statements of this request, not shown</);
});

test('entries that a dead process left open are marked and closed', () => {
  const timeline = new Timeline();
  timeline.take(origin, request(1, 0));
  timeline.abandon(8);
  assert.equal(timeline.entries[0]?.end, undefined);
  timeline.abandon(7);
  assert.notEqual(timeline.entries[0]?.end, undefined);
  assert.equal(timeline.entries[0]?.status, undefined);
});

test('two processes that count alike are kept apart', () => {
  const timeline = new Timeline();
  timeline.take(origin, request(1, 0));
  timeline.take({ ...origin, pid: 8 }, request(1, 1));
  const ended = timeline.take(origin, { type: 'response', request: 1, status: 200, at: 5 });
  assert.equal(ended?.pid, 7);
  assert.equal(timeline.entries[1]?.end, undefined);
});

test('overlapping requests form a group, all others are alone', () => {
  const entry = (at: number, end: number) => ({ at, end }) as RequestEntry;
  const groups = groupByOverlap([entry(0, 10), entry(5, 30), entry(20, 25), entry(30, 40)]);
  assert.deepEqual(
    groups.map((group) => group.map(({ at }) => at)),
    [[0, 5, 20], [30]],
  );
});

const row = (id: string, d: string | null): Row => ({
  id,
  columns: new Map([
    ['id', Buffer.from(id)],
    ['d', d === null ? null : Buffer.from(d)],
  ]),
});

test('rows are new, changed, removed or the same, by their bytes', () => {
  const before = [row('1', 'a'), row('2', 'b'), row('3', null)];
  const after = [row('2', 'B'), row('3', null), row('4', '')];
  const changes = compareRows(before, after).map((change) => [change.row.id, change.state]);
  assert.deepEqual(changes, [
    ['2', 'changed'],
    ['3', 'same'],
    ['4', 'new'],
    ['1', 'removed'],
  ]);
});

test('NULL and the empty string are different bytes', () => {
  const [change] = compareRows([row('1', null)], [row('1', '')]);
  assert.equal(change?.state, 'changed');
  assert.equal(change?.before.get('d'), null);
});
