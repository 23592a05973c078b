/** The program as a process of its own: signals, pipes, and how fast it starts. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { PoolConnection, RowDataPacket } from 'mysql2/promise';
import { stripTypes } from '../../src/workshop/machine/program.ts';
import { newSchema, poolOf, secrets, storeOn } from '../store/fixture.ts';
import { fill } from './fixture.ts';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const { url, name } = await newSchema();
const pool = poolOf(url);
await storeOn(pool).createTable();

const children = new Set<ChildProcess>();
after(() => {
  for (const child of children) child.kill('SIGKILL');
});

interface Started {
  readonly child: ChildProcess;
  /** Waits for the first output, and for the exit code and all of stderr. */
  readonly first: Promise<unknown>;
  readonly end: Promise<{ code: number | null; err: string }>;
}

function start(...args: string[]): Started {
  return startIn({}, ...args);
}

function startIn(variables: Record<string, string>, ...args: string[]): Started {
  const own = { DATABASE_URL: url, SESSION_SECRETS: secrets.join(' '), ...variables };
  const env = { ...process.env, ...own };
  const child = spawn(process.execPath, [...stripTypes, main, ...args], {
    env: { ...env, NODE_NO_WARNINGS: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const first = once(child.stdout, 'data');
  const end = once(child, 'close').then(([code]) => ({ code: code as number | null, err }));
  return { child, first, end };
}

/** Waits until the program waits for a lock on the table. */
async function untilWaiting(holder: PoolConnection): Promise<void> {
  for (;;) {
    const [all] = await holder.query<RowDataPacket[]>('SHOW PROCESSLIST');
    if (all.some(({ db, State }) => db === name && /^Waiting for/.test(String(State)))) return;
  }
}

test('a pipe that closes ends the program without a message, as SIGPIPE would', async () => {
  await fill(pool, 20_000, 600_000);
  const { child, first, end } = start('list', '--json');
  await first;
  child.stdout?.destroy();
  assert.deepEqual(await end, { code: 141, err: '' });
  // Of one line: the work is over when the program notices it.
  const { child: short, end: shortEnd } = start('--version');
  short.stdout?.destroy();
  assert.deepEqual(await shortEnd, { code: 141, err: '' });
});

test('a server that stops answering, or is cut off, ends a list and a census with 3', async () => {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let isHung = false;
  const relay = createServer((client) => {
    sockets.add(client.on('error', () => {}));
    if (isHung) return;
    const server = connect(Number(port), hostname);
    sockets.add(server.on('error', () => {}));
    client.pipe(server).pipe(client);
  }).listen(0, '127.0.0.1');
  after(() => {
    for (const socket of sockets) socket.destroy();
    relay.close();
  });
  await once(relay, 'listening');
  const address = new URL(url);
  address.port = String((relay.address() as AddressInfo).port);
  const holder = await pool.getConnection();
  const whileLocked = async (command: string, change: (socket: Socket) => void) => {
    await holder.query('LOCK TABLES sessions WRITE');
    const { end } = startIn({ DATABASE_URL: address.href }, command);
    await untilWaiting(holder);
    for (const socket of sockets) change(socket);
    await holder.query('UNLOCK TABLES');
    return await end;
  };
  const hung = await whileLocked('list', (socket) => {
    isHung = true;
    socket.unpipe().pause();
  });
  isHung = false;
  assert.equal(hung.code, 3, hung.err);
  assert.match(hung.err, /^error: The session database gave no usable answer [^\n]*\n$/);
  const cut = await whileLocked('crawl', (socket) => void socket.destroy());
  assert.equal(cut.code, 3, cut.err);
  assert.match(cut.err, /^error: the connection ended, or the server gave no answer [^\n]*\n$/);
  holder.release();
});

test('Ctrl-C ends a long command after its step, and leaves nothing behind', async () => {
  const { child, first, end } = start('bench', '--seconds', '600', '--clients', '2');
  await first;
  child.kill('SIGINT');
  const { code, err } = await end;
  assert.equal(code, 130);
  assert.equal(err, 'stopping after the current step; Ctrl-C again stops at once\n');
  const [left] = await pool.query<RowDataPacket[]>("SHOW TABLES LIKE 'phpsessid_bench%'");
  assert.deepEqual(left, []);
});

test('a second Ctrl-C does not wait for the server', async () => {
  const holder = await pool.getConnection();
  await holder.query('LOCK TABLES sessions WRITE');
  const { child, end } = start('doctor');
  await untilWaiting(holder);
  child.kill('SIGINT');
  await once(child.stderr as NodeJS.ReadableStream, 'data');
  child.kill('SIGINT');
  assert.equal((await end).code, 130);
  await holder.query('UNLOCK TABLES');
  holder.release();
});

// Other systems have no such file.
const define = process.platform === 'linux' ? test : () => {};
define('a full disk is an error of one line', async () => {
  const full = openSync('/dev/full', 'w');
  const env = { ...process.env, NODE_NO_WARNINGS: '1' };
  const child = spawn(process.execPath, [...stripTypes, main, '--help'], {
    env,
    stdio: ['ignore', full, 'pipe'],
  });
  children.add(child);
  const [code, err] = await Promise.all([once(child, 'close'), text(child.stderr as Readable)]);
  closeSync(full);
  assert.equal(code[0], 1);
  assert.match(err, /^error: cannot write: ENOSPC[^\n]*\n$/);
});
