/** A callback that gives up waiting: its time limit passes while the answer is held back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Connection, createConnection, createPool } from 'mysql2/promise';
import { unawaited } from '../../../src/workshop/bench/unawaited.ts';
import {
  type DatabaseServer,
  obtainServer,
} from '../../../src/workshop/machine/database/server.ts';
import { openWire, type Wire } from '../../../src/workshop/wire/proxy.ts';

/** The class under test is this file. */
const here = fileURLToPath(import.meta.url);
const sql = 'SELECT 1';

let server: DatabaseServer;
let wire: Wire;
let connection: Connection;
before(async () => {
  server = await obtainServer();
  wire = await openWire(server.url);
  connection = await createConnection(wire.url);
});
after(async () => {
  await connection?.end();
  await wire?.close();
  await server?.close();
});

const anHour = 3_600_000;
const refuse = (): never => {
  throw new Error('The database has not answered for an hour');
};

test('a call that succeeds after a time limit did not wait', async () => {
  const limits = [
    () => delay(anHour),
    () => new Promise<void>((resolve) => setTimeout(resolve, anHour)),
    () => once(AbortSignal.timeout(anHour), 'abort'),
  ];
  for (const limit of limits) {
    const call = () => Promise.race([connection.query(sql), limit()]);
    assert.deepEqual(await unawaited(wire, here, call), [sql], String(limit));
  }
  const limited = () => connection.query({ sql, timeout: anHour }).catch(() => {});
  assert.deepEqual(await unawaited(wire, here, limited), [sql], 'a limit of the driver');
});

test('a call that fails at a time limit waits for nothing more', async () => {
  const call = () => Promise.race([connection.query(sql), delay(anHour).then(refuse)]);
  assert.deepEqual(await unawaited(wire, here, call), []);
});

test('a time limit that the class has cleared does not pass', async () => {
  let passed = false;
  const call = async () => {
    const limit = setTimeout(() => {
      passed = true;
    }, anHour);
    clearTimeout(limit);
    await connection.query(sql);
  };
  assert.deepEqual(await unawaited(wire, here, call), []);
  assert.equal(passed, false);
});

test('the timers of others keep their time, and so does every timer after the call', async () => {
  const call = () =>
    Promise.race([connection.query(sql), delay(anHour, undefined, { ref: false })]);
  assert.deepEqual(await unawaited(wire, '/another/class.ts', call), []);
  const { setTimeout: real } = globalThis;
  await unawaited(wire, here, async () => assert.notEqual(globalThis.setTimeout, real));
  assert.equal(globalThis.setTimeout, real);
});

test('a call that destroys a connection did not wait for its end', async () => {
  const other = await createConnection(wire.url);
  assert.deepEqual(await unawaited(wire, here, async () => other.destroy()), ['destroy()']);
});

test('a connection that the driver removes from an idle pool was destroyed by no call', async (context) => {
  const pool = createPool({ uri: wire.url, connectionLimit: 2, maxIdle: 1, idleTimeout: 1 });
  context.after(() => pool.end());
  const idle = await pool.getConnection();
  const { stream } = idle.connection as unknown as { stream: Socket };
  idle.release();
  const call = () => once(stream, 'close');
  assert.deepEqual(await unawaited(wire, here, call), []);
});
