/** Reads of different sessions in one statement. */
import { nameOf } from '../identifiers.ts';
import { settleOnce } from '../settle-once.ts';
import type { Row, Table } from '../table/table.ts';
import { Batches } from './batches.ts';
import type { Database } from './database.ts';
import { Deadline } from './deadline.ts';
import { NoAnswer, StatementFailure } from './failures.ts';
import { type Reads, readable, spoiled } from './reads.ts';

/** Sessions of one statement. */
const LARGEST = 32;

interface Waiting {
  readonly keys: readonly Buffer[];
  readonly names: readonly string[];
  /** False when the caller has stopped waiting. */
  settle(): boolean;
  resolve(row: Row | undefined): void;
  reject(error: unknown): void;
}

/** Reads rows by key, one statement at a time. */
export class BatchedReads implements Reads {
  readonly #database: Database;
  readonly #table: Table;
  readonly #timeout: number;
  readonly #batches = new Batches<Waiting>(
    (waiting) => takeFirst(waiting, LARGEST),
    (batch) => this.#run(batch),
  );

  /** @param timeout - Milliseconds for one statement. */
  constructor(database: Database, table: Table, timeout: number) {
    this.#database = database;
    this.#table = table;
    this.#timeout = timeout;
  }

  read(keys: readonly Buffer[], deadline: Deadline): Promise<Row | undefined> {
    return new Promise((resolve, reject) => {
      const settle = settleOnce(deadline.left, deadline.signal, (reason) => {
        this.#batches.remove(waiting);
        reject(reason ?? new StatementFailure(new NoAnswer('No answer in time'), true));
      });
      const waiting: Waiting = { keys, names: keys.map(nameOf), settle, resolve, reject };
      this.#batches.add(waiting);
    });
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    try {
      await this.#ask(batch);
    } catch (error) {
      // Each caller tries again by itself, at a time of its own.
      for (const { settle, reject } of batch) if (settle()) reject(error);
    }
  }

  async #ask(batch: readonly Waiting[]): Promise<void> {
    const keys = keysOf(batch);
    const read = this.#table.read(padded([...keys.values()]));
    const { rows } = await this.#database.run(new Deadline(2 * this.#timeout), read);
    const found = new Map<string, Row>();
    for (const columns of rows) {
      const row = readable(this.#table.rowOf(columns));
      if (this.#table.comparesBytes && !keys.has(nameOf(row.key))) throw spoiled();
      found.set(nameOf(row.key), row);
    }
    for (const { names, settle, resolve } of batch) {
      const name = names.find((each) => found.has(each));
      if (settle()) resolve(name === undefined ? undefined : found.get(name));
    }
  }
}

function takeFirst<Item>(items: Iterable<Item>, count: number): Item[] {
  const first: Item[] = [];
  for (const item of items) {
    first.push(item);
    if (first.length === count) break;
  }
  return first;
}

/** Returns each key once, by its name. */
function keysOf(batch: readonly Waiting[]): Map<string, Buffer> {
  const unique = new Map<string, Buffer>();
  for (const { keys, names } of batch) {
    for (const [at, key] of keys.entries()) unique.set(names[at] as string, key);
  }
  return unique;
}

/** Repeats the last key up to the next power of two: a few prepared statements serve all sizes. */
function padded(keys: Buffer[]): Buffer[] {
  const last = keys.at(-1) as Buffer;
  while ((keys.length & (keys.length - 1)) !== 0) keys.push(last);
  return keys;
}
