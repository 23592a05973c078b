/** Responses on node:http that begin before their session is saved, and go on afterwards. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { getSession, withSessions } from '../../../src/adapters/store/node.ts';
import { newStore } from '../../store/fixture.ts';
import { serve } from '../fixture.ts';

/** What comes back until the server closes. */
async function ask(url: string, path = '/'): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

test('the head of a stream that goes on after the save is sent once', async () => {
  const url = await serve(
    withSessions(newStore(), async (request, response) => {
      (await getSession(request)).data['visits'] = 1;
      if (request.url === '/large') {
        response.write('x'.repeat(100_000));
        await once(response, 'drain');
      } else if (request.url === '/flushed') response.flushHeaders();
      else response.write('one ');
      while (!response.headersSent || response.writableLength > 0) await wait(1);
      await wait(20);
      response.write('two ');
      response.end('three');
    }),
  );
  for (const path of ['/', '/large', '/flushed']) {
    const answer = await ask(url, path);
    assert.equal(answer.match(/HTTP\/1\.1 200 OK/g)?.length, 1, path);
    assert.equal(answer.match(/__Host-session=/g)?.length, 1, path);
    assert.match(answer, /4\r\ntwo \r\n5\r\nthree\r\n0\r\n\r\n$/);
  }
});
