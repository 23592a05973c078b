/** Strategy `row`: SELECT … FOR UPDATE in a transaction that ends with the save. */
import type { Answer, Link, Statement } from '../database/database.ts';
import { Deadline } from '../database/deadline.ts';
import { NoAnswer, StatementFailure } from '../database/failures.ts';
import { SessionLockTimeout } from '../errors.ts';
import { nameOf } from '../identifiers.ts';
import { type Hold, type HoldContext, transact } from './hold.ts';

/** Milliseconds; a connection that takes longer is closed. */
const ROLL_BACK_WITHIN = 1000;

/** Lock wait timeout. */
const WAITED_TOO_LONG = 1205;

/**
 * Begins the transaction. The row is locked by the read that follows.
 *
 * READ COMMITTED locks no gaps: at the default level, requests of different unknown ids would wait
 * for each other.
 *
 * @throws StatementFailure.
 */
export async function lockRow(
  context: HoldContext,
  _key: Buffer,
  deadline: Deadline,
): Promise<Hold> {
  return new LockedRow(await context.database.begin(deadline), context);
}

class LockedRow implements Hold {
  readonly isExclusive = true;
  readonly isPinned = true;
  readonly isLost = false;
  readonly locksRow = true;
  readonly #link: Link;
  readonly #context: HoldContext;
  #name = '';
  #isBegun = true;

  constructor(link: Link, context: HoldContext) {
    this.#link = link;
    this.#context = context;
  }

  async read(deadline: Deadline, { sql, values }: Statement): Promise<Answer> {
    const { table, lockTimeout, lockedRows } = this.#context;
    try {
      const answer = await deadline.whileLocked(() =>
        this.#link.run(deadline, sql, values, deadline.patience),
      );
      const [columns] = answer.rows;
      if (columns !== undefined) {
        this.#name = nameOf(table.rowOf(columns).key);
        lockedRows.set(this.#name, this);
      }
      return answer;
    } catch (failure) {
      if (!(failure instanceof StatementFailure)) throw failure;
      // innodb_lock_wait_timeout is 50 s by default: mostly the time limit of this process ends first.
      const isWait = failure.errno === WAITED_TOO_LONG || failure.cause instanceof NoAnswer;
      throw isWait ? new SessionLockTimeout(lockTimeout) : failure;
    }
  }

  /** The first change commits, which ends the lock; a later one is protected by the version. */
  async write(deadline: Deadline, { sql, values }: Statement): Promise<Answer> {
    const answer = await this.#link.run(deadline, sql, values);
    if (this.#isBegun) await this.#link.run(deadline, 'COMMIT');
    this.#isBegun = false;
    return answer;
  }

  async transact(deadline: Deadline, statements: readonly Statement[]): Promise<boolean> {
    const isBegun = this.#isBegun;
    this.#isBegun = false;
    return await transact(this.#link, deadline, statements, isBegun);
  }

  async close(): Promise<void> {
    this.#context.lockedRows.delete(this.#name);
    if (this.#isBegun) await this.#rollBack();
    this.#link.release();
  }

  async #rollBack(): Promise<void> {
    try {
      await this.#link.run(new Deadline(ROLL_BACK_WITHIN), 'ROLLBACK');
    } catch {
      this.#link.destroy();
    }
  }
}
