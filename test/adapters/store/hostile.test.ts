/** Hostile and unusual clients on every adapter: cookies of any bytes, pipelines, hang-ups, caches. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { getRequestListener } from '@hono/node-server';
import express from 'express';
import Fastify from 'fastify';
import { H3 } from 'h3';
import { Hono } from 'hono';
import Koa from 'koa';
import { getSession } from '../../../src/adapters/store/exchange.ts';
import { expressSessions } from '../../../src/adapters/store/express.ts';
import { fastifySessions } from '../../../src/adapters/store/fastify.ts';
import { withFetchSessions } from '../../../src/adapters/store/fetch.ts';
import { h3Sessions } from '../../../src/adapters/store/h3.ts';
import { honoSessions } from '../../../src/adapters/store/hono.ts';
import { koaSessions } from '../../../src/adapters/store/koa.ts';
import { withSessions } from '../../../src/adapters/store/node.ts';
import type { Session } from '../../../src/store/session.ts';
import type { Sessions } from '../../../src/store/store.ts';
import { newStore } from '../../store/fixture.ts';
import { serve } from '../fixture.ts';

type Visit = Session<{ visits: number }>;

interface Asked {
  readonly path: string;
  get(): Promise<Visit>;
  /** Reads the request's body to its end. */
  body(): Promise<unknown>;
}

interface Answer {
  readonly body: string;
  readonly headers?: Record<string, string>;
}

type Page = (asked: Asked) => Promise<Answer>;
type Serve = (sessions: Sessions, page: Page) => Promise<string>;

async function drained(request: IncomingMessage): Promise<void> {
  for await (const _ of request);
}

const asked = (request: Request): Asked => ({
  path: new URL(request.url).pathname,
  get: () => getSession<{ visits: number }>(request),
  body: () => request.arrayBuffer(),
});

const ofNode = (request: IncomingMessage, key: object = request): Asked => ({
  path: request.url ?? '/',
  get: () => getSession<{ visits: number }>(key),
  body: () => drained(request),
});

const respond = ({ body, headers = {} }: Answer): Response => new Response(body, { headers });
const failed = (): Response => new Response('failed', { status: 500 });

const adapters: Record<string, Serve> = {
  'node:http': (sessions, page) =>
    serve(
      withSessions(
        sessions,
        async (request, response) => {
          const { body, headers } = await page(ofNode(request));
          response.writeHead(200, headers).end(body);
        },
        { onError: (_error, _request, response) => void response.writeHead(500).end('failed') },
      ),
    ),
  Express: (sessions, page) => {
    const app = express();
    app.use(expressSessions(sessions));
    app.use(async (request, response) => {
      const { body, headers = {} } = await page(ofNode(request));
      response.set(headers).send(body);
    });
    app.use((_error: unknown, _request: unknown, response: express.Response, _next: unknown) => {
      response.status(500).send('failed');
    });
    return serve(app);
  },
  Fetch: (sessions, page) => {
    const handler = withFetchSessions(sessions, async (request) =>
      respond(await page(asked(request))),
    );
    return serve(getRequestListener((request) => handler(request).catch(failed)));
  },
  Hono: (sessions, page) => {
    const app = new Hono();
    app.onError(failed);
    app.use(honoSessions(sessions));
    app.all('*', async (c) => respond(await page(asked(c.req.raw))));
    return serve(getRequestListener(app.fetch));
  },
  h3: (sessions, page) => {
    const app = new H3({ onError: failed, silent: true });
    app.use(h3Sessions(sessions));
    app.all('/**', async ({ req }) => respond(await page(asked(req))));
    return serve(getRequestListener((request) => app.fetch(request) as Promise<Response>));
  },
  Koa: (sessions, page) => {
    const app = new Koa();
    app.silent = true;
    app.use(koaSessions(sessions));
    app.use(async (ctx) => {
      const { body, headers = {} } = await page(ofNode(ctx.req));
      ctx.set(headers);
      ctx.body = body;
    });
    return serve(app.callback());
  },
  Fastify: async (sessions, page) => {
    let handle: RequestListener = () => {};
    const app = Fastify({
      serverFactory: (handler) => {
        handle = handler;
        return createServer();
      },
    });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _payload, done) => done(null));
    app.register(fastifySessions(sessions));
    app.all('*', async (request, reply) => {
      const { body, headers = {} } = await page(ofNode(request.raw, request));
      return reply.headers(headers).send(body);
    });
    await app.ready();
    return await serve((request, response) => handle(request, response));
  },
};

const count: Page = async ({ path, get, body }) => {
  const session = await get();
  if (path.startsWith('/read')) return { body: String(session.data.visits) };
  if (path === '/upload') await body();
  session.update('visits', (visits = 0) => visits + 1);
  return { body: String(session.data.visits) };
};

/** Sends bytes as they are, and returns all that comes back until the server closes. */
async function raw(url: string, request: string, isCut = false): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'connect');
  socket.write(Buffer.from(request, 'latin1'));
  if (isCut) {
    await new Promise((resolve) => setTimeout(resolve, 30));
    socket.resetAndDestroy();
  }
  // once() would reject at a reset, which may come with the answer or in place of it.
  await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}

function head(
  method: string,
  path: string,
  cookie: string,
  more: string = 'Connection: close',
): string {
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\n${more}\r\n\r\n`;
}

/** The body of an answer, in one chunk or in none. */
function bodyOf(answer: string): string {
  return /\r\n\r\n(?:[0-9a-f]+\r\n)?(\w+)/.exec(answer)?.[1] ?? '';
}

async function visitor(sessions: Sessions): Promise<string> {
  const session = (await sessions.start(undefined)) as unknown as Visit;
  session.data.visits = 1;
  await session.save();
  await session.close();
  return session.id as string;
}

const cookieOf = (id: string): string => `__Host-session=${id}`;

for (const [name, start] of Object.entries(adapters)) {
  test(`${name}: only a cookie of exactly this name and form is the session's`, async () => {
    const sessions = newStore();
    const url = await start(sessions, count);
    const id = await visitor(sessions);
    const own = [
      cookieOf(id),
      `a=b; ${cookieOf(id)}; c=d`,
      `a=b;${cookieOf(id)} ;`,
      `a;=b; ;\t${cookieOf(id)}`,
      `a="x; ${cookieOf(id)}; y"`,
      `${cookieOf(id)}; ${cookieOf('x'.repeat(43))}`,
      `${cookieOf(id)}; ${cookieOf('')}`,
      `big=${'x'.repeat(8000)}; ${cookieOf(id)}`,
    ];
    const others = [
      `x${cookieOf(id)}`,
      `__Host-sessionx=${id}`,
      `__Host-session.x=${id}`,
      `__host-session=${id}`,
      `__Host_session=${id}`,
      `session=${id}`,
      `"__Host-session"=${id}`,
      `__Host-session="${id}"`,
      `__Host-session=${id},`,
      `a=1,${cookieOf(id)}`,
      `__Host-session=${id}%00`,
      `__Host-session==${id}`,
      `__Host-session=${id}.sig`,
      `__Host-session=s:${id}`,
      `__Host-session=${id.slice(0, -1)}`,
      `__Host-session=${id.toUpperCase()}`,
      `__Host-session`,
      `=${id}`,
      `${cookieOf('')}; ${cookieOf(id)}`,
      `\xa0${cookieOf(id)}`,
      `\x85${cookieOf(id)}`,
      `\xc2\xa0${cookieOf(id)}`,
      `\xef\xbb\xbf${cookieOf(id)}`,
      `\xe2\x80\x80${cookieOf(id)}`,
      `__Host-session\xa0=${id}`,
      `__Host-session=${id}\xa0`,
      `__Host-session=\xff\xfe${id}`,
      `__Host-session=${'x'.repeat(8000)}`,
      `__Host-session=' OR 1=1 --`,
      `__proto__=${id}`,
    ];
    const visits = async (cookie: string): Promise<string> => {
      const answer = await raw(url, head('GET', '/read', cookie));
      assert.match(answer, /^HTTP\/1.1 200/, cookie);
      assert.doesNotMatch(answer, /set-cookie/i, cookie);
      return bodyOf(answer);
    };
    for (const cookie of own) assert.equal(await visits(cookie), '1', cookie);
    for (const cookie of others) assert.equal(await visits(cookie), 'undefined', cookie);
    const inUrl = `/read?__Host-session=${id}&session=${id}&PHPSESSID=${id}`;
    assert.equal(bodyOf(await raw(url, head('GET', inUrl, 'a=b'))), 'undefined');
    const nul = await raw(url, head('GET', '/read', `__Host-session=${id}\0`));
    assert.match(nul, /^HTTP\/1.1 400/);
    assert.match(await raw(url, head('GET', '/read', 'x'.repeat(1_000_000))), /^HTTP\/1.1 431|^$/);
  });

  test(`${name}: HEAD, OPTIONS, pipelined requests and an upload that is cut lose nothing`, async () => {
    const sessions = newStore({ strategy: 'lock', lockTimeout: 10 });
    const url = await start(sessions, count);
    const cookie = cookieOf(await visitor(sessions));
    const isHead = await raw(url, head('HEAD', '/', ''));
    assert.match(isHead, /set-cookie: __Host-session=/i);
    assert.match(isHead, /\r\n\r\n$/);
    await raw(url, head('OPTIONS', '/', cookie));
    const pipeline =
      head('GET', '/', cookie, 'X: 1') +
      head('GET', '/', cookie, 'X: 2') +
      head('GET', '/', cookie);
    const answers = await raw(url, pipeline);
    assert.equal(answers.match(/HTTP\/1.1 200/g)?.length, 3);
    // The client never sends its body: the page waits for it with the session's lock.
    await raw(
      url,
      head('POST', '/upload', cookie, 'Content-Type: a/b\r\nContent-Length: 99'),
      true,
    );
    assert.equal(bodyOf(await raw(url, head('GET', '/read', cookie))), '5');
  });

  test(`${name}: no cache may keep a response that sets a session's cookie`, async () => {
    const sessions = newStore();
    const url = await start(sessions, async (asked) => ({
      ...(await count(asked)),
      headers: {
        'Cache-Control': asked.path.slice(1).replaceAll('_', ' '),
        'CDN-Cache-Control': 'max-age=60',
        'Surrogate-Control': 'private',
      },
    }));
    for (const control of ['public,_max-age=60', 's-maxage=60', 'max-age=9', 'private="x"']) {
      const { headers } = await fetch(`${url}/${control}`);
      assert.equal(headers.get('cache-control'), 'no-store', control);
      assert.equal(headers.get('cdn-cache-control'), 'no-store', control);
      assert.equal(headers.get('surrogate-control'), 'private', control);
    }
    for (const control of ['private,_max-age=60', 'no-store', 'max-age=0,_No-Store']) {
      const { headers } = await fetch(`${url}/${control}`);
      assert.equal(headers.get('cache-control'), control.replaceAll('_', ' '));
    }
    const cookie = cookieOf(await visitor(sessions));
    const { headers } = await fetch(`${url}/public`, { headers: { cookie } });
    assert.equal(headers.get('cache-control'), 'public', 'nothing is set, and the page decides');
  });

  test(`${name}: one session a request, however often it is asked for and saved`, async () => {
    const sessions = newStore();
    let late: Visit | undefined;
    const url = await start(sessions, async ({ get }) => {
      const all = await Promise.all([get(), get(), get()]);
      const [session] = all;
      assert.ok(all.every((each) => each === session));
      late = session;
      session.update('visits', (visits = 0) => visits + 1);
      await session.save();
      await session.save();
      session.update('visits', (visits = 0) => visits + 1);
      await Promise.all([session.save(), session.save()]);
      const own = { 'Set-Cookie': '__Host-session=of-the-page; Path=/; Secure' };
      return {
        body: String(session.data.visits),
        ...(session.data.visits === 2 && { headers: own }),
      };
    });
    const answer = await fetch(url);
    assert.equal(await answer.text(), '2');
    assert.equal(answer.headers.getSetCookie().length, 1);
    const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    assert.equal(await (await fetch(url, { headers: { cookie } })).text(), '4');
    assert.ok(late);
    assert.throws(() => Object.assign(late?.data ?? {}, { visits: 99 }), { name: 'SessionClosed' });
    await assert.rejects(late.save(), { name: 'SessionClosed' });
    await assert.rejects(late.renew(), { name: 'SessionClosed' });
    assert.equal(await (await fetch(url, { headers: { cookie } })).text(), '6');
  });

  test(`${name}: what a client or a page writes reaches no header`, async () => {
    const sessions = newStore();
    const evil = 'x\r\nSet-Cookie: evil=1\r\n\r\n<b>';
    const url = await start(sessions, async ({ get }) => {
      const session = await get();
      (session.data as Record<string, unknown>)[evil] = evil;
      await session.renew({ user: evil, label: evil });
      return { body: 'ok' };
    });
    const answer = await raw(url, head('GET', `/?${cookieOf('y'.repeat(43))}`, 'a=b'));
    assert.doesNotMatch(answer, /evil/);
    const [listed] = await sessions.of(evil).list();
    assert.equal(listed?.label, evil);
    assert.doesNotMatch(answer, new RegExp(String(listed?.handle)));
  });
}

test('early hints, a 304, trailers and an error after the head keep to what was saved', async () => {
  const sessions = newStore();
  const url = await serve(
    withSessions(
      sessions,
      async (request, response) => {
        const session = await getSession<{ visits: number }>(request);
        session.update('visits', (visits = 0) => visits + 1);
        if (request.url === '/hints') response.writeEarlyHints({ link: '</a.css>; rel=preload' });
        if (request.url === '/304') {
          response.writeHead(304).end();
          return;
        }
        response.writeHead(200, { Trailer: 'X-Sum' });
        response.write(String(session.data.visits));
        if (request.url === '/late') throw new Error('after the head');
        response.addTrailers({ 'X-Sum': 'abc' });
        response.end();
      },
      { onError: (_error, _request, response) => void response.destroy() },
    ),
  );
  const cookie = cookieOf(await visitor(sessions));
  const hints = await raw(url, head('GET', '/hints', cookie));
  assert.match(hints, /^HTTP\/1.1 103 [\s\S]*HTTP\/1.1 200 [\s\S]*X-Sum: abc/);
  assert.doesNotMatch(hints, /set-cookie/i);
  const first = await raw(url, head('GET', '/304', ''));
  assert.match(first, /^HTTP\/1.1 304 [\s\S]*__Host-session=/);
  assert.match(await raw(url, head('GET', '/304', cookie)), /^HTTP\/1.1 304 /);
  await raw(url, head('GET', '/late', cookie));
  assert.equal(bodyOf(await raw(url, head('GET', '/', cookie))), '5');
});

test('a cookie that is longer than browsers take is refused at the start', () => {
  const named = (length: number): unknown =>
    withSessions(newStore(), () => {}, { cookie: { name: 'n'.repeat(length) } });
  named(4096 - 43 - 1);
  assert.throws(() => named(4096 - 43), TypeError);
});
