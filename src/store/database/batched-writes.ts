/** Saves of different sessions in one statement, whose answer says which of them have won. */
import { nameOf } from '../identifiers.ts';
import { settleOnce } from '../settle-once.ts';
import type { Life, Save, Table } from '../table/table.ts';
import { Batches } from './batches.ts';
import type { Answer, Database } from './database.ts';
import { Deadline } from './deadline.ts';
import { NoAnswer, StatementFailure } from './failures.ts';
import { SingleWrites, type Writes } from './writes.ts';

/** Sessions of one statement: a bit for each. */
const LARGEST = 32;
/** Data of one statement, far below any server's max_allowed_packet. */
const LARGEST_BYTES = 1024 * 1024;

const BITS = 2 ** LARGEST;
/** A number and the bits together are an exact double. */
const NUMBERS = 2 ** 20 - 1;

/** The number of the last batch of this process, whatever its store: pools are shared. */
let number = 0;

interface Waiting {
  readonly save: Save;
  /** False when the caller has stopped waiting. */
  settle(): boolean;
  resolve(isSaved: boolean): void;
  reject(error: unknown): void;
}

/** A table that saves several sessions in one statement. */
export type BatchTable = Table & Required<Pick<Table, 'updateAll'>>;

/** Saves rows by compare-and-set, one statement at a time. */
export class BatchedWrites implements Writes {
  readonly #database: Database;
  readonly #table: BatchTable;
  readonly #life: Life;
  readonly #timeout: number;
  readonly #mostBytes: number;
  readonly #single: Writes;
  readonly #batches = new Batches<Waiting>(
    (waiting) => this.#take(waiting),
    (batch) => this.#run(batch),
  );
  /** False after a batch that the server could not run, although it could run each save. */
  #isUnderstood = true;

  /**
   * @param timeout - Milliseconds for one statement.
   * @param maxBytes - The most bytes of data that one save may have.
   */
  constructor(
    database: Database,
    table: BatchTable,
    life: Life,
    timeout: number,
    maxBytes: number,
  ) {
    this.#database = database;
    this.#table = table;
    this.#life = life;
    this.#timeout = timeout;
    this.#mostBytes = Math.min(LARGEST_BYTES, maxBytes / 2);
    this.#single = new SingleWrites(database, table, life);
  }

  save(save: Save, deadline: Deadline): Promise<boolean> {
    if (!this.#isUnderstood) return this.#single.save(save, deadline);
    return new Promise((resolve, reject) => {
      const settle = settleOnce(deadline.left, deadline.signal, (reason) => {
        const wasSent = !this.#batches.remove(waiting);
        reject(reason ?? new StatementFailure(new NoAnswer('No answer in time'), wasSent));
      });
      const waiting: Waiting = { save, settle, resolve, reject };
      this.#batches.add(waiting);
    });
  }

  /** A session is at most once in a batch: the data of a row is found by its key alone. */
  #take(waiting: Iterable<Waiting>): Waiting[] {
    const batch = new Map<string, Waiting>();
    let bytes = 0;
    for (const item of waiting) {
      const name = nameOf(item.save.key);
      bytes += item.save.data.length;
      if (batch.has(name) || (batch.size > 0 && bytes > this.#mostBytes)) break;
      batch.set(name, item);
      if (batch.size === LARGEST) break;
    }
    // All writers lock rows in one order.
    return [...batch.values()].sort((one, other) => one.save.key.compare(other.save.key));
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    const [first] = batch as [Waiting];
    if (batch.length === 1) {
      await this.#saveAlone(first);
      return;
    }
    try {
      const won = await this.#saveAll(batch);
      for (const [at, { settle, resolve }] of batch.entries()) {
        if (settle()) resolve(won(at));
      }
    } catch (error) {
      const kind = error instanceof StatementFailure ? error.kind : undefined;
      if (kind === 'never' || kind === 'undone') {
        // Nothing was written: one save that cannot be made must not fail the others.
        const saved = await Promise.all(batch.map((item) => this.#saveAlone(item)));
        if (kind === 'never' && saved.every((isAnswered) => isAnswered)) this.#isUnderstood = false;
        return;
      }
      // Each caller finds out by itself whether it was saved.
      for (const { settle, reject } of batch) if (settle()) reject(error);
    }
  }

  async #saveAlone({ save, settle, resolve, reject }: Waiting): Promise<boolean> {
    try {
      const isSaved = await this.#single.save(save, new Deadline(2 * this.#timeout));
      if (settle()) resolve(isSaved);
      return true;
    } catch (error) {
      if (settle()) reject(error);
      return false;
    }
  }

  async #saveAll(batch: readonly Waiting[]): Promise<(at: number) => boolean> {
    number = (number % NUMBERS) + 1;
    const saves = batch.map(({ save }) => save);
    const update = this.#table.updateAll(saves, this.#life, number);
    const answer = await this.#database.run(new Deadline(2 * this.#timeout), update);
    if (answer.affected === batch.length) return () => true;
    const won = winnersOf(answer);
    if (won === undefined) throw new StatementFailure(new NoAnswer('An unusable answer'), true);
    return won;
  }
}

/** Reads the bits of the rows that were saved; undefined if there are not as many as rows. */
function winnersOf({ affected, insertId }: Answer): ((at: number) => boolean) | undefined {
  const bits = affected === 0 ? 0 : insertId % BITS;
  const isSaved = (at: number): boolean => Math.floor(bits / 2 ** at) % 2 === 1;
  let count = 0;
  for (let at = 0; at < LARGEST; at += 1) if (isSaved(at)) count += 1;
  return count === affected ? isSaved : undefined;
}
