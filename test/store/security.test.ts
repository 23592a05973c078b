/** Security requirements that no other file of the store tests; docs/the-proofs.md lists all. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { createPool } from 'mysql2/promise';
import type { OpenSession } from '../../src/store/open-session.ts';
import { settingsOf } from '../../src/store/settings.ts';
import type { Sessions } from '../../src/store/store.ts';
import {
  json,
  newSession,
  newStore,
  type Options,
  open,
  poolOf,
  query,
  schema,
  statementsOn,
  stored,
  storeOn,
  wiredStore,
} from './fixture.ts';

/** A logged-in session whose id was renewed once: its old and its new id. */
async function rotated(sessions: Sessions, user: string): Promise<[old: string, id: string]> {
  const old = sessions.newId();
  const session = await sessions.create(old, json({ card: '4111' }), { user });
  const id = await session.renew({ grace: 60 });
  assert.ok(id);
  return [old, id];
}

test('after a logout the ids from before are as unknown as the last one, within their grace too', async () => {
  const sessions = newStore();
  const ends: ((session: OpenSession) => Promise<unknown>)[] = [
    (session) => session.destroy(),
    (session) => sessions.of('ann').revoke(session.handle),
    () => sessions.of('ann').revokeAll(),
    async () => sessions.of('ann').revokeOthers(await sessions.create(sessions.newId(), json({}))),
  ];
  for (const end of ends) {
    const [old, id] = await rotated(sessions, 'ann');
    await end(await open(sessions, id));
    assert.equal(await sessions.open(id), undefined);
    assert.equal(await sessions.open(old), undefined, String(end));
  }
});

test('a logout that keeps the session shows nobody the user who has left', async () => {
  const sessions = newStore();
  const id = sessions.newId();
  const session = await sessions.create(id, json({ card: '4111' }), { user: 'ann' });
  const next = await session.renew({ user: null, data: json({ theme: 'dark' }), grace: 60 });
  assert.ok(next);
  assert.equal(await sessions.open(id), undefined);
  assert.deepEqual(await stored(sessions, next), { theme: 'dark' }, 'no replay within the grace');
});

test('a logout ends the session though another request has just given it a new id', async () => {
  for (const rounds of [1, 2]) {
    const sessions = newStore();
    const id = sessions.newId();
    const session = await sessions.create(id, json({}), { user: 'ann' });
    const leaving = await open(sessions, id);
    for (let round = 0; round < rounds; round += 1) await session.renew({ grace: 60 });
    assert.equal(await leaving.destroy(), true);
    assert.equal(await sessions.open(session.id), undefined);
    assert.equal(await sessions.open(id), undefined);
    assert.equal(await session.save(json({ late: true })), 'gone');
  }
});

test('a logout with the id from before a login leaves the session of the user alone', async () => {
  const sessions = newStore();
  const id = await newSession(sessions, {});
  const [attacker, victim] = [await open(sessions, id), await open(sessions, id)];
  const next = await victim.renew({ user: 'ann', grace: 60 });
  assert.ok(next);
  assert.equal(await attacker.destroy(), false);
  assert.equal((await open(sessions, next)).user, 'ann');
});

/** Holds the first DELETE until a session has a new id, as if its renewal had been under way. */
async function renewedBefore(
  statement: RegExp,
  end: (sessions: Sessions) => Promise<unknown>,
  session: OpenSession,
  options: Options = {},
): Promise<unknown> {
  const { sessions, wire } = await wiredStore(options);
  const gate = wire.gate(1, statement, { opens: 'by hand' });
  const ending = end(sessions);
  await gate.arrived;
  assert.ok(await session.renew({ grace: 60 }));
  gate.open();
  return await ending;
}

test('a session that is renewed while it is revoked is ended all the same', async () => {
  const sessions = newStore();
  const login = (user: string): Promise<OpenSession> =>
    sessions.create(sessions.newId(), json({ of: user }), { user });
  const one = await login('r1');
  assert.equal(await renewedBefore(/^DELETE/, (all) => all.of('r1').revoke(one.handle), one), true);
  const [kept, other] = [await login('r2'), await login('r2')];
  const revokeOthers = (all: Sessions): Promise<number> => all.of('r2').revokeOthers(kept);
  assert.equal(await renewedBefore(/^DELETE/, revokeOthers, other), 1);
  for (const session of [one, other]) assert.equal(await sessions.open(session.id), undefined);
  assert.ok(await sessions.open(kept.id));
  const { id } = await login('r3');
  await query('UPDATE sessions SET created=created-60000 WHERE user=?', ['r3']);
  const oldest = await open(sessions, id);
  const third = (all: Sessions): Promise<unknown> =>
    all.create(all.newId(), json({}), { user: 'r3' });
  await renewedBefore(/^DELETE/, third, oldest, { maxPerUser: 1 });
  assert.equal((await sessions.of('r3').list()).length, 1);
  assert.equal(await sessions.open(oldest.id), undefined);
});

test('ids are random at every place: 100,000 of them differ, and no character is likelier', () => {
  const sessions = newStore();
  const count = 100_000;
  const ids = new Set<string>();
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const seen = Array.from({ length: 43 }, () => new Uint32Array(128));
  for (let at = 0; at < count; at += 1) {
    const id = sessions.newId();
    ids.add(id);
    for (let place = 0; place < id.length; place += 1) {
      const counts = seen[place] as Uint32Array;
      const code = id.charCodeAt(place);
      counts[code] = (counts[code] ?? 0) + 1;
    }
  }
  assert.equal(ids.size, count);
  for (const [place, counts] of seen.entries()) {
    // 256 bits fill 42 characters, and 4 bits of the last one.
    const expected = place < 42 ? [...alphabet] : [...alphabet].filter((_, at) => at % 4 === 0);
    const mean = count / expected.length;
    let chi = 0;
    for (const character of expected)
      chi += ((counts[character.charCodeAt(0)] ?? 0) - mean) ** 2 / mean;
    const degrees = expected.length - 1;
    // Six standard deviations: one run of 20 million fails by chance.
    assert.ok(chi < degrees + 6 * Math.sqrt(2 * degrees), `place ${place}: ${chi}`);
    assert.equal(
      counts.reduce((sum, each) => sum + each, 0),
      count,
    );
  }
});

test("an application's clock that is hours wrong changes nothing", async (context) => {
  const sessions = newStore({ idle: 60, absolute: 600 });
  const id = await newSession(sessions, { n: 1 });
  for (const hours of [-2, 2, 24 * 365]) {
    const real = Date.now;
    context.mock.method(Date, 'now', () => real() + hours * 3_600_000);
    await sessions.gc();
    const session = await open(sessions, id);
    assert.equal(await session.save(json({ hours })), 'saved');
    await sessions.gc();
    assert.deepEqual(await stored(sessions, id), { hours });
    context.mock.restoreAll();
  }
  await query('UPDATE sessions SET expires=expires-61000 WHERE d=?', [json({ hours: 24 * 365 })]);
  context.mock.method(Date, 'now', () => 0);
  assert.equal(await sessions.open(id), undefined, 'nor does it live longer');
});

test('64 requests that race with a logout: none of those that begin after it finds the session', async () => {
  const stores = [newStore(), newStore()] as const;
  for (const strategy of ['merge', 'lease'] as const) {
    const last = newStore({ strategy });
    const id = last.newId();
    await last.create(id, json({ n: 0 }), { user: 'racing' });
    let isOver = false;
    let after = 0;
    const racers = Array.from({ length: 64 }, async (_, at) => {
      for (let turn = 0; turn < 4; turn += 1) {
        const isLate = isOver;
        await using session = await stores[at % 2 ? 1 : 0].start(id);
        if (isLate && !session.isNew) after += 1;
        session.data['at'] = at;
        if (!session.isNew) await session.save();
      }
    });
    const leaving = await last.start(id);
    await leaving.destroy();
    await leaving.close();
    isOver = true;
    await Promise.all(racers);
    assert.equal(after, 0);
    assert.equal(await last.open(id), undefined);
  }
});

test('secrets rotate three times under load: nobody is logged out, and a removed secret opens nothing', async () => {
  const secretsOf = (...numbers: number[]): string[] =>
    numbers.map((number) => String(number).repeat(32));
  const storeWith = (...numbers: number[]): Sessions =>
    storeOn(poolOf(schema.url), { secrets: secretsOf(...numbers) } as Options);
  const first = storeWith(1);
  const ids = await Promise.all(Array.from({ length: 8 }, () => newSession(first, { n: 0 })));
  const unused = await newSession(first, { n: 0 });
  for (const number of [2, 3, 4]) {
    // During the change both generations of processes run.
    const both = [storeWith(number - 1, number), storeWith(number, number - 1)] as const;
    await Promise.all(
      ids.flatMap((id) =>
        both.map(async (sessions) => {
          await using session = await sessions.start(id);
          assert.equal(session.isNew, false);
          session.update('n', (n = 0) => (n as number) + 1);
          assert.notEqual(await session.save(), 'gone');
        }),
      ),
    );
    for (const id of ids) await (await open(both[1], id)).close();
    const begun = await newSession(both[1], { n: 0 });
    assert.deepEqual(await stored(both[0], begun), { n: 0 });
  }
  const newest = storeWith(4);
  for (const id of ids) assert.deepEqual(await stored(newest, id), { n: 6 });
  assert.equal(await newest.open(unused), undefined);
});

test('SELECT, INSERT, UPDATE and DELETE on its tables are all the rights that the store needs', async () => {
  const address = new URL(schema.url);
  const name = address.pathname.slice(1);
  await query("CREATE USER IF NOT EXISTS four@'%' IDENTIFIED BY 'four'");
  for (const table of ['sessions', 'session_locks']) {
    await query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${name}.${table} TO four@'%'`);
  }
  address.username = address.password = 'four';
  const strategies = ['merge', 'lock', 'lease', 'row'] as const;
  try {
    for (const strategy of strategies) {
      const sessions = storeOn(poolOf(address.href), { strategy, maxPerUser: 1 });
      const session = await sessions.start(undefined);
      session.data['n'] = 1;
      await session.save();
      await session.renew({ user: 'four' });
      assert.equal((await sessions.of('four').list()).length, 1);
      await session.destroy();
      await session.close();
      await sessions.gc();
    }
    const create = (options: Options): Promise<void> =>
      storeOn(poolOf(address.href), options).createTable();
    await create({ strategy: 'lease' });
    await create({ leaseTable: 'denied' });
    const message = /no right to create the table "denied": GRANT CREATE.*npx phpsessid create/;
    const refusal = { name: 'SessionSetupError', message };
    await assert.rejects(create({ table: 'denied' }), refusal);
    await assert.rejects(create({ strategy: 'lease', leaseTable: 'denied' }), refusal);
    await query(`REVOKE DELETE ON ${name}.sessions FROM four@'%'`);
    for (const strategy of strategies) {
      const sessions = storeOn(poolOf(address.href), { strategy });
      await using session = await sessions.open(await newSession(sessions, { n: 1 }));
      const remedy = { name: 'SessionSetupError', message: /GRANT SELECT, INSERT, UPDATE, DELETE/ };
      await assert.rejects(session?.destroy() as Promise<boolean>, remedy, strategy);
    }
  } finally {
    await query("DROP USER four@'%'");
  }
});

test('a listener that throws, rejects or never ends fails no request', async () => {
  const sessions = newStore();
  const warnings: Error[] = [];
  const note = (warning: Error): number => warnings.push(warning);
  process.on('warning', note);
  const kinds: string[] = [];
  sessions.on('create', () => {
    throw undefined;
  });
  sessions.on('create', async () => {
    throw new Error('rejected');
  });
  sessions.on('create', () => new Promise<void>(() => {}));
  sessions.on('create', ({ kind }) => void kinds.push(kind));
  await newSession(sessions, { n: 1 });
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', note);
  assert.deepEqual(kinds, ['create']);
  assert.deepEqual(warnings.map(({ message }) => message).sort(), [
    'A listener of sessions threw undefined',
    'rejected',
  ]);
});

test('a listener that adds itself again while it runs is called once for an event', async () => {
  const sessions = newStore();
  let calls = 0;
  const again = (): void => {
    calls += 1;
    end();
    if (calls < 100) end = sessions.on('create', again);
  };
  let end = sessions.on('create', again);
  await newSession(sessions, { n: 1 });
  assert.equal(calls, 1);
});

test('the events of a life are those that happened, in their order', async () => {
  const sessions = newStore({ maxPerUser: 5 });
  const log: string[] = [];
  const kinds = ['create', 'renew', 'destroy', 'unknown-id', 'replay', 'conflict', 'gc'] as const;
  for (const kind of kinds) sessions.on(kind, () => log.push(kind));
  const id = await newSession(sessions, { n: 1 });
  const [one, two] = [await open(sessions, id), await open(sessions, id)];
  await one.save(json({ n: 2 }));
  await two.save(json({ n: 3 }));
  const next = await two.renew({ user: 'life', grace: 0 });
  await sessions.open(id);
  await sessions.open(next);
  const last = await sessions.start(undefined);
  await last.renew({ user: 'life' });
  await last.destroy();
  await sessions.gc();
  assert.deepEqual(log, [
    ...['create', 'conflict', 'renew', 'replay', 'unknown-id'],
    ...['create', 'destroy', 'gc'],
  ]);
});

test('a failure of the database is never an empty session, and nothing is written after it', async () => {
  const { sessions, wire } = await wiredStore({ timeout: 0.3, statementTimeout: 0.1 });
  const id = await newSession(newStore(), { cart: ['tea'] });
  const changes = statementsOn(wire, /^(?!SELECT)/);
  const gate = wire.gate(50, /^SELECT/, { opens: 'by hand' });
  await assert.rejects(sessions.start(id), { name: 'SessionUnavailable' });
  gate.open();
  assert.deepEqual(changes, []);
  assert.deepEqual(await stored(newStore(), id), { cart: ['tea'] });
});

test("the documented default of each option is the code's", () => {
  const text = readFileSync('src/store/options.ts', 'utf8');
  const settings = settingsOf({ url: 'mysql://localhost/app', secrets: ['x'.repeat(32)] });
  const milliseconds = [
    'idle',
    'absolute',
    'leaseTime',
    'lockTimeout',
    'statementTimeout',
    'timeout',
  ];
  const documented = [...text.matchAll(/@default (\S+)(?: \*\/)?\n(?:[^;]*?)readonly (\w+)\?:/g)];
  const compared = new Set<string>();
  for (const [, value = '', name = ''] of documented) {
    const actual = settings[name as keyof typeof settings];
    // The options of other profiles come later in the file.
    if (actual === undefined || name === 'gc' || compared.has(name)) continue;
    const shown = milliseconds.includes(name) ? Number(actual) / 1000 : actual;
    assert.equal(String(shown), value.replaceAll("'", ''), name);
    compared.add(name);
  }
  assert.ok(compared.size >= 14, String(compared.size));
});

test('a pool that is closed under the store, TLS that is demanded, and a wrong secret are not retried', async () => {
  const pool = poolOf(schema.url);
  const sessions = storeOn(pool, { timeout: 20 });
  const id = await newSession(sessions, { n: 1 });
  const session = await open(sessions, id);
  const began = performance.now();
  const address = new URL(schema.url);
  await query("CREATE USER IF NOT EXISTS tls@'%' IDENTIFIED BY 'tls' REQUIRE SSL");
  address.username = address.password = 'tls';
  try {
    const refused = storeOn(poolOf(address.href), { timeout: 20 });
    await assert.rejects(refused.open(id), (error: Error) => {
      assert.equal(error.name, 'SessionSetupError');
      return !inspect(error).includes(id);
    });
  } finally {
    await query("DROP USER tls@'%'");
  }
  const other = storeOn(poolOf(schema.url), { secrets: ['w'.repeat(32)] } as Options);
  assert.equal(await other.open(id), undefined);
  const ended = createPool(schema.url);
  const late = storeOn(ended, { timeout: 20 });
  const held = await open(late, id);
  await ended.end();
  await assert.rejects(held.save(json({ n: 2 })), { name: 'SessionSetupError' });
  await assert.rejects(late.open(id), { name: 'SessionSetupError' });
  assert.ok(performance.now() - began < 20_000);
  assert.equal(await session.save(json({ n: 3 })), 'saved');
});
