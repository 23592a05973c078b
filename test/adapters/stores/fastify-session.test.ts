/** The store behind @fastify/session: what its stores must do, overlapping requests, logouts. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fastifyCookie from '@fastify/cookie';
import fastifySession, { type FastifySessionOptions } from '@fastify/session';
import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify';
import { FastifySessionStore } from '../../../src/adapters/stores/fastify-session.ts';
import { gate } from '../../../src/contract/case.ts';
import type { Sessions } from '../../../src/store/store.ts';
import { atEnd, newStore, poolOf, query, storeOn } from '../../store/fixture.ts';

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;
type Answer = { status: number; text: string; cookie: string };

async function start(
  sessions: Sessions,
  routes: Record<string, Handler>,
  options: Partial<FastifySessionOptions> = {},
): Promise<(path: string, cookie?: string) => Promise<Answer>> {
  const app = Fastify();
  atEnd(() => app.close());
  await app.register(fastifyCookie);
  await app.register(fastifySession, {
    store: new FastifySessionStore(sessions, {
      user: (data) => (data as { user?: string }).user,
    }),
    secret: 'signs the cookie, in 32 characters or more',
    cookie: { secure: false, maxAge: 60_000 },
    saveUninitialized: false,
    ...options,
  });
  for (const [path, handler] of Object.entries(routes)) app.get(path, handler);
  return async (path, cookie = '') => {
    const response = await app.inject({ url: path, headers: { cookie } });
    const [set] = [response.headers['set-cookie'] ?? []].flat();
    return {
      status: response.statusCode,
      text: response.body,
      cookie: set?.split(';')[0] ?? cookie,
    };
  };
}

const show: Handler = ({ session: { cookie: _, ...values } }) => JSON.stringify(values);
const put: Handler = (request) => {
  const { key } = request.params as { key: string };
  Object.assign(request.session, { [key]: 1 });
  return 'put';
};

test('a session persists, is regenerated, reloaded, saved twice, and ended', async () => {
  const ask = await start(newStore(), {
    '/put/:key': put,
    '/show': show,
    '/login': async (request) => {
      Object.assign(request.session, { user: '42' });
      await request.session.regenerate(['a', 'user']);
      return 'in';
    },
    '/reload': async (request) => {
      Object.assign(request.session, { a: 'left' });
      await request.session.reload();
      return show(request, undefined as never);
    },
    '/twice': async (request) => {
      Object.assign(request.session, { b: 1 });
      await request.session.save();
      Object.assign(request.session, { b: 2 });
      return 'saved';
    },
    '/logout': async (request) => {
      await request.session.destroy();
      return 'out';
    },
  });
  const first = await ask('/put/a');
  assert.equal((await ask('/show', first.cookie)).text, '{"a":1}');
  const second = await ask('/login', first.cookie);
  assert.equal((await ask('/show', first.cookie)).text, '{}');
  assert.equal((await ask('/show', second.cookie)).text, '{"a":1,"user":"42"}');
  assert.equal((await ask('/reload', second.cookie)).text, '{"a":1,"user":"42"}');
  await ask('/twice', second.cookie);
  assert.equal((await ask('/show', second.cookie)).text, '{"a":1,"user":"42","b":2}');
  const [row] = await query("SELECT d FROM sessions WHERE user = '42'");
  assert.deepEqual(Object.keys(JSON.parse(String(row?.['d'])).data).sort(), [
    'a',
    'b',
    'cookie',
    'user',
  ]);
  await ask('/logout', second.cookie);
  assert.equal((await ask('/show', second.cookie)).text, '{}');
  const fresh = await ask('/twice');
  assert.equal((await ask('/show', fresh.cookie)).text, '{"b":2}');
});

test('30 requests at once with a key each all keep theirs, with rolling and without', async () => {
  for (const rolling of [true, false]) {
    const ask = await start(newStore(), { '/put/:key': put, '/show': show }, { rolling });
    const { cookie } = await ask('/put/first');
    await Promise.all(
      Array.from({ length: 30 }, (_, at) => ask(at % 3 ? `/put/k${at}` : '/show', cookie)),
    );
    assert.equal(Object.keys(JSON.parse((await ask('/show', cookie)).text)).length, 21);
  }
});

test('a slow page that saves after the logout, or after its session moved on, logs nobody in', async () => {
  const { closed, open } = gate();
  const { closed: arrived, open: arrive } = gate();
  const ask = await start(newStore(), {
    '/put/:key': put,
    '/show': show,
    '/slow': async (request) => {
      arrive();
      await closed;
      Object.assign(request.session, { late: 1 });
      return 'late';
    },
    '/logout': async (request) => {
      await request.session.destroy();
      return 'out';
    },
    // As applications do that keep everything: the note of what was read must not go along.
    '/login': async (request) => {
      const old = { ...request.session };
      await request.session.regenerate();
      for (const [key, value] of Object.entries(old)) {
        if (key !== 'cookie') request.session.set(key as never, value as never);
      }
      return 'in';
    },
  });
  const { cookie } = await ask('/put/a');
  const slow = ask('/slow', cookie);
  await arrived;
  const renewed = await ask('/login', cookie);
  open();
  assert.equal((await slow).status, 200);
  assert.equal((await ask('/show', cookie)).text, '{}');
  assert.equal((await ask('/show', renewed.cookie)).text, '{"a":1}');
  await ask('/logout', renewed.cookie);
  assert.equal((await ask('/show', renewed.cookie)).text, '{}');
});

test('a slow page keeps what another request has saved while it ran', async () => {
  const { closed, open } = gate();
  const { closed: arrived, open: arrive } = gate();
  const ask = await start(newStore(), {
    '/put/:key': put,
    '/show': show,
    '/slow': async (request) => {
      arrive();
      await closed;
      Object.assign(request.session, { late: 1 });
      return 'late';
    },
  });
  const { cookie } = await ask('/put/a');
  const slow = ask('/slow', cookie);
  await arrived;
  await ask('/put/b', cookie);
  open();
  await slow;
  assert.equal((await ask('/show', cookie)).text, '{"a":1,"b":1,"late":1}');
});

test('a new session that is ended before its request saves again stays ended', async () => {
  const sessions = newStore();
  const ask = await start(sessions, {
    '/show': show,
    '/login': async (request) => {
      Object.assign(request.session, { user: 'eve' });
      await request.session.save();
      await sessions.of('eve').revokeAll();
      Object.assign(request.session, { late: 1 });
      return 'in';
    },
  });
  const { cookie } = await ask('/login');
  assert.equal((await ask('/show', cookie)).text, '{}');
});

test('a session that has expired, or was ended for its user, is a new one with another id', async () => {
  const sessions = newStore();
  const ask = await start(sessions, { '/put/:key': put, '/show': show });
  const { cookie } = await ask('/put/a');
  await query(
    `UPDATE sessions SET d = JSON_SET(CONVERT(d USING utf8mb4), '$.data.cookie.expires', '2001-01-01T00:00:00.000Z'),
       version = version + 1`,
  );
  const next = await ask('/put/b', cookie);
  assert.notEqual(next.cookie, cookie);
  assert.equal((await ask('/show', next.cookie)).text, '{"b":1}');
});

test('a request that changes nothing extends the idle time', async () => {
  const ask = await start(newStore(), { '/put/:key': put, '/show': show }, { rolling: false });
  const { cookie } = await ask('/put/a');
  await query('UPDATE sessions SET expires = expires - 600000');
  const left = async (): Promise<unknown> =>
    (await query('SELECT MAX(expires - updated) AS n FROM sessions'))[0]?.['n'];
  const before = Number(await left());
  assert.equal((await ask('/show', cookie)).text, '{"a":1}');
  assert.ok(Number(await left()) > before + 500_000);
});

test('a database that cannot be reached is an error, and not an empty session', async () => {
  const { cookie } = await (await start(newStore(), { '/put/:key': put }))('/put/a');
  const pool = poolOf('mysql://root@localhost/none', { socketPath: '/no/such/socket' });
  const ask = await start(storeOn(pool, { timeout: 0.05 }), { '/show': show, '/put/:key': put });
  assert.equal((await ask('/show', cookie)).status, 500);
  const save = await ask('/put/a');
  assert.deepEqual([save.status, save.cookie], [500, '']);
});

test('a strategy that locks is refused', () => {
  assert.throws(() => new FastifySessionStore(newStore({ strategy: 'lease' })), /use 'merge'/);
});
