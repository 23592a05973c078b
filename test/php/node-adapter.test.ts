import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import express from 'express';
import {
  $_SESSION,
  PhpScopeError,
  type PhpSessionMessage,
  type SessionHandlerInterface,
  session_destroy,
  session_id,
  session_regenerate_id,
  session_set_save_handler,
  session_start,
} from '#php';
import { phpSession } from '../../src/adapters/express.ts';
import { type PhpSessionOptions, withPhpSession } from '../../src/adapters/node.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Sessions in memory, with a gate in front of every write. */
class Memory implements SessionHandlerInterface {
  readonly rows = new Map<string, string>();
  readonly trace: string[] = [];
  gate: Promise<void> = Promise.resolve();
  failure: Error | undefined;

  open() {
    this.trace.push('open');
    return true;
  }
  close() {
    this.trace.push('close');
    return true;
  }
  async read(id: string) {
    this.trace.push('read');
    await turn();
    return this.rows.get(id) ?? '';
  }
  async write(id: string, data: string) {
    await this.gate;
    this.trace.push('write');
    if (this.failure) throw this.failure;
    this.rows.set(id, data);
    return true;
  }
  destroy(id: string) {
    this.rows.delete(id);
    return true;
  }
  gc() {
    return 0;
  }
}

/** A gate that a test opens. */
function gate(): { closed: Promise<void>; open: () => void } {
  let open = (): void => {};
  const closed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { closed, open };
}

const quiet: PhpSessionOptions = { onMessage() {} };

async function begin(memory: Memory): Promise<void> {
  session_set_save_handler(memory);
  await session_start();
}

test('a redirect does not leave before its session is saved', async () => {
  const memory = new Memory();
  const { closed, open } = gate();
  memory.gate = closed;
  const url = await serve(
    withPhpSession(async (_request, response) => {
      await begin(memory);
      $_SESSION['user'] = 'ann';
      response.writeHead(302, { Location: '/home' }).end();
    }, quiet),
  );
  let answered = false;
  const answer = fetch(url, { redirect: 'manual' }).then((response) => {
    answered = true;
    return response;
  });
  while (!memory.trace.includes('read')) await turn();
  for (let turns = 0; turns < 50; turns += 1) await turn();
  assert.equal(answered, false);
  open();
  const response = await answer;
  assert.equal(response.status, 302);
  assert.deepEqual([...memory.rows.values()], ['user|s:3:"ann";']);
});

test('a page streams in order, with its callbacks, after its session is saved', async () => {
  const memory = new Memory();
  const events: string[] = [];
  const url = await serve(
    withPhpSession(async (_request, response) => {
      await begin(memory);
      $_SESSION['n'] = 1;
      assert.equal(
        response.write('one ', () => events.push(`written after ${memory.trace.at(-1)}`)),
        false,
      );
      assert.equal(response.headersSent, true);
      assert.throws(() => response.setHeader('X-Late', '1'), { code: 'ERR_HTTP_HEADERS_SENT' });
      await once(response, 'drain');
      response.write('two ');
      await turn();
      response.end('three', () => events.push('ended'));
      assert.equal(response.writableEnded, true);
    }, quiet),
  );
  assert.equal(await (await fetch(url)).text(), 'one two three');
  assert.deepEqual(events, ['written after close', 'ended']);
});

test('a page that ends at once keeps its Content-Length', async () => {
  const memory = new Memory();
  const url = await serve(
    withPhpSession(async (_request, response) => {
      await begin(memory);
      response.end('four');
    }, quiet),
  );
  const response = await fetch(url);
  assert.equal(response.headers.get('content-length'), '4');
});

test('a session that cannot be saved answers 500, without the page that says it was', async () => {
  const memory = new Memory();
  memory.failure = new Error('the disk is full');
  const errors: unknown[] = [];
  const url = await serve(
    withPhpSession(
      async (_request, response) => {
        await begin(memory);
        $_SESSION['paid'] = true;
        response.writeHead(200, { 'X-Paid': 'yes' });
        response.end('Thank you');
      },
      {
        ...quiet,
        onError(error, _request, response) {
          errors.push(error);
          response.writeHead(500).end('sorry');
        },
      },
    ),
  );
  const response = await fetch(url);
  assert.equal(response.status, 500);
  assert.equal(response.headers.get('x-paid'), null);
  assert.equal(await response.text(), 'sorry');
  assert.deepEqual(errors, [memory.failure]);
});

test('a listener that throws answers 500, and its session is saved as PHP saves it', async () => {
  const memory = new Memory();
  const errors: string[] = [];
  const url = await serve(
    withPhpSession(
      async () => {
        await begin(memory);
        $_SESSION['tries'] = 1;
        throw new Error('a mistake');
      },
      {
        ...quiet,
        onError(error, _request, response) {
          errors.push((error as Error).message);
          response.writeHead(500).end();
        },
      },
    ),
  );
  assert.equal((await fetch(url)).status, 500);
  assert.deepEqual(errors, ['a mistake']);
  assert.deepEqual([...memory.rows.values()], ['tries|i:1;']);
});

test('a client that goes away leaves a saved and closed session', async () => {
  const memory = new Memory();
  const { closed: left, open: leave } = gate();
  const url = await serve(
    withPhpSession(async (request, response) => {
      await begin(memory);
      $_SESSION['seen'] = 1;
      const gone = once(response, 'close');
      leave();
      await gone;
      assert.equal(request.destroyed, true);
      $_SESSION['seen'] = 2;
    }, quiet),
  );
  const request = get(url);
  request.on('error', () => {});
  await left;
  request.destroy();
  while (memory.trace.at(-1) !== 'close') await turn();
  assert.deepEqual([...memory.rows.values()], ['seen|i:2;']);
});

test('requests at the same time have a session, an id and messages each of their own', async () => {
  const memory = new Memory();
  const messages: PhpSessionMessage[] = [];
  const url = await serve(
    withPhpSession(
      async (request, response) => {
        await begin(memory);
        const name = String(request.url);
        $_SESSION['name'] = name;
        const id = session_id();
        for (let turns = 0; turns < 20; turns += 1) await turn();
        assert.equal($_SESSION['name'], name);
        assert.equal(session_id(), id);
        response.end(`${$_SESSION['name']} ${id}`);
      },
      { onMessage: (message) => messages.push(message) },
    ),
  );
  const pages = await Promise.all(
    Array.from({ length: 40 }, async (_, at) => (await fetch(`${url}/${at}`)).text()),
  );
  for (const [at, page] of pages.entries()) {
    const [name, id = ''] = page.split(' ');
    assert.equal(name, `/${at}`);
    assert.equal(memory.rows.get(id), `name|s:${`/${at}`.length}:"/${at}";`);
  }
  assert.equal(memory.rows.size, 40);
  assert.deepEqual(messages, []);
});

test('work that outlives its request is told so', async () => {
  const memory = new Memory();
  const { closed, open } = gate();
  let late: Promise<unknown> = Promise.resolve();
  const url = await serve(
    withPhpSession(async (_request, response) => {
      await begin(memory);
      late = closed.then(() => session_destroy());
      response.end('ok');
    }, quiet),
  );
  const response = await fetch(url);
  await response.text();
  const ended = (): boolean => memory.trace.at(-1) === 'close';
  while (!ended()) await turn();
  for (let turns = 0; turns < 50; turns += 1) await turn();
  open();
  await assert.rejects(late, PhpScopeError);
});

test('a change of $_SESSION after the page has begun is an error, not a loss', async () => {
  const memory = new Memory();
  let caught: unknown;
  const url = await serve(
    withPhpSession(async (_request, response) => {
      await begin(memory);
      response.write('begun');
      await once(response, 'drain');
      assert.equal($_SESSION['late'], undefined);
      try {
        $_SESSION['late'] = 1;
      } catch (error) {
        caught = error;
      }
      response.end();
    }, quiet),
  );
  await (await fetch(url)).text();
  assert.ok(caught instanceof PhpScopeError);
  assert.match(caught.message, /saved/);
});

test('outside a request, a session function says what to do', async () => {
  await assert.rejects(session_start(), /withPhpSession/);
  assert.throws(() => $_SESSION['x'], /withPhpSession/);
});

test('the cookies of the page and of its session travel together', async () => {
  const memory = new Memory();
  const url = await serve(
    withPhpSession(async (_request, response) => {
      response.setHeader('Set-Cookie', 'first=1');
      await begin(memory);
      await session_regenerate_id();
      response.writeHead(200, { 'set-cookie': ['last=1'] });
      response.end();
    }, quiet),
  );
  const cookies = (await fetch(url)).headers.getSetCookie();
  assert.deepEqual(
    cookies.map((cookie) => cookie.replace(/=.*/, '')),
    ['first', 'PHPSESSID', 'last'],
  );
});

test('cookies are read as PHP reads them', async () => {
  const memory = new Memory();
  const url = await serve(
    withPhpSession(async (_request, response) => {
      await begin(memory);
      response.end(String(session_id()));
    }, quiet),
  );
  const idFor = async (cookie: string): Promise<string> =>
    (await fetch(url, { headers: { cookie } })).text();
  assert.equal(await idFor('PHPSESSID=one; PHPSESSID=two'), 'one');
  assert.equal(await idFor('a=b;PHPSESSID=a%2Cb+c'), 'a,b+c');
  assert.match(await idFor('PHPSESSID[]=one'), /^[0-9a-f]{32}$/);
  assert.match(await idFor('PHPSESSID='), /^[0-9a-f]{32}$/);
  assert.match(await idFor('PHPSESSID=%3Cscript'), /^[0-9a-f]{32}$/);
  assert.match(await idFor('OTHER=one'), /^[0-9a-f]{32}$/);
});

test('Express pages count, and a session that cannot be saved reaches the error handler', async () => {
  const memory = new Memory();
  const app = express();
  app.use(phpSession(quiet));
  app.get('/', async (_request, response) => {
    await begin(memory);
    $_SESSION['count'] = Number($_SESSION['count'] ?? 0) + 1;
    response.send(`Count: ${$_SESSION['count']}`);
  });
  app.use(
    (
      error: Error,
      _request: express.Request,
      response: express.Response,
      _next: express.NextFunction,
    ) => {
      response.status(503).send(error.message);
    },
  );
  const url = await serve(app as RequestListener);
  const first = await fetch(url);
  assert.equal(await first.text(), 'Count: 1');
  const cookie = (first.headers.getSetCookie()[0] ?? '').replace(/;.*/, '');
  assert.equal(await (await fetch(url, { headers: { cookie } })).text(), 'Count: 2');
  memory.failure = new Error('no database');
  const third = await fetch(url, { headers: { cookie } });
  assert.equal(third.status, 503);
  assert.equal(await third.text(), 'no database');
});
