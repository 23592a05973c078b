/** All sessions of all users: how many there are, and their end. */
import type { Context } from './context.ts';
import type { Answer } from './database/database.ts';
import { Deadline, repeat } from './database/deadline.ts';
import type { Statement } from './table/table.ts';

/** Rows that one statement deletes. */
const AT_ONCE = 500;

/** Counts the sessions that have not expired. */
export async function countAll(context: Context): Promise<number> {
  const { rows } = await run(context, context.table.count());
  return Number(rows[0]?.[0]);
}

/**
 * Ends all sessions, in pieces: a cached row must be known to be taken away.
 *
 * @returns How many rows there were.
 */
export async function endAll(context: Context): Promise<number> {
  const { table, rows, events } = context;
  let count = 0;
  for (;;) {
    const some = (await run(context, table.some(AT_ONCE))).rows;
    if (some.length === 0) break;
    const keys = some.map(([key]) => key as Buffer);
    count += (await rows.change(keys, () => run(context, table.remove(keys)))).affected;
  }
  events.emit('destroy', () => ({ count }));
  return count;
}

async function run({ database, budget }: Context, { sql, values }: Statement): Promise<Answer> {
  const deadline = new Deadline(budget);
  return await repeat(deadline, () => database.run(deadline, sql, values));
}
