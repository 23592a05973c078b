/** One contract for the adapters of the store: saved before the response leaves, and the cookie. */
import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { getRequestListener } from '@hono/node-server';
import express, { type ErrorRequestHandler } from 'express';
import Fastify from 'fastify';
import { H3 } from 'h3';
import { Hono } from 'hono';
import { etag } from 'hono/etag';
import Koa from 'koa';
import { type ExchangeOptions, getSession } from '../../../src/adapters/store/exchange.ts';
import { expressSessions } from '../../../src/adapters/store/express.ts';
import { fastifySessions } from '../../../src/adapters/store/fastify.ts';
import { withFetchSessions } from '../../../src/adapters/store/fetch.ts';
import { h3Sessions } from '../../../src/adapters/store/h3.ts';
import { honoSessions } from '../../../src/adapters/store/hono.ts';
import type { HttpSessionOptions } from '../../../src/adapters/store/http.ts';
import { koaSessions } from '../../../src/adapters/store/koa.ts';
import {
  type NextCookies,
  nextSessions,
  withProxySessions,
} from '../../../src/adapters/store/next.ts';
import { withSessions } from '../../../src/adapters/store/node.ts';
import type {
  Page as ContractPage,
  PageSession,
  SessionSite,
} from '../../../src/contract/adapter/site.ts';
import { adapterContract } from '../../../src/contract/adapter.ts';
import type { Session } from '../../../src/store/index.ts';
import type { Sessions } from '../../../src/store/store.ts';
import { type Options, poolOf, statementsOn, storeOn, wiredStore } from '../../store/fixture.ts';
import { serve } from '../fixture.ts';
import { jarOf } from './next-jar.ts';

interface Data {
  visits: number;
  [key: string]: unknown;
}

/** An answer in no framework's words. */
interface Answer {
  status?: number | undefined;
  body?: string | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  /** Streamed before the body. */
  pieces?: readonly string[] | undefined;
}

type Page = (get: () => Promise<Session<Data>>, path: string) => Promise<Answer>;
type Serve = (sessions: Sessions, page: Page, options?: ExchangeOptions) => Promise<string>;

const failed = { status: 500, body: 'failed' };

const onNode: Serve = (sessions, page, options) =>
  serve(
    withSessions(
      sessions,
      async (request, response) => {
        const {
          status = 200,
          body = '',
          headers,
          pieces = [],
        } = await page(() => getSession<Data>(request), request.url ?? '/');
        response.writeHead(status, headers);
        for (const piece of pieces) response.write(piece);
        response.end(body);
      },
      {
        ...options,
        onError: (_error, _request, response) => void response.writeHead(500).end('failed'),
      },
    ),
  );

const onExpress: Serve = (sessions, page, options) => {
  const app = express();
  app.use(expressSessions(sessions, options));
  app.use(async (request, response) => {
    const {
      status = 200,
      body = '',
      headers = {},
      pieces,
    } = await page(() => getSession<Data>(request), request.url);
    response.status(status).set(headers);
    if (pieces === undefined) response.send(body);
    else Readable.from(pieces).pipe(response);
  });
  const fail: ErrorRequestHandler = (_error, _request, response, _next) =>
    void response.status(500).send('failed');
  app.use(fail);
  return serve(app);
};

/** Pages behind Fetch answer their errors themselves: a handler that rejects has no Response to save for. */
async function orFailed(answer: Promise<Answer>): Promise<Answer> {
  return await answer.catch((error: Error) => {
    if (error.name.startsWith('Session')) throw error;
    return failed;
  });
}

const responseOf = ({ status = 200, body = '', headers = {}, pieces }: Answer): Response => {
  const encoded = pieces?.map((piece) => new TextEncoder().encode(piece));
  const stream = encoded && (Readable.toWeb(Readable.from(encoded)) as ReadableStream);
  return new Response(stream ?? body, { status, headers });
};

const onFetch: Serve = (sessions, page, options) => {
  const handler = withFetchSessions(
    sessions,
    async (request) =>
      responseOf(
        await orFailed(page(() => getSession<Data>(request), new URL(request.url).pathname)),
      ),
    options,
  );
  return serve(getRequestListener((request) => handler(request).catch(() => responseOf(failed))));
};

const onHono: Serve = (sessions, page, options) => {
  const app = new Hono();
  app.onError(() => responseOf(failed));
  app.use(honoSessions(sessions, options));
  app.all('*', async (c) => responseOf(await page(() => getSession<Data>(c.req.raw), c.req.path)));
  return serve(getRequestListener(app.fetch));
};

const onH3: Serve = (sessions, page, options) => {
  const app = new H3({ onError: () => responseOf(failed) });
  app.use(h3Sessions(sessions, options));
  app.all('/**', async ({ req, url }) =>
    responseOf(await page(() => getSession<Data>(req), url.pathname)),
  );
  return serve(getRequestListener((request) => app.fetch(request) as Promise<Response>));
};

const onKoa: Serve = (sessions, page, options) => {
  const app = new Koa();
  app.silent = true;
  app.use(async (ctx, next) => {
    await next().catch(() => {
      ctx.status = failed.status;
      ctx.body = failed.body;
    });
  });
  app.use(koaSessions(sessions, options));
  app.use(async (ctx) => {
    const {
      status = 200,
      body = '',
      headers = {},
      pieces,
    } = await page(() => getSession<Data>(ctx.req), ctx.path);
    ctx.status = status;
    ctx.set(headers);
    ctx.body = pieces ? Readable.from(pieces) : body;
  });
  return serve(app.callback());
};

const onFastify: Serve = async (sessions, page, options) => {
  let handle: RequestListener = () => {};
  const app = Fastify({
    serverFactory: (handler) => {
      handle = handler;
      return createServer();
    },
  });
  app.setErrorHandler((_error, _request, reply) => reply.status(failed.status).send(failed.body));
  app.register(fastifySessions(sessions, options));
  app.all('*', async (request, reply) => {
    const {
      status = 200,
      body = '',
      headers = {},
      pieces,
    } = await page(() => getSession<Data>(request), request.url);
    return reply
      .status(status)
      .headers(headers)
      .send(pieces ? Readable.from(pieces) : body);
  });
  await app.ready();
  return await serve((request, response) => handle(request, response));
};

/** A Route Handler: `cookies()` has a jar for each request, whose cookies join the Response's own. */
const onNext: Serve = (sessions, page, options) => {
  const requests = new AsyncLocalStorage<NextCookies>();
  const jarOfNow = async (): Promise<NextCookies> => requests.getStore() as NextCookies;
  const { withSession } = nextSessions(sessions as Sessions<Data>, jarOfNow, options);
  const handler = async (request: Request): Promise<Response> => {
    const { jar, lines } = jarOf(request);
    const { pathname } = new URL(request.url);
    const response = await requests.run(jar, () =>
      withSession(async (session) =>
        responseOf(await orFailed(page(async () => session, pathname))),
      ),
    );
    for (const line of lines) response.headers.append('Set-Cookie', line);
    return response;
  };
  return serve(getRequestListener((request) => handler(request).catch(() => responseOf(failed))));
};

/** `proxy.ts` that answers itself, with a plain Response. */
const onProxy: Serve = (sessions, page, options) => {
  const proxy = withProxySessions(
    sessions,
    async (request: Request) =>
      responseOf(
        await orFailed(page(() => getSession<Data>(request), new URL(request.url).pathname)),
      ),
    options,
  );
  return serve(getRequestListener((request) => proxy(request).catch(() => responseOf(failed))));
};

const adapters: Record<string, Serve> = {
  'node:http': onNode,
  Express: onExpress,
  Fetch: onFetch,
  Hono: onHono,
  h3: onH3,
  Koa: onKoa,
  Fastify: onFastify,
  "Next's Route Handler": onNext,
  "Next's proxy": onProxy,
};

const count: Page = async (get) => {
  const session = await get();
  session.update('visits', (visits = 0) => visits + 1);
  return { body: String(session.data.visits) };
};

/** Asks as a browser that keeps the session's cookie. */
async function ask(
  url: string,
  cookie = '',
): Promise<{ response: Response; text: string; cookie: string }> {
  const response = await fetch(url, { headers: { cookie }, redirect: 'manual' });
  const line = response.headers.getSetCookie().find((each) => /^(__Host-)?session=/.test(each));
  return { response, text: await response.text(), cookie: line?.split(';')[0] ?? cookie };
}

async function place(options?: Options): ReturnType<typeof wiredStore> {
  return await wiredStore(options);
}

/** A page of the contract, with its session in this store's words. */
function onStore(page: ContractPage): Page {
  return async (get, path) => {
    const { body, ...answer } = await page(async (): Promise<PageSession> => {
      const session = await get();
      return {
        get: (key) => session.data[key],
        set(key, value) {
          session.data[key] = value;
        },
        update: (key, change) => session.update(key, change as (value: unknown) => never),
        async login(user) {
          session.data['user'] = user;
          await session.renew({ user });
        },
        destroy: () => session.destroy(),
      };
    }, path);
    return typeof body === 'object' ? { ...answer, pieces: body } : { ...answer, body };
  };
}

const nowhere = storeOn(poolOf('mysql://root@127.0.0.1:1/none'), { timeout: 0.05 });

async function siteOf(start: Serve): Promise<SessionSite> {
  const { sessions, wire } = await wiredStore();
  const writes = statementsOn(wire, /^(?!SELECT)/);
  return {
    serve: (page) => start(sessions, onStore(page)),
    serveUnreachable: (page) => start(nowhere, onStore(page)),
    holdSave() {
      const gate = wire.gate(1, /^(INSERT|UPDATE)/, { holds: 'answer', opens: 'by hand' });
      return { arrived: gate.arrived, release: () => gate.open() };
    },
    countWrites: () => writes.length,
  };
}

for (const [name, start] of Object.entries(adapters)) {
  adapterContract({ test, name, create: () => siteOf(start) });

  test(`${name}: a session lasts from request to request, and its cookie is set once`, async () => {
    const { sessions } = await place();
    const url = await start(sessions, count);
    const first = await ask(url);
    assert.equal(first.text, '1');
    assert.match(
      first.response.headers.getSetCookie().join(),
      /^__Host-session=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    assert.equal(first.response.headers.get('cache-control'), 'no-store');
    const second = await ask(url, first.cookie);
    assert.equal(second.text, '2');
    assert.deepEqual(second.response.headers.getSetCookie(), []);
  });

  test(`${name}: a page without a session reaches no database and sets no cookie`, async () => {
    const { sessions, wire } = await place();
    let statements = 0;
    wire.watch(({ kind }) => {
      if (kind === 'began') statements += 1;
    });
    const url = await start(sessions, async (get, path) => {
      if (path === '/read') await get();
      return { body: 'static' };
    });
    for (const path of ['/', '/read']) {
      const { response } = await ask(url + path, '__Host-session=invalid');
      assert.deepEqual(response.headers.getSetCookie(), []);
    }
    assert.equal(statements, 0);
  });

  test(`${name}: a session that cannot be saved answers with an error, and sets no cookie`, async () => {
    const { sessions } = await place();
    const url = await start(sessions, async (get) => {
      (await get()).data['when'] = new Date();
      return { body: 'saved', headers: { 'X-Page': 'yes' } };
    });
    const { response, text } = await ask(url);
    assert.deepEqual([response.status, text], [500, 'failed']);
    assert.deepEqual(response.headers.getSetCookie(), []);
  });

  test(`${name}: a lock is released when the response has left`, async () => {
    const { sessions } = await place({ strategy: 'lock', lockTimeout: 5 });
    const url = await start(sessions, count);
    const { cookie } = await ask(url);
    await Promise.all(Array.from({ length: 5 }, () => ask(url, cookie)));
    assert.equal((await ask(url, cookie)).text, '7');
  });

  test(`${name}: other names and attributes of the cookie`, async () => {
    const { sessions } = await place();
    const cookie = { name: 'session', secure: false, sameSite: 'Strict', maxAge: 60 } as const;
    const url = await start(sessions, count, { cookie });
    const first = await ask(url);
    assert.match(
      first.response.headers.getSetCookie().join(),
      /^session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=60$/,
    );
    assert.equal((await ask(url, `other=1; ${first.cookie}`)).text, '2');
  });
}

test('a page that asks for its session after its response gets an error that says so', async () => {
  const { sessions } = await place();
  const errors: unknown[] = [];
  for (const adapt of [
    (request: IncomingMessage) => getSession(request).catch((error) => errors.push(error)),
  ]) {
    const url = await serve(
      withSessions(sessions, async (request, response) => {
        response.end('early');
        await adapt(request);
      }),
    );
    assert.equal((await ask(url)).text, 'early');
  }
  assert.match(String(errors[0]), /SessionClosed: The response has begun/);
});

test('a request that the middleware has not seen, and a cookie that browsers refuse', async () => {
  const { sessions } = await place();
  await assert.rejects(getSession({}), /the sessions' middleware must come first/);
  const refused: ExchangeOptions[] = [
    { cookie: { name: 'a b' } },
    { cookie: { name: '__Host-a' as string, domain: 'example.org' } },
    { cookie: { name: '__Host-a' as string, secure: false } },
    { cookie: { name: 'a', sameSite: 'None', secure: false } },
    { cookie: { name: 'a', path: '/; Domain=x' } },
    { cookie: { maxAge: 1.5 } },
    // Written as 1e+21, which browsers ignore.
    { cookie: { maxAge: 1e21 } },
    // Browsers compare a prefix without regard to case.
    { cookie: { name: '__host-a' as string, secure: false } },
    { cookie: { name: '__HOST-a' as string, path: '/a' } },
    { cookie: { name: '__secure-a', secure: false } },
    { cookie: { name: '__Http-a', secure: false } },
    ...['https://example.org', 'example.org:443', 'a b', '', null as never].map((domain) => ({
      cookie: { name: 'a', domain },
    })),
    { cookie: { sameSite: ['Lax'] as never } },
  ];
  for (const options of refused) {
    assert.throws(() => expressSessions(sessions, options), TypeError, JSON.stringify(options));
  }
  const misspelt: [object, RegExp][] = [
    [
      { cookie: { httpOnly: false } },
      /the cookie has no option "httpOnly"; known are name, secure,/,
    ],
    [{ name: 'sid' }, /write the option "name" as { cookie: { name: … } }/],
  ];
  for (const [options, message] of misspelt) {
    assert.throws(() => expressSessions(sessions, options), { name: 'TypeError', message });
  }
  const options: HttpSessionOptions = { hangupGrace: 5 };
  for (const adapt of [expressSessions, koaSessions, fastifySessions]) adapt(sessions, options);
  // Without a response of Node's, an adapter does not know when a client has gone.
  for (const adapt of [
    () => withFetchSessions(sessions, () => new Response(), options),
    () => honoSessions(sessions, options),
    () => h3Sessions(sessions, options),
    () => nextSessions(sessions, async () => jarOf(new Request('https://a.example')).jar, options),
    () => withProxySessions(sessions, () => new Response(), options),
  ]) {
    assert.throws(adapt, { name: 'SessionSetupError', message: /no option "hangupGrace"/ });
  }
});

test('Hono: behind the sessions, a 304 of etag() carries the cookie', async () => {
  const { sessions } = await place();
  const app = new Hono().use(honoSessions(sessions), etag());
  app.get('/', async ({ req, text }) => {
    (await getSession(req)).data['visits'] = 1;
    return text('page');
  });
  const tag = (await app.request('/')).headers.get('etag') ?? '';
  const { status, headers } = await app.request('/', { headers: { 'If-None-Match': tag } });
  assert.equal(status, 304);
  assert.match(headers.getSetCookie().join(), /^__Host-session=/);
});

test('Koa: the cookie of a new session is set with the answer of a middleware to an error', async () => {
  const { sessions } = await place();
  const url = await onKoa(sessions, async (get) => {
    (await get()).data['tries'] = 1;
    throw new Error('thrown by the page');
  });
  const { response, cookie } = await ask(url);
  assert.deepEqual([response.status, cookie.split('=')[0]], [500, '__Host-session']);
});
