/** Saves of one session that wait for each other in one process: one statement, and each its own answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deadline } from '../../src/store/database/deadline.ts';
import { SessionConflict } from '../../src/store/errors.ts';
import type { OpenSession } from '../../src/store/open-session.ts';
import type { Sessions } from '../../src/store/store.ts';
import type { Wire } from '../../src/workshop/wire/proxy.ts';
import {
  json,
  newSession,
  newStore,
  type Options,
  statementsOn,
  stored,
  wiredStore,
} from './fixture.ts';

const SAVE = /^UPDATE `sessions` (FORCE INDEX .PRIMARY. )?SET `d`/;

/** One session of `{ n: 0 }`, opened by several requests. */
async function open(
  requests: number,
  options: Options = {},
): Promise<{ sessions: Sessions; wire: Wire; id: string; all: OpenSession[] }> {
  const { sessions, wire } = await wiredStore(options);
  const id = await newSession(sessions, { n: 0 });
  const all = await Promise.all(
    Array.from({ length: requests }, async () => (await sessions.open(id)) as OpenSession),
  );
  return { sessions, wire, id, all };
}

test('fifty requests that change fifty keys are saved by three statements', async () => {
  const { sessions, wire, id, all } = await open(50);
  const saves = statementsOn(wire, SAVE);
  const answers = await Promise.all(
    all.map((session, at) => session.save(json({ n: 0, [`k${at}`]: at }))),
  );
  assert.deepEqual([answers[0], new Set(answers.slice(1))], ['saved', new Set(['merged'])]);
  const expected = Object.fromEntries(all.map((_, at) => [`k${at}`, at]));
  assert.deepEqual(await stored(sessions, id), { n: 0, ...expected });
  assert.equal(saves.length, 3, 'the first, 32, and the other 17');
});

test('each request then knows the row as it is, and continues from there', async () => {
  const { sessions, id, all } = await open(3);
  await Promise.all(all.map((session, at) => session.save(json({ n: 0, [`k${at}`]: at }))));
  const [, second, third] = all as [OpenSession, OpenSession, OpenSession];
  assert.deepEqual(JSON.parse(second.data.toString()), { n: 0, k0: 0, k1: 1, k2: 2 });
  assert.equal(await third.save(json({ n: 1, k0: 0, k1: 1, k2: 2 })), 'saved');
  assert.deepEqual(await stored(sessions, id), { n: 1, k0: 0, k1: 1, k2: 2 });
});

test('a save that conflicts at each try fails in time, and its error does not blame the database', async (t) => {
  t.mock.method(Math, 'random', () => 0);
  const patient = new Deadline(60_000);
  for (let lost = 0; lost < 200; lost += 1) await patient.pause();
  await assert.rejects(new Deadline(0).pause(), {
    name: 'SessionUnavailable',
    message: /^Other requests changed the session in each of 1 tries within 0 ms: save less often/,
  });
});

test('increments of one session are all there', async () => {
  const { sessions, id } = await open(0);
  await Promise.all(
    Array.from({ length: 60 }, async () => {
      await using session = await sessions.start(id);
      session.update('n', (n) => (n as number) + 1);
      await session.save();
    }),
  );
  assert.deepEqual(await stored(sessions, id), { n: 60 });
});

test('a conflict that is rejected fails one save, and not those beside it', async () => {
  const { sessions, id, all } = await open(4, { onConflict: 'reject' });
  const wanted = [{ n: 1 }, { n: 0, a: 1 }, { n: 2 }, { n: 0, b: 1 }];
  const settled = await Promise.allSettled(
    all.map((session, at) => session.save(json(wanted[at]))),
  );
  assert.deepEqual(
    settled.map((each) => (each.status === 'fulfilled' ? each.value : each.reason.constructor)),
    ['saved', 'merged', SessionConflict, 'merged'],
  );
  assert.deepEqual(await stored(sessions, id), { n: 1, a: 1, b: 1 });
});

test('saves that wait behind the end of the session are all gone', async () => {
  const { sessions, wire, id, all } = await open(5);
  const gate = wire.gate(1, SAVE, { opens: 'by hand' });
  const saves = all.map((session, at) => session.save(json({ n: at })));
  await gate.arrived;
  assert.equal(await (await newStore().open(id))?.destroy(), true);
  gate.open();
  assert.deepEqual(new Set(await Promise.all(saves)), new Set(['gone']));
  assert.equal(await stored(sessions, id), undefined);
});

test('a request that leaves while it waits changes nothing, and harms no other', async () => {
  const { sessions, wire, id, all } = await open(3);
  const gate = wire.gate(1, SAVE, { opens: 'by hand' });
  const abort = new AbortController();
  const saves = all.map((session, at) =>
    session.save(json({ n: 0, [`k${at}`]: at }), at === 1 ? { signal: abort.signal } : {}),
  );
  await gate.arrived;
  const reason = new Error('the client has gone');
  abort.abort(reason);
  gate.open();
  const [, aborted] = await Promise.allSettled(saves);
  assert.equal(aborted?.status === 'rejected' && aborted.reason, reason);
  assert.deepEqual(await stored(sessions, id), { n: 0, k0: 0, k2: 2 });
});

test('the first one that leaves does not end the saves that are written with its own', async () => {
  const { sessions, wire, id, all } = await open(3);
  const gate = wire.gate(1, SAVE, { opens: 'by hand' });
  const first = all[0]?.save(json({ n: 0, first: 1 }));
  await gate.arrived;
  const abort = new AbortController();
  const second = all[1]?.save(json({ n: 0, second: 1 }), { signal: abort.signal });
  const third = all[2]?.save(json({ n: 0, third: 1 }));
  const next = wire.gate(1, SAVE, { opens: 'by hand' });
  gate.open();
  await next.arrived;
  const reason = new Error('the client has gone');
  abort.abort(reason);
  next.open();
  await assert.rejects(second as Promise<unknown>, reason);
  assert.deepEqual([await first, await third], ['saved', 'merged']);
  assert.equal(((await stored(sessions, id)) as { third: number }).third, 1);
});

test('two saves of one request follow each other: the second can take back the first', async () => {
  const { sessions, id, all } = await open(1);
  const [session] = all as [OpenSession];
  const saves = [
    session.save(json({ n: 0, a: 1 })),
    session.save(json({ n: 0, a: 1, b: 1 })),
    session.save(json({ n: 0 })),
  ];
  assert.deepEqual(await Promise.all(saves), ['saved', 'saved', 'saved']);
  assert.deepEqual(await stored(sessions, id), { n: 0 });
});

test('a lost answer is one save for all that were written together', async () => {
  const { sessions, wire, id } = await open(0);
  const add = async (): Promise<void> => {
    await using session = await sessions.start(id);
    session.update('n', (n) => (n as number) + 1);
    await session.save();
  };
  const gate = wire.gate(2, SAVE, { holds: 'answer', opens: 'by hand' });
  const adding = Array.from({ length: 10 }, () => add());
  await Promise.race([gate.arrived, Promise.all(adding)]);
  gate.cut();
  await Promise.all(adding);
  assert.deepEqual(await stored(sessions, id), { n: 10 });
});

test('a busy session is read after a pause, and not before it', async (t) => {
  const { sessions, wire, id } = await open(0);
  const elsewhere = newStore();
  for (const change of ['save', 'renew'] as const) {
    const session = await sessions.start(id);
    session.update('n', (n) => (n as number) + 1);
    const steps: string[] = [];
    const pause = t.mock.method(Deadline.prototype, 'pause', async () => void steps.push('pause'));
    const stop = wire.watch((event) => {
      if (event.kind !== 'began') return;
      const [step] = /^(?:SELECT|UPDATE)/.exec(event.statement.sql) ?? [];
      if (step !== undefined) steps.push(step);
    });
    let gate = wire.gate(1, SAVE, { opens: 'by hand' });
    const changed = session[change]();
    for (let others = 0; others < 8; others += 1) {
      await gate.arrived;
      await (await elsewhere.open(id))?.save(json({ n: others }));
      const held = gate;
      gate = wire.gate(1, SAVE, { opens: 'by hand' });
      held.open();
    }
    gate.open();
    await changed;
    stop();
    pause.mock.restore();
    const lost = Array.from({ length: 8 }, () => ['UPDATE', 'pause', 'SELECT']).flat();
    assert.deepEqual(steps, [...lost, 'UPDATE'], change);
  }
});

test('a pause after a conflict is short, however many came before it', async (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const random = t.mock.method(Math, 'random', () => 0);
  const deadline = new Deadline(1000);
  for (let lost = 0; lost < 20; lost += 1) await deadline.pause();
  random.mock.mockImplementation(() => 1);
  now = 949;
  await deadline.pause();
  now = 950;
  await assert.rejects(deadline.pause(), { name: 'SessionUnavailable' });
});
