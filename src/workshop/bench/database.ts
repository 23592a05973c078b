/** A test file's own database: an empty schema with the lesson's table. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import type { Wire } from '../wire/proxy.ts';
import { sentTo } from './sockets.ts';

/** One row of a result, by column. */
export type Row = Record<string, unknown>;

export interface BenchDatabase {
  /** Every row of `sessions`, in order of id. A binary column comes as a `Buffer`. */
  rows(): Promise<Row[]>;
  /** Runs a statement beside the class, on a connection of the bench's own. */
  query(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs `body` while the class's table has another name, so that every statement on it fails. */
  withoutTable<Result>(body: () => Promise<Result>): Promise<Result>;
  /** The number of the class's open connections, without the bench's own. */
  connections(): Promise<number>;
  /**
   * Waits until the server makes statements of the class wait for a lock, by name or of a row.
   *
   * @param over - Settles when the statements can no longer wait.
   * @returns True as soon as `count` of them wait; false when `over` settles first.
   */
  lockWaits(count: number, over?: Promise<unknown>): Promise<boolean>;
  /**
   * Makes an account that may read one view or table and nothing else. It ends with the bench.
   *
   * @returns The address for it, by the same wire as the class's.
   * @throws Error with the remedy, when the bench's account may not make others.
   */
  reader(view: string): Promise<string>;
  /** The address that the class connects to, schema included. */
  readonly url: string;
}

export interface OwnedDatabase extends BenchDatabase {
  /** True when `sessions.id` is a number, as in the article's table. */
  hasNumericIds(): Promise<boolean>;
  close(): Promise<void>;
}

/** The time in which the server must notice that a connection ended. */
const noticeWithin = 20_000;

/** Opens a schema for a test file, with a connection of its own beside the wire. */
export async function openDatabase(
  directUrl: string,
  wire: Wire,
  schemaSql: string,
): Promise<OwnedDatabase> {
  const connection = await createConnection({ uri: directUrl, multipleStatements: true });
  // The server closes it when a test kills connections; the next query reports that.
  connection.on('error', () => {});
  // A transaction that the class leaves open must fail a test, not stop it.
  await connection.query('SET lock_wait_timeout = 8, innodb_lock_wait_timeout = 8');
  await connection.query(schemaSql);
  const query = async (sql: string, values: readonly unknown[] = []): Promise<Row[]> => {
    const [rows] = await connection.query<RowDataPacket[]>(sql, [...values]).catch(explainWait);
    return Array.isArray(rows) ? rows : [];
  };
  const readers: string[] = [];
  return {
    url: wire.url,
    query,
    async reader(view) {
      const [name = '', password = ''] = [8, 12].map(
        (size) => `r${randomBytes(size).toString('hex')}`,
      );
      await query(`CREATE USER ${name} IDENTIFIED BY '${password}'`).catch((cause: unknown) => {
        const remedy = 'give it CREATE USER and WITH GRANT OPTION, or unset DATABASE_URL';
        throw new Error(`The account may make no account for a crawler: ${remedy}`, { cause });
      });
      readers.push(name);
      await query(`GRANT SELECT ON ${view} TO ${name}`);
      const url = new URL(wire.url);
      return Object.assign(url, { username: name, password }).href;
    },
    rows: () => query('SELECT * FROM sessions ORDER BY id'),
    async withoutTable(body) {
      await query('RENAME TABLE sessions TO taken_away_by_the_test');
      try {
        return await body();
      } finally {
        await query('RENAME TABLE taken_away_by_the_test TO sessions');
      }
    },
    connections: () => countConnections(connection, wire),
    lockWaits: (count, over) => awaitLockWaits(connection, wire, count, over),
    async hasNumericIds() {
      const [column] = await query(
        `SELECT DATA_TYPE AS type FROM information_schema.COLUMNS
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'sessions' AND COLUMN_NAME = 'id'`,
      );
      return /int$/i.test(String(column?.['type']));
    },
    async close() {
      // An account of a server that a test has ended is gone with it.
      for (const name of readers) await query(`DROP USER ${name}`).catch(() => {});
      await connection.end();
    },
  };
}

/** @throws The error; for a wait in vain, one that names its cause. */
function explainWait(error: Error & { code?: string }): never {
  if (error.code !== 'ER_LOCK_WAIT_TIMEOUT') throw error;
  const why = 'a transaction that the class has begun and not ended holds what this test needs';
  throw new Error(`${why}: COMMIT or ROLLBACK on every way out`, { cause: error });
}

/**
 * The wire sees a client's quit at once, the server a moment later. The count is read when both
 * agree, so that it is not about to change.
 */
async function countConnections(connection: Connection, wire: Wire): Promise<number> {
  const deadline = performance.now() + noticeWithin;
  for (;;) {
    await everythingArrived(wire);
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT ID AS id FROM information_schema.PROCESSLIST
       WHERE DB = DATABASE() AND ID <> CONNECTION_ID() ORDER BY ID`,
    );
    const seen = rows.map((row) => Number(row['id'])).join();
    const expected = wire.threads().join();
    if (seen === expected) return rows.length;
    if (performance.now() > deadline) {
      throw new Error(
        `The server shows the connections [${seen}] on this schema, the wire [${expected}]; a class connects to the database that the path of DATABASE_URL names`,
      );
    }
  }
}

/** Polls: the server reports lock waits to no one who does not ask. */
async function awaitLockWaits(
  connection: Connection,
  wire: Wire,
  count: number,
  over: Promise<unknown> | undefined,
): Promise<boolean> {
  let isOver = false;
  const end = (): void => {
    isOver = true;
  };
  over?.then(end, end);
  for (;;) {
    await delay(30);
    const wasOver = isOver;
    const waiting = await waitingThreads(connection);
    if (wire.threads().filter((thread) => waiting.has(thread)).length >= count) return true;
    if (wasOver) return false;
  }
}

/**
 * Returns the threads that wait for a lock, by name or of a row.
 *
 * Row locks are read from InnoDB's status. The table INNODB_TRX is a copy, which is not renewed while
 * several clients read it, and shows waits that are over.
 */
export async function waitingThreads(connection: Pick<Connection, 'query'>): Promise<Set<number>> {
  const [threads] = await connection.query<RowDataPacket[]>('SHOW PROCESSLIST');
  const ofNames = threads.filter((each) => each['State'] === 'User lock').map((each) => each['Id']);
  const [[report]] = await connection.query<RowDataPacket[]>('SHOW ENGINE INNODB STATUS');
  // The report of the last deadlock, which is over, stands before the list of transactions.
  const transactions = String(report?.['Status']).split('\n---TRANSACTION ').slice(1);
  const ofRows = transactions
    .filter((text) => /^LOCK WAIT /m.test(text))
    .map((text) => /^M\w+ thread id (\d+)/m.exec(text)?.[1]);
  return new Set([...ofNames, ...ofRows].map(Number));
}

/** Waits until the wire has received everything that the class has sent, its quit included. */
export async function everythingArrived(wire: Wire): Promise<void> {
  const deadline = performance.now() + noticeWithin;
  for (;;) {
    const received = wire.received();
    const underway = [...sentTo(wire.port)].filter(([port, sent]) => received.get(port) !== sent);
    if (underway.length === 0 || performance.now() > deadline) return;
    await setImmediate();
  }
}
