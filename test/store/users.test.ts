/** A user's sessions: list, revoke, limit; under races. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endOne } from '../../src/store/all.ts';
import { Engine } from '../../src/store/engine.ts';
import { SessionUnavailable } from '../../src/store/errors.ts';
import type { OpenSession } from '../../src/store/open-session.ts';
import type { Sessions } from '../../src/store/store.ts';
import { openWire } from '../../src/workshop/wire/proxy.ts';
import { HANG } from '../hang.ts';
import {
  atEnd,
  json,
  newSchema,
  newStore,
  poolOf,
  secrets,
  statementsOn,
  storeOn,
  untilLocked,
  wiredStore,
} from './fixture.ts';

async function login(sessions: Sessions, user: string, label?: string): Promise<OpenSession> {
  const guest = await sessions.create(sessions.newId(), json({ guest: true }));
  await guest.renew({ user, label });
  return guest;
}

test('the list shows handles, times and labels, the newest first, and no id', async () => {
  const sessions = newStore();
  const [first, second] = [await login(sessions, 'ann', 'Firefox'), await login(sessions, 'ann')];
  await login(sessions, 'eve');
  await second.renew();
  const list = await sessions.of('ann').list();
  assert.deepEqual(
    new Set(list.map(({ handle }) => handle)),
    new Set([first.handle, second.handle]),
  );
  const [firefox] = list.filter(({ label }) => label === 'Firefox');
  assert.ok(firefox && Math.abs(firefox.created.getTime() - Date.now()) < 60_000);
  assert.ok(firefox.lastSeen >= firefox.created);
  const text = JSON.stringify(list);
  for (const { id } of [first, second]) assert.ok(!text.includes(id));
  assert.equal(await sessions.open(firefox.handle), undefined);
});

test('one session is revoked by its handle, by its own user only', async () => {
  const sessions = newStore();
  const ended: (string | undefined)[] = [];
  sessions.on('destroy', ({ handle }) => ended.push(handle));
  const [mine, other] = [await login(sessions, 'bob'), await login(sessions, 'bob')];
  assert.equal(await sessions.of('mallory').revoke(mine.handle), false);
  assert.equal(await sessions.of('bob').revoke(mine.handle), true);
  assert.equal(await sessions.of('bob').revoke(mine.handle), false);
  assert.equal(await sessions.open(mine.id), undefined);
  assert.ok(await sessions.open(other.id));
  assert.equal(await mine.destroy(), false);
  assert.deepEqual(ended, [mine.handle], 'one end is one event');
});

test('the statements of one call share its time', async (t) => {
  const { sessions, wire } = await wiredStore();
  const { id, handle } = await login(sessions, 'cleo');
  const gate = wire.gate(1, /^SELECT/, { opens: 'by hand', holds: 'answer' });
  const revoked = sessions.of('cleo').revoke(handle);
  await gate.arrived;
  const now = performance.now.bind(performance);
  t.mock.method(performance, 'now', () => now() + 31_000);
  gate.open();
  await assert.rejects(revoked, SessionUnavailable);
  assert.ok(await sessions.open(id));
});

test('all others are revoked, and exactly one stays', async () => {
  const sessions = newStore();
  const all = await Promise.all(Array.from({ length: 5 }, () => login(sessions, 'carol')));
  const [kept] = all as [OpenSession];
  assert.equal(await sessions.of('carol').revokeOthers(kept), 4);
  const alive = await Promise.all(all.map(({ id }) => sessions.open(id)));
  assert.deepEqual(
    alive.map((session) => session?.id),
    [kept.id, ...Array.from({ length: 4 }, () => undefined)],
  );
});

test('64 requests that save and renew while all are revoked leave none alive', async () => {
  const [one, other] = [newStore(), newStore()];
  const owned = await Promise.all(Array.from({ length: 8 }, () => login(one, 'dave')));
  const requests = Array.from({ length: 64 }, async (_, at) => {
    const session = await (at % 2 ? one : other).open(owned[at % 8]?.id);
    if (session === undefined) return;
    if (at % 4 === 0) await session.renew();
    await session.save(json({ at }));
    await session.touch();
  });
  const [count] = await Promise.all([one.of('dave').revokeAll(), ...requests]);
  assert.ok(count > 0);
  assert.deepEqual(await one.of('dave').list(), []);
  for (const { id } of owned) assert.equal(await other.open(id), undefined);
});

test('a renewal that commits while all are revoked leaves none alive', async () => {
  const { sessions, wire } = await wiredStore({ statementTimeout: 30, timeout: 60 });
  const other = newStore({ statementTimeout: 30, timeout: 60 });
  for (let round = 0; round < 6; round += 1) {
    const session = await login(sessions, 'grace');
    const gate = wire.gate(1, /^COMMIT/, { opens: 'by hand', patience: HANG });
    const renewing = session.renew();
    await gate.arrived;
    const revoking = other.of('grace').revokeAll();
    await untilLocked();
    gate.open();
    await Promise.all([renewing, revoking]);
    assert.deepEqual(await sessions.of('grace').list(), []);
  }
});

test('an operator ends a session that is renewed at the same time', async () => {
  const sessions = newStore();
  const { pool, wire } = await wiredStore();
  const context = await new Engine({ pool, secrets: [...secrets] }).start();
  const session = await login(sessions, 'operated');
  const gate = wire.gate(1, /^DELETE/, { opens: 'by hand', patience: HANG });
  const ending = endOne(context, session.handle, new AbortController().signal);
  await gate.arrived;
  const id = await session.renew();
  gate.open();
  assert.equal(await ending, true);
  assert.equal(await sessions.open(id), undefined);
});

test('all sessions of all users are counted and ended', async () => {
  const sessions = storeOn(poolOf((await newSchema()).url));
  await sessions.createTable();
  for (const user of ['a', 'b']) await (await login(sessions, user)).renew();
  assert.equal(await sessions.count(), 2);
  const seen: (string | undefined)[] = [];
  for await (const { user } of sessions.all()) seen.push(user);
  assert.deepEqual(seen.sort(), ['a', 'b']);
  assert.equal(await sessions.endAll(), 6, 'pointers included');
  assert.equal(await sessions.count(), 0);
});

test('a page of a walk that takes too long is asked for again, half as long', async () => {
  const wire = await openWire((await newSchema()).url);
  atEnd(() => wire.close());
  const sessions = storeOn(poolOf(wire.url), { statementTimeout: 2 });
  await sessions.createTable();
  await Promise.all(Array.from({ length: 60 }, () => sessions.create(sessions.newId(), json({}))));
  wire.gate(1, /ORDER BY `id` LIMIT 100/, { opens: 'by hand', patience: HANG });
  const asked = statementsOn(wire, /ORDER BY `id` LIMIT/);
  let count = 0;
  for await (const _ of sessions.all()) count += 1;
  assert.equal(count, 60);
  assert.deepEqual(
    asked.map((sql) => /[0-9]+$/.exec(sql)?.[0]),
    ['100', '50', '100', '100'],
  );
});

test('of 50 logins at once exactly the allowed number stay', async () => {
  const stores = [newStore({ maxPerUser: 3 }), newStore({ maxPerUser: 3 })] as const;
  await Promise.all(Array.from({ length: 50 }, (_, at) => login(stores[at % 2 ? 1 : 0], 'frank')));
  assert.equal((await stores[0].of('frank').list()).length, 3);
  const direct = await stores[0].create(stores[0].newId(), json({}), { user: 'frank' });
  const list = await stores[0].of('frank').list();
  assert.equal(list.length, 3);
  assert.ok(
    list.some(({ handle }) => handle === direct.handle),
    'the newest stays',
  );
});

for (const strategy of ['lock', 'row'] as const) {
  test(`logins that hold every connection of the pool do not wait for another: ${strategy}`, async () => {
    const sessions = newStore({ strategy, maxPerUser: 2 }, { connectionLimit: 2 });
    const guests = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const guest = await sessions.create(sessions.newId(), json({ guest: true }));
        await guest.close();
        return guest.id;
      }),
    );
    const began = performance.now();
    await Promise.all(
      guests.map(async (id) => {
        await using session = await sessions.open(id);
        await session?.renew({ user: `heidi ${strategy}` });
      }),
    );
    assert.ok(performance.now() - began < 15_000, 'a login has waited for a time-out');
    assert.equal((await sessions.of(`heidi ${strategy}`).list()).length, 2);
  });
}
