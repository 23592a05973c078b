/** Requests that become WebSockets: the middleware as `ws` and Socket.IO call it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { after, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { $_SESSION, phpSessionOf, session_set_save_handler, session_start } from '#php';
import { phpSession } from '../../src/adapters/express.ts';
import { Memory, quiet } from './fixture.ts';

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** Serves upgrades, and opens one with a cookie. */
async function connectTo(upgrade: Upgrade): Promise<WebSocket> {
  const server = createServer().on('upgrade', upgrade).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, { headers: { cookie: 'PHPSESSID=ann' } });
  after(() => {
    socket.terminate();
    server.close();
  });
  return socket;
}

/** Serves upgrades as `ws` users do, with Ann's session; the page decides when to accept. */
async function connectAnn(
  memory: Memory,
  page: (
    request: IncomingMessage,
    accept: (onMessage: (server: WebSocket) => void) => void,
  ) => unknown,
): Promise<WebSocket> {
  memory.rows.set('ann', 'user|s:3:"ann";');
  const sessionParser = phpSession(quiet);
  const sockets = new WebSocketServer({ noServer: true });
  const client = await connectTo((request, socket, head) => {
    sessionParser(request, {}, () => {
      session_set_save_handler(memory);
      return page(request, (onMessage) => {
        sockets.handleUpgrade(request, socket, head, (server) => {
          server.on('message', () => onMessage(server));
        });
      });
    });
  });
  await once(client, 'open');
  return client;
}

test('ws: a response that is {} serves, and the session does not stay open with the socket', async () => {
  const memory = new Memory();
  const client = await connectAnn(memory, async (request, accept) => {
    await session_start();
    assert.equal($_SESSION['user'], 'ann');
    $_SESSION['connected'] = 1;
    accept((server) => {
      server.send(`${phpSessionOf(request).$_SESSION['user']} ${memory.trace.join()}`);
    });
  });
  while (memory.trace.at(-1) !== 'close') await turn();
  assert.equal(memory.rows.get('ann'), 'user|s:3:"ann";connected|i:1;');
  client.send('who am I?');
  const [message] = await once(client, 'message');
  assert.equal(String(message), 'ann open,read,write,close');
});

test('ws: an error of the page is a warning and closes the socket; the page runs once', async () => {
  const memory = new Memory();
  let runs = 0;
  const use = phpSession(quiet);
  const warned = once(process, 'warning');
  const client = await connectTo((request) => {
    use(request, {}, async () => {
      runs += 1;
      session_set_save_handler(memory);
      await session_start();
      throw new Error('no such room');
    });
  });
  await once(client, 'error');
  assert.match(String(await warned), /no such room/);
  assert.deepEqual([runs, memory.trace.at(-1)], [1, 'close']);
});

test('ws: a session may be opened again while the socket lives', async () => {
  const memory = new Memory();
  const client = await connectAnn(memory, (request, accept) => {
    accept(async (server) => {
      const bound = phpSessionOf(request);
      await bound.session_start();
      bound.$_SESSION['seen'] = Number(bound.$_SESSION['seen'] ?? 0) + 1;
      await bound.session_write_close();
      server.send(String(bound.$_SESSION['seen']));
    });
  });
  for (const wanted of ['1', '2']) {
    client.send('again');
    const [message] = await once(client, 'message');
    assert.equal(String(message), wanted);
  }
  assert.equal(memory.rows.get('ann'), 'user|s:3:"ann";seen|i:2;');
});

test('ws: a session left open is saved and closed with its socket', async () => {
  const memory = new Memory();
  const client = await connectAnn(memory, (request, accept) => {
    accept(async (server) => {
      const bound = phpSessionOf(request);
      await bound.session_start();
      bound.$_SESSION['left'] = 'open';
      server.close();
    });
  });
  client.send('go');
  while (memory.trace.at(-1) !== 'close') await turn();
  assert.equal(memory.rows.get('ann'), 'user|s:3:"ann";left|s:4:"open";');
});

test('Socket.IO: a response that only keeps headers gets the cookie; its socket finds the session', async () => {
  const memory = new Memory();
  const use = phpSession(quiet);
  const kept: Record<string, unknown> = {};
  const sockets = new WebSocketServer({ noServer: true });
  const client = await connectTo((request, socket, head) => {
    // As engine.io's WebSocketResponse.
    const response = {
      setHeader: (name: string, value: unknown) => {
        kept[name] = value;
      },
      getHeader: (name: string) => kept[name],
      removeHeader: (name: string) => {
        delete kept[name];
      },
      write() {},
      writeHead() {},
      end: () => socket.destroy(),
    };
    use(request, response as unknown as ServerResponse, () => {
      sockets.handleUpgrade(request, socket, head, async (server) => {
        // io.use((socket, next) => …): the request is socket.request.
        const bound = phpSessionOf({ request });
        bound.session_set_save_handler(memory);
        bound.session_id('chosen');
        await bound.session_start();
        bound.$_SESSION['n'] = 1;
        await bound.session_write_close();
        server.send('ready');
      });
    });
  });
  await once(client, 'message');
  assert.deepEqual(memory.rows.get('chosen'), 'n|i:1;');
  assert.equal(kept['Pragma'], 'no-cache');
});
