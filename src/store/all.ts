/** All sessions of all users: a walk through them, their number, their end. */
import type { Context } from './context.ts';
import type { Answer, Statement } from './database/database.ts';
import { Deadline, repeat } from './database/deadline.ts';
import { readable } from './database/reads.ts';
import { endFound, removeRows } from './remove.ts';
import type { Row } from './table/table.ts';

/** Sessions that one statement reads. */
const A_PAGE = 100;

/** Rows that one statement deletes. */
const AT_ONCE = 500;

/** A session in a walk through all of them. It has no id, and cannot be changed. */
export interface AnySession {
  /** The session's name in its user's list and in events. */
  readonly handle: string;
  /** Its bytes, in the format in which they are stored. */
  readonly data: Buffer;
  /** The session's user; undefined before a login. */
  readonly user: string | undefined;
  /** The label in a list. */
  readonly label: string | undefined;
}

/** Reads all live sessions, a page at a time. A session that is renewed meanwhile may be missed. */
export async function* walk(context: Context): AsyncGenerator<AnySession> {
  const { hash, sealing } = context;
  for await (const row of walkRows(context)) {
    const { key, data, user, label } = sealing.open(row);
    yield { handle: hash.handleOf(key), data, user, label };
  }
}

/** Reads all live rows, a page at a time, with their data as it is stored. */
export async function* walkRows(context: Context): AsyncGenerator<Row> {
  let after: Buffer = Buffer.alloc(0);
  for (;;) {
    const rows = await readPage(context, after);
    if (rows.length === 0) return;
    for (const row of rows) {
      after = row.key;
      yield row;
    }
  }
}

/**
 * Ends one session, a visitor's without a user included. A handle does not lead to its row, so all
 * rows are read until it is found.
 *
 * @param handle - Its handle, as lists and events have it.
 * @param signal - Ends the search.
 * @returns False if no live session has this handle.
 */
export async function endOne(
  context: Context,
  handle: string,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const row of walkRows(context)) {
    if (signal.aborted) break;
    if (context.hash.handleOf(row.key) === handle) {
      return await endFound(context, new Deadline(context.budget), row);
    }
  }
  return false;
}

/** Counts the sessions that have not expired. */
export async function countAll(context: Context): Promise<number> {
  const { rows } = await run(context, context.table.count());
  return Number(rows[0]?.[0]);
}

/**
 * Ends all sessions, in pieces: a cached row must be known to be taken away.
 *
 * @param goesOn - Asked after each piece, with the number of rows so far; false ends the work.
 * @returns How many rows there were.
 */
export async function endAll(
  context: Context,
  goesOn: (count: number) => boolean = () => true,
): Promise<number> {
  const { table, events } = context;
  let count = 0;
  for (;;) {
    const some = (await run(context, table.some(AT_ONCE))).rows;
    if (some.length === 0) break;
    const keys = some.map(([key]) => key as Buffer);
    const deadline = new Deadline(context.budget);
    count += await removeRows(context, deadline, keys, (some) => table.remove(some));
    if (!goesOn(count)) break;
  }
  events.emit('destroy', () => ({ count }));
  return count;
}

async function readPage({ database, budget, table }: Context, after: Buffer): Promise<Row[]> {
  const deadline = new Deadline(budget);
  let count = A_PAGE * 2;
  return await repeat(deadline, async () => {
    // Sessions may be so large that a page takes too long: it is asked for again, half as long.
    count = Math.ceil(count / 2);
    const { rows } = await database.run(deadline, table.page(after, count));
    return rows.map((columns) => readable(table.rowOf(columns)));
  });
}

async function run({ database, budget }: Context, statement: Statement): Promise<Answer> {
  return await database.repeat(new Deadline(budget), statement);
}
