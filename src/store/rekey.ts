/** Moves a session to the key of the newest secret when it is used, so that an older one can go. */
import type { Context } from './context.ts';
import type { Deadline } from './database/deadline.ts';
import { readRow } from './find.ts';
import type { Hold } from './hold/hold.ts';
import { takeRandom } from './identifiers.ts';
import { NO_DATA } from './table/ours.ts';
import { firstMarks, MARK_BYTES } from './table/statements.ts';
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
  const { database, table, life, cache, sealing, extra } = context;
  const mark = takeRandom(MARK_BYTES);
  const { data, user, label, age } = row;
  const old = { key: row.key, guard: row.guard, data: sealing.close(row.key, NO_DATA), mark };
  const fresh = {
    ...{ key: newest, mark, user, label },
    data: sealing.close(newest, data),
    extra: extra.valuesOf({ data, user, label }),
  };
  const statements = table.renewal(old, fresh, { age, grace: life.absolute, life });
  const isMoved = await cache.change([row.key], () => hold.transact(deadline, statements));
  if (isMoved) {
    const left = Math.min(life.idle, life.absolute - age);
    return { ...row, key: newest, guard: 1, marks: firstMarks(mark), left };
  }
  return (await readRow(context, database.run.bind(database, deadline), [newest])) ?? row;
}
