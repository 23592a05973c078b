/** Reads of rows by key, on any connection. */
import type { Row, Table } from '../table/table.ts';
import type { Database } from './database.ts';
import type { Deadline } from './deadline.ts';
import { NoAnswer, StatementFailure } from './failures.ts';

/** Reads rows. */
export interface Reads {
  /**
   * Reads a row as it is after this call: never from a statement that was sent before it.
   *
   * @param keys - The keys that a session may have, the likeliest first.
   * @throws StatementFailure; the signal's reason.
   */
  read(keys: readonly Buffer[], deadline: Deadline): Promise<Row | undefined>;
}

/** One statement for each read. */
export class SingleReads implements Reads {
  readonly #database: Database;
  readonly #table: Table;

  constructor(database: Database, table: Table) {
    this.#database = database;
    this.#table = table;
  }

  async read(keys: readonly Buffer[], deadline: Deadline): Promise<Row | undefined> {
    const { rows } = await this.#database.run(deadline, this.#table.read(keys));
    return firstOf(this.#table, keys, rows);
  }
}

/**
 * Returns the row of the first key that has one. A row's key is compared here as well: a column that
 * is a number takes `1x` for 1.
 *
 * @param rows - The rows that `table.read()` has found.
 * @throws StatementFailure.
 */
export function firstOf(
  table: Table,
  keys: readonly Buffer[],
  rows: readonly (readonly unknown[])[],
): Row | undefined {
  const found = rows.map((row) => readable(table.rowOf(row)));
  for (const key of keys) {
    const row = found.find((each) => each.key.equals(key));
    if (row !== undefined) return row;
  }
  if (found.length > 0 && table.comparesBytes) throw spoiled();
  return undefined;
}

/**
 * Returns the row itself. Columns that are not bytes come from an answer that was spoiled on its way, and
 * say nothing.
 *
 * @throws StatementFailure.
 */
export function readable(row: Row): Row {
  const { key, data, marks, next = key } = row;
  if ([key, data, marks, next].every(Buffer.isBuffer)) return row;
  throw spoiled();
}

/** An answer that says nothing: a column that is not bytes, or a row that was not asked for. */
export function spoiled(): StatementFailure {
  return new StatementFailure(new NoAnswer('The answer cannot be read'), true);
}
