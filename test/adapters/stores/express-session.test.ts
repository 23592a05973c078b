/** The store behind express-session: overlapping requests, logouts, lifetimes, failures. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import session, { type SessionOptions } from 'express-session';
import type { RowDataPacket } from 'mysql2/promise';
import { expressSessions } from '../../../src/adapters/store/express.ts';
import { ExpressSessionStore } from '../../../src/adapters/stores/express-session.ts';
import { gate } from '../../../src/contract/case.ts';
import { sessionStoreContract } from '../../../src/contract/session-store.ts';
import { createSessions, type Sessions } from '../../../src/store/store.ts';
import {
  newSchema,
  newStore,
  poolOf,
  query,
  secrets,
  statementsOn,
  storeOn,
  wiredStore,
} from '../../store/fixture.ts';
import { serve } from '../fixture.ts';

declare module 'express-session' {
  interface SessionData {
    user: string;
    values: Record<string, number>;
    [key: string]: unknown;
  }
}

const quiet = { secret: 'signs', resave: false, saveUninitialized: false };

async function start(
  sessions: Sessions,
  routes: Record<string, RequestHandler>,
  options: Partial<SessionOptions> = {},
): Promise<
  (path: string, cookie?: string) => Promise<{ status: number; text: string; cookie: string }>
> {
  const store = new ExpressSessionStore(sessions, { user: ({ user }) => user });
  const app: Express = express();
  app.use(session({ store, ...quiet, ...options }));
  for (const [path, route] of Object.entries(routes)) app.get(path, route);
  const fail: ErrorRequestHandler = (_error, _request, response, _next) =>
    void response.status(500).end();
  app.use(fail);
  const url = await serve(app);
  return async (path, cookie = '') => {
    const response = await fetch(url + path, { headers: { cookie } });
    const set = response.headers.getSetCookie()[0]?.split(';')[0];
    return { status: response.status, text: await response.text(), cookie: set ?? cookie };
  };
}

const show: RequestHandler = (request, response) => {
  const { cookie: _cookie, ...values } = request.session;
  response.json(values);
};

const login: RequestHandler = (request, response, next) =>
  request.session.regenerate((error) => {
    if (error) return next(error);
    request.session.user = '42';
    response.send('in');
  });

const ownPool = poolOf((await newSchema()).url);
const own = storeOn(ownPool);
await own.createTable();
const noSocket = poolOf('mysql://root@localhost/none', { socketPath: '/no/such/socket' });

sessionStoreContract({
  test,
  create: () => ({
    store: new ExpressSessionStore(own),
    unreachable: () => new ExpressSessionStore(storeOn(noSocket, { timeout: 0.05 })),
    async stolen() {
      const [rows] = await ownPool.query<RowDataPacket[]>('SELECT * FROM sessions');
      return rows.flatMap((row) => Object.values(row).map(String)).join('\n');
    },
  }),
});

test('options or a pool in the place of the sessions are refused by name', () => {
  for (const wrong of [undefined, { url: 'mysql://localhost/app' }, ownPool]) {
    assert.throws(
      () => new ExpressSessionStore(wrong as unknown as Sessions),
      /The store of express-session takes the sessions that createSessions\(\) returns/,
    );
    assert.throws(
      () => expressSessions(wrong as unknown as Sessions),
      /An adapter takes the sessions that createSessions\(\) returns/,
    );
  }
  const article = createSessions({ pool: ownPool, secrets, profile: 'article' });
  assert.throws(
    () => new ExpressSessionStore(article),
    /express-session cannot use profile: 'article', whose table PHP reads/,
  );
});

test('a cookie whose end is not a date does not get a lifetime of NaN seconds', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): number => warnings.push(warning);
  process.on('warning', note);
  const cookie = { expires: new Date(Number.NaN) };
  const save: RequestHandler = (request, response, next) =>
    request.session.save((error) => (error ? next(error) : response.send('saved')));
  const ask = await start(
    newStore(),
    { '/': save },
    { cookie: cookie as SessionOptions['cookie'] },
  );
  await ask('/');
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', note);
  assert.deepEqual(warnings, []);
});

test('50 requests at once with a key each all keep theirs', async () => {
  const ask = await start(newStore(), {
    '/login': login,
    '/set/:key': (request, response) => {
      request.session[String(request.params['key'])] = 1;
      response.send('set');
    },
    '/show': show,
  });
  const { cookie } = await ask('/login');
  await Promise.all(Array.from({ length: 50 }, (_, at) => ask(`/set/k${at}`, cookie)));
  assert.equal(Object.keys(JSON.parse((await ask('/show', cookie)).text)).length, 51);
});

test('a slow page that saves after the logout does not log in again', async () => {
  const { closed, open } = gate();
  const { closed: arrived, open: arrive } = gate();
  const ask = await start(newStore(), {
    '/login': login,
    '/slow': async (request, response) => {
      arrive();
      await closed;
      request.session['late'] = true;
      response.send('late');
    },
    '/logout': (request, response, next) =>
      request.session.destroy((error) => (error ? next(error) : response.send('out'))),
    '/show': show,
  });
  const { cookie } = await ask('/login');
  const slow = ask('/slow', cookie);
  await arrived;
  await ask('/logout', cookie);
  open();
  assert.equal((await slow).status, 200);
  assert.equal((await ask('/show', cookie)).text, '{}');
});

test('a session that is saved twice in one request, reloaded and regenerated', async () => {
  const ask = await start(newStore(), {
    '/twice': (request, response, next) => {
      request.session['a'] = 1;
      request.session.save((error) => {
        if (error) return next(error);
        request.session['b'] = 2;
        response.send('saved');
      });
    },
    '/reload': (request, response) => {
      request.session['a'] = 'forgotten';
      request.session.reload(() => {
        request.session['c'] = request.session['a'];
        response.send('reloaded');
      });
    },
    '/login': login,
    '/show': show,
  });
  const { cookie } = await ask('/twice');
  await ask('/reload', cookie);
  assert.equal((await ask('/show', cookie)).text, '{"a":1,"b":2,"c":1}');
  const renewed = await ask('/login', cookie);
  assert.equal((await ask('/show', cookie)).text, '{}');
  assert.equal((await ask('/show', renewed.cookie)).text, '{"user":"42"}');
});

test('maxAge ends a session to the millisecond, and its use extends it', async () => {
  const sessions = newStore();
  const options = { cookie: { maxAge: 60_000 } };
  const ask = await start(sessions, { '/login': login, '/show': show }, options);
  const { cookie } = await ask('/login');
  const move = (by: string): Promise<unknown> =>
    query(
      `UPDATE sessions SET d=JSON_SET(CONVERT(d USING utf8mb4),'$.data.cookie.expires',?),version=version+1
       WHERE d LIKE '%"user"%'`,
      [by],
    );
  await move(new Date(Date.now() + 30_000).toISOString());
  assert.equal((await ask('/show', cookie)).text, '{"user":"42"}');
  const [row] = await query(`SELECT d FROM sessions WHERE d LIKE '%"user"%' ORDER BY updated DESC`);
  const { data } = JSON.parse(String(row?.['d'])) as { data: { cookie: { expires: string } } };
  assert.ok(new Date(data.cookie.expires).getTime() > Date.now() + 50_000, 'extended');
  await move(new Date(Date.now() - 1).toISOString());
  assert.equal((await ask('/show', cookie)).text, '{}');
});

test('an unchanged request writes nothing', async () => {
  const { sessions, wire } = await wiredStore();
  const ask = await start(
    sessions,
    { '/login': login, '/show': show },
    { cookie: { maxAge: 60_000 } },
  );
  const { cookie } = await ask('/login');
  const writes = statementsOn(wire, /^(?!SELECT)/);
  await ask('/show', cookie);
  assert.deepEqual(writes, []);
});

test('a database that cannot be reached is an error, and not an empty session', async () => {
  const good = await start(newStore(), { '/login': login });
  const { cookie } = await good('/login');
  const pool = poolOf('mysql://root@localhost/none', { socketPath: '/no/such/socket' });
  const ask = await start(storeOn(pool, { timeout: 0.05 }), { '/show': show });
  assert.equal((await ask('/show', cookie)).status, 500);
});

test('a user is on the row, and may be logged out everywhere', async () => {
  const sessions = newStore();
  const ask = await start(sessions, { '/login': login, '/show': show });
  const { cookie } = await ask('/login');
  assert.ok((await sessions.of('42').list()).length > 0);
  await sessions.of('42').revokeAll();
  assert.equal((await ask('/show', cookie)).text, '{}');
});

test('set() on a session of the application itself replaces it', async () => {
  const store = new ExpressSessionStore(newStore());
  const cookie = { originalMaxAge: null, path: '/' };
  const call = <Value>(
    run: (done: (error: unknown, value?: Value) => void) => void,
  ): Promise<Value> =>
    new Promise((resolve, reject) =>
      run((error, value) => (error ? reject(error) : resolve(value as Value))),
    );
  for (const user of ['first', 'second']) {
    await call((done) => store.set('any id é', { cookie, user } as never, done));
    const found = await call<session.SessionData | null>((done) => store.get('any id é', done));
    assert.equal(found?.user, user);
  }
  await call((done) => store.destroy('any id é', done));
  assert.equal(await call((done) => store.get('any id é', done)), null);
  assert.equal(await call((done) => store.get('unknown', done)), null);
});

test('a stored session without a cookie is an error of express-session', async () => {
  const sessions = newStore();
  const ask = await start(sessions, { '/login': login, '/show': show });
  const { cookie } = await ask('/login');
  await query(`UPDATE sessions SET d='{"user":"42"}',version=version+1 WHERE d LIKE '%"user"%'`);
  assert.equal((await ask('/show', cookie)).status, 500);
});

/** A session that is there, read by as many requests as are asked for. */
async function readers(
  store: ExpressSessionStore,
  count: number,
): Promise<{ sid: string; requests: session.SessionData[] }> {
  const sid = `reader ${Math.random()}`;
  const cookie = { originalMaxAge: 60_000, path: '/', expires: new Date(Date.now() + 60_000) };
  await ask((done) => store.set(sid, { cookie, user: '42' } as never, done));
  const get = (): Promise<session.SessionData> => ask((done) => store.get(sid, done as never));
  return { sid, requests: await Promise.all(Array.from({ length: count }, get)) };
}

function ask<Value>(
  run: (done: (error: unknown, value?: Value | null) => void) => void,
): Promise<Value> {
  return new Promise((resolve, reject) =>
    run((error, value) => (error ? reject(error) : resolve(value as Value))),
  );
}

test('a request that saves twice keeps what another request saved before each', async () => {
  const store = new ExpressSessionStore(newStore());
  const { sid, requests } = await readers(store, 3);
  const [mine, second, third] = requests as [
    session.SessionData,
    session.SessionData,
    session.SessionData,
  ];
  const save = (data: session.SessionData): Promise<void> =>
    ask((done) => store.set(sid, data, done));
  await save(Object.assign(second, { second: 1 }));
  await save(Object.assign(mine, { mine: 1 }));
  await save(Object.assign(third, { third: 1 }));
  await save(Object.assign(mine, { mine: 2 }));
  // Without waiting, as handlers do that pass no callback.
  await Promise.all([
    save(Object.assign(second, { second: 2 })),
    save(Object.assign(second, { second: 3 })),
    save(Object.assign(mine, { again: 1 })),
  ]);
  const { cookie: _, ...values } = await ask<session.SessionData>((done) => store.get(sid, done));
  assert.deepEqual(values, { user: '42', mine: 2, second: 3, third: 1, again: 1 });
});

test('the expiries of two cookies do not conflict', async () => {
  const sessions = newStore({ onConflict: 'reject' });
  const conflicts: unknown[] = [];
  sessions.on('conflict', ({ keys }) => conflicts.push(keys));
  const store = new ExpressSessionStore(sessions);
  const { sid, requests } = await readers(store, 2);
  const saves = requests.map((data, at) => {
    data.cookie.expires = new Date(Date.now() + 70_000 + at);
    return ask((done) => store.set(sid, Object.assign(data, { [`key ${at}`]: 1 }), done));
  });
  await Promise.all(saves);
  assert.deepEqual(conflicts, []);
  const [one] = (await readers(store, 1)).requests;
  assert.ok(one);
  const same = await Promise.all(
    [1, 2].map(() => ask<session.SessionData>((done) => store.get(sid, done))),
  );
  const set = (data: session.SessionData | undefined, user: string): Promise<void> =>
    ask((done) => store.set(sid, Object.assign(data ?? {}, { user }) as never, done));
  await set(same[0], 'Ann');
  await assert.rejects(set(same[1], 'Bob'), { name: 'SessionConflict', keys: ['user'] });
});

test('a session that ends while others save it stays ended', async () => {
  const store = new ExpressSessionStore(newStore());
  const { sid, requests } = await readers(store, 8);
  const calls = requests.map((data, at) =>
    at === 3
      ? ask((done) => store.destroy(sid, done))
      : ask((done) => store.set(sid, Object.assign(data, { [`key ${at}`]: 1 }), done)),
  );
  await Promise.all(calls);
  await Promise.all(requests.map((data) => ask((done) => store.touch(sid, data, done as never))));
  assert.equal(await ask((done) => store.get(sid, done)), null);
});

test('an id that is made again after its session has expired begins a new session', async () => {
  const store = new ExpressSessionStore(newStore());
  const { sid } = await readers(store, 1);
  await query('UPDATE sessions SET expires = 1');
  const cookie = { originalMaxAge: null, path: '/' };
  await ask((done) => store.set(sid, { cookie, again: 1 } as never, done));
  assert.equal((await ask<session.SessionData>((done) => store.get(sid, done)))['again'], 1);
});

test('a cookie that outlives its session is a warning, once', async () => {
  const warnings: string[] = [];
  const listen = ({ message }: Error): number => warnings.push(message);
  process.on('warning', listen);
  const store = new ExpressSessionStore(newStore({ idle: 59 }));
  await readers(store, 1);
  await readers(store, 1);
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', listen);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /lives for 60 s, and its session ends after 59 s/);
});

test('get() returns exactly what set() stored, and length() counts the sessions', async () => {
  const sessions = newStore();
  await sessions.endAll();
  const store = new ExpressSessionStore(sessions);
  const data = { foo: 'bar', cookie: { originalMaxAge: null } } as never;
  await ask((done) => store.set('123', data, done));
  assert.deepEqual(await ask((done) => store.get('123', done)), data);
  await ask((done) => store.touch('none', data, done as never));
  const expires = new Date(Date.now() + 60_000);
  const longer = { cookie: { originalMaxAge: 60_000, expires } } as never;
  await ask((done) => store.touch('123', longer, done as never));
  const found = await ask<session.SessionData>((done) => store.get('123', done));
  assert.deepEqual([found['foo'], found.cookie.expires], ['bar', expires.toISOString()]);
  await Promise.all(
    Array.from({ length: 150 }, (_, at) => ask((done) => store.set(`s${at}`, data, done))),
  );
  assert.equal(await ask((done) => store.length(done)), 151);
  await ask((done) => store.destroy('123', done));
  await ask((done) => store.destroy('123', done));
  assert.equal(await ask((done) => store.length(done)), 150);
  await assert.rejects(
    ask((done) => store.get(undefined as never, done)),
    TypeError,
  );
});

test('a strategy that locks is refused', () => {
  assert.throws(() => new ExpressSessionStore(newStore({ strategy: 'lock' })), /use 'merge'/);
});
