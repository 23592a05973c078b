/** The lock of lesson 13 and the queue of lesson 14, for the classes of the lessons after them. */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pool, PoolConnection, RowDataPacket } from 'mysql2/promise';

/** A session's lock: the connection that holds it, and whether its request had to wait for it. */
export type Lock = { db: PoolConnection; waited: boolean };

/** For each lock, the last request of this process that has asked for it. */
const asking = new Map<string, Promise<Lock>>();

/** The lock's name: 64 characters, MySQL's limit, that cannot be computed from the row. */
const lockName = (token: string) => createHash('sha256').update(`lock ${token}`).digest('hex');

/** Takes a session's lock, after the requests of this process that asked for it before. */
export async function lock(
  pool: Pool | null | undefined,
  token: string,
  seconds: number,
): Promise<Lock> {
  const name = lockName(token);
  const asked = ask(pool, name, seconds).finally(() => {
    if (asking.get(name) === asked) asking.delete(name);
  });
  asking.set(name, asked);
  return await asked;
}

/** Gives a connection back to the pool, and releases the lock that it holds. */
export async function unlock(db: PoolConnection): Promise<void> {
  // On a broken connection the server has released the lock itself.
  await db.query('SELECT RELEASE_ALL_LOCKS()').catch(() => db.destroy());
  db.release();
}

/** Takes a connection from the pool, which by itself would wait without end. */
export async function take(
  pool: Pool | null | undefined,
  seconds: number,
  until: number = performance.now() + seconds * 1000,
): Promise<PoolConnection> {
  if (!pool) throw new Error('The session handler has not been opened');
  const taking = pool.getConnection();
  const timer = new AbortController();
  const late = delay(Math.max(0, until - performance.now()), undefined, timer).catch(() => {});
  const db = await Promise.race([taking, late]).finally(() => timer.abort());
  if (db) return db;
  taking.then((unused) => unused.release()).catch(() => {});
  throw new Error(`No connection was free for ${seconds} s`);
}

/** Waits without a connection for the request before, then with one for the lock. */
async function ask(pool: Pool | null | undefined, name: string, seconds: number): Promise<Lock> {
  const until = performance.now() + seconds * 1000;
  const before = asking.get(name);
  await before?.catch(() => {});
  const db = await take(pool, seconds, until);
  try {
    const values = [name, name, Math.max(0, until - performance.now()) / 1000];
    const sql = 'SELECT IS_USED_LOCK(?) AS holder, GET_LOCK(?,?) AS got';
    const [tbl] = await db.execute<RowDataPacket[]>(sql, values);
    if (tbl[0]?.['got'] !== 1) throw new Error(`The session was busy for ${seconds} s`);
    return { db, waited: before !== undefined || tbl[0]['holder'] !== null };
  } catch (error) {
    await unlock(db);
    throw error;
  }
}
