/**
 * Pointers: when an id is renewed, its old row points to the new one for a grace. Afterwards the old
 * row stays as a trap, and a use of the old id ends the session that it led to.
 */
import type { Context } from './context.ts';
import { type Deadline, repeat } from './database/deadline.ts';
import { findRow } from './find.ts';
import type { Row } from './table/table.ts';

/**
 * Follows a renewed id to the session that has replaced it.
 *
 * A pointer leads only to a session of the same user, and so to none after a login: someone who knows
 * the id from before, perhaps by fixation, must not reach the session of the user who logged in.
 *
 * @param pointer - A row that was replaced.
 * @returns The live row; undefined if the grace is over, or the session belongs to another user.
 */
export async function follow(
  context: Context,
  deadline: Deadline,
  pointer: Row,
): Promise<Row | undefined> {
  let row: Row | undefined = pointer;
  while (row?.next !== undefined) {
    if (!row.isInGrace) return undefined;
    row = await findRow(context, deadline, [row.next]);
    if (row?.user !== pointer.user) return undefined;
  }
  return row;
}

/**
 * Ends the sessions that have replaced a row: its id was used again after the grace, so either its
 * owner or a thief has an old copy of the cookie.
 *
 * @returns How many sessions were ended.
 */
export async function endFamily(
  context: Context,
  deadline: Deadline,
  pointer: Row,
): Promise<number> {
  const { database, table, cache } = context;
  let count = 0;
  let next = pointer.next;
  while (next !== undefined) {
    const key: Buffer = next;
    // Also a session whose data cannot be read must end.
    const row = await repeat(deadline, () => context.reads.read([key], deadline));
    await cache.change([key], () => database.repeat(deadline, table.remove([key])));
    if (row !== undefined) count += 1;
    next = row?.next;
  }
  return count;
}

/**
 * Ends the session that has replaced a row while a request was about to end it: a logout counts for
 * the session, whichever of its ids the request came with. A login's session belongs to its user
 * alone, and stays.
 *
 * @param keys - The keys of the row, in which no live session was found.
 * @returns How many sessions were ended.
 */
export async function endSuccessor(
  context: Context,
  deadline: Deadline,
  keys: readonly Buffer[],
): Promise<number> {
  const { database, table, cache } = context;
  const pointers: Buffer[] = [];
  let pointer = await findRow(context, deadline, keys);
  while (pointer?.next !== undefined) {
    const { key, next, user } = pointer;
    pointers.push(key);
    const row = await findRow(context, deadline, [next]);
    if (row === undefined || row.user !== user) return 0;
    const removal = table.removeLive([next]);
    const { affected } = await cache.change([next], () => database.repeat(deadline, removal));
    if (affected > 0) {
      await database.repeat(deadline, table.remove(pointers));
      return affected;
    }
    pointer = await findRow(context, deadline, [next]);
  }
  return 0;
}
