/** The store behind koa-session: overlapping requests, logouts, renewals, lifetimes, failures. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import Koa, { type Middleware } from 'koa';
import session, { type CreateSessionOptions } from 'koa-session';
import {
  KoaSessionStore,
  type KoaSessionStoreOptions,
} from '../../../src/adapters/stores/koa-session.ts';
import { gate } from '../../../src/contract/case.ts';
import type { Sessions } from '../../../src/store/store.ts';
import { newStore, poolOf, query, statementsOn, storeOn, wiredStore } from '../../store/fixture.ts';
import { serve } from '../fixture.ts';

type Routes = Record<string, (ctx: Koa.Context) => unknown>;
type Ask = (
  path: string,
  cookie?: string,
) => Promise<{ status: number; text: string; cookie: string; set: string[] }>;

const byUser: KoaSessionStoreOptions = { user: ({ user }) => user as string | undefined };

async function start(
  sessions: Sessions,
  routes: Routes,
  options: CreateSessionOptions = {},
): Promise<Ask> {
  const app = new Koa();
  app.silent = true;
  const store = new KoaSessionStore(sessions, byUser);
  app.use(session({ store, signed: false, ...options }, app) as Middleware);
  app.use(async (ctx) => {
    ctx.body = 'done';
    await routes[ctx.path]?.(ctx);
  });
  const url = await serve(app.callback());
  return async (path, cookie = '') => {
    const response = await fetch(url + path, { headers: { cookie }, redirect: 'manual' });
    const set = response.headers.getSetCookie();
    return {
      status: response.status,
      text: await response.text(),
      cookie: set.at(-1)?.split(';')[0] ?? cookie,
      set,
    };
  };
}

const show = (ctx: Koa.Context): void => {
  ctx.body = ctx['session'];
};
const login = async (ctx: Koa.Context): Promise<void> => {
  (ctx['session'] as Record<string, unknown>)['user'] = '42';
  await ctx['session']?.regenerate();
};
const put =
  (key: string, value: unknown) =>
  (ctx: Koa.Context): void => {
    (ctx['session'] as Record<string, unknown>)[key] = value;
  };

test('a visitor without data gets neither a row nor a cookie, and data stays from request to request', async () => {
  const { sessions, wire } = await wiredStore();
  const ask = await start(sessions, {
    '/put': put('text', ';'),
    '/show': show,
    '/static': () => {},
  });
  const statements = statementsOn(wire);
  for (const path of ['/static', '/show']) assert.deepEqual((await ask(path)).set, []);
  assert.deepEqual(statements, []);
  const { cookie } = await ask('/put');
  const shown = await ask('/show', cookie);
  assert.deepEqual([shown.text, shown.set], ['{"text":";"}', []]);
});

test('50 requests at once with a key each all keep theirs, also when conflicts are rejected', async () => {
  const routes: Routes = { '/put': put('first', 1), '/show': show };
  for (let at = 0; at < 50; at += 1) routes[`/k${at}`] = put(`k${at}`, at);
  const ask = await start(newStore({ onConflict: 'reject' }), routes);
  const { cookie } = await ask('/put');
  const answers = await Promise.all(Array.from({ length: 50 }, (_, at) => ask(`/k${at}`, cookie)));
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  assert.equal(Object.keys(JSON.parse((await ask('/show', cookie)).text)).length, 51);
});

test('a second save in one request keeps what another request has saved before the first', async () => {
  const { closed, open } = gate();
  const { closed: arrived, open: arrive } = gate();
  const ask = await start(newStore(), {
    '/put': put('first', 1),
    '/other': put('other', 2),
    '/twice': async (ctx) => {
      arrive();
      await closed;
      put('third', 3)(ctx);
      await ctx['session']?.save();
      put('fourth', 4)(ctx);
    },
    '/show': show,
  });
  const { cookie } = await ask('/put');
  const slow = ask('/twice', cookie);
  await arrived;
  await ask('/other', cookie);
  open();
  await slow;
  const { text } = await ask('/show', cookie);
  assert.deepEqual(JSON.parse(text), { first: 1, other: 2, third: 3, fourth: 4 });
});

test('a slow page that saves or renews after the logout does not log in again', async () => {
  for (const late of [put('late', true), (ctx: Koa.Context) => ctx['session']?.regenerate()]) {
    const { closed, open } = gate();
    const { closed: arrived, open: arrive } = gate();
    const sessions = newStore();
    const ask = await start(sessions, {
      '/login': login,
      '/slow': async (ctx) => {
        arrive();
        await closed;
        await late(ctx);
      },
      '/logout': (ctx) => {
        ctx['session'] = null;
      },
      '/show': show,
    });
    const { cookie } = await ask('/login');
    const slow = ask('/slow', cookie);
    await arrived;
    const logout = await ask('/logout', cookie);
    assert.match(logout.set.join(), /^koa\.sess=; .*expires=Thu, 01 Jan 1970/);
    open();
    const after = await slow;
    assert.equal(after.status, 200);
    for (const each of [cookie, after.cookie]) {
      assert.doesNotMatch((await ask('/show', each)).text, /user/);
    }
    assert.deepEqual(await sessions.of('42').list(), []);
  }
});

test('a renewal keeps the data, those of other requests included, and ends the old id', async () => {
  const { closed, open } = gate();
  const { closed: arrived, open: arrive } = gate();
  const ask = await start(newStore(), {
    '/put': put('cart', ['tea']),
    '/other': put('other', 1),
    '/login': async (ctx) => {
      arrive();
      await closed;
      await login(ctx);
    },
    '/show': show,
  });
  const { cookie } = await ask('/put');
  const slow = ask('/login', cookie);
  await arrived;
  await ask('/other', cookie);
  open();
  const renewed = await slow;
  assert.notEqual(renewed.cookie, cookie);
  const { text } = await ask('/show', renewed.cookie);
  assert.deepEqual(JSON.parse(text), { cart: ['tea'], other: 1, user: '42' });
  assert.equal((await ask('/show', cookie)).text, '{}');
});

test('of two logins at once from one page, both are logged in', async () => {
  const { closed, open } = gate();
  const { closed: arrived, open: arrive } = gate();
  let count = 0;
  const sessions = newStore();
  const ask = await start(sessions, {
    '/put': put('cart', 1),
    '/login': async (ctx) => {
      count += 1;
      if (count === 2) arrive();
      await closed;
      await login(ctx);
    },
    '/show': show,
  });
  const { cookie } = await ask('/put');
  const both = [ask('/login', cookie), ask('/login', cookie)];
  await arrived;
  open();
  for (const { status, cookie: own } of await Promise.all(both)) {
    assert.equal(status, 200);
    assert.match((await ask('/show', own)).text, /"user":"42"/);
  }
});

test('an unknown id is not adopted', async () => {
  const ask = await start(newStore(), { '/put': put('a', 1) });
  const { cookie } = await ask('/put', 'koa.sess=11111111-1111-4111-8111-111111111111');
  assert.doesNotMatch(cookie, /1111/);
});

test('maxAge ends a session, and so does the idle time unless the session is used', async () => {
  const sessions = newStore({ idle: 100 });
  const ask = await start(sessions, { '/login': login, '/show': show });
  const { cookie } = await ask('/login');
  const mine = `WHERE d LIKE '%"user":"42"%' ORDER BY created DESC LIMIT 1`;
  const setTo = (milliseconds: number): Promise<unknown> =>
    query(`UPDATE sessions SET expires = expires - ? ${mine}`, [milliseconds]);
  await setTo(60_000);
  assert.match((await ask('/show', cookie)).text, /42/);
  await setTo(60_000);
  assert.match((await ask('/show', cookie)).text, /42/);
  await query(
    `UPDATE sessions SET d=JSON_SET(CONVERT(d USING utf8mb4),'$.data._expire',1),version=version+1 ${mine}`,
  );
  assert.equal((await ask('/show', cookie)).text, '{}');
});

test('a maxAge of "session" stays, and one that a page sets', async () => {
  const counted: Routes = {
    '/count': (ctx) => {
      put('n', Number(ctx['session']?.['n'] ?? 0) + 1)(ctx);
      ctx.body = String(ctx['session']?.['n']);
    },
    '/short': (ctx) => {
      (ctx['session'] as { maxAge: number }).maxAge = 60_000;
    },
  };
  const ask = await start(newStore(), counted, { maxAge: 'session' });
  const first = await ask('/count');
  assert.doesNotMatch(first.set.join(), /expires=/);
  assert.equal((await ask('/count', first.cookie)).text, '2');
  assert.match((await ask('/short', first.cookie)).set.join(), /expires=/);
  assert.equal((await ask('/count', first.cookie)).text, '3');
});

test('an unchanged request writes nothing', async () => {
  const { sessions, wire } = await wiredStore();
  const ask = await start(sessions, { '/put': put('a', 1), '/show': show });
  const { cookie } = await ask('/put');
  const writes = statementsOn(wire, /^(?!SELECT)/);
  await ask('/show', cookie);
  assert.deepEqual(writes, []);
});

test('a redirect does not leave before its session is saved', async () => {
  const { sessions, wire } = await wiredStore();
  const ask = await start(sessions, {
    '/put': (ctx) => {
      put('a', 1)(ctx);
      ctx.redirect('/show');
    },
    '/show': show,
    '/static': () => {},
  });
  const held = wire.gate(1, /^INSERT/, { opens: 'by hand', holds: 'answer' });
  let hasLeft = false;
  const asked = ask('/put').then((answer) => {
    hasLeft = true;
    return answer;
  });
  await held.arrived;
  await ask('/static');
  assert.equal(hasLeft, false);
  held.open();
  const { status, cookie } = await asked;
  assert.equal(status, 302);
  assert.equal((await ask('/show', cookie)).text, '{"a":1}');
});

test('a user is on the row, a revocation ends the session, and a login without a new id is refused', async () => {
  const sessions = newStore();
  const ask = await start(sessions, { '/login': login, '/show': show, '/keep': put('user', '43') });
  const { cookie } = await ask('/login');
  assert.equal((await ask('/keep', cookie)).status, 500);
  assert.match((await ask('/show', cookie)).text, /42/);
  assert.ok((await sessions.of('42').revokeAll()) > 0);
  assert.equal((await ask('/show', cookie)).text, '{}');
});

test('a database that cannot be reached is an error, and the cookie stays', async () => {
  const pool = poolOf('mysql://root@localhost/none', { socketPath: '/no/such/socket' });
  const ask = await start(storeOn(pool, { timeout: 0.05 }), { '/show': show });
  const { status, set } = await ask('/show', 'koa.sess=11111111-1111-4111-8111-111111111111');
  assert.deepEqual([status, set], [500, []]);
});

test('calls of the application itself create, replace and end a session', async () => {
  const store = new KoaSessionStore(newStore());
  for (const user of ['first', 'second']) {
    await store.set('any id é', { user }, 1000);
    assert.deepEqual(await store.get('any id é', 1000), { user });
  }
  await store.destroy('any id é');
  assert.equal(await store.get('any id é', 1000), undefined);
});

test('a strategy that locks is refused, and stored bytes that are not JSON are not quoted', async () => {
  assert.throws(() => new KoaSessionStore(newStore({ strategy: 'lock' })), /use 'merge'/);
  const store = new KoaSessionStore(newStore());
  await store.set('a', { secret: 'x' }, 1000);
  await query(
    `UPDATE sessions SET d='secret x',version=version+1 WHERE d='{"v":2,"data":{"secret":"x"}}'`,
  );
  await assert.rejects(store.get('a', 1000), (error: Error) => {
    assert.equal(error.name, 'SessionUnreadable');
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
});
