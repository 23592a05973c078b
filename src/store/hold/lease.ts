/**
 * Strategy `lease`: a row with an owner and an end, taken by compare-and-set. It works on every
 * engine and on clusters, where a lock of one node is unknown to the others.
 */
import type { Answer } from '../database/database.ts';
import { Deadline, repeat, sleep } from '../database/deadline.ts';
import { isDuplicate } from '../database/failures.ts';
import { SessionLockTimeout } from '../errors.ts';
import { takeRandom } from '../identifiers.ts';
import { quote } from '../table/names.ts';
import { NOW } from '../table/statements.ts';
import { type Hold, type HoldContext, Nothing } from './hold.ts';

const OWNER_BYTES = 16;
/** Milliseconds between two looks at another request's lease, at random around this. */
const LOOK_EVERY = 25;
const RELEASE_WITHIN = 1000;

/**
 * Returns the table of the leases.
 *
 * @param table - Its name.
 */
export function leaseSchema(table: string): string {
  return `CREATE TABLE IF NOT EXISTS ${quote(table)} (
  id VARBINARY(32) NOT NULL PRIMARY KEY,
  owner VARBINARY(16) NOT NULL,
  until_ms BIGINT UNSIGNED NOT NULL
) ENGINE=InnoDB`;
}

/**
 * Takes the session's lease.
 *
 * @throws SessionLockTimeout; SessionError.
 */
export async function takeLease(
  context: HoldContext,
  key: Buffer,
  deadline: Deadline,
): Promise<Hold> {
  const lease = new Lease(context, key);
  const take = (): Promise<boolean> =>
    lease.take(deadline).catch((error: unknown) => {
      // Perhaps only the answer is lost: without this, the next request would wait for the lease's end.
      void lease.close();
      throw error;
    });
  const wait = async (): Promise<boolean> => {
    const pause = LOOK_EVERY * (0.5 + Math.random());
    if (pause > deadline.patience) throw new SessionLockTimeout(context.lockTimeout);
    await sleep(pause, deadline.signal);
    return await take();
  };
  let isTaken = await take();
  while (!isTaken) isTaken = await deadline.whileLocked(wait);
  return lease;
}

class Lease extends Nothing {
  override readonly isExclusive = true;
  readonly #context: HoldContext;
  readonly #key: Buffer;
  readonly #owner = takeRandom(OWNER_BYTES);
  readonly #table: string;
  /** When the lease ends, by this process's own clock, counted from before it was asked for. */
  #end = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(context: HoldContext, key: Buffer) {
    super(context.database);
    this.#context = context;
    this.#key = key;
    this.#table = quote(context.leaseTable);
  }

  override get isLost(): boolean {
    return performance.now() >= this.#end;
  }

  /** Takes the lease if it is free. A lost answer is asked for again: the owner is in the row. */
  async take(deadline: Deadline): Promise<boolean> {
    const { leaseTime } = this.#context;
    return await repeat(deadline, async () => {
      const began = performance.now();
      const taken = await this.#run(
        deadline,
        `UPDATE ${this.#table} SET owner=?,until_ms=${NOW}+? WHERE id=? AND (until_ms<=${NOW} OR owner=?)`,
        [this.#owner, leaseTime, this.#key, this.#owner],
      );
      if (taken.affected === 0 && !(await this.#insert(deadline))) return false;
      this.#keep(began);
      return true;
    });
  }

  async #insert(deadline: Deadline): Promise<boolean> {
    const sql = `INSERT INTO ${this.#table} (id,owner,until_ms) VALUES (?,?,${NOW}+?)`;
    try {
      await this.#run(deadline, sql, [this.#key, this.#owner, this.#context.leaseTime]);
      return true;
    } catch (failure) {
      if (isDuplicate(failure)) return false;
      throw failure;
    }
  }

  #keep(began: number): void {
    const { leaseTime } = this.#context;
    this.#end = began + leaseTime;
    this.#timer = setInterval(() => void this.#extend(), leaseTime / 3);
    this.#timer.unref();
  }

  /** A failure does not lose the lease yet: it is renewed again in the next third of its life. */
  async #extend(): Promise<void> {
    const { leaseTime } = this.#context;
    const began = performance.now();
    try {
      const { affected } = await this.#run(
        new Deadline(leaseTime / 3),
        `UPDATE ${this.#table} SET until_ms=${NOW}+? WHERE id=? AND owner=?`,
        [leaseTime, this.#key, this.#owner],
      );
      this.#end = affected === 1 ? began + leaseTime : 0;
    } catch {
      return;
    }
    if (this.#end === 0) clearInterval(this.#timer);
  }

  override async close(): Promise<void> {
    clearInterval(this.#timer);
    const sql = `DELETE FROM ${this.#table} WHERE id=? AND owner=?`;
    const deadline = new Deadline(RELEASE_WITHIN);
    // A lease that cannot be deleted ends by itself.
    await repeat(deadline, () => this.#run(deadline, sql, [this.#key, this.#owner])).catch(
      () => {},
    );
  }

  #run(deadline: Deadline, sql: string, values: readonly (Buffer | number)[]): Promise<Answer> {
    return this.#context.database.run(deadline, { sql, values });
  }
}
