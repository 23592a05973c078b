import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  $_SESSION,
  PhpScopeError,
  type PhpSessionMessage,
  session_destroy,
  session_id,
  session_start,
} from '#php';
import { withPhpSession } from '../../src/adapters/node.ts';
import { gate } from '../../src/contract/case.ts';
import { begin, Memory, quiet, serve } from './fixture.ts';

test('concurrent requests each have their own session, id and messages', async () => {
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

test('work that outlives its request gets an error that says so', async () => {
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
      await new Promise((written) => response.write('begun', written));
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

test('a callback of write() runs in its own request, though an earlier response is sent first', async () => {
  const memory = new Memory();
  const { closed: bobWrote, open: bobWrites } = gate();
  const seen: unknown[] = [];
  const url = await serve(
    withPhpSession(async (request, response) => {
      await begin(memory);
      if (request.url === '/bob') {
        response.write('bob', () => seen.push(session_id()));
        // Now the session is saved, and the second piece waits for Ann's response alone.
        await new Promise((resolve) => setImmediate(resolve));
        response.write('bob', () => seen.push(session_id()));
        bobWrites();
      } else await bobWrote;
      response.end();
    }, quiet),
  );
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  for (const name of ['ann', 'bob']) {
    const last = name === 'bob' ? 'Connection: close\r\n' : '';
    socket.write(
      `GET /${name} HTTP/1.1\r\nHost: localhost\r\nCookie: PHPSESSID=${name}\r\n${last}\r\n`,
    );
  }
  await once(socket.resume(), 'close');
  assert.deepEqual(seen, ['bob', 'bob']);
});

test('outside a request, a session function throws with the remedy', async () => {
  const remedies =
    /withPhpSession\(\).* withPhpFetch\(\).* phpSession\(\).* phpSessionOf\(request\)/;
  await assert.rejects(session_start(), remedies);
  assert.throws(() => $_SESSION['x'], remedies);
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

test('PHP 8.5 names the line that sent the head', async () => {
  const memory = new Memory();
  const messages: string[] = [];
  const url = await serve(
    withPhpSession(
      async (_request, response) => {
        await begin(memory);
        await new Promise((written) => response.write('begun', written));
        session_id('late');
        response.end();
      },
      { version: '8.5', onMessage: ({ message }) => messages.push(message) },
    ),
  );
  await (await fetch(url)).text();
  const place = /scope\.test\.ts on line \d+\)$/;
  assert.match(messages.join('\n'), /^session_id\(\): .*already been sent \(sent from \//);
  assert.match(messages.join('\n'), place);
});
