/** Statements over the application's pool: each with a time limit, each settled exactly once. */
import type { Pool as CallbackPool, PoolConnection, QueryOptions } from 'mysql2';
import type { Pool as PromisePool } from 'mysql2/promise';
import { settleOnce } from '../settle-once.ts';
import { type Deadline, repeat } from './deadline.ts';
import { DUPLICATE, NoAnswer, StatementFailure } from './failures.ts';
import { isInTransaction, onEndOfRows } from './flags.ts';
import { surviveErrors } from './survive.ts';

/** A pool of mysql2, or of mysql2/promise. */
export type AnyPool = CallbackPool | PromisePool;

/** A value that a statement binds. */
export type Bound = string | number | Buffer | null;

/** One statement and its values. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly Bound[];
}

/** The answer to one statement. */
export interface Answer {
  /** The rows of a SELECT, each a list of its columns. */
  readonly rows: readonly (readonly unknown[])[];
  /** How many rows another statement matched. */
  readonly affected: number;
  /** The number that the statement has given to LAST_INSERT_ID(). */
  readonly insertId: number;
}

/** A connection that is kept for several statements. */
export interface Link {
  /**
   * Runs one statement: prepared if it has values, else as text, as BEGIN and COMMIT must be sent.
   *
   * @param extra - Milliseconds that it may wait for a lock, beside its own time.
   * @throws StatementFailure; the connection is gone by then if its state is unknown.
   */
  run(deadline: Deadline, sql: string, values?: readonly Bound[], extra?: number): Promise<Answer>;
  /** Returns the connection to its pool, unless it is closed. It must hold no transaction and no lock. */
  release(): void;
  /** Closes the connection: the server ends its transaction and its locks. */
  destroy(): void;
}

/**
 * Settings of a pool that has only our statements. With rows as lists a statement needs no options of
 * its own, which mysql2 merges slowly. For its default of 16,000 prepared statements it reserves half a
 * megabyte in each connection, and we have fewer than a hundred.
 */
export const POOL_SETTINGS = { rowsAsArray: true, maxPreparedStatements: 250 } as const;

/** Words before and behind a statement's first one, which change a setting for this statement. */
export interface Frame {
  readonly before: string;
  readonly behind: string;
}

/** No words. */
export const BARE: Frame = { before: '', behind: '' };

/** The frames of reads and of saves. */
export interface Frames {
  readonly read: Frame;
  readonly write: Frame;
}

/** Runs statements on connections of one pool. */
export class Database {
  readonly #pool: CallbackPool;
  readonly #timeout: number;
  /** Options that a statement needs where those of the pool are others; undefined if it needs none. */
  readonly #options: Partial<QueryOptions> | undefined;
  /** The statements that this server needs around each SELECT, and around each save, as the probe found. */
  frames: Frames = { read: BARE, write: BARE };

  /**
   * @param pool - The application's pool.
   * @param timeout - Milliseconds for one statement.
   */
  constructor(pool: AnyPool, timeout: number) {
    // A pool of mysql2/promise, and the servers that a PoolCluster's `of()` has chosen, take no callback.
    const { pool: own, poolNamespace } = pool as unknown as Partial<Record<string, CallbackPool>>;
    this.#pool = own ?? poolNamespace ?? (pool as CallbackPool);
    this.#timeout = timeout;
    const { config } = this.#pool as { config?: { connectionConfig?: Partial<QueryOptions> } };
    const { rowsAsArray, nestTables, typeCast } = config?.connectionConfig ?? {};
    if (rowsAsArray === true && !nestTables && typeCast === true) return;
    this.#options = {
      rowsAsArray: true,
      nestTables: false,
      // An application's own function would be called for these results too; only a function ends that.
      typeCast: typeof typeCast === 'function' ? (_field, next) => next() : true,
    };
  }

  /**
   * Runs one statement on any connection.
   *
   * @throws StatementFailure.
   */
  run(deadline: Deadline, { sql, values }: Statement): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#take(deadline, reject, (link) => {
        link.start(deadline, sql, values, 0, (failure, answer) => {
          link.release();
          if (answer === undefined) reject(failure);
          else resolve(answer);
        });
      });
    });
  }

  /**
   * Runs a statement that may be applied twice without harm, and repeats it until it succeeds.
   *
   * @throws As `Deadline.pauseAfter`.
   */
  async repeat(deadline: Deadline, statement: Statement): Promise<Answer> {
    return await repeat(deadline, () => this.run(deadline, statement));
  }

  /**
   * Takes a connection out of the pool.
   *
   * @throws StatementFailure of the kind `not-sent` or `never`; the signal's reason.
   */
  connect(deadline: Deadline): Promise<Link> {
    return new Promise((resolve, reject) => this.#take(deadline, reject, resolve));
  }

  /**
   * Takes a connection and begins a transaction at READ COMMITTED, which locks no gaps between rows.
   *
   * @throws As `connect()` and `Link.run()`.
   */
  async begin(deadline: Deadline): Promise<Link> {
    const link = await this.connect(deadline);
    await link.run(deadline, 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
    await link.run(deadline, 'START TRANSACTION');
    return link;
  }

  #take(
    deadline: Deadline,
    onFailure: (failure: unknown) => void,
    onLink: (link: PooledLink) => void,
    isAgain = false,
  ): void {
    if (deadline.left === 0) {
      onFailure(new StatementFailure(new Error('No time left'), false));
      return;
    }
    const settle = settleOnce(Math.min(this.#timeout, deadline.left), deadline.signal, (reason) =>
      onFailure(reason ?? new StatementFailure(new Error('No connection in time'), false)),
    );
    this.#pool.getConnection((error, connection) => {
      if (!settle()) connection?.release();
      else if (error) {
        const failure = new StatementFailure(error, false);
        // A login that was spoiled on its way is refused like a wrong password, but not twice.
        const isRefused = failure.kind === 'never' && failure.errno !== undefined;
        if (isRefused && !isAgain) this.#take(deadline, onFailure, onLink, true);
        else onFailure(failure);
      } else {
        surviveErrors(connection);
        onLink(new PooledLink(connection, this.#timeout, this.#options, this.frames));
      }
    });
  }
}

class PooledLink implements Link {
  readonly #connection: PoolConnection;
  readonly #timeout: number;
  readonly #options: Partial<QueryOptions> | undefined;
  readonly #frames: Frames;
  #isOver = false;
  /** Whether a transaction of this link's own is open. */
  #isInTransaction = false;

  constructor(
    connection: PoolConnection,
    timeout: number,
    options: Partial<QueryOptions> | undefined,
    frames: Frames,
  ) {
    this.#connection = connection;
    this.#timeout = timeout;
    this.#options = options;
    this.#frames = frames;
  }

  run(deadline: Deadline, sql: string, values: readonly Bound[] = [], extra = 0): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.start(deadline, sql, values, extra, (failure, answer) => {
        if (answer === undefined) reject(failure);
        else resolve(answer);
      });
    });
  }

  /** As `run()`, without a promise: a pooled statement makes one for the connection and itself. */
  start(
    deadline: Deadline,
    sql: string,
    values: readonly Bound[],
    extra: number,
    onEnd: (failure: unknown, answer?: Answer) => void,
  ): void {
    if (this.#isOver) {
      onEnd(new StatementFailure(new Error('The connection is in closed state'), false));
      return;
    }
    const limit = Math.min(this.#timeout, deadline.left) + extra;
    // mysql2's own timeout leaves the busy connection in the pool, and does not cover the prepare.
    const settle = settleOnce(limit, deadline.signal, (reason) => {
      this.destroy();
      onEnd(reason ?? new StatementFailure(new NoAnswer('No answer in time'), true));
    });
    if (sql === 'START TRANSACTION') this.#isInTransaction = true;
    let flags = 0;
    const answer = (error: unknown, result: unknown): void => {
      if (!settle()) return;
      if (error) {
        // The connection may hold a transaction (1205 leaves it open), be read-only for good, or be half
        // dead. Errors are rare: a new connection is cheaper than a wrong guess. Only a duplicate key is
        // an answer like any other.
        if ((error as { errno?: unknown }).errno !== DUPLICATE) this.destroy();
        onEnd(new StatementFailure(error, true));
        return;
      }
      if (!this.#isInTransaction && isInTransaction(result, flags)) {
        // The application has released a connection in the middle of a transaction, or turned autocommit
        // off. A change would be acknowledged, and rolled back when the connection is closed; a read would
        // return the rows as they were when the transaction began.
        this.destroy();
        // A spoiled byte may say so as well: then the change was made, and the row has its mark.
        onEnd(new StatementFailure(new Error('In a transaction of the application'), true));
        return;
      }
      if (sql === 'COMMIT' || sql === 'ROLLBACK') this.#isInTransaction = false;
      onEnd(undefined, answerOf(result));
    };
    try {
      const command = this.#send(framed(sql, this.#frames), values as Bound[], answer);
      onEndOfRows(command, (some) => {
        flags |= some;
      });
    } catch (error) {
      // A value of a type that cannot be bound; nothing was sent.
      if (settle()) onEnd(error);
    }
  }

  #send(sql: string, values: Bound[], answer: (error: unknown, result: unknown) => void): unknown {
    if (values.length === 0) return this.#connection.query({ ...this.#options, sql }, answer);
    if (this.#options === undefined) return this.#connection.execute(sql, values, answer);
    return this.#connection.execute({ ...this.#options, sql, values }, answer);
  }

  release(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connection.release();
  }

  destroy(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#connection.destroy();
  }
}

function framed(sql: string, { read, write }: Frames): string {
  const verb = /^(?:SELECT|INSERT|UPDATE)/.exec(sql)?.[0];
  if (verb === undefined) return sql;
  const { before, behind } = verb === 'SELECT' ? read : write;
  if (before === '' && behind === '') return sql;
  return `${before}${verb}${behind}${sql.slice(verb.length)}`;
}

function answerOf(result: unknown): Answer {
  if (Array.isArray(result)) return { rows: result as unknown[][], affected: 0, insertId: 0 };
  const { affectedRows = 0, insertId = 0 } = result as { affectedRows?: number; insertId?: number };
  return { rows: [], affected: affectedRows, insertId: Number(insertId) };
}
