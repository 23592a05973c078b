/** Holds a session between its read and its save: by nothing, a lock, a lease or a row. */
import type { Answer, Database, Link, Statement } from '../database/database.ts';
import type { Deadline } from '../database/deadline.ts';
import type { Facts } from '../table/probe.ts';
import type { Table } from '../table/table.ts';

/** The parts of the store that the strategies use. */
export interface HoldContext {
  readonly database: Database;
  readonly table: Table;
  readonly facts: Facts;
  /** Milliseconds to wait for a lock. */
  readonly lockTimeout: number;
  /** Milliseconds that a lease lives without being renewed. */
  readonly leaseTime: number;
  readonly leaseTable: string;
  /** Rows that pages of this process have locked, by their keys. */
  readonly lockedRows: Map<string, Hold>;
}

/** The hold on one session. */
export interface Hold {
  /** Whether another request's save in between means that the lock was lost. */
  readonly isExclusive: boolean;
  /**
   * Whether the lock ends with a connection: after a failure nothing is repeated, because another
   * request may have the lock by then.
   */
  readonly isPinned: boolean;
  /** Whether the lock is known to be lost. */
  readonly isLost: boolean;
  /** Whether reads must lock the row. */
  readonly locksRow: boolean;
  /** Runs a SELECT. */
  read(deadline: Deadline, statement: Statement): Promise<Answer>;
  /** Runs a change; it is durable when this returns. */
  write(deadline: Deadline, statement: Statement): Promise<Answer>;
  /**
   * Runs changes in one transaction.
   *
   * @returns False, and nothing is changed, if one of them affects no row.
   */
  transact(deadline: Deadline, statements: readonly Statement[]): Promise<boolean>;
  /** Releases everything; never rejects. */
  close(): Promise<void>;
}

/** Holds nothing: saves are protected by the version alone. */
export class Nothing implements Hold {
  readonly isExclusive: boolean = false;
  readonly isPinned = false;
  readonly locksRow = false;
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get isLost(): boolean {
    return false;
  }

  read(deadline: Deadline, statement: Statement): Promise<Answer> {
    return this.#database.run(deadline, statement);
  }

  write(deadline: Deadline, statement: Statement): Promise<Answer> {
    return this.#database.run(deadline, statement);
  }

  async transact(deadline: Deadline, statements: readonly Statement[]): Promise<boolean> {
    const link = await this.#database.connect(deadline);
    try {
      return await transact(link, deadline, statements);
    } finally {
      link.release();
    }
  }

  async close(): Promise<void> {}
}

/**
 * Runs statements in a transaction on one connection, and ends it.
 *
 * @param isBegun - Whether the transaction has begun already.
 * @throws StatementFailure; the connection is destroyed then, which rolls back.
 */
export async function transact(
  link: Link,
  deadline: Deadline,
  statements: readonly Statement[],
  isBegun = false,
): Promise<boolean> {
  try {
    if (!isBegun) await link.run(deadline, 'START TRANSACTION');
    for (const { sql, values } of statements) {
      const { affected } = await link.run(deadline, sql, values);
      if (affected > 0) continue;
      await link.run(deadline, 'ROLLBACK');
      return false;
    }
    await link.run(deadline, 'COMMIT');
    return true;
  } catch (error) {
    link.destroy();
    throw error;
  }
}
