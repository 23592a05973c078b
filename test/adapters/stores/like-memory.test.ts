/**
 * An application cannot tell this store from express-session's MemoryStore as long as its requests
 * come one after the other: each scenario runs with both, and all that can be seen must be equal.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import session, { MemoryStore, type SessionOptions, type Store } from 'express-session';
import { ExpressSessionStore } from '../../../src/adapters/stores/express-session.ts';
import type { Sessions } from '../../../src/store/store.ts';
import { newSchema, poolOf, storeOn } from '../../store/fixture.ts';
import { serve } from '../fixture.ts';

const sessions: Sessions = storeOn(poolOf((await newSchema()).url), {
  idle: 1e9,
  absolute: Number.POSITIVE_INFINITY,
});
await sessions.createTable();

/** A store with every method, as both are. */
type AllOf = MemoryStore & Required<Store>;

/** The requests of a scenario. Its visitor keeps cookies; ids are numbered in the order of their use. */
interface Visit {
  /** Returns status, text, and which session the cookie that was set names, if one was set. */
  ask(path: string): Promise<string>;
  /** Awaits a method of the store. */
  call<Value>(
    run: (store: AllOf, done: (error: unknown, value?: Value | null) => void) => void,
  ): Promise<Value>;
  /** The calls that express-session made, in order. */
  readonly calls: string[];
  /** The id of the visitor's session. */
  readonly id: string;
  /** The visitor's stored session, without the times that depend on the moment. */
  stored(): Promise<unknown>;
}

async function visitOf(
  store: Store,
  options: Partial<SessionOptions>,
  routes: Record<string, RequestHandler>,
): Promise<Visit> {
  const calls: string[] = [];
  for (const name of ['set', 'touch', 'destroy'] as const) {
    const method = store[name] as (...values: unknown[]) => void;
    store[name] = (...values: unknown[]) => {
      calls.push(name);
      method.apply(store, values);
    };
  }
  const app: Express = express();
  app.use(session({ store, secret: 'signs', resave: false, saveUninitialized: false, ...options }));
  for (const [path, route] of Object.entries(routes)) app.get(path, route);
  const fail: ErrorRequestHandler = (error: Error, _request, response, _next) =>
    void response.status(500).end(error.message);
  app.use(fail);
  const url = await serve(app);
  const seen: string[] = [];
  let cookie = '';
  const idIn = (value: string): string =>
    /=s:(.*)\.[^.]*$/.exec(decodeURIComponent(value))?.[1] ?? '';
  const call: Visit['call'] = (run) =>
    new Promise((resolve, reject) =>
      run(store as AllOf, (error, value) => (error ? reject(error) : resolve(value as never))),
    );
  return {
    calls,
    call,
    get id() {
      return idIn(cookie);
    },
    async ask(path) {
      const response = await fetch(url + path, { headers: { cookie } });
      const [set] = response.headers.getSetCookie();
      cookie = set?.split(';')[0] ?? cookie;
      if (set && !seen.includes(idIn(cookie))) seen.push(idIn(cookie));
      const named = set ? ` sets ${seen.indexOf(idIn(cookie))}` : '';
      return `${response.status} ${await response.text()}${named}`;
    },
    async stored() {
      const data = await call<session.SessionData | undefined>((it, done) =>
        it.get(idIn(cookie), done),
      );
      if (!data) return undefined;
      const { expires, originalMaxAge, ...attributes } = data.cookie;
      // express-session itself loses a millisecond of it now and then.
      const lasts = originalMaxAge && Math.round(originalMaxAge / 100) * 100;
      return { ...data, cookie: { ...attributes, ends: Boolean(expires), lasts } };
    },
  };
}

function likeMemory(
  name: string,
  options: Partial<SessionOptions>,
  routes: Record<string, RequestHandler>,
  scenario: (visit: Visit) => Promise<readonly unknown[]>,
  expected: RegExp,
): void {
  test(name, async () => {
    const memory = await scenario(await visitOf(new MemoryStore(), options, routes));
    assert.match(JSON.stringify(memory), expected, 'the scenario does what it says');
    await sessions.endAll();
    const ours = new ExpressSessionStore(sessions);
    assert.deepEqual(await scenario(await visitOf(ours, options, routes)), memory);
  });
}

const count: RequestHandler = (request, response) => {
  request.session['count'] = Number(request.session['count'] ?? 0) + 1;
  response.send(`count ${request.session['count']}`);
};
const look: RequestHandler = (request, response) => {
  response.send(`look ${request.session['count']} ${Object.keys(request.session).sort()}`);
};
const length = (visit: Visit): Promise<number> => visit.call<number>((it, done) => it.length(done));

likeMemory(
  'a visitor is counted, and found again by load()',
  {},
  { '/': count, '/look': look },
  async (visit) => [
    await visit.ask('/look'),
    await length(visit),
    await visit.ask('/'),
    await visit.ask('/'),
    await visit.ask('/look'),
    (await visit.call<session.SessionData>((it, done) => it.load(visit.id, done)))['count'],
    await length(visit),
    visit.calls,
  ],
  /look undefined cookie",0,.*count 2.*"set","set","touch"/,
);

likeMemory(
  'sessions that nothing was stored in are saved where that is asked for',
  { saveUninitialized: true, resave: true, rolling: true, cookie: { maxAge: 60_000 } },
  { '/look': look },
  async (visit) => [
    await visit.ask('/look'),
    await visit.ask('/look'),
    await length(visit),
    visit.calls,
  ],
  /sets 0.*sets 0",1,\["set","set"\]/,
);

likeMemory(
  'an unknown id is not adopted',
  {},
  { '/': count },
  async (visit) => {
    const first = await visit.ask('/');
    await visit.call((it, done) => it.clear(done));
    return [first, await visit.ask('/'), await length(visit)];
  },
  /count 1 sets 1",1/,
);

likeMemory(
  'a session of five milliseconds is over after twenty',
  { cookie: { maxAge: 5 } },
  { '/': count },
  async (visit) => {
    const first = await visit.ask('/');
    await pause(20);
    const all = await visit.call<object>((it, done) => it.all(done as never));
    return [first, Object.keys(all).length, await visit.ask('/')];
  },
  /,0,"200 count 1 sets 1"/,
);

likeMemory(
  'a session without a cookie is an error, and can be replaced',
  {},
  { '/': count },
  async (visit) => {
    const first = await visit.ask('/');
    await visit.call((it, done) => it.set(visit.id, { count: 7 } as never, done));
    const broken = await visit.ask('/');
    const cookie = { path: '/', originalMaxAge: null };
    await visit.call((it, done) => it.set(visit.id, { count: 7, cookie } as never, done));
    return [first, broken, await visit.ask('/')];
  },
  /500 Cannot read.*count 8/,
);

for (const unset of ['keep', 'destroy'] as const) {
  likeMemory(
    `a session that is set to null, with unset: '${unset}'`,
    { unset },
    {
      '/': count,
      '/null': (request, response) => {
        request.session = null as never;
        response.send('null');
      },
    },
    async (visit) => [
      await visit.ask('/'),
      await visit.ask('/null'),
      await length(visit),
      await visit.ask('/'),
    ],
    unset === 'keep' ? /,1,"200 count 2/ : /,0,"200 count 1/,
  );
}

likeMemory(
  'destroy, regenerate and reload',
  {},
  {
    '/': count,
    '/look': look,
    '/destroy': (request, response, next) =>
      request.session.destroy((error) =>
        error ? next(error) : response.send(String(request.session)),
      ),
    '/regenerate': (request, response, next) =>
      request.session.regenerate((error) => (error ? next(error) : response.send('new'))),
    '/login': (request, response, next) =>
      request.session.regenerate((error) => {
        request.session['count'] = 100;
        return error ? next(error) : response.send('in');
      }),
    '/reload': (request, response) => {
      request.session['count'] = -1;
      request.session['other'] = 1;
      request.session.reload((error) =>
        response.send(
          `reloaded ${error} ${Object.keys(request.session)} ${request.session['count']}`,
        ),
      );
    },
    '/gone': (request, response, next) =>
      request.sessionStore.destroy(request.sessionID, (error) => {
        if (error) return next(error);
        let left = 20;
        const again = (): unknown =>
          --left ? request.session.reload(again) : response.send('reloaded 20 times');
        again();
      }),
    '/missing': (request, _response, next) =>
      request.sessionStore.destroy(request.sessionID, (error) =>
        error ? next(error) : request.session.reload(next),
      ),
  },
  async (visit) => [
    await visit.ask('/'),
    await visit.ask('/reload'),
    await visit.ask('/'),
    await visit.ask('/login'),
    await visit.ask('/'),
    await visit.ask('/regenerate'),
    await visit.ask('/look'),
    await visit.ask('/'),
    await visit.ask('/destroy'),
    await visit.ask('/'),
    await visit.ask('/gone'),
    await length(visit),
    await visit.ask('/'),
    await visit.ask('/missing'),
    visit.calls,
  ],
  /count 2".*in sets 1".*count 101".*undefined.*20 times.*,0,.*500 failed to load session/,
);

likeMemory(
  'save() is not repeated at the end of the request, after a reload neither',
  { resave: true },
  {
    '/save': (request, response, next) => {
      request.session['hit'] = 1;
      request.session.save((error) => (error ? next(error) : response.send('saved')));
    },
    '/reload': (request, response, next) =>
      request.session.reload(() =>
        request.session.save((error) => (error ? next(error) : response.send('saved'))),
      ),
    '/twice': (request, response, next) => {
      request.session['hit'] = 2;
      request.session.save();
      request.session['hit'] = 3;
      request.session['more'] = 1;
      request.session.save((error) => (error ? next(error) : response.send('twice')));
    },
  },
  async (visit) => [
    await visit.ask('/twice'),
    await visit.stored(),
    await visit.ask('/save'),
    await visit.ask('/reload'),
    await visit.ask('/twice'),
    await visit.stored(),
    visit.calls,
  ],
  /"hit":3,"more":1.*\["set","set","set","touch","set","touch","set","set","touch"\]/,
);

likeMemory(
  'a cookie that alone was changed is stored: lifetime, none, and attributes',
  { cookie: { maxAge: 60_000 } },
  {
    '/': count,
    '/short': (request, response) => {
      request.session.cookie.maxAge = 30_000;
      response.send('short');
    },
    '/browser': (request, response) => {
      request.session.cookie.expires = null;
      response.send('browser');
    },
    '/strict': (request, response) => {
      request.session.cookie.sameSite = 'strict';
      response.send('strict');
    },
  },
  async (visit) => {
    const lines = [];
    for (const path of ['/', '/short', '/strict', '/browser', '/']) {
      lines.push(await visit.ask(path), await visit.stored());
    }
    return [...lines, visit.calls];
  },
  /"lasts":30000.*"sameSite":"strict".*"ends":false.*"touch","touch","touch","set"/,
);

test('every use moves the end that get() shows, though it is written down rarely', async () => {
  for (const store of [new MemoryStore(), new ExpressSessionStore(sessions)]) {
    const visit = await visitOf(
      store,
      { cookie: { maxAge: 60_000 } },
      { '/': count, '/look': look },
    );
    const end = async (): Promise<number> => {
      const { cookie } = await visit.call<session.SessionData>((it, done) =>
        it.get(visit.id, done),
      );
      return new Date(cookie.expires ?? 0).getTime();
    };
    await visit.ask('/');
    const first = await end();
    await pause(5);
    await visit.ask('/look');
    assert.ok((await end()) > first);
  }
});

test('a callback receives undefined or null for no error, as from MemoryStore', async () => {
  const data = { cookie: { originalMaxAge: null } } as session.SessionData;
  const errorOf = (run: (done: (error?: unknown) => void) => void): Promise<unknown> =>
    new Promise((resolve) => run((error) => resolve(error)));
  for (const store of [new MemoryStore(), new ExpressSessionStore(sessions)]) {
    const errors = [
      await errorOf((done) => store.set('callback', data, done)),
      await errorOf((done) => store.get('callback', done)),
      await errorOf((done) => store.touch('callback', data, done)),
      await errorOf((done) => store.length(done)),
      await errorOf((done) => store.all(done)),
      await errorOf((done) => store.destroy('callback', done)),
      await errorOf((done) => store.clear(done)),
    ];
    assert.deepEqual(errors, [undefined, null, undefined, null, null, undefined, undefined]);
  }
});

likeMemory(
  'ids of the application: any bytes, and the same one again',
  { genid: ({ url }) => `${url} \u{1f36a}%'"\\ ${'x'.repeat(300)}` },
  { '/': count, '/other': count },
  async (visit) => {
    const lines = [await visit.ask('/'), await visit.ask('/')];
    await visit.call((it, done) => it.destroy(visit.id, done));
    return [...lines, await visit.ask('/'), await visit.ask('/'), await length(visit)];
  },
  /count 2".*count 1".*count 2",1/,
);

likeMemory(
  'the cookie as a function, and names of every kind',
  { cookie: ({ url }) => ({ maxAge: url.length * 1000 }) },
  {
    '/': count,
    '/names': (request, response) => {
      Object.assign(request.session, { '7': 1, ключ: 'значение', 'a.b': [null, { c: '\u2028' }] });
      response.send('named');
    },
  },
  async (visit) => {
    const lines = [await visit.ask('/'), await visit.ask('/names'), await visit.stored()];
    const data = await visit.call<session.SessionData>((it, done) => it.get(visit.id, done));
    await visit.call((it, done) => it.set(visit.id, Object.assign(data, { save: 'no' }), done));
    return [...lines, await visit.ask('/'), await visit.stored()];
  },
  /"ключ":"значение".*count 2/s,
);
