/** Creates a session: inserts its row, which cannot overwrite one. */
import type { Context } from './context.ts';
import { Deadline } from './database/deadline.ts';
import { StatementFailure } from './database/failures.ts';
import { SessionConflict } from './errors.ts';
import { findRow } from './find.ts';
import { Nothing } from './hold/hold.ts';
import { takeRandom } from './identifiers.ts';
import { limitSessions } from './max-per-user.ts';
import type { Opening } from './open.ts';
import { OpenSession } from './open-session.ts';
import type { Owner } from './owner.ts';
import { requireRoom } from './room.ts';
import { firstMarks, MARK_BYTES } from './table/statements.ts';
import type { Row } from './table/table.ts';

const DUPLICATE = 1062;

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
  { user, label, signal }: Owner & Opening = {},
): Promise<OpenSession> {
  const { budget, database, events, facts, hash } = context;
  requireRoom(data, facts);
  const deadline = new Deadline(budget, signal);
  const row = await insertRow(context, deadline, id, data, { user, label });
  const hold = new Nothing(database);
  await limitSessions(context, hold, deadline, row.user);
  events.emit('create', () => ({ handle: hash.handleOf(row.key), user: row.user }));
  return new OpenSession(context, { id, keys: [row.key], row, hold, isReadOnly: false });
}

async function insertRow(
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
  const insert = table.insert(fresh, life);
  const left = Math.min(life.idle, life.absolute);
  const marks = firstMarks(mark);
  const times = { left, age: 0, next: undefined, isInGrace: false };
  const row: Row = { key, data, guard: 1, marks, user, label, ...times };
  for (;;) {
    try {
      await database.run(deadline, insert);
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
