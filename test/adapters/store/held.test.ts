/** Responses on node:http: those that continue after the save, and those that wait for several sessions. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import express, { type ErrorRequestHandler, type RequestHandler } from 'express';
import expressSession from 'express-session';
import Fastify from 'fastify';
import { fromNodeHandler, H3, HTTPError, HTTPResponse } from 'h3';
import { toNodeHandler } from 'h3/node';
import { Hono } from 'hono';
import Koa from 'koa';
import { $_SESSION } from '#php';
import { phpSession } from '../../../src/adapters/express.ts';
import { withPhpSession } from '../../../src/adapters/node.ts';
import { expressSessions } from '../../../src/adapters/store/express.ts';
import { fastifySessions } from '../../../src/adapters/store/fastify.ts';
import { withFetchSessions } from '../../../src/adapters/store/fetch.ts';
import { h3Sessions } from '../../../src/adapters/store/h3.ts';
import { honoSessions } from '../../../src/adapters/store/hono.ts';
import { koaSessions } from '../../../src/adapters/store/koa.ts';
import {
  getSession,
  type NodeSessionOptions,
  withSessions,
} from '../../../src/adapters/store/node.ts';
import { gate } from '../../../src/contract/case.ts';
import type { Session } from '../../../src/store/index.ts';
import { newStore, wiredStore } from '../../store/fixture.ts';
import { begin, Memory, quiet, serve } from '../fixture.ts';

/** The bytes that come back until the server closes. */
async function ask(url: string, path = '/'): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  return (await buffer(socket)).toString('latin1');
}

test('the head of a stream that continues after the save is sent once', async () => {
  const url = await serve(
    withSessions(newStore(), async (request, response) => {
      (await getSession(request)).data['visits'] = 1;
      if (request.url === '/large') {
        response.write('x'.repeat(100_000));
        await once(response, 'drain');
      } else if (request.url === '/flushed') response.flushHeaders();
      else response.write('one ');
      while (!response.headersSent || response.writableLength > 0) await wait(1);
      await wait(20);
      response.write('two ');
      response.end('three');
    }),
  );
  for (const path of ['/', '/large', '/flushed']) {
    const answer = await ask(url, path);
    assert.equal(answer.match(/HTTP\/1\.1 200 OK/g)?.length, 1, path);
    assert.equal(answer.match(/__Host-session=/g)?.length, 1, path);
    // From Node 26 on, two writes of one turn are one chunk.
    assert.match(answer, /\r\ntwo (\r\n5\r\n)?three\r\n0\r\n\r\n$/);
  }
});

/** The names of the cookies that a response sets. */
function cookiesOf(answer: string): string[] {
  return [...answer.matchAll(/^set-cookie: ([^=]+)/gim)].map(([, name = '']) => name).sort();
}

test('a middleware that a request passes twice has one session there', async () => {
  const sessions = newStore();
  const app = express();
  const middleware = expressSessions(sessions);
  app.use(middleware, middleware, expressSessions(sessions), async (request, response) => {
    (await getSession(request)).data['visits'] = 1;
    response.send('page');
  });
  const answer = await ask(await serve(app));
  assert.match(answer, /200 OK[\s\S]*page$/);
  assert.deepEqual(cookiesOf(answer), ['__Host-session']);
});

test('two stores have a session each, with a cookie of its own', async () => {
  const [shop, office] = [newStore(), newStore()];
  const app = express();
  app.use(expressSessions(shop), expressSessions(office, { cookie: { name: 'office' } }));
  app.use(async (request, response) => {
    (await getSession(request, { sessions: shop })).data['of'] = 'shop';
    (await getSession(request)).data['of'] = 'office';
    response.writeHead(200, { 'Set-Cookie': 'theme=dark' }).end('page');
  });
  const answer = await ask(await serve(app));
  assert.deepEqual(cookiesOf(answer), ['__Host-session', 'office', 'theme']);
  const idOf = (name: string): string => new RegExp(`${name}=([^;]+)`).exec(answer)?.[1] ?? '';
  assert.equal((await shop.start(idOf('__Host-session'))).data['of'], 'shop');
  assert.equal((await office.start(idOf('office'))).data['of'], 'office');
  await assert.rejects(getSession({}, { sessions: newStore() }), TypeError);
});

test('two stores with one cookie are refused where a page uses both', async () => {
  const [shop, office] = [newStore(), newStore()];
  const app = express();
  app.use(expressSessions(shop), expressSessions(office));
  app.use(async (request, response) => {
    await getSession(request, { sessions: shop });
    await assert.rejects(getSession(request), {
      name: 'TypeError',
      message: /^Two stores use the cookie "__Host-session"/,
    });
    response.send('page');
  });
  assert.match(await ask(await serve(app)), /200 OK[\s\S]*page$/);
});

test('a session of PHP and one of the store, in both orders', async () => {
  const [ours, php] = [expressSessions(newStore()), phpSession(quiet)];
  for (const middlewares of [
    [ours, php],
    [php, ours],
  ]) {
    const memory = new Memory();
    const app = express();
    app.use(...middlewares, async (request, response) => {
      (await getSession(request)).data['visits'] = 1;
      await begin(memory);
      $_SESSION['visits'] = 2;
      response.send('page');
    });
    const answer = await ask(await serve(app));
    assert.match(answer, /200 OK[\s\S]*page$/);
    assert.deepEqual(cookiesOf(answer), ['PHPSESSID', '__Host-session']);
    assert.deepEqual([...memory.rows.values()], ['visits|i:2;']);
  }
});

test('if one of two sessions cannot be saved, the response is its error', async () => {
  const [shop, office] = [newStore(), newStore()];
  for (const failing of [shop, office]) {
    const app = express();
    app.use(expressSessions(shop), expressSessions(office, { cookie: { name: 'office' } }));
    app.use(async (request, response) => {
      for (const sessions of [shop, office]) {
        const session = await getSession(request, { sessions });
        session.data['when'] = sessions === failing ? new Date() : 1;
      }
      response.send('page');
    });
    const answerError: ErrorRequestHandler = (error, _request, response, _next) => {
      response.status(503).send(error.name);
    };
    app.use(answerError);
    assert.match(await ask(await serve(app)), /503 Service[\s\S]*SessionValueError$/);
  }
});

test('a Fetch handler within another, and a request that is handled again', async () => {
  const sessions = newStore();
  const handler = withFetchSessions(
    sessions,
    withFetchSessions(sessions, async (request) => {
      (await getSession(request)).data['visits'] = 1;
      return new Response('page');
    }),
  );
  const request = new Request('https://example.org/');
  for (const response of [await handler(request), await handler(request)]) {
    assert.equal(response.headers.getSetCookie().length, 1);
  }
});

/** Answers past a framework. */
async function answerDirectly(session: Session, response: ServerResponse, way = ''): Promise<void> {
  session.data['way'] = way.startsWith('unsaved') ? new Date() : way;
  response.writeHead(200, { 'Set-Cookie': 'theme=dark' });
  if (way === 'stream') response.write('one ');
  response.end('page');
  // The save is over before the page is.
  if (way === 'unsaved-late') await once(response, 'close');
}

test("a page that answers through Node's response behind its framework has its session saved", async () => {
  const sessions = newStore();
  let handle: RequestListener = () => {};
  const fastify = Fastify({
    serverFactory: (handler) => {
      handle = handler;
      return createServer();
    },
  });
  fastify.register(fastifySessions(sessions));
  fastify.get('/:way', async (request, reply) => {
    const { way } = request.params as { way: string };
    reply.hijack();
    await answerDirectly(await getSession(request), reply.raw, way);
  });
  await fastify.ready();
  const koa = new Koa();
  koa.silent = true;
  koa.use(koaSessions(sessions)).use(async (ctx) => {
    ctx.respond = false;
    await answerDirectly(await getSession(ctx.req), ctx.res, ctx.path.slice(1));
  });
  const hono = new Hono<{ Bindings: HttpBindings }>();
  hono.use(honoSessions(sessions)).get('/:way', async ({ env, req }) => {
    const session = await getSession(req);
    setImmediate(() => void answerDirectly(session, env.outgoing, req.param('way')));
    return RESPONSE_ALREADY_SENT;
  });
  const h3 = new H3().use(h3Sessions(sessions));
  h3.get('/:way', async (event) => {
    const session = await getSession(event.req);
    const way = event.context.params?.['way'];
    const page = (_request: unknown, response: object): void =>
      void answerDirectly(session, response as ServerResponse, way);
    return await fromNodeHandler(page)(event);
  });
  for (const url of [
    await serve((request, response) => handle(request, response)),
    await serve(koa.callback()),
    // h3 would take its own Response for a text, with another one in the global's place.
    await serve(getRequestListener(hono.fetch, { overrideGlobalObjects: false })),
    await serve(toNodeHandler(h3) as RequestListener),
  ]) {
    for (const way of ['once', 'stream']) {
      const answer = await ask(url, `/${way}`);
      assert.match(answer, /^HTTP\/1.1 200 OK[\s\S]*page/);
      assert.deepEqual(cookiesOf(answer), ['__Host-session', 'theme']);
      const id = /__Host-session=([^;]+)/.exec(answer)?.[1];
      assert.equal((await sessions.start(id)).data['way'], way);
    }
    for (const way of ['unsaved', 'unsaved-late']) {
      const answer = await ask(url, `/${way}`);
      assert.match(answer, /^HTTP\/1.1 500 [\s\S]*Internal Server Error\n?$/);
      assert.deepEqual(cookiesOf(answer), []);
    }
  }
});

test('a page that closes its socket after its answer is answered first', async () => {
  const url = await serve(
    withSessions(newStore(), async (request, response) => {
      (await getSession(request)).data['visits'] = 1;
      response.end('page');
      if (request.url === '/end') request.socket.end();
      else request.socket.destroySoon();
    }),
  );
  for (const path of ['/end', '/soon']) assert.match(await ask(url, path), /200 OK[\s\S]*page$/);
});

test('a page that ends without an answer, as its client has gone, is saved, and its lock is released', async () => {
  const sessions = newStore({ strategy: 'lock', lockTimeout: 5 });
  const first = await sessions.start(undefined);
  await first.renew({ user: 'ann' });
  const page = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const session = await getSession(request);
    session.data['method'] = request.method;
    if (request.method === 'GET') response.destroy();
    else for await (const _ of request) request.socket.resetAndDestroy();
  };
  const [node, router] = [
    await serve(withSessions(sessions, page)),
    await serve(express().use(expressSessions(sessions), page)),
  ];
  const headers = { cookie: `__Host-session=${first.id}` };
  for (const [url, method, body] of [
    [node, 'GET', null],
    [node, 'POST', 'a form'],
    [router, 'GET', null],
  ] as const) {
    await assert.rejects(fetch(url, { method, headers, body }));
    await using session = await sessions.start(first.id);
    assert.equal(session.data['method'], method);
    session.data['method'] = 'none';
    await session.save();
  }
});

test('a page of Express whose upload is cut is saved at once, though its error is not answered', async () => {
  const sessions = newStore({ strategy: 'lock', lockTimeout: 5 });
  const first = await sessions.start(undefined);
  await first.renew({ user: 'ann' });
  const { closed: hasBegun, open } = gate();
  const app = express();
  app.use(expressSessions(sessions), async (request) => {
    (await getSession(request)).data['upload'] = 'begun';
    open();
    for await (const _ of request);
  });
  const ignore: ErrorRequestHandler = (_error, _request, _response, _next) => {};
  const socket = connect(Number(new URL(await serve(app.use(ignore))).port), '127.0.0.1');
  const head = `Cookie: __Host-session=${first.id}\r\nContent-Length: 9`;
  socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\n${head}\r\n\r\nabc`);
  await hasBegun;
  socket.resetAndDestroy();
  await using session = await sessions.start(first.id);
  assert.equal(session.data['upload'], 'begun');
});

test('a function for errors that fails itself leaves the answer to the default', async () => {
  const failures: NodeSessionOptions['onError'][] = [
    () => {
      throw new Error('in onError');
    },
    async () => {
      throw new Error('in onError');
    },
  ];
  for (const onError of failures) {
    const pages: RequestListener[] = [
      withSessions(newStore(), () => Promise.reject(new Error('page')), { onError }),
      withSessions(
        newStore(),
        async (request, response) => {
          (await getSession(request)).data['when'] = new Date();
          response.end('page');
        },
        { onError },
      ),
      withPhpSession(() => Promise.reject(new Error('page')), { onError }),
    ];
    for (const page of pages) assert.match(await ask(await serve(page)), /^HTTP\/1.1 500 /);
  }
});

/** As `compression` does: its end() counts once, and the rest goes to the methods that it has found. */
const compress: RequestHandler = (_request, response, next) => {
  const { write, end } = response;
  const stream = createGzip();
  stream.on('data', (chunk: Buffer) => void write.call(response, chunk, 'utf8'));
  stream.on('end', () => void Reflect.apply(end, response, []));
  response.write = ((chunk: string) => stream.write(chunk)) as typeof response.write;
  response.end = ((chunk: string) => {
    if (!stream.writableEnded) stream.end(chunk);
    return response;
  }) as typeof response.end;
  response.set('Content-Encoding', 'gzip');
  next();
};

/** Middlewares that keep the page's answer for themselves for a while. */
const KEEPERS: Record<string, () => RequestHandler> = {
  'a library that compresses': () => compress,
  'express-session': () =>
    expressSession({ secret: 'signs', resave: true, saveUninitialized: true }),
};

for (const [name, keeper] of Object.entries(KEEPERS)) {
  test(`the answer to a save that failed arrives past ${name}, whichever is first`, async () => {
    const ours = expressSessions(newStore());
    for (const handlers of [
      [keeper(), ours],
      [ours, keeper()],
    ]) {
      const app = express();
      app.use(...handlers, async (request, response) => {
        (await getSession(request)).data['when'] = new Date();
        response.send('a page of some length '.repeat(5000));
      });
      const answerError: ErrorRequestHandler = (error, _request, response, _next) => {
        response.status(503).send((error as Error).name);
      };
      app.use(answerError);
      const response = await fetch(await serve(app), { signal: AbortSignal.timeout(60_000) });
      assert.equal(`${response.status} ${await response.text()}`, '503 SessionValueError');
    }
  });
}

test("the session's cookie joins a head that a library which compresses has sent meanwhile", async () => {
  const { sessions, wire } = await wiredStore();
  const insert = wire.gate(1, /^INSERT INTO `sessions`/, { opens: 'by hand' });
  const app = express();
  app.use(compress, expressSessions(sessions), async (request, response) => {
    (await getSession(request)).data['visits'] = 1;
    response.status(201).end('page');
    // The compressed page waits for the save.
    while (response.writableLength === 0) await wait(1);
    insert.open();
  });
  const response = await fetch(await serve(app));
  assert.equal(`${response.status} ${await response.text()}`, '201 page');
  assert.match(response.headers.getSetCookie().join(), /^__Host-session=[\w-]{43};/);
});

test('a save that fails is answered though its router ignores a second call of next()', async () => {
  const inStore = async (request: IncomingMessage): Promise<void> => {
    (await getSession(request)).data['when'] = new Date();
  };
  const inPhp = async (): Promise<void> => {
    await begin(new Memory());
    $_SESSION['when'] = new Date();
  };
  const answers = (
    [
      [expressSessions(newStore()), inStore],
      [phpSession(quiet), inPhp],
    ] as const
  ).map(async ([middleware, fill]) => {
    const url = await serve((request, response) => {
      let isCalled = false;
      middleware(request, response, async () => {
        if (isCalled) return;
        isCalled = true;
        await fill(request);
        response.end('saved');
      });
    });
    return await ask(url);
  });
  for (const answer of await Promise.all(answers)) assert.match(answer, /^HTTP\/1.1 500 /);
});

test('a page may close its session before it answers, if it has saved its changes', async () => {
  const sessions = newStore({ strategy: 'lock', lockTimeout: 5 });
  const url = await serve(
    withSessions(sessions, async (request, response) => {
      {
        await using session = await getSession(request);
        session.data['n'] = Number(session.data['n'] ?? 0) + 1;
        if (request.url !== '/unsaved') await session.save();
      }
      // The lock is free, though this response has not left.
      if (request.url === '/') await fetch(`${url}/inner`, { headers: request.headers as never });
      response.end('answered');
    }),
  );
  const first = await fetch(`${url}/first`);
  const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  assert.equal(await (await fetch(url, { headers: { cookie } })).text(), 'answered');
  const id = cookie.split('=')[1];
  await using session = await sessions.start(id, { mode: 'read' });
  assert.equal(session.data['n'], 3);
  assert.equal((await fetch(`${url}/unsaved`, { headers: { cookie } })).status, 500);
});

test('a status that is set after the answer does not hide that its session was not saved', async () => {
  const app = express();
  app.use(expressSessions(newStore()), async (request, response) => {
    (await getSession(request)).data['when'] = new Date();
    response.send('saved');
    response.status(500);
  });
  const answerError: ErrorRequestHandler = (error, _request, response, _next) => {
    response.status(503).send((error as Error).name);
  };
  app.use(answerError);
  const response = await fetch(await serve(app));
  assert.equal(`${response.status} ${await response.text()}`, '503 SessionValueError');
});

/** A page that answers by itself that its session could not be saved; the save at the end fails, too. */
async function failTwice(request: object, isTold: boolean): Promise<void> {
  const session = await getSession(request);
  session.data['kept'] = 1;
  await session.renew();
  session.data['when'] = new Date();
  if (isTold) await session.save();
}

test("a page's own answer to a failure stays when the save behind it fails, too", async (t) => {
  const warn = t.mock.method(process, 'emitWarning', () => {});
  const sessions = newStore();
  const inExpress = express();
  inExpress.use(expressSessions(sessions), async (request, response) => {
    await failTwice(request, request.query['told'] !== undefined);
    response.status(Number(request.query['status'])).send('ours');
  });
  const answerError: ErrorRequestHandler = (_error, { query }, response, _next) => {
    const text = query['told'] === undefined ? 'error page' : 'ours';
    response.status(Number(query['status'])).send(text);
  };
  inExpress.use(answerError);
  const inKoa = new Koa();
  inKoa.use(koaSessions(sessions)).use(async (context) => {
    await failTwice(context.req, context.query['told'] !== undefined).catch(() => {});
    context.status = Number(context.query['status']);
    context.body = 'ours';
  });
  inKoa.silent = true;
  const handler = withFetchSessions(sessions, async (request) => {
    const { searchParams } = new URL(request.url);
    await failTwice(request, searchParams.has('told')).catch(() => {});
    return new Response('ours', { status: Number(searchParams.get('status')) });
  });
  const inH3 = new H3({ silent: true }).use(h3Sessions(sessions));
  inH3.get('/', async ({ req, res, url }) => {
    await failTwice(req, url.searchParams.has('told')).catch(() => {});
    res.status = Number(url.searchParams.get('status'));
    return res.status === 503 ? 'ours' : new HTTPResponse('ours');
  });
  const urls = [await serve(inExpress), await serve(inKoa.callback())];
  const answers = urls.map((url) => (query: string) => fetch(`${url}?${query}`));
  for (const answer of [
    ...answers,
    async (query: string) => await inH3.request(`/?${query}`),
    (query: string) => handler(new Request(`http://a/?${query}`)),
  ]) {
    for (const query of ['status=503', 'status=503&told', 'status=409&told']) {
      const response = await answer(query);
      assert.equal(`${response.status} ${await response.text()}`, `${query.slice(7, 10)} ours`);
      // The id of before the renewal will not work for long.
      assert.match(response.headers.get('Set-Cookie') ?? '', /^__Host-session=/);
    }
    // Without either, the failure is not the page's own: it replaces the answer.
    const unaware = await answer('status=404').then(
      (response) => response.text(),
      (error: Error) => error.name,
    );
    assert.match(
      unaware,
      /^(error page|Internal Server Error|SessionValueError|{"status":500,.*)$/,
    );
  }
  assert.ok(warn.mock.callCount() >= 9);
});

test("h3: the cookie of a new session joins the page's own on every kind of answer", async () => {
  const app = new H3({ silent: true });
  const headers = { 'CDN-Cache-Control': 'max-age=60' };
  app.use(h3Sessions(newStore()));
  app.get('/:kind', async ({ req, res, context }) => {
    (await getSession(req)).data['tries'] = 1;
    res.headers.append('Set-Cookie', 'page=1');
    res.errHeaders.append('Set-Cookie', 'error=1');
    const kind = context.params?.['kind'];
    if (kind === '500') throw new HTTPError({ status: 500, headers });
    if (kind === '404') return new Response('not found', { status: 404, headers });
    return new HTTPResponse('page', { headers });
  });
  for (const status of [500, 404, 200]) {
    const response = await app.request(`/${status}`);
    assert.equal(response.status, status);
    const names = response.headers.getSetCookie().map((line) => line.replace(/=.*/, ''));
    assert.deepEqual(names, [status < 400 ? 'page' : 'error', '__Host-session']);
    assert.equal(response.headers.get('CDN-Cache-Control'), 'no-store', `${status}`);
  }
});

test('an error that an h3 handler returns is as one that it throws: its session is stored', async () => {
  const sessions = newStore();
  const app = new H3();
  app.use(h3Sessions(sessions));
  app.get('/', async ({ req }) => {
    (await getSession(req)).data['visits'] = 1;
    return new HTTPError({ status: 410 });
  });
  const count = await sessions.count();
  const response = await app.request('/');
  assert.deepEqual([response.status, response.headers.getSetCookie().length], [410, 1]);
  assert.equal(await sessions.count(), count + 1);
});
