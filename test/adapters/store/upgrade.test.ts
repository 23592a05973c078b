/** Requests whose response is not node:http's, or has left; requests that a middleware replaces. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as connect, createServer, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { after, test } from 'node:test';
import Fastify from 'fastify';
import { defineWebSocketHandler, H3 } from 'h3';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { WebSocket, WebSocketServer } from 'ws';
import { getSession } from '../../../src/adapters/store/exchange.ts';
import { expressSessions } from '../../../src/adapters/store/express.ts';
import { fastifySessions } from '../../../src/adapters/store/fastify.ts';
import { withFetchSessions } from '../../../src/adapters/store/fetch.ts';
import { h3Sessions } from '../../../src/adapters/store/h3.ts';
import { honoSessions } from '../../../src/adapters/store/hono.ts';
import { withSessions } from '../../../src/adapters/store/node.ts';
import { gate } from '../../../src/contract/case.ts';
import type { Sessions } from '../../../src/store/store.ts';
import { newStore } from '../../store/fixture.ts';
import { serve } from '../fixture.ts';

const NAME = '__Host-session';

/** Stores a session, and returns its id. */
async function begin(sessions: Sessions): Promise<string> {
  const session = await sessions.start(undefined);
  session.data['count'] = 1;
  await session.save();
  await session.close();
  return session.id as string;
}

async function countOf(sessions: Sessions, id: string): Promise<unknown> {
  const session = await sessions.start(id, { mode: 'read' });
  await session.close();
  return session.data['count'];
}

test('ws: a middleware with {} as the response reads, saves, and saves the rest with the socket', async () => {
  const sessions = newStore();
  const id = await begin(sessions);
  const sessionParser = expressSessions(sessions);
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer().listen(0, '127.0.0.1');
  after(() => server.close());
  server.on('upgrade', (request, socket, head) => {
    sessionParser(request, {}, async () => {
      const session = await getSession<{ count: number }>(request);
      session.update('count', (count = 0) => count + 1);
      await session.save();
      sockets.handleUpgrade(request, socket, head, (accepted) => {
        accepted.on('message', () => session.update('count', (count = 0) => count + 10));
        accepted.send(String(session.data.count));
      });
    });
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const headers = { cookie: `${NAME}=${id}` };
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { headers });
  const [message] = await once(client, 'message');
  assert.deepEqual([String(message), await countOf(sessions, id)], ['2', 2]);
  client.send('more');
  client.close();
  await once(client, 'close');
  while ((await countOf(sessions, id)) !== 12) await new Promise(setImmediate);
});

test('CONNECT: a middleware with {} as the response serves a tunnel as it serves a WebSocket', async () => {
  const sessions = newStore();
  const id = await begin(sessions);
  const middleware = expressSessions(sessions);
  const server = createServer().listen(0, '127.0.0.1');
  after(() => server.close());
  server.on('connect', (request, socket) => {
    middleware(request, {} as ServerResponse, async () => {
      const session = await getSession<{ count: number }>(request);
      session.update('count', (count = 0) => count + 1);
      socket.end('HTTP/1.1 200 OK\r\n\r\n');
    });
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const headers = { cookie: `${NAME}=${id}` };
  const client = connect({
    port,
    host: '127.0.0.1',
    method: 'CONNECT',
    path: 'a:1',
    headers,
  }).end();
  const [{ statusCode }, socket] = await once(client, 'connect');
  assert.equal(statusCode, 200);
  socket.destroy();
  while ((await countOf(sessions, id)) !== 2) await new Promise(setImmediate);
});

test("h3: a new session leaves a WebSocket's hooks on the answer, which can set no cookie", async () => {
  const sessions = newStore();
  const app = new H3().use(h3Sessions(sessions));
  const hooks = { open() {} };
  const handler = defineWebSocketHandler(hooks);
  app.get('/', async (event) => {
    (await getSession(event.req)).data['count'] = 1;
    return await handler(event);
  });
  const answer = await app.request('/');
  assert.deepEqual(answer.headers.getSetCookie(), []);
  assert.equal((answer as { crossws?: unknown }).crossws, hooks);
});

test('a call after the response returns the session of the page, whose changes throw', async () => {
  const sessions = newStore();
  const { closed, open } = gate();
  const late: unknown[] = [];
  const again = async (request: object): Promise<string> => {
    const session = await getSession<{ count: number }>(request);
    const change = (): unknown => session.update('count', () => 2);
    assert.throws(change, { name: 'SessionClosed' });
    late.push(session.data.count);
    return String(session.data.count);
  };
  const url = await serve(
    withSessions(sessions, async (request, response) => {
      (await getSession<{ count: number }>(request)).data.count = 1;
      response.flushHeaders();
      await closed;
      response.end(await again(request));
    }),
  );
  const answer = await fetch(url);
  open();
  assert.equal(await answer.text(), '1');
  const handler = withFetchSessions(sessions, async (request) => {
    (await getSession<{ count: number }>(request)).data.count = 1;
    const pull = async (stream: ReadableStreamDefaultController): Promise<void> => {
      stream.enqueue(new TextEncoder().encode(await again(request)));
      stream.close();
    };
    return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
  });
  assert.equal(await (await handler(new Request('https://example.org/'))).text(), '1');
  assert.deepEqual(late, [1, 1]);
});

test('Hono: bodyLimit replaces the raw request, and getSession(c.req) finds the session', async () => {
  const sessions = newStore();
  const app = new Hono();
  app.use(honoSessions(sessions));
  app.use(bodyLimit({ maxSize: 100 }));
  app.post('/', async (c) => {
    await assert.rejects(getSession(c.req.raw), /middleware must come first/);
    const session = await getSession<{ count: number }>(c.req);
    session.data.count = (await c.req.text()).length;
    return c.text('saved');
  });
  const body = new Blob(['12345']).stream();
  const request = { method: 'POST', body, duplex: 'half' } as RequestInit;
  const answer = await app.request('/', request);
  assert.equal(await answer.text(), 'saved');
  const [, id = ''] = /=([^;]+)/.exec(answer.headers.getSetCookie()[0] ?? '') ?? [];
  assert.equal(await countOf(sessions, id), 5);
});

test('Fastify: the session of a WebSocket is saved and released when the socket closes', async () => {
  const sessions = newStore({ strategy: 'lock' });
  const id = await begin(sessions);
  const app = Fastify();
  app.register(fastifySessions(sessions));
  app.get('/', async (request, reply) => {
    const session = await getSession<{ count: number }>(request);
    reply.hijack();
    sockets.handleUpgrade(request.raw, request.raw.socket, Buffer.alloc(0), (accepted) => {
      session.update('count', (count = 0) => count + 1);
      accepted.close();
    });
  });
  // As @fastify/websocket routes an upgrade.
  const sockets = new WebSocketServer({ noServer: true });
  app.server.on('upgrade', (request, socket) => {
    const response = new ServerResponse(request);
    response.assignSocket(socket as Socket);
    app.routing(request, response);
  });
  after(() => app.close());
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const headers = { cookie: `${NAME}=${id}` };
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { headers });
  await once(client, 'close');
  // Waits for the lock.
  const session = await sessions.start(id);
  assert.equal(session.data['count'], 2);
  await session.close();
});
