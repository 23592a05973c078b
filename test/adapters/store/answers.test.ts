/** Answers of frameworks that fail, or that the framework changes, after the session's save has begun. */
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { getRequestListener } from '@hono/node-server';
import express from 'express';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { H3, HTTPError, onResponse } from 'h3';
import { toNodeHandler } from 'h3/node';
import { Hono } from 'hono';
import Koa from 'koa';
import { $_SESSION, session_id } from '#php';
import { withPhpSession } from '../../../src/adapters/node.ts';
import { expressSessions } from '../../../src/adapters/store/express.ts';
import { fastifySessions } from '../../../src/adapters/store/fastify.ts';
import { withFetchSessions } from '../../../src/adapters/store/fetch.ts';
import { h3Sessions } from '../../../src/adapters/store/h3.ts';
import { honoSessions } from '../../../src/adapters/store/hono.ts';
import { koaSessions } from '../../../src/adapters/store/koa.ts';
import { getSession, withSessions } from '../../../src/adapters/store/node.ts';
import { newStore } from '../../store/fixture.ts';
import { begin, Memory, quiet, serve } from '../fixture.ts';

/** Changes the session; with a value that no store can save, so that the save fails. */
async function change(request: object, isRefused = false): Promise<void> {
  (await getSession(request)).data['visits'] = isRefused ? new Date() : 1;
}

/** A Fastify application with sessions, and its address. */
async function fastify(build: (app: FastifyInstance) => void): Promise<string> {
  let handle: RequestListener = () => {};
  const app = Fastify({
    serverFactory: (handler) => {
      handle = handler;
      return createServer();
    },
  });
  app.register(fastifySessions(newStore()));
  build(app);
  await app.ready();
  return await serve((request, response) => handle(request, response));
}

const cookiesOf = (response: Response): string[] =>
  response.headers.getSetCookie().map((line) => line.split('=')[0] ?? '');

test('a page that pipes a stream is stopped before the error page of a save that failed', async () => {
  const app = express().set('env', 'test');
  let source: Readable | undefined;
  app.use(expressSessions(newStore()), async (request, response) => {
    await change(request, true);
    source = Readable.from(['page '.repeat(9999), 'more', 'more']);
    source.pipe(response);
  });
  // Express's own handler waits until the request's body has been read.
  const response = await fetch(await serve(app));
  const text = await response.text();
  assert.equal(response.status, 500);
  assert.match(text, /SessionValueError/);
  assert.doesNotMatch(text, /page page|moremore/);
  assert.equal(source?.listenerCount('data'), 0);
});

test('a stream that fails during the save is answered as one that fails later', async () => {
  const missing = (): Readable => createReadStream('/does/not/exist');
  const onFastify = await fastify((app) => {
    app.get('/', async (request, reply) => {
      await change(request);
      return reply.send(missing());
    });
  });
  const koa = new Koa();
  koa.silent = true;
  koa.use(koaSessions(newStore())).use(async (context) => {
    await change(context.req);
    context.body = missing();
  });
  const inH3 = new H3({ silent: true }).use(h3Sessions(newStore()));
  inH3.get('/', async ({ req }) => {
    await change(req);
    return missing();
  });
  const urls = {
    onFastify,
    koa: await serve(koa.callback()),
    h3: await serve(toNodeHandler(inH3)),
  };
  const statusOf = async (url: string): Promise<number> => {
    const response = await fetch(url);
    await response.text();
    // Fastify sets the headers of a stream once, and those of the error once more.
    assert.ok(cookiesOf(response).length <= 1);
    return response.status;
  };
  assert.equal(await statusOf(urls.onFastify), 500);
  assert.equal(await statusOf(urls.h3), 500);
  // Koa cuts the connection, also without sessions.
  await assert.rejects(statusOf(urls.koa), /fetch failed/);
});

test('a stream that is not sent, because the save failed, is closed', async () => {
  const streams: Readable[] = [];
  const made = (): Readable => {
    const stream = Readable.from(['a']);
    streams.push(stream);
    return stream;
  };
  const onFastify = await fastify((app) => {
    app.get('/', async (request, reply) => {
      await change(request, true);
      return reply.send(made());
    });
  });
  const inH3 = new H3({ silent: true }).use(h3Sessions(newStore()));
  inH3.get('/', async ({ req }) => {
    await change(req, true);
    return made();
  });
  for (const url of [onFastify, await serve(toNodeHandler(inH3))]) {
    assert.equal((await fetch(url)).status, 500);
  }
  assert.deepEqual(
    streams.map(({ destroyed }) => destroyed),
    [true, true],
  );
});

test('Fastify: the headers of a Response do not undo those of its session', async () => {
  const url = await fastify((app) => {
    app.get('/', async (request) => {
      await change(request);
      const headers = new Headers({ 'Cache-Control': 'public', 'CDN-Cache-Control': 'max-age=9' });
      headers.append('Set-Cookie', '__Host-session=of-the-page; Path=/; Secure');
      headers.append('Set-Cookie', 'theme=dark');
      return new Response('page', { status: 201, headers });
    });
    app.get('/failed', async (request) => {
      await change(request, true);
      return new Response('page', { status: 503 });
    });
  });
  const response = await fetch(url);
  assert.equal(`${response.status} ${await response.text()}`, '201 page');
  assert.equal(response.headers.get('Cache-Control'), 'no-store');
  assert.equal(response.headers.get('CDN-Cache-Control'), 'no-store');
  assert.deepEqual(cookiesOf(response).sort(), ['__Host-session', 'theme']);
  assert.doesNotMatch(response.headers.get('Set-Cookie') ?? '', /of-the-page/);
  // As with any other answer that reports a failure itself.
  const failed = await fetch(`${url}/failed`);
  assert.equal(`${failed.status} ${await failed.text()}`, '503 page');
});

test('Response.error() does not become a 200 by the cookie of its session', async () => {
  const handler = withFetchSessions(newStore(), async (request) => {
    await change(request);
    return Response.error();
  });
  await assert.rejects(handler(new Request('http://a/')), /returned no Response/);
  const app = new Hono();
  app.use(honoSessions(newStore())).get('/', async (context) => {
    await change(context.req.raw);
    return Response.error();
  });
  app.onError(() => new Response('failed', { status: 500 }));
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  assert.equal((await fetch(await serve(listener))).status, 500);
  const inH3 = new H3({ silent: true }).use(h3Sessions(newStore()));
  inH3.get('/', async ({ req }) => {
    await change(req);
    return Response.error();
  });
  assert.equal((await inH3.request('/')).status, 500);
});

test("Hono: the answer to a save that failed has no headers of the page's body", async () => {
  const app = new Hono();
  app.onError((_error, context) => context.text('failed', 500));
  app.use(honoSessions(newStore())).get('/', async (context) => {
    await (await getSession(context.req.raw)).renew({ user: 'ann' });
    await change(context.req.raw, true);
    const headers = { 'Content-Length': '4', 'Content-Encoding': 'gzip', ETag: '"page"' };
    return context.text('page', 200, { ...headers, 'X-Frame-Options': 'DENY' });
  });
  const response = await app.request('/');
  assert.equal(`${response.status} ${await response.text()}`, '500 failed');
  for (const name of ['Content-Length', 'Content-Encoding', 'ETag']) {
    assert.equal(response.headers.get(name), null, name);
  }
  assert.equal(response.headers.get('X-Frame-Options'), 'DENY');
  // The id of before the renewal will not work for long.
  assert.deepEqual(cookiesOf(response), ['__Host-session']);
});

test("h3: the session's cookie stays where a middleware behind it has made the Response", async () => {
  const app = new H3({ silent: true });
  app.use(h3Sessions(newStore())).use(onResponse(() => {}));
  app.get('/', async ({ req, res }) => {
    await change(req);
    res.headers.append('Set-Cookie', 'theme=dark');
    return 'page';
  });
  app.get('/refused', async ({ req }) => {
    await change(req);
    return new Response('no', { status: 403 });
  });
  const response = await app.request('/');
  assert.deepEqual(cookiesOf(response).sort(), ['__Host-session', 'theme']);
  assert.equal(response.headers.get('Cache-Control'), 'no-store');
  assert.deepEqual(cookiesOf(await app.request('/refused')), ['__Host-session']);
});

test('a refusal that a page throws does not hide that its session was not saved', async () => {
  const koa = new Koa();
  koa.silent = true;
  koa.use(koaSessions(newStore())).use(async (context) => {
    await change(context.req, context.path === '/failed');
    context.throw(403);
  });
  const inH3 = new H3({ silent: true }).use(h3Sessions(newStore()));
  inH3.all('/**', async ({ req, url }) => {
    await change(req, url.pathname === '/failed');
    if (url.searchParams.has('returned')) return new HTTPError({ status: 403 });
    throw new HTTPError({ status: 403 });
  });
  const inFastify = (app: FastifyInstance): void => {
    app.get('/*', async (request, reply) => {
      await change(request, request.url.startsWith('/failed'));
      if (request.url.endsWith('?returned')) return reply.code(403).send('no');
      throw Object.assign(new Error('no'), { statusCode: 403 });
    });
  };
  const onFastify = await fastify(inFastify);
  const withHandler = await fastify((app) => {
    app.setErrorHandler(({ statusCode = 500 }: FastifyError, _request, reply) =>
      reply.code(statusCode).send('error page'),
    );
    inFastify(app);
  });
  const url = await serve(koa.callback());
  for (const ask of [
    (path: string) => fetch(`${url}${path}`),
    async (path: string) => await inH3.request(path),
    async (path: string) => await inH3.request(`${path}?returned`),
    ...[onFastify, withHandler].flatMap((url) => [
      (path: string) => fetch(`${url}${path}`),
      (path: string) => fetch(`${url}${path}?returned`),
    ]),
  ]) {
    assert.equal((await ask('/')).status, 403);
    assert.equal((await ask('/failed')).status, 500);
  }
});

test('the default answer to an error keeps the cookie of an id that is new', async () => {
  const sessions = newStore();
  const url = await serve(
    withSessions(sessions, async (request, response) => {
      const session = await getSession(request);
      response.setHeader('Cache-Control', 'public');
      await session.renew({ user: 'ann' });
      session.data['when'] = new Date();
      response.end('page');
    }),
  );
  const memory = new Memory();
  const ofPhp = await serve(
    withPhpSession(async () => {
      await begin(memory);
      $_SESSION['visits'] = 1;
      throw new Error(session_id() || '');
    }, quiet),
  );
  for (const address of [url, ofPhp]) {
    const response = await fetch(address);
    assert.equal(response.status, 500);
    assert.equal(response.headers.get('Cache-Control'), 'no-store');
    assert.match(response.headers.get('Set-Cookie') ?? '', /^(__Host-session|PHPSESSID)=[^;]/);
  }
});
