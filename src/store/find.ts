/** Finds a session's row by the keys of its id. */
import type { Context } from './context.ts';
import type { Statement } from './database/database.ts';
import { type Deadline, repeat } from './database/deadline.ts';
import { firstOf } from './database/reads.ts';
import type { Row } from './table/table.ts';

/** Runs a SELECT: on any connection, or on the one that has the lock. */
export type Reader = (statement: Statement) => Promise<{ rows: readonly (readonly unknown[])[] }>;

/**
 * Reads a row as it is, pointer or not.
 *
 * @param keys - The keys that the id has under each secret.
 */
export async function readRow(
  { table, sealing }: Context,
  reader: Reader,
  keys: readonly Buffer[],
  isLocked = false,
): Promise<Row | undefined> {
  const { rows } = await reader(table.read(keys, isLocked));
  const row = firstOf(table, keys, rows);
  return row && sealing.open(row);
}

/** Reads a row on any connection, and repeats that until it is known. */
export async function findRow(
  context: Context,
  deadline: Deadline,
  keys: readonly Buffer[],
): Promise<Row | undefined> {
  const row = await repeat(deadline, () => context.reads.read(keys, deadline));
  return row && context.sealing.open(row);
}
