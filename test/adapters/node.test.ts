import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type RequestListener, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { $_SESSION, session_regenerate_id } from '#php';
import { withPhpSession } from '../../src/adapters/node.ts';
import { gate } from '../../src/contract/case.ts';
import { begin, Memory, quiet, serve } from './fixture.ts';

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
      const written = new Promise<void>((resolve) => {
        response.write('one ', () => {
          events.push(`written after ${memory.trace.at(-1)}`);
          resolve();
        });
      });
      assert.equal(response.headersSent, true);
      assert.throws(() => response.setHeader('X-Late', '1'), { code: 'ERR_HTTP_HEADERS_SENT' });
      await written;
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

test('a save that throws something other than an Error is a warning, and the page is answered', async () => {
  const memory = new Memory();
  memory.failure = { code: 'FULL' } as unknown as Error;
  const url = await serve(
    withPhpSession(
      async () => {
        await begin(memory);
        throw new Error('a mistake');
      },
      {
        ...quiet,
        onError: (_error, _request, response) => response.writeHead(500).end('sorry'),
      },
    ),
  );
  const warned = once(process, 'warning');
  assert.equal(await (await fetch(url)).text(), 'sorry');
  assert.match((await warned)[0].message, /FULL/);
});

test('a client that goes away leaves a saved and closed session', async (t) => {
  const memory = new Memory();
  const warned = t.mock.method(process, 'emitWarning', () => {});
  const { closed: left, open: leave } = gate();
  const endless = { ...quiet, hangupGrace: Number.POSITIVE_INFINITY };
  const url = await serve(
    withPhpSession(async (request, response) => {
      await begin(memory);
      $_SESSION['seen'] = 1;
      const gone = once(response, 'close');
      leave();
      await gone;
      assert.equal(request.destroyed, true);
      $_SESSION['seen'] = 2;
    }, endless),
  );
  const request = get(url);
  request.on('error', () => {});
  await left;
  request.destroy();
  while (memory.trace.at(-1) !== 'close') await turn();
  assert.deepEqual([...memory.rows.values()], ['seen|i:2;']);
  assert.deepEqual(warned.mock.calls, [], 'no timer has overflowed');
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

test('events of the request and the response have its session', async () => {
  const memory = new Memory();
  const seen: unknown[] = [];
  const url = await serve(
    withPhpSession((request, response) => {
      let size = 0;
      request.on('data', (chunk: Buffer) => {
        size += chunk.length;
      });
      request.on('end', async () => {
        await begin(memory);
        $_SESSION['size'] = size;
        response.end(`${size} bytes`);
      });
      response.on('finish', () => seen.push($_SESSION['size']));
    }, quiet),
  );
  const body = 'x'.repeat(100_000);
  assert.equal(await (await fetch(url, { method: 'POST', body })).text(), '100000 bytes');
  assert.deepEqual([...memory.rows.values()], ['size|i:100000;']);
  assert.deepEqual(seen, [100_000]);
});

test('a client that hangs up within its form leaves a saved and closed session', async () => {
  const memory = new Memory();
  const url = await serve(
    withPhpSession(async (request) => {
      await begin(memory);
      $_SESSION['seen'] = 1;
      await new Promise((resolve) => request.on('end', resolve).resume());
    }, quiet),
  );
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf');
  while (!memory.trace.includes('read')) await turn();
  await turn();
  socket.destroy();
  while (memory.trace.at(-1) !== 'close') await turn();
  assert.deepEqual([...memory.rows.values()], ['seen|i:1;']);
});

test('a page that forgets an await leaves nothing open', async () => {
  for (const page of [
    (memory: Memory) => {
      begin(memory).catch(() => {});
      throw new Error('a mistake');
    },
    (memory: Memory, response: ServerResponse) => {
      begin(memory).catch(() => {});
      response.destroy();
    },
    (memory: Memory, response: ServerResponse) => {
      turn()
        .then(() => begin(memory))
        .catch(() => {});
      response.destroy();
    },
  ]) {
    const memory = new Memory();
    const url = await serve(
      withPhpSession((_request, response) => page(memory, response), {
        ...quiet,
        onError: (_error, _request, response) => response.end(),
      }),
    );
    await fetch(url).catch(() => {});
    for (let turns = 0; turns < 50; turns += 1) await turn();
    const opened = memory.trace.filter((call) => call === 'open').length;
    const closed = memory.trace.filter((call) => call === 'close').length;
    assert.equal(opened, closed, memory.trace.join());
  }
});

test('a failed save that no code awaits becomes a warning', async () => {
  const memory = new Memory();
  memory.failure = new Error('the disk is full');
  const { closed: left, open: leave } = gate();
  const url = await serve(
    withPhpSession(async (_request, response) => {
      await begin(memory);
      $_SESSION['n'] = 1;
      leave();
      await once(response, 'close');
    }, quiet),
  );
  const warned = once(process, 'warning');
  const request = get(url);
  request.on('error', () => {});
  await left;
  request.destroy();
  assert.deepEqual(await warned, [memory.failure]);
});

test('a request that is wrapped twice has one session', async () => {
  const memory = new Memory();
  const inner = withPhpSession(async (_request, response) => {
    await begin(memory);
    $_SESSION['n'] = 1;
    response.end('once');
  }, quiet);
  const url = await serve(withPhpSession(inner, quiet));
  const response = await fetch(url);
  assert.equal(await response.text(), 'once');
  assert.equal(response.headers.getSetCookie().length, 1);
  assert.deepEqual(memory.trace, ['open', 'read', 'write', 'close']);
});

test('a second wrapper that has other settings is refused, not ignored', async () => {
  const wrap = (name: string, inner: RequestListener) =>
    withPhpSession(inner, { ...quiet, settings: { 'session.name': name } });
  const page: RequestListener = (_request, response) => void response.end('page');
  assert.equal((await fetch(await serve(wrap('shop', wrap('shop', page))))).status, 200);
  const warned = once(process, 'warning');
  assert.equal((await fetch(await serve(wrap('shop', wrap('office', page))))).status, 500);
  assert.match(String(await warned), /has other settings: use one for each request/);
});

test('a page that fails within two wrappers is answered by the inner one', async () => {
  const answered: unknown[] = [];
  const inner = withPhpSession(
    () => {
      throw new Error('a mistake');
    },
    {
      ...quiet,
      onError(error, _request, response) {
        answered.push((error as Error).message);
        response.writeHead(500).end();
      },
    },
  );
  const url = await serve(withPhpSession(inner, quiet));
  assert.equal((await fetch(url)).status, 500);
  assert.deepEqual(answered, ['a mistake']);
});
