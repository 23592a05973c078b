/** HTTP/2, whose responses cannot be held: served through a framework, and refused elsewhere. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import {
  connect,
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import Fastify from 'fastify';
import { fromNodeHandler, H3 } from 'h3';
import { toNodeHandler } from 'h3/node';
import { Hono } from 'hono';
import Koa from 'koa';
import { withPhpSession } from '../../src/adapters/node.ts';
import { fastifySessions } from '../../src/adapters/store/fastify.ts';
import { h3Sessions } from '../../src/adapters/store/h3.ts';
import { honoSessions } from '../../src/adapters/store/hono.ts';
import { koaSessions } from '../../src/adapters/store/koa.ts';
import { getSession, withSessions } from '../../src/adapters/store/node.ts';
import type { Sessions } from '../../src/store/store.ts';
import { newStore, wiredStore } from '../store/fixture.ts';
import { quiet } from './fixture.ts';

/** A listener of either version of HTTP. */
type Listener = (request: never, response: never) => unknown;

function serverOf(listener: Listener): Http2Server {
  return createServer(listener as (q: Http2ServerRequest, r: Http2ServerResponse) => void);
}

interface Answer {
  status: number | undefined;
  cookies: readonly string[];
  body: string;
}

/** Starts a server, and asks it for pages over one connection. */
async function open(
  server: Http2Server,
): Promise<(path: string, cookie?: string) => Promise<Answer>> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  after(() => {
    client.destroy();
    server.close();
  });
  return async (path, cookie = '') => {
    const stream = client.request({ ':path': path, cookie });
    const [headers] = (await once(stream, 'response')) as [
      IncomingHttpHeaders & { ':status'?: number },
    ];
    const body = await text(stream);
    return { status: headers[':status'], cookies: headers['set-cookie'] ?? [], body };
  };
}

test('the adapters on node:http refuse HTTP/2 with an answer, and the process goes on', async () => {
  const sessions = newStore();
  for (const listener of [
    withPhpSession(() => assert.fail('the page ran'), quiet),
    withSessions(sessions, () => assert.fail('the page ran')),
  ]) {
    const warned = once(process, 'warning');
    const ask = await open(serverOf(listener as Listener));
    assert.equal((await ask('/')).status, 500);
    assert.match(String(await warned), /let a proxy in front speak HTTP\/2/);
  }
});

/** Each framework on HTTP/2: `/` counts, `/raw` counts and answers past the framework. */
const frameworks: Record<string, (sessions: Sessions) => Promise<Http2Server>> = {
  async fastify(sessions) {
    const app = Fastify({ http2: true });
    app.register(fastifySessions(sessions));
    app.get('/', async (request) => await count(request));
    app.get('/raw', async (request, reply) => {
      const body = await count(request);
      reply.hijack();
      reply.raw.end(body);
    });
    await app.ready();
    return app.server;
  },
  async koa(sessions) {
    const app = new Koa();
    app.on('error', (error) => process.emitWarning(error));
    app.use(koaSessions(sessions));
    app.use(async (ctx) => {
      const body = await count(ctx.req);
      if (ctx.path === '/') {
        ctx.body = body;
        return;
      }
      ctx.respond = false;
      ctx.res.end(body);
    });
    return serverOf(app.callback() as Listener);
  },
  async hono(sessions) {
    const app = new Hono<{ Bindings: HttpBindings }>();
    app.use(honoSessions(sessions));
    app.get('/', async (c) => c.text(await count(c.req.raw)));
    app.get('/raw', async (c) => {
      c.env.outgoing.end(await count(c.req.raw));
      return RESPONSE_ALREADY_SENT;
    });
    // With Hono's own Response as the global one, h3 does not recognise its Responses in this process.
    const options = { overrideGlobalObjects: false };
    return serverOf(getRequestListener(app.fetch as never, options) as Listener);
  },
  async h3(sessions) {
    const app = new H3();
    app.use(h3Sessions(sessions));
    app.get('/', async (event) => await count(event.req));
    app.get('/raw', async (event) => {
      const body = await count(event.req);
      return await fromNodeHandler((_request, response) => void response.end(body))(event);
    });
    return serverOf(toNodeHandler(app) as Listener);
  },
};

async function count(request: object): Promise<string> {
  const session = await getSession<{ count: number; when?: unknown }>(request);
  session.update('count', (count = 0) => count + 1);
  // A Date cannot be saved.
  if ((request as { url: string }).url.endsWith('?fails')) session.data.when = new Date();
  return String(session.data.count);
}

for (const [name, serve] of Object.entries(frameworks)) {
  test(`${name} serves HTTP/2: visitors of one connection have a session each`, async () => {
    const ask = await open(await serve(newStore()));
    const visitors = await Promise.all(Array.from({ length: 10 }, () => ask('/')));
    const cookies = visitors.map(({ cookies: [line = ''] }) => line.split(';')[0] ?? '');
    assert.equal(new Set(cookies).size, 10);
    assert.ok(visitors.every(({ status, body }) => status === 200 && body === '1'));
    await Promise.all(cookies.map((cookie) => ask('/', cookie)));
    const again = await Promise.all(cookies.map((cookie) => ask('/', cookie)));
    assert.ok(again.every(({ body }) => body === '3'));
  });

  test(`${name}: a save that fails on HTTP/2 is answered by an error`, async () => {
    const ask = await open(await serve(newStore()));
    const { status, cookies } = await ask('/?fails');
    assert.deepEqual([status, cookies], [500, []]);
    assert.equal((await ask('/')).body, '1');
  });

  test(`${name}: an answer past the framework on HTTP/2 reports the cookie that is missing`, async () => {
    const sessions = newStore();
    const ask = await open(await serve(sessions));
    const [line = ''] = (await ask('/')).cookies;
    const cookie = line.split(';')[0] ?? '';
    // A change of a session that the visitor has needs no cookie, and is saved.
    await ask('/raw', cookie);
    const id = cookie.slice(cookie.indexOf('=') + 1);
    for (;;) {
      const { data } = await sessions.start(id, { mode: 'read' });
      if ((data as { count?: number }).count === 2) break;
      await new Promise(setImmediate);
    }
    const warned = once(process, 'warning');
    assert.deepEqual((await ask('/raw')).cookies, []);
    assert.match(String(await warned), /without its session's cookie/);
  });
}

test('Koa reports the cookie that is missing once', async () => {
  const { sessions, wire } = await wiredStore();
  const insert = wire.gate(1, /^INSERT INTO `sessions`/, { opens: 'by hand' });
  const app = new Koa();
  const hasFailed = once(app, 'error');
  const hasLeft = new EventEmitter();
  app.use(koaSessions(sessions)).use(async (ctx) => {
    const body = await count(ctx.req);
    ctx.respond = false;
    ctx.res.once('close', () => hasLeft.emit('close')).end(body);
  });
  const hasClosed = once(hasLeft, 'close');
  const ask = await open(await serverOf(app.callback() as Listener));
  await ask('/');
  await Promise.all([hasClosed, insert.arrived]);
  const warnings: Error[] = [];
  const collect = (warning: Error): void => void warnings.push(warning);
  process.on('warning', collect);
  insert.open();
  const [error] = await hasFailed;
  assert.match(String(error), /without its session's cookie/);
  await new Promise(setImmediate);
  process.off('warning', collect);
  assert.deepEqual(warnings, []);
});

test('inject(): a raw answer cannot wait, and reports the cookie that is missing', async () => {
  const app = Fastify();
  app.register(fastifySessions(newStore()));
  app.get('/', async (request) => await count(request));
  app.get('/raw', async (request, reply) => {
    const body = await count(request);
    reply.hijack();
    reply.raw.end(body);
  });
  const answer = await app.inject('/');
  assert.equal(answer.cookies.length, 1);
  const warned = once(process, 'warning');
  assert.deepEqual((await app.inject('/raw')).cookies, []);
  assert.match(String(await warned), /without its session's cookie/);
});
