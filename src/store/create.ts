/** Inserts a session, and keeps a user's sessions within their number. */
import type { Context } from './context.ts';
import type { Answer } from './database/database.ts';
import { type Deadline, repeat } from './database/deadline.ts';
import { StatementFailure } from './database/failures.ts';
import { SessionConflict } from './errors.ts';
import { findRow } from './find.ts';
import { type Hold, Nothing } from './hold/hold.ts';
import { takeRandom } from './identifiers.ts';
import type { Owner } from './owner.ts';
import { firstMarks, MARK_BYTES } from './table/statements.ts';
import type { Row } from './table/table.ts';

const DUPLICATE = 1062;

/**
 * Inserts a session.
 *
 * @throws SessionConflict if there is one under this id.
 */
export async function insertRow(
  context: Context,
  deadline: Deadline,
  id: string,
  data: Buffer,
  owner: Owner,
): Promise<Row> {
  const { database, table, hash, life, sealing, extra } = context;
  const [key] = hash.keysOf(id);
  const mark = takeRandom(MARK_BYTES);
  const { user: name, label } = owner;
  const user = name ?? undefined;
  const fresh = {
    ...{ key, mark, user, label },
    data: sealing.close(key, data),
    extra: extra.valuesOf({ data, user, label }),
  };
  const { sql, values } = table.insert(fresh, life);
  const left = Math.min(life.idle, life.absolute);
  const marks = firstMarks(mark);
  const times = { left, age: 0, next: undefined, isInGrace: false };
  const row: Row = { key, data, guard: 1, marks, user, label, ...times };
  for (;;) {
    try {
      await database.run(deadline, sql, values);
      return row;
    } catch (failure) {
      if (!(failure instanceof StatementFailure) || failure.errno !== DUPLICATE) {
        await deadline.pauseAfter(failure);
        continue;
      }
      // An earlier attempt whose answer was lost is the same session.
      const found = await findRow(context, deadline, [key]);
      if (found?.marks.equals(marks)) return row;
      throw new SessionConflict([], 'there is a session with this id', failure.cause);
    }
  }
}

/**
 * Ends a user's oldest sessions beyond the allowed number. Every login does this after its own row is
 * there, so the last of many at once sees all of them; and the newest sessions of some are never
 * beyond the newest of all.
 */
export async function limitSessions(
  { database, table, maxPerUser, rows: cached }: Context,
  hold: Hold,
  deadline: Deadline,
  user: string | undefined,
): Promise<void> {
  if (user === undefined || maxPerUser === Number.POSITIVE_INFINITY) return;
  // On the connection that has the lock: where every connection of the pool has one, a request that
  // waits for another would wait for requests that wait as well.
  let place = hold;
  const list = table.list(user);
  const run = (attempt: () => Promise<Answer>): Promise<Answer> =>
    repeat(deadline, async () => {
      try {
        return await attempt();
      } catch (failure) {
        if (place.isPinned) place = new Nothing(database);
        throw failure;
      }
    });
  // A session that was renewed since it was listed has another row now.
  for (;;) {
    const { rows } = await run(() => place.read(deadline, list));
    const keys = rows.slice(maxPerUser).map((row) => table.listedOf(row).key);
    if (keys.length === 0) return;
    const removal = table.removeOf(user, keys);
    await cached.change(keys, () => run(() => place.write(deadline, removal)));
  }
}
