/** A real haproxy in front of Node servers and of a PHP that speaks FastCGI; and its stand-in. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Haproxy, obtainHaproxy } from '../../../src/workshop/machine/haproxy.ts';
import { obtainPhp } from '../../../src/workshop/machine/php.ts';
import { FastCgiPhp } from '../../../src/workshop/machine/php-fastcgi.ts';
import { SmallProxy } from '../../../src/workshop/machine/proxy.ts';
import { visit } from '../../../src/workshop/sandbox/browser.ts';
import { HANG } from '../../hang.ts';

let proxy: Haproxy;
const small = new SmallProxy();
before(async () => {
  const program = await obtainHaproxy({ progress: (line) => console.error(line) });
  if ('reason' in program) throw new Error(program.reason);
  assert.match(program.version, /^[23]\.\d+/);
  proxy = new Haproxy(program);
});
const folder = mkdtempSync(join(tmpdir(), "phpsessid-it's a %41 page-"));
after(async () => {
  await Promise.all([proxy?.close(), small.close()]);
  rmSync(folder, { recursive: true });
});

async function serve(text: string, port = 0): Promise<Server & { port: number }> {
  const server = createServer((request, response) => {
    if (request.url === '/never') request.socket.destroy();
    else response.end(text);
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return Object.assign(server, { port: (server.address() as AddressInfo).port });
}

async function end(server: Server): Promise<void> {
  const ended = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await ended;
}

/** Asks until the answer is as wanted; haproxy looks at its servers three times a second. */
async function until(port: number, wanted: (status: number) => boolean): Promise<void> {
  const end = performance.now() + HANG;
  while (performance.now() < end) {
    const { status } = await visit(port);
    if (wanted(status)) return;
    await delay(50);
  }
  assert.fail(`the proxy has not noticed within ${HANG / 1000} s`);
}

/** Two servers that take turns, and end one after the other. */
async function takeTurns(before: Haproxy | SmallProxy): Promise<void> {
  const [a, b] = [await serve('a'), await serve('b')];
  await before.start([
    { name: 'A', port: a.port },
    { name: 'B', port: b.port },
  ]);
  const seen: string[] = [];
  for (let turn = 0; turn < 6; turn += 1) {
    const { body, headers } = await visit(before.port);
    seen.push(`${body}${headers['x-server']}`);
  }
  assert.deepEqual(seen.sort(), ['aA', 'aA', 'aA', 'bB', 'bB', 'bB']);
  // The server has received this request, so no other server gets it.
  assert.equal((await visit(before.port, { path: '/never' })).status, 502);

  await end(a);
  for (let turn = 0; turn < 4; turn += 1) {
    assert.equal((await visit(before.port)).body, 'b', 'a server that refuses costs no request');
  }
  await end(b);
  assert.equal((await visit(before.port)).status, 503);
  const again = await serve('a again', a.port);
  await until(before.port, (status) => status === 200);
  await end(again);
  await before.close();
}

test('servers take turns; without one the answer is 503, and it ends by itself', () =>
  takeTurns(proxy));

test('the small proxy does the same where there is no haproxy', () => takeTurns(small));

test('PHP answers by FastCGI, with the request’s cookie and query, until it is killed', async () => {
  const script = join(folder, 'page.php');
  const code = 'echo json_encode([$_COOKIE, $_GET, $_SERVER["REQUEST_URI"], getenv("GREETING")]);';
  writeFileSync(script, `<?php ${code}`);
  const program = await obtainPhp();
  if ('reason' in program) throw new Error(program.reason);
  const php = new FastCgiPhp(program, { variables: { GREETING: 'hello' }, workers: 2 });
  await php.start();
  try {
    await proxy.start([{ name: 'PHP', port: php.port, script }]);
    const wanted = { cookie: 'one=1', path: '/whoami?user=ann' };
    const { status, body, headers } = await visit(proxy.port, wanted);
    assert.equal(status, 200);
    assert.equal(headers['x-server'], 'PHP');
    assert.deepEqual(JSON.parse(body), [
      { one: '1' },
      { user: 'ann' },
      '/whoami?user=ann',
      'hello',
    ]);
    await php.kill();
    assert.equal((await visit(proxy.port)).status, 503);
    await php.start();
    await until(proxy.port, (now) => now === 200);
  } finally {
    await php.close();
    await proxy.close();
  }
});

test('a PHP that does not start leaves no folder behind', async () => {
  const { TMPDIR } = process.env;
  process.env['TMPDIR'] = mkdtempSync(join(folder, 'temporary-'));
  try {
    const program = { path: '/bin/false', ini: [], env: {}, version: '' };
    await assert.rejects(new FastCgiPhp(program, { variables: {} }).start(), /did not start/);
    assert.deepEqual(readdirSync(process.env['TMPDIR']), []);
  } finally {
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
  }
});

test('a proxy that cannot start says why', async () => {
  await assert.rejects(proxy.start([{ name: 'A B', port: 1 }]), {
    message: /haproxy did not start on port \d+: .*server web\/A/s,
  });
});
