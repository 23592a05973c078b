/** Deletes rows, also those that pages of this process have locked. */
import type { Context } from './context.ts';
import type { Statement } from './database/database.ts';
import type { Deadline } from './database/deadline.ts';
import { StatementFailure } from './database/failures.ts';
import { nameOf } from './identifiers.ts';
import { endSuccessor } from './pointers.ts';

/**
 * Deletes rows.
 *
 * @param statementOf - Deletes the rows of some keys.
 * @returns How many there were.
 */
export async function removeRows(
  context: Context,
  deadline: Deadline,
  keys: readonly Buffer[],
  statementOf: (keys: readonly Buffer[]) => Statement,
): Promise<number> {
  const { database, cache } = context;
  return await cache.change(keys, async () => {
    let count = 0;
    for (const key of keys) count += await removeLocked(context, deadline, key, statementOf);
    // All of them: a page that closes meanwhile may have rolled a deletion back.
    const { affected } = await database.repeat(deadline, statementOf(keys));
    return Math.min(keys.length, count + affected);
  });
}

/**
 * Ends a session that a request has open, also if another request has given it a new id since.
 *
 * @param keys - The keys that its row may have.
 * @param change - Runs a statement, and returns how many rows it affected.
 * @returns False if it was gone already.
 */
export async function endOpen(
  context: Context,
  deadline: Deadline,
  keys: readonly Buffer[],
  change: (statement: Statement) => Promise<number>,
): Promise<boolean> {
  const { cache, table } = context;
  const removal = table.removeLive(keys);
  if ((await cache.change(keys, () => change(removal))) > 0) return true;
  return (await endSuccessor(context, deadline, keys)) > 0;
}

/**
 * Ends a session that was found by its handle, also if another request has given it a new id since.
 *
 * @returns False if it was gone already.
 */
export async function endFound(
  context: Context,
  deadline: Deadline,
  { key, user }: { readonly key: Buffer; readonly user: string | undefined },
): Promise<boolean> {
  const { table, events, hash } = context;
  const count =
    (await removeRows(context, deadline, [key], (keys) => table.removeLive(keys))) ||
    (await endSuccessor(context, deadline, [key]));
  if (count > 0) events.emit('destroy', () => ({ handle: hash.handleOf(key), user }));
  return count > 0;
}

/** Under the strategy `row`, a page that ends its own session would wait for its own lock. */
async function removeLocked(
  { lockedRows }: Context,
  deadline: Deadline,
  key: Buffer,
  statementOf: (keys: readonly Buffer[]) => Statement,
): Promise<number> {
  try {
    const answer = await lockedRows.get(nameOf(key))?.write(deadline, statementOf([key]));
    return answer?.affected ?? 0;
  } catch (failure) {
    // The lock has ended with its connection.
    if (failure instanceof StatementFailure) return 0;
    throw failure;
  }
}
