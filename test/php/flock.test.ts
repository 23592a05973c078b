/** The option `flock`: a session's file is locked for other processes too. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { $_SESSION, type PhpOptions, session_id, session_start, withPhpRequest } from '#php';
import { withPhpSession } from '../../src/adapters/node.ts';
import { gate } from '../../src/contract/case.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phpsessid-flock-'));
});
after(() => rm(folder, { recursive: true }));

function flocking(): PhpOptions {
  return { settings: { 'session.save_path': folder, 'session.gc_probability': 0 }, flock: true };
}

test('with flock, a request waits for a file that another process has locked', async () => {
  const path = join(folder, 'sess_flock');
  const keeper = spawn('flock', [path, 'sh', '-c', `echo locked; cat > '${path}'`]);
  await once(keeper.stdout, 'data');
  const counting = withPhpRequest(flocking(), async () => {
    session_id('flock');
    await session_start();
    $_SESSION['count'] = Number($_SESSION['count'] ?? 0) + 1;
  });
  await turn();
  keeper.stdin.end('count|i:7;');
  await counting;
  assert.equal(await readFile(path, 'utf8'), 'count|i:8;');
});

test('with flock, a request that ends while it waits leaves no lock', async () => {
  const path = join(folder, 'sess_gone');
  const isFree = async (): Promise<boolean> =>
    (await once(spawn('flock', ['--nonblock', path, 'true']), 'close'))[0] === 0;
  const settings = flocking();
  let starting: Promise<boolean> | undefined;
  const enter = (): Promise<boolean> => {
    session_id('gone');
    starting = session_start();
    return starting;
  };
  /** Each calls `release` once its request has ended, which still waits for the file. */
  const ends: ((release: () => void) => Promise<unknown>)[] = [
    (release) =>
      withPhpRequest(settings, () => {
        void enter();
        setImmediate(release);
      }),
    (release) => {
      const failing = withPhpRequest(settings, () => {
        void enter();
        setImmediate(release);
        throw new Error('a mistake');
      });
      return assert.rejects(failing, /a mistake/);
    },
    (release) => leaveEarly(settings, enter, release),
  ];
  for (const end of ends) {
    const keeper = spawn('flock', [path, 'sh', '-c', `echo locked; cat > '${path}'`]);
    await once(keeper.stdout, 'data');
    await end(() => void keeper.stdin.end('count|i:7;'));
    assert.ok(await isFree());
    assert.equal(await starting, true);
    assert.equal(await readFile(path, 'utf8'), 'count|i:7;');
  }
});

/** Visits a page over HTTP, and aborts while it runs. */
async function leaveEarly(
  settings: PhpOptions,
  page: () => Promise<unknown>,
  left: () => void,
): Promise<void> {
  const client = new AbortController();
  const { closed: finished, open: finish } = gate();
  const listener = withPhpSession(async (_request, response) => {
    response.once('close', left);
    const running = page();
    client.abort();
    await running;
    setImmediate(finish);
  }, settings);
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const visiting = fetch(`http://127.0.0.1:${port}/`, client);
  await assert.rejects(visiting, { name: 'AbortError' });
  await finished;
  await new Promise((resolve) => server.close(resolve));
}

test('with flock, a session is refused where the command is missing or fails', async () => {
  const path = process.env['PATH'];
  const programs = join(folder, 'programs');
  const enter = (): Promise<boolean> => {
    session_id('refused');
    return session_start();
  };
  const start = (): Promise<boolean> => withPhpRequest(flocking(), enter);
  await mkdir(programs);
  try {
    process.env['PATH'] = programs;
    await assert.rejects(start(), /spawn flock ENOENT; install util-linux, or leave/);
    const failing = '#!/bin/sh\necho "flock: 3: No locks available" >&2\nexit 1\n';
    await writeFile(join(programs, 'flock'), failing, { mode: 0o700 });
    await assert.rejects(start(), /lock a session's file: flock: 3: No locks available$/);
  } finally {
    process.env['PATH'] = path;
  }
  await withPhpRequest({ ...flocking(), flock: false }, enter);
});
