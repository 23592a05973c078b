/** The adapter for Next beyond the contract: redirects that are thrown, rendering, reading, the proxy. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  getSession,
  type NextCookies,
  type NextSessions,
  nextSessions,
  withProxySessions,
} from '../../../src/adapters/store/next.ts';
import { gate } from '../../../src/contract/case.ts';
import type { Sessions } from '../../../src/store/store.ts';
import { newStore, query, statementsOn, wiredStore } from '../../store/fixture.ts';

import { jarOf } from './next-jar.ts';

const NAME = '__Host-session';

/** A browser's requests, each with a jar of Next's. */
function start(sessions: Sessions): NextSessions<Record<string, unknown>> & {
  jar: { now: NextCookies };
  next(): void;
  sent(): string | undefined;
} {
  const jar = { now: jarOf(new Request('http://localhost/')).jar };
  const next = (): void => {
    const cookie = `${NAME}=${jar.now.get(NAME)?.value ?? ''}`;
    jar.now = jarOf(new Request('http://localhost/', { headers: { cookie } })).jar;
  };
  const sent = (): string | undefined => jar.now.get(NAME)?.value;
  return { ...nextSessions(sessions, async () => jar.now), jar, next, sent };
}

/** An error by which Next answers. */
function thrown(digest: string): Error {
  return Object.assign(new Error('NEXT'), { digest });
}

/** The object that Next's cookies() gives while a Server Component renders. */
function rendering(jar: NextCookies): NextCookies {
  return {
    get: jar.get,
    set() {
      throw new Error('Cookies can only be modified in a Server Action or Route Handler.');
    },
  };
}

test('a redirect or a "not found" that the action throws is saved, another error is not', async () => {
  const { withSession, readSession, next } = start(newStore());
  const answers = [
    'NEXT_REDIRECT;replace;/;307;',
    'NEXT_HTTP_ERROR_FALLBACK;404',
    'NEXT_NOT_FOUND',
  ];
  for (const digest of answers) {
    const error = thrown(digest);
    const action = withSession((session) => {
      session.update('count', (count = 0) => Number(count) + 1);
      throw error;
    });
    await assert.rejects(action, (reason) => reason === error);
    next();
  }
  for (const error of [thrown('1234'), new Error('failed'), null]) {
    const action = withSession((session) => {
      session.data['count'] = 'wrong';
      throw error;
    });
    await assert.rejects(action, (reason) => reason === error);
    next();
  }
  assert.deepEqual((await readSession()).data, { count: 3 });
});

test('a redirect does not hide that its session was not saved', async () => {
  const { withSession, sent } = start(newStore());
  const action = withSession((session) => {
    session.data['when'] = new Date();
    throw thrown('NEXT_REDIRECT;replace;/;307;');
  });
  await assert.rejects(action, { name: 'SessionValueError' });
  assert.equal(sent(), undefined);
});

test('two actions of one request share the session that the first has begun', async () => {
  const { withSession, readSession } = start(newStore());
  await withSession((session) => {
    session.data['first'] = 1;
  });
  await withSession((session) => {
    session.data['second'] = 2;
  });
  assert.deepEqual((await readSession()).data, { first: 1, second: 2 });
});

test('actions of one request that overlap share one session', async () => {
  const { withSession, readSession, next } = start(newStore({ strategy: 'lock', lockTimeout: 10 }));
  const put = (key: string, value: unknown): Promise<void> =>
    withSession((session) => {
      session.data[key] = value;
    });
  await Promise.all([put('first', 1), put('second', 2)]);
  next();
  await withSession(async (session) => {
    session.data['outer'] = 3;
    await put('inner', 4);
    session.data['later'] = 5;
    await assert.rejects(withSession(() => Promise.reject(new Error('failed'))));
  });
  next();
  const { data } = await readSession();
  assert.deepEqual({ ...data }, { first: 1, second: 2, outer: 3, inner: 4, later: 5 });
});

test('reading in a Server Component sets no cookie, takes no lock, and keeps the session alive', async () => {
  const { sessions, wire } = await wiredStore({ strategy: 'lock', idle: 100, lockTimeout: 10 });
  const { withSession, readSession, jar, next } = start(sessions);
  await withSession(async (session) => {
    session.data['name'] = 'only read';
    await session.renew({ user: '42' });
  });
  next();
  jar.now = rendering(jar.now);
  const statements = statementsOn(wire);
  for (let times = 0; times < 2; times += 1) {
    await query(`UPDATE sessions SET expires = expires - 60000 WHERE d LIKE '%only read%'`);
    const { data, user, handle } = await readSession();
    assert.deepEqual([data['name'], user, typeof handle], ['only read', '42', 'string']);
  }
  assert.doesNotMatch(statements.join('\n'), /GET_LOCK/);
});

test('a page that only reads changes nothing, and a visitor without a session has none after it', async () => {
  const sessions = newStore();
  const { readSession, withSession, sent } = start(sessions);
  const before = await sessions.count();
  const { data, user, handle } = await readSession();
  assert.deepEqual([data, user, handle], [{}, undefined, undefined]);
  await withSession(() => {});
  assert.equal(sent(), undefined);
  assert.equal(await sessions.count(), before);
});

test('a session that a Server Component begins is an error, and leaves no row', async () => {
  const sessions = newStore();
  const { withSession, jar } = start(sessions);
  jar.now = rendering(jar.now);
  const before = await sessions.count();
  const action = withSession((session) => {
    session.data['begun'] = 'while rendering';
  });
  await assert.rejects(action, /Server Action or Route Handler/);
  assert.equal(await sessions.count(), before);
});

test('a logout deletes the cookie, and a late action does not bring the session back', async () => {
  const { withSession, readSession, sent, jar, next } = start(newStore());
  await withSession((session) => session.renew({ user: '42' }));
  const id = sent() ?? '';
  const { closed, open } = gate();
  const { closed: arrived, open: arrive } = gate();
  const late = withSession(async (session) => {
    arrive();
    await closed;
    session.data['late'] = true;
  });
  await arrived;
  next();
  await withSession((session) => session.destroy());
  assert.equal(sent(), '');
  open();
  await late;
  jar.now = jarOf(new Request('http://localhost/', { headers: { cookie: `${NAME}=${id}` } })).jar;
  assert.deepEqual(await readSession(), { data: {}, user: undefined, handle: undefined });
});

test('a response of a Route Handler that sets the cookie is kept from caches', async () => {
  const { withSession } = start(newStore());
  const begin = (response: Response): Promise<Response> =>
    withSession((session) => {
      session.update('count', (count = 0) => Number(count) + 1);
      return response;
    });
  const redirect = await begin(Response.redirect('http://localhost/next'));
  assert.deepEqual(
    [redirect.status, redirect.headers.get('location'), redirect.headers.get('cache-control')],
    [302, 'http://localhost/next', 'no-store'],
  );
  const unchanged = new Response('known');
  assert.equal(await begin(unchanged), unchanged);
});

test("an action may close what it has saved, and the session's cookie replaces a Response's own", async () => {
  const { withSession, readSession, sent } = start(newStore());
  const headers: [string, string][] = [
    ['Set-Cookie', `${NAME}=of-the-page`],
    ['Set-Cookie', 'theme=dark'],
  ];
  const answer = await withSession(async (session) => {
    session.data['count'] = 1;
    await session.save();
    await session.close();
    return new Response('page', { headers });
  });
  assert.deepEqual(answer.headers.getSetCookie(), ['theme=dark']);
  assert.match(sent() ?? '', /^[\w-]{43}$/);
  assert.deepEqual((await readSession()).data, { count: 1 });
  const unsaved = withSession(async (session) => {
    session.data['count'] = 2;
    await session.close();
  });
  await assert.rejects(unsaved, { name: 'SessionClosed' });
});

test('the proxy sets and deletes the cookie by the method of NextResponse', async () => {
  const sessions = newStore();
  const set: [string, string, number | undefined][] = [];
  /** NextResponse: its page learns of a cookie by this method alone. */
  class Answer extends Response {
    readonly cookies: NextCookies = {
      get: () => undefined,
      set: (name, value, { maxAge }) => set.push([name, value, maxAge]),
    };
  }
  const proxy = withProxySessions(sessions, async (request: Request) => {
    const session = await getSession(request);
    if (request.method === 'DELETE') await session.destroy();
    else await session.renew({ user: '42' });
    return new Answer(null, { headers: { 'CDN-Cache-Control': 'max-age=60' } });
  });
  const first = await proxy(new Request('http://localhost/'));
  const [name, id = '', maxAge] = set[0] ?? [];
  assert.deepEqual([name, maxAge], [NAME, undefined]);
  assert.equal((await sessions.open(id))?.user, '42');
  for (const name of ['cache-control', 'cdn-cache-control']) {
    assert.equal(first.headers.get(name), 'no-store');
  }
  const headers = { cookie: `${NAME}=${id}` };
  await proxy(new Request('http://localhost/', { method: 'DELETE', headers }));
  assert.deepEqual(set[1], [NAME, '', 0]);
});

test('the proxy reads the cookie that the page reads, and returns a Response', async () => {
  const sessions = newStore();
  const [ann, bob] = await Promise.all(
    ['ann', 'bob'].map(async (user) => {
      const session = await sessions.start(undefined);
      await session.renew({ user });
      return `${NAME}=${session.id}`;
    }),
  );
  /** NextRequest: its cookies are those of the page. */
  class Asked extends Request {
    readonly cookies: NextCookies = jarOf(this).jar;
  }
  const request = new Asked('http://localhost/', { headers: { cookie: `${ann}; ${bob}` } });
  const proxy = withProxySessions(
    sessions,
    async (request: Request) => new Response((await getSession(request)).user),
  );
  const { readSession } = nextSessions(sessions, async () => request.cookies);
  assert.equal(await (await proxy(request)).text(), (await readSession()).user);
  const none = withProxySessions(sessions, () => undefined as unknown as Response);
  await assert.rejects(none(request), /return NextResponse\.next\(\)/);
});

test('a proxy that asks for no session reaches no database, and an error of it saves nothing', async () => {
  const sessions = newStore();
  const idle = withProxySessions(sessions, () => new Response('static'));
  assert.equal(await (await idle(new Request('http://localhost/'))).text(), 'static');
  const before = await sessions.count();
  const failing = withProxySessions(sessions, async (request: Request) => {
    (await getSession(request)).data['a'] = 1;
    throw new Error('failed');
  });
  await assert.rejects(failing(new Request('http://localhost/')), /failed/);
  assert.equal(await sessions.count(), before);
});
