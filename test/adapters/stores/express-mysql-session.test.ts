/** The move from express-mysql-session: both stores beside each other, then ours, then only ours. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import express, { type Express, type RequestHandler } from 'express';
import session, { type Store } from 'express-session';
import { createPool, type RowDataPacket } from 'mysql2/promise';
import {
  type ExpressMysqlSession,
  ExpressSessionStore,
} from '../../../src/adapters/stores/express-session.ts';
import type { Sessions } from '../../../src/store/store.ts';
import { openWire } from '../../../src/workshop/wire/proxy.ts';
import { atEnd, newSchema, poolOf, storeOn } from '../../store/fixture.ts';
import { serve } from '../fixture.ts';

type Former = Store & { onReady(): Promise<void>; close(): Promise<void> };
const MySQLStore = createRequire(import.meta.url)('express-mysql-session')(session) as new (
  options: object,
  pool: unknown,
) => Former;

const { url: database } = await newSchema();
const direct = poolOf(database);
const ours: Sessions = sessionsOn();
await ours.createTable();
const former = new MySQLStore({ clearExpired: false }, poolOf(database));
await former.onReady();

function sessionsOn(url = database): Sessions {
  return storeOn(poolOf(url), { table: 'moved', idle: 86_400, absolute: Infinity });
}

/** A process's store: as during the change, or after it. */
function storeFrom(
  from: Partial<ExpressMysqlSession>,
  sessions = sessionsOn(),
): ExpressSessionStore {
  const user = (data: session.SessionData): string | undefined => data['user'] as string;
  return new ExpressSessionStore(sessions, { user, from: { shared: false, ...from } });
}

const routes: Record<string, RequestHandler> = {
  '/login/:user': (request, response, next) =>
    request.session.regenerate((error) => {
      request.session['user'] = String(request.params['user']);
      return error ? next(error) : response.send('in');
    }),
  '/count': (request, response) => {
    request.session['count'] = Number(request.session['count'] ?? 0) + 1;
    response.send(String(request.session['user']));
  },
  '/key/:key': (request, response) => {
    request.session[String(request.params['key'])] = 1;
    response.send(String(request.session['user']));
  },
  '/logout': (request, response, next) =>
    request.session.destroy((error) => (error ? next(error) : response.send('out'))),
  '/show': (request, response) => {
    const { cookie: _, ...values } = request.session;
    response.json(values);
  },
};

/** A process of the application, as a function that sends it a request. */
async function processWith(
  store: Store,
): Promise<(path: string, cookie?: string) => Promise<{ text: string; cookie: string }>> {
  const app: Express = express();
  const options = { secret: 'signs', resave: false, saveUninitialized: false };
  app.use(session({ store, ...options, cookie: { maxAge: 3_600_000 } }));
  for (const [path, route] of Object.entries(routes)) app.get(path, route);
  const address = await serve(app);
  return async (path, cookie = '') => {
    const response = await fetch(address + path, { headers: { cookie } });
    assert.equal(response.status, 200);
    const set = response.headers.getSetCookie()[0]?.split(';')[0];
    return { text: await response.text(), cookie: set ?? cookie };
  };
}

async function rows(table: string): Promise<number> {
  const [found] = await direct.query<RowDataPacket[]>(`SELECT COUNT(*) AS n FROM ${table}`);
  return Number(found[0]?.['n']);
}

test('a rolling change under load: no login is lost, and every count adds up', async () => {
  const old = await processWith(former);
  const [one, other] = [
    await processWith(storeFrom({ shared: true })),
    await processWith(storeFrom({ shared: true })),
  ];
  const [last, further] = [await processWith(storeFrom({})), await processWith(storeFrom({}))];
  // The processes that run in each phase of the change.
  const phases = [[old], [old, one, other], [one, other], [one, last, further], [last, further]];
  const visitors = await Promise.all(
    Array.from({ length: 12 }, async (_, at) => {
      const { cookie } = await old(`/login/user${at}`);
      return { user: `user${at}`, cookie, counted: 0, keys: 0, isOut: false };
    }),
  );
  for (const [phase, processes] of phases.entries()) {
    const isOldThere = processes.includes(old);
    await Promise.all(
      visitors.map(async (visitor, at) => {
        if (visitor.isOut) return;
        for (let step = 0; step < 3; step += 1) {
          const ask = processes[(at + step) % processes.length] ?? old;
          assert.equal((await ask('/count', visitor.cookie)).text, visitor.user);
          visitor.counted += 1;
        }
        // At once, which express-mysql-session cannot do without losing keys.
        if (!isOldThere) {
          await Promise.all(processes.map((ask) => ask(`/key/k${visitor.keys++}`, visitor.cookie)));
        }
        if (at % 8 === phase) {
          await processes[at % processes.length]?.('/logout', visitor.cookie);
          visitor.isOut = true;
        }
      }),
    );
  }
  for (const { user, cookie, counted, keys, isOut } of visitors) {
    const values = JSON.parse((await last('/show', cookie)).text) as Record<string, unknown>;
    if (isOut) assert.deepEqual(values, {});
    else {
      assert.deepEqual([values['user'], values['count']], [user, counted]);
      assert.equal(Object.keys(values).length, keys + 2);
    }
  }
  const inside = visitors.filter(({ isOut }) => !isOut).length;
  assert.deepEqual([await rows('sessions'), await rows('moved')], [0, inside]);
  assert.equal((await ours.of('user7').list()).length, 1);
});

test('sessions that begin during the change are seen by old processes and new ones', async () => {
  const [old, during] = [await processWith(former), await processWith(storeFrom({ shared: true }))];
  const { cookie } = await during('/login/ann');
  assert.equal((await old('/count', cookie)).text, 'ann');
  await during('/logout', cookie);
  assert.equal((await old('/show', cookie)).text, '{}');
});

test('a session moves while a request of another process has it open, and keeps both changes', async () => {
  const [shared, moving] = [storeFrom({ shared: true }), storeFrom({})];
  const sid = await begin({ user: 'bob' });
  const open = await call<session.SessionData>((done) => shared.get(sid, done));
  const moved = await call<session.SessionData>((done) => moving.get(sid, done));
  await call((done) => moving.set(sid, Object.assign(moved, { a: 1 }), done));
  await call((done) => shared.set(sid, Object.assign(open, { b: 1 }), done));
  await call((done) => shared.set(sid, Object.assign(open, { c: 1 }), done));
  const { cookie: _, ...values } = await call<session.SessionData>((done) => moving.get(sid, done));
  assert.deepEqual(values, { user: 'bob', a: 1, b: 1, c: 1 });
});

for (const [moment, statement] of [
  ['before the insertion', /^INSERT INTO `?moved/],
  ['before the deletion', /^DELETE FROM `?sessions/],
] as const) {
  test(`a logout in the middle of a move, ${moment}, is final`, async () => {
    const wire = await openWire(database);
    atEnd(() => wire.close());
    const moving = storeFrom({}, sessionsOn(wire.url));
    const [sid, kept] = [await begin({ user: 'bob' }), await rows('moved')];
    const gate = wire.gate(1, statement, { opens: 'by hand' });
    const reading = call((done) => moving.get(sid, done));
    await gate.arrived;
    await call((done) => storeFrom({}).destroy(sid, done));
    gate.open();
    await reading;
    assert.equal(await call((done) => moving.get(sid, done)), null);
    assert.equal(await rows('moved'), kept);
  });
}

test('a save in the middle of a move is kept', async () => {
  const wire = await openWire(database);
  atEnd(() => wire.close());
  const moving = storeFrom({}, sessionsOn(wire.url));
  const sid = await begin({ user: 'bob' });
  const gate = wire.gate(1, /^DELETE FROM `?sessions/, { opens: 'by hand' });
  const reading = call<session.SessionData>((done) => moving.get(sid, done));
  await gate.arrived;
  await begin({ user: 'bob', late: 1 }, new Date(Date.now() + 60_000), sid);
  gate.open();
  await reading;
  assert.equal((await call<session.SessionData>((done) => moving.get(sid, done)))['late'], 1);
});

/** A session in the former table. */
async function begin(
  values: object,
  expires = new Date(Date.now() + 60_000),
  sid = `sid ${Math.random()}`,
): Promise<string> {
  const cookie = { path: '/', originalMaxAge: 60_000, expires };
  await call((done) => former.set(sid, { cookie, ...values } as never, done));
  return sid;
}

function call<Value>(
  run: (done: (error: unknown, value?: Value | null) => void) => void,
): Promise<Value> {
  return new Promise((resolve, reject) =>
    run((error, value) => (error ? reject(error) : resolve(value as Value))),
  );
}

test('the column `expires` ends a session, of which the old store extends nothing else', async () => {
  const sid = await begin({ user: 'ann' }, new Date(Date.now() - 3000));
  const store = storeFrom({ shared: true });
  assert.equal(await call((done) => store.get(sid, done)), null);
  const cookie = { path: '/', expires: new Date(Date.now() + 60_000) };
  await call((done) => former.touch?.(sid, { cookie } as never, done as never));
  for (const each of [store, storeFrom({})]) {
    const found = await call<session.SessionData>((done) => each.get(sid, done));
    assert.ok(new Date(found.cookie.expires ?? 0).getTime() > Date.now() + 55_000);
  }
  // The column has this half second rounded up.
  const end = new Date(Math.round(Date.now() / 1000) * 1000 + 60_500);
  const exact = await begin({}, end);
  for (const each of [store, storeFrom({})]) {
    const found = await call<session.SessionData>((done) => each.get(exact, done));
    assert.equal(found.cookie.expires, end.toISOString());
  }
});

test('a session without an end of its own is extended by each use', async () => {
  const store = storeFrom({ shared: true, expiration: 1000 });
  const sid = 'no end';
  await call((done) =>
    store.set(sid, { cookie: { path: '/', originalMaxAge: null } } as never, done),
  );
  const end = async (): Promise<number> => {
    const [found] = await direct.query<RowDataPacket[]>(
      'SELECT expires FROM sessions WHERE session_id = ?',
      [sid],
    );
    return Number(found[0]?.['expires']) - Date.now() / 1000;
  };
  assert.ok(Math.abs((await end()) - 1000) < 60);
  await direct.query('UPDATE sessions SET expires = UNIX_TIMESTAMP() + 300');
  const data = await call<session.SessionData>((done) => store.get(sid, done));
  await call((done) => store.touch(sid, data, done as never));
  assert.ok(Math.abs((await end()) - 1000) < 60);
});

test('all(), length(), clear() count both tables; moveAll() empties the first', async () => {
  await call((done) => storeFrom({}).clear(done));
  for (let at = 0; at < 105; at += 1) await begin({ at, user: 'many' });
  const [shared, store] = [storeFrom({ shared: true }), storeFrom({})];
  await call((done) =>
    new ExpressSessionStore(ours).set(
      'new',
      { cookie: { path: '/', originalMaxAge: null } } as never,
      done,
    ),
  );
  assert.equal(await call((done) => shared.length(done)), 106);
  assert.equal(await store.moveAll(), 105);
  assert.deepEqual([await rows('sessions'), await rows('moved')], [0, 106]);
  assert.equal((await ours.of('many').list()).length, 105);
  assert.equal(await call((done) => store.length(done)), 106);
  await begin({ user: 'late' });
  await call((done) => store.clear(done));
  assert.deepEqual([await rows('sessions'), await rows('moved')], [0, 0]);
});

test('other names are found, and a missing table or no value of from.shared is refused', async () => {
  const pool = createPool(database);
  atEnd(() => pool.end());
  const schema = {
    tableName: 'strange`name',
    columnNames: { session_id: 'i', expires: 'e', data: 'd`' },
  };
  const strange = new MySQLStore({ clearExpired: false, schema }, pool);
  await strange.onReady();
  const cookie = { path: '/', originalMaxAge: null };
  await call((done) => strange.set('1abc', { cookie, user: 'ann' } as never, done));
  const columns = { session_id: 'i', expires: 'e', data: 'd`' };
  const store = storeFrom({ table: 'strange`name', columns });
  assert.equal((await call<session.SessionData>((done) => store.get('1abc', done)))['user'], 'ann');
  await call((done) => strange.set('2abc', { cookie } as never, done));
  await direct.query('UPDATE `strange``name` SET `d```=? WHERE i=?', ['{"card":"4111', '2abc']);
  await assert.rejects(
    call((done) => store.get('2abc', done)),
    ({ name, message }: Error) => name === 'SessionUnreadable' && !message.includes('card'),
  );
  const missing = storeFrom({ table: 'missing' });
  await assert.rejects(
    call((done) => missing.get('any', done)),
    { name: 'SessionSetupError' },
  );
  assert.throws(() => storeFrom({ shared: undefined as never }), /from.shared must be/);
});
