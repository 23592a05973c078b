/** Keeps a user's sessions within their number: the option `maxPerUser`. */
import type { Context } from './context.ts';
import type { Answer } from './database/database.ts';
import { type Deadline, repeat } from './database/deadline.ts';
import { type Hold, Nothing } from './hold/hold.ts';

/**
 * Ends a user's oldest sessions beyond the allowed number. Every login does this after its own row is
 * there, so the last of many at once sees all of them; and the newest sessions of some are never
 * beyond the newest of all.
 */
export async function limitSessions(
  { database, table, maxPerUser, cache }: Context,
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
    const removal = table.removeLive(keys);
    await cache.change(keys, () => run(() => place.write(deadline, removal)));
  }
}
