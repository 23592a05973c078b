/** Saves of several workers to one row of a cluster, and the count of those that were acknowledged. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Connection,
  createConnection,
  type QueryResult,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise';
import type { GaleraNode } from '../machine/galera/node.ts';

/** A worker's means of keeping others from saving between its read and its write. */
export type Way = 'lock' | 'version';

/** The ways as the page names them. */
export const WAYS: Record<Way, string> = {
  lock: 'under GET_LOCK',
  version: 'by comparing the version',
};

/** Saves of several workers, each of which adds one to the number in a row. */
export interface Ledger {
  way: Way;
  acknowledged: number;
  /** Saves that were not answered: they may be in the row or not. */
  unsure: number;
  /** Saves that were refused, because another was faster, and made again. */
  repeated: number;
  /** The number in the row at the end; undefined until then. */
  total: number | undefined;
}

/** Milliseconds for a statement: the others need about two and a half to leave out a hung node. */
const PATIENCE = 5_000;

/** Describes a ledger, briefly enough to be read aloud. */
export function sentenceOf({ way, acknowledged, unsure, total }: Ledger): string {
  const head = `${acknowledged} saves ${WAYS[way]} were acknowledged, and the row says ${total}`;
  const lost = acknowledged - (total ?? 0);
  if (lost > 0) return `${head}: ${lost} are lost.`;
  const more = unsure > 0 ? `; of ${unsure} it is unknown, as no answer came` : '';
  return `${head}: none is lost${more}.`;
}

/** One web server's connection; when its node dies, it goes to the next one. */
export class Worker {
  readonly #nodes: readonly GaleraNode[];
  #home: number;
  #connection: Connection | undefined;

  constructor(nodes: readonly GaleraNode[], home: number) {
    this.#nodes = nodes;
    this.#home = home;
  }

  /**
   * Adds one to the number: again until that is acknowledged, or until its answer is lost.
   *
   * @param ending - Ends the attempts, as when all nodes have ended.
   */
  async add(ledger: Ledger, ending: AbortSignal): Promise<void> {
    while (!ending.aborted) {
      let isSent = false;
      try {
        const connection = await this.#connect();
        const save = ledger.way === 'lock' ? underLock : comparing;
        const saved = await save(connection, () => {
          isSent = true;
        });
        if (saved) {
          ledger.acknowledged += 1;
          return;
        }
        ledger.repeated += 1;
      } catch (error) {
        // 1213: another node's save was certified first, and this one has not happened.
        if ((error as { errno?: number }).errno === 1213) {
          ledger.repeated += 1;
          continue;
        }
        this.#leave();
        await delay(50);
        if (!isSent) continue;
        ledger.unsure += 1;
        return;
      }
    }
  }

  close(): void {
    this.#connection?.destroy();
  }

  async #connect(): Promise<Connection> {
    if (this.#connection) return this.#connection;
    const node = this.#nodes[this.#home % this.#nodes.length];
    const uri = `${node?.url}phpsessid_lab`;
    const connection = await createConnection({ uri, connectTimeout: 2_000 });
    connection.on('error', () => {});
    await ask(connection, 'SET wsrep_sync_wait = 1');
    this.#connection = connection;
    return connection;
  }

  #leave(): void {
    this.close();
    this.#connection = undefined;
    this.#home += 1;
  }
}

type Save = (connection: Connection, onSend: () => void) => Promise<boolean>;

/** Lesson 13's way. The lock is held by one node, and no other one knows of it. */
const underLock: Save = async (connection, onSend) => {
  await ask(connection, "SELECT GET_LOCK('ledger', 10)");
  try {
    const { number } = await read(connection);
    onSend();
    await ask(connection, 'UPDATE ledger SET number = ? WHERE id = 1', [number + 1]);
    return true;
  } finally {
    await ask(connection, "SELECT RELEASE_LOCK('ledger')").catch(() => {});
  }
};

/** The way of lesson 16 and later: a save demands the version that was read. */
const comparing: Save = async (connection, onSend) => {
  const { number, version } = await read(connection);
  onSend();
  const sql = 'UPDATE ledger SET number = ?, version = version + 1 WHERE id = 1 AND version = ?';
  const values = [number + 1, version];
  const { affectedRows } = await ask<ResultSetHeader>(connection, sql, values);
  return affectedRows === 1;
};

async function read(connection: Connection): Promise<{ number: number; version: number }> {
  const sql = 'SELECT number, version FROM ledger WHERE id = 1';
  const [row] = await ask<RowDataPacket[]>(connection, sql);
  return row as RowDataPacket & { number: number; version: number };
}

/**
 * Runs a statement.
 *
 * @throws The driver's error. A connection without an answer is closed: the driver would keep the
 *   next statement behind the one that hangs.
 */
async function ask<Result extends QueryResult>(
  connection: Connection,
  sql: string,
  values: number[] = [],
): Promise<Result> {
  try {
    const [result] = await connection.query<Result>({ sql, values, timeout: PATIENCE });
    return result;
  } catch (error) {
    if ((error as { code?: string }).code === 'PROTOCOL_SEQUENCE_TIMEOUT') connection.destroy();
    throw error;
  }
}
