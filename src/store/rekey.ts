/** Moves a session to the key of the newest secret when it is used, so that an older one can go. */
import type { Context } from './context.ts';
import type { Deadline } from './database/deadline.ts';
import { findRow } from './find.ts';
import type { Hold } from './hold/hold.ts';
import { LONGEST_WAIT } from './kinds.ts';
import { newRow } from './new-row.ts';
import { NO_DATA, TRAP } from './table/ours.ts';
import type { Row } from './table/table.ts';

/**
 * Moves a row. A pointer stays under the old key: older pointers lead to it, and processes without the
 * new secret look there.
 *
 * @param newest - The key of the newest secret.
 * @returns The row under its new key; as it was, if another request has changed it meanwhile.
 */
export async function rekey(
  context: Context,
  hold: Hold,
  deadline: Deadline,
  newest: Buffer,
  row: Row,
): Promise<Row> {
  const { table, life, cache, sealing } = context;
  const { key, guard, marks, age } = row;
  const { fresh, row: moved } = newRow(context, newest, row);
  const old = { key, guard, seen: marks, data: sealing.close(key, NO_DATA), mark: fresh.mark };
  // As long as the longest grace and the trap of an older pointer that leads here, and no trap itself:
  // the id is still the session's own.
  const grace = LONGEST_WAIT * 1000 + Math.max(life.idle, TRAP);
  const ending = { ...life, absolute: Math.min(life.absolute, age + grace) };
  const statements = table.renewal(old, fresh, { age, grace, life: ending });
  if (await cache.change([key], () => hold.transact(deadline, statements))) return moved;
  return (await findRow(context, deadline, [newest])) ?? row;
}
