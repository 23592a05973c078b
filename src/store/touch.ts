/** Notes that a session was used: its idle time begins again. */
import type { Context } from './context.ts';
import type { Statement } from './database/database.ts';
import type { Deadline } from './database/deadline.ts';
import { findRow } from './find.ts';
import { asOfNow, type Row } from './table/table.ts';

/** Milliseconds; the times of one row are rounded apart. */
const SECOND = 1000;

/** The times of a row that was touched. */
export type Touched = Pick<Row, 'readAt' | 'age' | 'left'>;

/**
 * Touches a row, if its last use was long enough ago to matter (`touchAfter`).
 *
 * @param row - The row as it was read.
 * @param change - Runs a statement, and returns how many rows it affected.
 * @returns The times that the row has now; undefined if the session is found to be gone. A recent
 *   session is not asked about.
 */
export async function touchRow(
  context: Context,
  row: Row,
  deadline: Deadline,
  change: (statement: Statement) => Promise<number>,
): Promise<Touched | undefined> {
  const { cache, life, table, touchAfter } = context;
  const { key, readAt, age, left } = asOfNow(row);
  const times = { readAt, age, left };
  const most = Math.min(life.idle, life.absolute - age);
  // Much more than can be left was written under a longer `idle` or `absolute`.
  if (left > most - life.idle * touchAfter && left < most + SECOND) return times;
  const affected = await cache.change([key], () => change(table.touch(key, life)));
  if (affected === 0) {
    // A pool without FOUND_ROWS does not count a row that another use has written in this millisecond.
    const found = await findRow(context, deadline, [key]);
    if (found === undefined || found.next !== undefined) return undefined;
  }
  return { ...times, left: most };
}
