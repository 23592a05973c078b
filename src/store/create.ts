/** Creates a session: inserts its row, which cannot overwrite one. */
import type { Context } from './context.ts';
import { Deadline } from './database/deadline.ts';
import { isDuplicate } from './database/failures.ts';
import { SessionConflict } from './errors.ts';
import { findRow } from './find.ts';
import { Nothing } from './hold/hold.ts';
import { ANY, type Kind } from './kinds.ts';
import { limitSessions } from './max-per-user.ts';
import { type NewSession, newRow } from './new-row.ts';
import type { Opening } from './open.ts';
import { OpenSession } from './open-session.ts';
import type { Owner } from './owner.ts';
import { takeData } from './room.ts';
import type { Row } from './table/table.ts';

/** Options of `create()`. */
export interface CreateOptions extends Owner, Opening {}

/** The kinds of the options of `create()`. */
export const CREATE_OPTIONS: Record<keyof CreateOptions, Kind> = {
  user: ANY,
  label: ANY,
  signal: ANY,
};

/**
 * Creates a session under an id whose form was checked.
 *
 * @param owner - The user, if the session begins with a login, and what a list shows.
 * @throws SessionConflict if there is a session under this id; SessionTooLarge; SessionUnavailable.
 */
export async function createSession(
  context: Context,
  id: string,
  data: Buffer,
  { user, label, signal }: CreateOptions = {},
): Promise<OpenSession> {
  const { budget, database, events, facts, hash } = context;
  const session = { data: takeData(data, facts), user: user ?? undefined, label, age: 0 };
  const deadline = new Deadline(budget, signal);
  const row = await insertRow(context, deadline, id, session);
  const hold = new Nothing(database);
  await limitSessions(context, hold, deadline, row.user);
  events.emit('create', () => ({ handle: hash.handleOf(row.key), user: row.user }));
  return new OpenSession(context, { id, keys: [row.key], row, hold, isReadOnly: false });
}

async function insertRow(
  context: Context,
  deadline: Deadline,
  id: string,
  session: NewSession,
): Promise<Row> {
  const { database, table, hash, life } = context;
  const [key] = hash.keysOf(id);
  const { fresh, row } = newRow(context, key, session);
  let doubts = 0;
  for (;;) {
    try {
      await database.run(deadline, table.insert(fresh, life));
      return row;
    } catch (failure) {
      if (!isDuplicate(failure)) {
        await deadline.pauseAfter(failure);
        doubts += 1;
        continue;
      }
      // An earlier attempt whose answer was lost is the same session, also if it was saved since.
      const found = await findRow(context, deadline, [key]);
      if (found?.marks.includes(fresh.mark)) return row;
      // It may have been ended since, as by a later login under `maxPerUser`. Without a failed attempt,
      // the row in the way has expired and was not deleted yet: another attempt would fail as well.
      if (found === undefined && doubts-- > 0) continue;
      throw new SessionConflict([], 'there is a session with this id', failure.cause);
    }
  }
}
