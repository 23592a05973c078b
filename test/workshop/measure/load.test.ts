/** The clients of the benchmarks, against servers that answer right and wrong. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { Round } from '../../../src/workshop/measure/figures.ts';
import { serveAndRun } from '../../../src/workshop/measure/rounds.ts';

async function ask(
  listener: RequestListener,
  seconds = 0.2,
): Promise<{ round: Round; said: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
  };
  const serve = async () => ({ ports: [port], pids: [process.pid], close });
  const plan = { paths: ['/'], rounds: 1, seconds, clients: 2, database: [] };
  const said: string[] = [];
  const [page] = await serveAndRun(['page'], serve, plan, (line) => said.push(line));
  const [round] = page?.rounds.get('/') ?? [];
  assert.ok(round);
  return { round, said: said.join('\n') };
}

/** A counter page; each cookie has its own count. */
function counter(answer: (count: number) => number): RequestListener {
  const counts = new Map<string, number>();
  return (request, response) => {
    const cookie = request.headers.cookie ?? `sid=${counts.size}`;
    const count = (counts.get(cookie) ?? 0) + 1;
    counts.set(cookie, count);
    response.setHeader('Set-Cookie', `${cookie}; path=/`);
    // In two chunks.
    response.write('<p>Count: ');
    response.end(`${answer(count)}</p>\n`);
  };
}

test('every client continues from its own last count', async () => {
  const { round, said } = await ask(counter((count) => count));
  assert.equal(round.failed, 0, said);
  assert.ok(round.perSecond > 0);
});

test('a response that has lost a count is wrong', async () => {
  const { round, said } = await ask(counter(() => 1));
  assert.equal(round.failed, 1);
  assert.match(said, /page: not every response was right: count 1 instead of 2/);
});

test('a connection that is cut is a wrong response, and the client connects again', async () => {
  let requests = 0;
  const { round, said } = await ask((request) => {
    requests += 1;
    request.socket.destroy();
  }, 1);
  assert.equal(round.failed, 1);
  // Two clients in two rounds: the fifth request is one that connected again within its round.
  assert.ok(requests > 4, String(requests));
  assert.match(said, /the server closed the connection|ECONNRESET/);
});

test('a client connects again after a response that ends the connection', async () => {
  const count = counter((count) => count);
  const { round, said } = await ask((request, response) => {
    response.setHeader('Connection', 'close');
    count(request, response);
  });
  assert.equal(round.failed, 0, said);
  assert.ok(round.perSecond > 10, String(round.perSecond));
});
