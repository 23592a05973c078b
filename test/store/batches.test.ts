/** Reads of different sessions in one statement: each gets its own row, as new as its question. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json, newSession, newStore, statementsOn, stored, wiredStore } from './fixture.ts';
import { parsed } from './parsed.ts';

const READ = /^SELECT .*FROM `sessions`/;

test('reads that wait for one statement go together in the next, and each gets its own row', async () => {
  const { sessions, wire } = await wiredStore();
  const ids = await Promise.all(Array.from({ length: 40 }, (_, n) => newSession(sessions, { n })));
  const statements = statementsOn(wire, READ);
  const gate = wire.gate(1, READ, { opens: 'by hand' });
  const first = stored(sessions, ids[0] as string);
  await gate.arrived;
  const others = [...ids.slice(1), sessions.newId()].map((id) => stored(sessions, id));
  gate.open();
  assert.deepEqual(await first, { n: 0 });
  const values = await Promise.all(others);
  assert.deepEqual(values, [...Array.from({ length: 39 }, (_, at) => ({ n: at + 1 })), undefined]);
  assert.equal(statements.length, 3, 'one, 32, and the other 8');
});

test('a read never takes the answer of a statement that was sent before it', async () => {
  const { sessions, wire } = await wiredStore();
  const id = await newSession(sessions, { n: 0 });
  const gate = wire.gate(1, READ, { holds: 'answer', opens: 'by hand' });
  const early = stored(sessions, id);
  await gate.arrived;
  const writer = newStore();
  assert.equal(await (await writer.open(id))?.save(json({ n: 1 })), 'saved');
  const late = stored(sessions, id);
  gate.open();
  assert.deepEqual(await early, { n: 0 });
  assert.deepEqual(await late, { n: 1 });
});

test('two readers of one session get bytes of their own', async () => {
  const sessions = newStore();
  const id = await newSession(sessions, { n: 0 });
  const [one, other] = await Promise.all([sessions.open(id), sessions.open(id)]);
  one?.data.fill(0x20);
  assert.deepEqual(parsed(other?.data), { n: 0 });
});

test('a reader that is aborted, and a statement that fails, harm no other', async () => {
  const { sessions, wire } = await wiredStore();
  const [first, second] = [
    await newSession(sessions, { n: 1 }),
    await newSession(sessions, { n: 2 }),
  ];
  const gate = wire.gate(1, READ, { opens: 'by hand' });
  const abort = new AbortController();
  const aborted = sessions.open(first, { signal: abort.signal });
  const waiting = sessions.open(second);
  await gate.arrived;
  const reason = new Error('the client has gone');
  abort.abort(reason);
  await assert.rejects(aborted, reason);
  gate.cut();
  assert.deepEqual(parsed((await waiting)?.data), { n: 2 });
});

test('batch: false reads each session by itself', async () => {
  const { sessions, wire } = await wiredStore({ batch: false });
  const ids = await Promise.all(Array.from({ length: 5 }, (_, n) => newSession(sessions, { n })));
  const statements = statementsOn(wire, READ);
  await Promise.all(ids.map((id) => stored(sessions, id)));
  assert.equal(statements.length, 5);
});
