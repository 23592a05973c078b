/** Shared by the store's tests: a schema on the real server, stores on it, and a wire with gates. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createPool, type Pool, type PoolOptions, type RowDataPacket } from 'mysql2/promise';
import { SessionUnavailable } from '../../src/store/errors.ts';
import type { OpenSession } from '../../src/store/open-session.ts';
import type { SessionsOptions } from '../../src/store/options.ts';
import { createSessions, type Sessions } from '../../src/store/store.ts';
import { waitingThreads } from '../../src/workshop/bench/database.ts';
import { obtainServer, type Schema } from '../../src/workshop/machine/database/server.ts';
import { openWire, type Wire } from '../../src/workshop/wire/proxy.ts';
import { parsed } from './parsed.ts';

/** Secrets of the tests, the newest first. */
export const secrets: [string, string] = ['n'.repeat(32), 'o'.repeat(32)];

const server = await obtainServer();
const endings: (() => unknown)[] = [];
after(async () => {
  for (const end of endings.reverse()) await end();
  await server.close();
});

/**
 * Runs something when the test that asks for it is over, or, outside of a test, when the file is.
 *
 * A file has up to 250 tests with a pool each: open until the file ended, their connections would
 * take the 500 that the server of all files accepts.
 */
export function atEnd(end: () => unknown): void {
  let hasEnded = false;
  const endOnce = async (): Promise<void> => {
    if (hasEnded) return;
    hasEnded = true;
    await end();
  };
  endings.push(endOnce);
  after(endOnce);
}

/** An empty schema. */
export async function newSchema(): Promise<Schema> {
  return await server.createSchema('store');
}

/** A pool that ends with the file's tests. */
export function poolOf(url: string, options: PoolOptions = {}): Pool {
  // By default the driver fills half a megabyte in each connection, and tests make hundreds.
  const few = { connectionLimit: 10, maxPreparedStatements: 250 };
  const pool = createPool({ uri: url, ...few, ...options });
  // The end of a pool waits for a connection that is being made, and reports that it failed.
  atEnd(() => pool.end().catch(() => {}));
  return pool;
}

/** The schema of this file, with the store's tables in it. */
export const schema: Schema = await newSchema();
const direct: Pool = poolOf(schema.url);
await storeOn(direct).createTable();

/** Options of a store without its connection. */
export type Options = Partial<Omit<SessionsOptions, 'pool' | 'url'>>;

/**
 * A store on a pool; no timer runs. The machine of the tests may stop for seconds: a test about time
 * limits sets its own.
 */
export function storeOn(pool: Pool, options: Options = {}): Sessions {
  return createSessions({
    secrets,
    gc: false,
    timeout: 30,
    statementTimeout: 15,
    ...options,
    pool,
  });
}

/** Opens a session that is alive. */
export async function open(sessions: Sessions, id: string): Promise<OpenSession> {
  const session = await sessions.open(id);
  assert.ok(session);
  return session;
}

/** A store on the file's schema, on a pool of its own: another process as the server sees it. */
export function newStore(options: Options = {}, poolOptions: PoolOptions = {}): Sessions {
  return storeOn(poolOf(schema.url, poolOptions), options);
}

/** A store behind a wire, whose gates hold its statements. */
export async function wiredStore(
  options: Options = {},
  poolOptions: PoolOptions = {},
): Promise<{ sessions: Sessions; wire: Wire; pool: Pool }> {
  const wire = await openWire(schema.url);
  atEnd(() => wire.close());
  const pool = poolOf(wire.url, poolOptions);
  const sessions = storeOn(pool, options);
  await ready(sessions);
  return { sessions, wire, pool };
}

/**
 * Waits until a statement waits for a lock, in one schema: other test files have theirs on the same
 * server.
 */
export async function untilLocked(pool: Pool = direct): Promise<void> {
  const [[own]] = await pool.query<RowDataPacket[]>('SELECT DATABASE() AS name');
  for (;;) {
    const waiting = await waitingThreads(pool);
    const [threads] = await pool.query<RowDataPacket[]>('SHOW PROCESSLIST');
    if (threads.some(({ Id, db }) => db === own?.['name'] && waiting.has(Number(Id)))) return;
    await delay(20);
  }
}

/** Lets a store ask its first questions: a busy server may answer later than the test's own limit. */
export async function ready(sessions: Sessions): Promise<void> {
  await sessions.ready().catch(async (error: unknown) => {
    if (!(error instanceof SessionUnavailable)) throw error;
    await ready(sessions);
  });
}

/** The statements that cross a wire from now on: those that match. */
export function statementsOn(wire: Wire, pattern: RegExp = /^/): string[] {
  const statements: string[] = [];
  wire.watch((event) => {
    if (event.kind === 'began' && pattern.test(event.statement.sql)) {
      statements.push(event.statement.sql);
    }
  });
  return statements;
}

/** Runs a statement beside the stores. */
export async function query(sql: string, values: unknown[] = []): Promise<RowDataPacket[]> {
  const [rows] = await direct.query<RowDataPacket[]>(sql, values);
  return rows;
}

/** JSON as a session's bytes. */
export function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** Creates a session, and returns its id; a busy server may need longer than the test's own limit. */
export async function newSession(sessions: Sessions, value: unknown): Promise<string> {
  const id = sessions.newId();
  try {
    await (await sessions.create(id, json(value))).close();
    return id;
  } catch (error) {
    if (!(error instanceof SessionUnavailable)) throw error;
    return await newSession(sessions, value);
  }
}

/** A session's stored value; undefined without one. */
export async function stored(sessions: Sessions, id: string): Promise<unknown> {
  const session = await sessions.open(id, { mode: 'read' });
  return parsed(session?.data);
}
