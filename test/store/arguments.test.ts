/** Options and arguments without a meaning, as JavaScript, JSON and a command line may give them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { koaSessions } from '../../src/adapters/store/koa.ts';
import { nextSessions } from '../../src/adapters/store/next.ts';
import { ExpressSessionStore } from '../../src/adapters/stores/express-session.ts';
import { FastifySessionStore } from '../../src/adapters/stores/fastify-session.ts';
import { KoaSessionStore } from '../../src/adapters/stores/koa-session.ts';
import { remixSessionStorage } from '../../src/adapters/stores/remix.ts';
import { SessionError, SessionSetupError, SessionValueError } from '../../src/store/errors.ts';
import type { Sessions } from '../../src/store/store.ts';
import { newSession, newStore, stored } from './fixture.ts';

const isRefused = (message: RegExp) => (error: unknown) =>
  error instanceof SessionError && message.test(error.message);

test('an option without a meaning is refused, with its value and what it takes', () => {
  const refused: [object, RegExp][] = [
    [{ idle: '30' }, /^idle takes seconds above 0, not "30"$/],
    [{ idle: Number.NaN }, /^idle takes seconds above 0, not NaN$/],
    [{ absolute: null }, /^absolute takes seconds above 0, not null$/],
    // A timer of more than 24 days ends at once.
    [{ timeout: Number.POSITIVE_INFINITY }, /^timeout takes seconds above 0, at most 1000000, not/],
    [{ statementTimeout: -1 }, /^statementTimeout takes seconds/],
    [{ maxPerUser: 1.5 }, /^maxPerUser takes a whole number from 1, not 1.5$/],
    [{ touchAfter: '1' }, /^touchAfter takes 0 to 1, not "1"$/],
    [{ batch: 'false' }, /^batch takes true or false, not "false"$/],
    [{ oneWriter: 1 }, /^oneWriter takes true or false, not 1$/],
    [{ table: '' }, /^table takes a text, not ""$/],
    [
      { columns: { date: 'payload' } },
      /^there is no option "columns.date"; known are columns.id, /,
    ],
    [{ gc: { every: 0 } }, /^gc.every takes seconds above 0, at most 1000000, not 0$/],
    [{ gc: true }, /^gc takes an object, or false, not true$/],
    [
      { cache: { server: 'x:1', maxAge: 0.5 } },
      /^cache.maxAge takes whole seconds from 1, not 0.5$/,
    ],
    [{ extra: { items: 5 } }, /^extra.items takes a function, not 5$/],
    [{ onConflict: 'ours' }, /^onConflict takes mine, theirs, reject, or a function, not "ours"$/],
    [{ seal: { keys: ['k'.repeat(32)], readUnsealed: 'no' } }, /^seal.readUnsealed takes true or/],
  ];
  for (const [options, message] of refused) {
    assert.throws(() => newStore(options), isRefused(message), String(message));
  }
});

test('an argument without a meaning is refused, and nothing is written', async () => {
  const store = newStore();
  const sessions = store as unknown as Record<keyof Sessions, (...given: unknown[]) => unknown>;
  const id = await newSession(store, { n: 1 });
  const session = await store.start(id);
  const calls: [() => unknown, RegExp][] = [
    [() => session.renew({ grace: -1 }), /^grace takes seconds from 0 to 1000000, not -1$/],
    [() => session.renew({ grace: '5' as never }), /^grace takes .*, not "5"$/],
    // Misspelt, it would be a login without a user.
    [() => session.renew({ usr: 'ann' } as never), /^there is no option "usr"; known are user, /],
    [() => session.requireFresh('300' as never), /^maxAge takes seconds above 0, not "300"$/],
    [() => session.requireFresh(undefined as never), /^maxAge takes .*, not undefined$/],
    [() => sessions.gc(Number.NaN), /^budget takes seconds above 0, not NaN$/],
    [() => sessions.start(id, { mode: 'raed' }), /^mode takes read, write, not "raed"$/],
    [() => sessions.open(id, { mod: 'read' }), /^there is no option "mod"; known are mode, /],
    [() => sessions.saveHandler({ strategy: 'merge' }), /^strategy takes lock, lease, row, not/],
    [() => sessions.on('expire', () => {}), /^kind takes create, renew, .*, not "expire"$/],
    [() => sessions.on('renew', undefined), /^listener takes a function, not undefined$/],
    [
      () => sessions.create('x'.repeat(43), 'text'),
      /^data: a value that is not a Buffer cannot be/,
    ],
    [() => store.of('ann').revokeOthers(id as never), /^revokeOthers/],
  ];
  for (const [call, message] of calls) {
    await assert.rejects(async () => await call(), isRefused(message), String(message));
  }
  await session.close();
  const open = await store.open(id);
  await assert.rejects(open?.save('text' as never) ?? Promise.resolve(), SessionValueError);
  assert.deepEqual(await stored(store, id), { n: 1 });
});

test("the options of a session layer's store are checked when it is made", () => {
  const sessions = newStore();
  const stores = [
    (options: object) => new ExpressSessionStore(sessions, options),
    (options: object) => new FastifySessionStore(sessions, options),
    (options: object) => new KoaSessionStore(sessions, options),
    (options: object) => remixSessionStorage(sessions, () => assert.fail('called'), options),
  ];
  for (const make of stores) {
    assert.throws(() => make({ users: () => 'ann' }), isRefused(/^there is no option "users"/));
    assert.throws(() => make({ user: 'ann' }), isRefused(/^user takes a function, not "ann"$/));
  }
  const [express] = stores;
  const refused: [object, RegExp][] = [
    [{ tabel: 'old', shared: false }, /^there is no option "from.tabel"; known are from.table/],
    [{ columns: { id: 'sid' }, shared: false }, /^there is no option "from.columns.id"/],
    [{ expiration: '86400', shared: false }, /^from.expiration takes seconds above 0, not "86400"/],
    [{ shared: 'yes' }, /^from.shared must be true while processes/],
  ];
  for (const [from, message] of refused) {
    assert.throws(() => express?.({ from }), isRefused(message), String(message));
  }
});

test("an adapter's options are checked when it is made", () => {
  const sessions = newStore();
  const nextOf = (each: Sessions, options: object): unknown =>
    nextSessions(each, () => Promise.reject(new Error('unused')), options);
  const refused: [object, RegExp][] = [
    [
      { hangupGrace: '30' },
      /^(hangupGrace takes seconds from 0 to 1000000, not "30"|there is no option "hangupGrace"; .*)$/,
    ],
    [{ cookies: {} }, /^there is no option "cookies"; known are cookie(, hangupGrace)?$/],
    [{ cookie: { sameSite: 'laxx' } }, /^sameSite takes Strict, Lax, None, not "laxx"$/],
    [{ cookie: { sameSite: false } }, /^sameSite takes Strict, Lax, None, not false$/],
    [{ cookie: { name: 'sid', secure: 'false' } }, /^secure takes true or false, not "false"$/],
    [{ cookie: { name: 'sid', path: 'shop' } }, /^path takes .* begins with \/, not "shop"$/],
  ];
  for (const [options, message] of refused) {
    for (const make of [koaSessions, nextOf]) {
      assert.throws(
        () => make(sessions, options),
        (error: Error) =>
          (error instanceof TypeError || error instanceof SessionSetupError) &&
          message.test(error.message),
        `${make.name}: ${message}`,
      );
    }
  }
});
