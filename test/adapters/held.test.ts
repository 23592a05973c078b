/** A held response answers each call as Node answers it, and refuses at the line where Node refuses. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { $_SESSION, register_shutdown_function, session_regenerate_id } from '#php';
import { withPhpSession } from '../../src/adapters/node.ts';
import { gate } from '../../src/contract/case.ts';
import { begin, Memory, quiet, serve } from './fixture.ts';

type Page = (response: ServerResponse, request: IncomingMessage) => unknown;

interface Answer {
  /** The status line and the headers, without those that differ from run to run. */
  head: string[];
  body: string;
}

/** Reads an answer's bytes from a socket: no client interprets them. */
async function read(url: string, method = 'GET'): Promise<Answer> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(`${method} / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  const text = (await buffer(socket)).toString('latin1');
  const at = text.indexOf('\r\n\r\n');
  const head = text.slice(0, at).split('\r\n');
  const own = /^(Date|Set-Cookie: PHPSESSID|Expires|Cache-Control|Pragma|Connection)/;
  return { head: head.filter((line) => !own.test(line)).sort(), body: text.slice(at + 4) };
}

/** Serves a page in plain Node, and in Node behind a session that takes its time to be saved. */
async function inBoth(page: Page, method?: string): Promise<{ plain: Answer; held: Answer }> {
  const plain = await serve((request, response) => void page(response, request));
  const memory = new Memory();
  const { closed, open } = gate();
  memory.gate = closed;
  const held = await serve(
    withPhpSession(async (request, response) => {
      await begin(memory);
      $_SESSION['n'] = 1;
      setTimeout(open, 20);
      await page(response, request);
    }, quiet),
  );
  return { plain: await read(plain, method), held: await read(held, method) };
}

const pages: Record<string, Page> = {
  'a status after the answer': (response) => {
    response.end('Hello');
    response.statusCode = 404;
    response.statusMessage = 'Late';
  },
  'a status after flushHeaders()': (response) => {
    response.setHeader('X-A', '1');
    response.flushHeaders();
    response.statusCode = 500;
    response.end('body');
  },
  'headers that their owner changes afterwards': (response) => {
    const headers: Record<string, string> = { 'X-A': 'given', 'Content-Type': 'text/plain' };
    response.writeHead(201, 'Made', headers);
    headers['X-A'] = 'changed';
    headers['X-B'] = 'added';
    response.end('body');
  },
  'a list of headers, a name twice': (response) => {
    response.writeHead(200, ['X-A', '1', 'X-A', '2', 'X-B', '3']).end('body');
  },
  'what writeHead() has set is answered': (response) => {
    response.setHeader('X-Set', '1');
    response.writeHead(207, 'Many', { 'X-A': 'a' });
    response.end(
      [
        response.statusCode,
        response.statusMessage,
        response.getHeader('X-A'),
        response.headersSent,
        response.writableEnded,
        response.hasHeader('x-a'),
      ].join(),
    );
  },
  'a page in pieces': (response) => {
    const answers = [
      response.write('one '),
      response.writableNeedDrain,
      response.writableLength > 0,
    ];
    response.write(Buffer.from('two '));
    response.end('three');
    assert.deepEqual(answers, [true, false, true]);
    assert.equal(response.writableEnded, true);
  },
  'more than the high-water mark': (response) => {
    const answer = response.write('x'.repeat(100_000));
    assert.equal(answer, false);
    assert.equal(response.writableNeedDrain, true);
    response.once('drain', () => response.end('end'));
  },
  'headers after the head': (response) => {
    response.write('begun ');
    assert.throws(() => response.setHeader('X-A', '1'), { code: 'ERR_HTTP_HEADERS_SENT' });
    assert.throws(() => response.removeHeader('X-A'), { code: 'ERR_HTTP_HEADERS_SENT' });
    assert.throws(() => response.writeHead(500), { code: 'ERR_HTTP_HEADERS_SENT' });
    response.end('ended');
  },
  'an implicit head asked for twice, as compression does': (response) => {
    const internal = response as unknown as { _header: unknown; _implicitHeader(): void };
    for (const text of ['one ', 'two ']) {
      if (!internal._header) internal._implicitHeader();
      response.write(text);
    }
    response.end();
  },
  'an invalid status': refused((response) => {
    (response as { statusCode: unknown }).statusCode = 'ETIMEDOUT';
    response.end('page');
  }, 'ERR_HTTP_INVALID_STATUS_CODE'),
  'a status out of range': refused((response) => {
    response.statusCode = 12345;
    response.write('page');
  }, 'ERR_HTTP_INVALID_STATUS_CODE'),
  'an undefined header': refused((response) => {
    response.writeHead(200, { 'Content-Type': undefined as unknown as string });
  }, 'ERR_HTTP_INVALID_HEADER_VALUE'),
  'a header with a line end': refused((response) => {
    response.writeHead(200, { 'X-A': 'a\r\nb' });
  }, 'ERR_INVALID_CHAR'),
  'a status message with a line end': refused((response) => {
    response.statusMessage = 'a\nb';
    response.end('page');
  }, 'ERR_INVALID_CHAR'),
  'a list of odd length': refused((response) => {
    response.writeHead(200, ['X-A', '1', 'X-B']);
  }, 'ERR_INVALID_ARG_VALUE'),
  'a chunk of a wrong type': refused((response) => {
    response.end(5 as unknown as string);
  }, 'ERR_INVALID_ARG_TYPE'),
  'a wrong Content-Length that is checked': (response) => {
    response.strictContentLength = true;
    response.setHeader('Content-Length', 3);
    assert.throws(() => response.end('four'), { code: 'ERR_HTTP_CONTENT_LENGTH_MISMATCH' });
    response.strictContentLength = false;
    response.end('abc');
  },
  'no body for 304': (response) => response.writeHead(304, { ETag: '"a"' }).end(),
};

/** A page that answers 500 when its line is refused. */
function refused(page: Page, code: string): Page {
  return (response, request) => {
    assert.throws(() => page(response, request), { code });
    response.statusCode = 500;
    response.statusMessage = '';
    response.end('error page');
  };
}

for (const [name, page] of Object.entries(pages)) {
  test(`the client gets the same bytes as from plain Node: ${name}`, async () => {
    const { plain, held } = await inBoth(page);
    assert.match(plain.head.join(), /HTTP\/1\.1 \d/);
    assert.deepEqual(held, plain);
  });
}

test('the client gets the same bytes as from plain Node: HEAD', async () => {
  const { plain, held } = await inBoth((response) => response.end('body'), 'HEAD');
  assert.deepEqual(held, plain);
});

test('an unknown encoding is refused at its line', async () => {
  const page = refused((response) => {
    response.end('page', 'no-such' as BufferEncoding);
  }, 'ERR_UNKNOWN_ENCODING');
  const { held } = await inBoth(page);
  assert.deepEqual(held, {
    head: ['Content-Length: 10', 'HTTP/1.1 500 Internal Server Error'],
    body: 'error page',
  });
});

test('a header of the session leaves as its bytes, whatever the body is', async () => {
  const bodies: Page[] = [
    (response) => response.end('text'),
    (response) => response.end(Buffer.from('text')),
    (response) => {
      response.flushHeaders();
      response.end('text');
    },
    (response) => {
      response.setHeader('Content-Length', '4');
      response.write('te');
      response.end('xt');
    },
  ];
  for (const body of bodies) {
    const url = await serve(
      withPhpSession(
        async (request, response) => {
          await begin(new Memory());
          await body(response, request);
        },
        { ...quiet, settings: { 'session.cookie_path': '/café' } },
      ),
    );
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    const bytes = await buffer(socket);
    assert.ok(bytes.includes('path=/café\r\n'), bytes.toString());
    assert.ok(bytes.includes('text'), bytes.toString());
  }
});

test('headers of the content do not outlive a save that failed', async () => {
  const memory = new Memory();
  memory.failure = new Error('no database');
  let isDelivered = false;
  const url = await serve(
    withPhpSession(
      async (_request, response) => {
        await begin(memory);
        $_SESSION['n'] = 1;
        response.setHeader('Content-Length', '9');
        response.setHeader('ETag', '"page"');
        response.setHeader('Content-Encoding', 'gzip');
        response.setHeader('X-Mine', 'kept');
        response.writeHead(201, 'Made', { 'Content-Type': 'image/png', 'X-Paid': 'yes' });
        response.end('Thank you', () => {
          isDelivered = true;
        });
      },
      { ...quiet, onError: (_error, _request, response) => response.end('could not be saved') },
    ),
  );
  const answer = await read(url);
  assert.deepEqual(answer, {
    head: ['Content-Length: 18', 'HTTP/1.1 500 Internal Server Error', 'X-Mine: kept'],
    body: 'could not be saved',
  });
  assert.equal(isDelivered, false);
});

test('a shutdown function may still set the session’s cookie', async () => {
  const url = await serve(
    withPhpSession(async (_request, response) => {
      await begin(new Memory());
      const first = String(response.getHeader('Set-Cookie'));
      register_shutdown_function(async () => {
        await session_regenerate_id();
      });
      response.setHeader('X-First', first);
      response.end('page');
    }, quiet),
  );
  const response = await fetch(url);
  const cookies = response.headers.getSetCookie();
  assert.equal(cookies.length, 1);
  assert.notEqual(cookies[0], response.headers.get('x-first'));
  assert.equal(await response.text(), 'page');
});

test('a cookie list that the page sets keeps the session’s, unless the page removes it', async () => {
  const names = async (page: Page): Promise<string[]> => {
    const url = await serve(
      withPhpSession(async (request, response) => {
        await begin(new Memory());
        await page(response, request);
        response.end();
      }, quiet),
    );
    return (await fetch(url)).headers.getSetCookie().map((line) => line.replace(/;.*/, ''));
  };
  const set: Page = (response) => response.setHeader('Set-Cookie', ['a=1', 'b=2']);
  const [session = '', ...others] = await names(set);
  assert.match(session, /^PHPSESSID=/);
  assert.deepEqual(others, ['a=1', 'b=2']);
  assert.deepEqual(
    await names((response) => {
      response.removeHeader('Set-Cookie');
    }),
    [],
  );
  assert.deepEqual(
    await names((response, request) => {
      response.removeHeader('Set-Cookie');
      set(response, request);
    }),
    ['a=1', 'b=2'],
  );
  assert.deepEqual(
    await names((response) => response.setHeader('Set-Cookie', 'PHPSESSID=; Max-Age=0')),
    ['PHPSESSID='],
  );
});

test('pipelined requests are answered in order, each after its save', async () => {
  const memory = new Memory();
  const { closed, open } = gate();
  memory.gate = closed;
  let count = 0;
  const url = await serve(
    withPhpSession(async (request, response) => {
      await begin(memory);
      $_SESSION['url'] = String(request.url);
      count += 1;
      response.end(`page ${request.url}`);
    }, quiet),
  );
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const get = (path: string, last = ''): string =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${last}\r\n`;
  socket.write(get('/1') + get('/2') + get('/3', 'Connection: close\r\n'));
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  while (count < 3) await turn();
  for (let turns = 0; turns < 20; turns += 1) await turn();
  assert.equal(text, '');
  open();
  await once(socket, 'close');
  assert.deepEqual(text.match(/page \/\d/g), ['page /1', 'page /2', 'page /3']);
  assert.equal(text.match(/Set-Cookie: PHPSESSID/g)?.length, 3);
});

test('server.close() still sends a held response', async () => {
  const memory = new Memory();
  const { closed, open } = gate();
  memory.gate = closed;
  const server = createServer(
    withPhpSession(async (_request, response) => {
      await begin(memory);
      $_SESSION['n'] = 1;
      response.end('page');
      server.close();
      setTimeout(open, 20);
    }, quiet),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'page');
});
