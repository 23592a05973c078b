/** Finds a session's row by the keys of its id. */
import type { Context } from './context.ts';
import { type Deadline, repeat } from './database/deadline.ts';
import { firstOf } from './database/reads.ts';
import { type Hold, Nothing } from './hold/hold.ts';
import type { Row } from './table/table.ts';

/**
 * Reads a row as it is, pointer or not.
 *
 * @param place - Runs the SELECT: on any connection, or on the one that has the lock.
 * @param keys - The keys that the id has under each secret.
 */
export async function readRow(
  { table, sealing }: Context,
  place: Pick<Hold, 'read'>,
  deadline: Deadline,
  keys: readonly Buffer[],
  isLocked = false,
): Promise<Row | undefined> {
  const { rows } = await place.read(deadline, table.read(keys, isLocked));
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

/**
 * As `findRow()`, for a caller whose change may still be under way in the server. A row that shows the
 * change is read again with a lock, which waits for the change's end: at READ UNCOMMITTED, a row also
 * shows a change that is rolled back afterwards.
 *
 * @param isEvidence - Whether a row shows the change.
 */
export async function findOutcome(
  context: Context,
  deadline: Deadline,
  keys: readonly Buffer[],
  isEvidence: (row: Row) => unknown,
): Promise<Row | undefined> {
  const row = await findRow(context, deadline, keys);
  if (row === undefined || !isEvidence(row)) return row;
  const place = new Nothing(context.database);
  return await repeat(deadline, () => readRow(context, place, deadline, keys, true));
}
