import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { getRequestListener } from '@hono/node-server';
import { H3, serve as serveH3 } from 'h3';
import { Hono } from 'hono';
import { stream } from 'hono/streaming';
import { $_SESSION, phpSessionOf, session_regenerate_id, session_start } from '#php';
import { withPhpFetch } from '../../src/adapters/fetch.ts';
import { gate } from '../../src/contract/case.ts';
import { begin, Memory, serve } from './fixture.ts';
import '../php/own-save-path.ts';

const quiet = { onMessage() {} };
const at = (): Request => new Request('http://localhost/?a=1');
const cookieOf = (response: Response): string =>
  (response.headers.getSetCookie()[0] ?? '').replace(/;.*/, '');

test('a Response is returned after its session is saved', async () => {
  const memory = new Memory();
  const { closed, open } = gate();
  memory.gate = closed;
  const handler = withPhpFetch(async () => {
    await begin(memory);
    $_SESSION['user'] = 'ann';
    return Response.redirect('http://localhost/home');
  }, quiet);
  let isAnswered = false;
  const answer = handler(at()).then((response) => {
    isAnswered = true;
    return response;
  });
  setTimeout(open, 30);
  await closed;
  assert.equal(isAnswered, false);
  const response = await answer;
  assert.equal(response.status, 302);
  assert.equal(response.headers.get('location'), 'http://localhost/home');
  assert.match(cookieOf(response), /^PHPSESSID=/);
  assert.deepEqual([...memory.rows.values()], ['user|s:3:"ann";']);
});

test('headers of the page and of its session travel together', async () => {
  const handler = withPhpFetch(
    async () => {
      await begin(new Memory());
      await session_regenerate_id();
      const headers = new Headers({ 'Cache-Control': 'max-age=60' });
      headers.append('Set-Cookie', 'a=1');
      headers.append('Set-Cookie', 'b=2');
      return new Response('page', { headers });
    },
    { ...quiet, settings: { 'session.cookie_path': '/café' } },
  );
  const { headers } = await handler(at());
  assert.deepEqual(
    headers.getSetCookie().map((line) => line.replace(/=.*/, '')),
    ['PHPSESSID', 'a', 'b'],
  );
  assert.equal(headers.get('cache-control'), 'max-age=60');
  assert.equal(headers.get('pragma'), 'no-cache');
  const path = /path=([^;]*)/.exec(headers.getSetCookie()[0] ?? '')?.[1] ?? '';
  assert.equal(Buffer.from(path, 'latin1').toString(), '/café');
});

test('a session that cannot be saved answers 500 instead of the page', async () => {
  const memory = new Memory();
  memory.failure = new Error('the disk is full');
  const errors: unknown[] = [];
  const handler = withPhpFetch(
    async () => {
      await begin(memory);
      $_SESSION['paid'] = true;
      return new Response('Thank you');
    },
    {
      ...quiet,
      onError(error) {
        errors.push(error);
        return new Response('sorry', { status: 500 });
      },
    },
  );
  const response = await handler(at());
  assert.deepEqual([response.status, await response.text()], [500, 'sorry']);
  assert.deepEqual(errors, [memory.failure]);
});

test('a handler that throws answers 500, and its session is saved as PHP saves it', async () => {
  const memory = new Memory();
  const handler = withPhpFetch(
    async () => {
      await begin(memory);
      $_SESSION['tries'] = 1;
      throw new Error('a mistake');
    },
    { ...quiet, onError: (error) => new Response((error as Error).message, { status: 500 }) },
  );
  assert.equal(await (await handler(at())).text(), 'a mistake');
  assert.deepEqual([...memory.rows.values()], ['tries|i:1;']);
});

test('a handler may return a promise that starts its work at its first then()', async () => {
  const memory = new Memory();
  const work = async (): Promise<Response> => {
    await begin(memory);
    return new Response('page');
  };
  // As a query builder does.
  const then = (...callbacks: [never, never]): unknown => work().then(...callbacks);
  const lazy = Object.fromEntries([['then', then]]);
  const handler = withPhpFetch(() => lazy as never, quiet);
  assert.equal(await (await handler(at())).text(), 'page');
  assert.equal(memory.rows.size, 1);
});

test('a handler without a Response, or with one that was read, is a handler that fails', async () => {
  const read = new Response('read');
  await read.text();
  for (const [answer, message] of [
    [undefined, /returned no Response/],
    [read, /disturbed or locked/],
  ] as const) {
    const handler = withPhpFetch(
      async () => {
        await begin(new Memory());
        return answer as Response;
      },
      { ...quiet, onError: (error) => new Response((error as Error).message, { status: 500 }) },
    );
    const response = await handler(at());
    assert.match(await response.text(), message);
    assert.match(cookieOf(response), /^PHPSESSID=/);
  }
});

test("a Response that the handler throws is thrown on with its session's cookie", async () => {
  const memory = new Memory();
  const handler = withPhpFetch(async (): Promise<Response> => {
    await begin(memory);
    $_SESSION['tries'] = 1;
    throw Response.redirect('http://localhost/login');
  }, quiet);
  const answer = await handler(at()).catch((thrown: Response) => thrown);
  assert.deepEqual([answer.status, memory.rows.size], [302, 1]);
  assert.match(cookieOf(answer), /^PHPSESSID=/);
  await assert.rejects(handler(at()), Response);
});

test('a stream reads the session that was saved, and cannot change it', async () => {
  const memory = new Memory();
  const handler = withPhpFetch(async (request) => {
    await begin(memory);
    $_SESSION['user'] = 'ann';
    const bound = phpSessionOf(request);
    let pulls = 0;
    return new Response(
      new ReadableStream(
        {
          async pull(controller) {
            pulls += 1;
            if (pulls === 1) controller.enqueue(Buffer.from(`hello ${bound.$_SESSION['user']} `));
            else {
              assert.throws(() => {
                bound.$_SESSION['late'] = 1;
              }, /after it had been saved: its response was complete/);
              assert.equal(await bound.session_start(), false);
              controller.enqueue(Buffer.from(`saved ${memory.rows.size}`));
              controller.close();
            }
          },
        },
        { highWaterMark: 0 },
      ),
    );
  }, quiet);
  assert.equal(await (await handler(at())).text(), 'hello ann saved 1');
});

/** A counter page behind any server. */
async function count(memory: Memory): Promise<string> {
  await begin(memory);
  $_SESSION['count'] = Number($_SESSION['count'] ?? 0) + 1;
  return `Count: ${$_SESSION['count']}`;
}

async function visitTwice(url: string): Promise<string[]> {
  const first = await fetch(url);
  const cookie = cookieOf(first);
  const second = await fetch(url, { headers: { cookie } });
  return [await first.text(), await second.text()];
}

test('Hono pages count, stream, and find their session by their context', async () => {
  const memory = new Memory();
  const app = new Hono();
  app.get('/', async (c) => c.text(await count(memory)));
  app.get('/bound', async (c) => {
    await session_start();
    return c.text(String(phpSessionOf(c).session_id()));
  });
  app.get('/stream', async (c) => {
    await begin(memory);
    $_SESSION['user'] = 'ann';
    return stream(c, async (output) => {
      await output.write(`hello ${$_SESSION['user']}`);
    });
  });
  const url = await serve(getRequestListener(withPhpFetch((request) => app.fetch(request), quiet)));
  assert.deepEqual(await visitTwice(url), ['Count: 1', 'Count: 2']);
  assert.match(await (await fetch(`${url}/bound`)).text(), /^[0-9a-f]{32}$/);
  const streamed = await fetch(`${url}/stream`);
  assert.match(cookieOf(streamed), /^PHPSESSID=/);
  assert.equal(await streamed.text(), 'hello ann');
});

test('h3 pages count, and find their session by their event', async () => {
  const memory = new Memory();
  const app = new H3();
  app.get('/', () => count(memory));
  app.get('/bound', async (event) => {
    await session_start();
    return String(phpSessionOf(event).session_id());
  });
  const handler = withPhpFetch((request) => app.fetch(request), quiet);
  const wrapped = new H3().all('/**', (event) => handler(event.req));
  const server = serveH3(wrapped, { port: 0, hostname: '127.0.0.1', silent: true });
  after(() => server.close(true));
  await server.ready();
  const url = String(server.url);
  assert.deepEqual(await visitTwice(url), ['Count: 1', 'Count: 2']);
  assert.match(await (await fetch(new URL('/bound', url))).text(), /^[0-9a-f]{32}$/);
});

test('requests at the same time keep their sessions apart', async () => {
  const memory = new Memory();
  const handler = withPhpFetch(async (request) => {
    await begin(memory);
    $_SESSION['url'] = request.url;
    await new Promise((resolve) => setTimeout(resolve, 5));
    return new Response(String($_SESSION['url'] === request.url));
  }, quiet);
  const pages = await Promise.all(
    Array.from({ length: 20 }, async (_, n) =>
      (await handler(new Request(`http://localhost/${n}`))).text(),
    ),
  );
  assert.deepEqual(new Set(pages), new Set(['true']));
  assert.equal(memory.rows.size, 20);
});
