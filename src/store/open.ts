/** Finds a session and takes what its strategy holds. */
import type { Context } from './context.ts';
import { Deadline, repeat } from './database/deadline.ts';
import { endFamily, findRow, follow, readRow } from './find.ts';
import { type Hold, Nothing } from './hold/hold.ts';
import { takeLease } from './hold/lease.ts';
import { lockByName } from './hold/lock.ts';
import type { Turn } from './hold/queue.ts';
import { lockRow } from './hold/row.ts';
import { OpenSession } from './open-session.ts';
import type { Strategy } from './options.ts';
import { rekey } from './rekey.ts';
import type { Row } from './table/table.ts';

const TAKE = { lock: lockByName, lease: takeLease, row: lockRow } as const;

/** Options of one opening. */
export interface Opening {
  /** Ends the call early, and the wait for a lock. */
  readonly signal?: AbortSignal | undefined;
}

type Keys = readonly [Buffer, ...Buffer[]];

/**
 * Opens the session of an id whose form was checked.
 *
 * @param strategy - `none` opens it for reading.
 * @returns undefined if no session is alive under this id.
 */
export async function openRow(
  context: Context,
  id: string,
  strategy: Strategy | 'none',
  { signal }: Opening,
): Promise<OpenSession | undefined> {
  const isReadOnly = strategy === 'none';
  let keys: Keys = context.hash.keysOf(id);
  for (;;) {
    const { row, hold, turn } = await take(context, keys, strategy, signal);
    if (row === undefined || row.next === undefined) {
      if (row !== undefined)
        return new OpenSession(context, { id, keys, row, hold, turn, isReadOnly });
      context.events.emitUnknown();
      return undefined;
    }
    const deadline = new Deadline(context.budget, signal);
    const next = row.isInGrace ? await follow(context, deadline, row) : undefined;
    if (next !== undefined) {
      // The locks of the old id do not cover the new one.
      keys = [next.key];
      continue;
    }
    if (row.isInGrace) {
      // The old id may show data only after a login: the guest's data from before it.
      const hasLoggedIn = row.user === undefined && (await isThere(context, deadline, row.next));
      if (!hasLoggedIn) {
        context.events.emit('unknown-id', () => ({}));
        return undefined;
      }
      const nothing = new Nothing(context.database);
      return new OpenSession(context, {
        id,
        keys,
        row,
        hold: nothing,
        turn: undefined,
        isReadOnly,
      });
    }
    const count = await endFamily(context, deadline, row);
    const { user, key } = row;
    context.events.emit('replay', () => ({ handle: context.hash.handleOf(key), user, count }));
    return undefined;
  }
}

async function isThere(context: Context, deadline: Deadline, key: Buffer): Promise<boolean> {
  return (await findRow(context, deadline, [key])) !== undefined;
}

interface Taken {
  readonly row: Row | undefined;
  readonly hold: Hold;
  readonly turn: Turn | undefined;
}

/** Takes a turn, then a lock, then reads; gives both back if there is no live session. */
async function take(
  context: Context,
  keys: Keys,
  strategy: Strategy | 'none',
  signal: AbortSignal | undefined,
): Promise<Taken> {
  const { budget, lockTimeout, queues } = context;
  const isLocking = strategy !== 'merge' && strategy !== 'none';
  const turn = isLocking ? await queues.enter(keys[0], lockTimeout, signal) : undefined;
  let row: Row | undefined;
  try {
    const deadline = new Deadline(isLocking ? budget + lockTimeout : budget, signal);
    return await repeat(deadline, async () => {
      const hold = isLocking
        ? await TAKE[strategy](context, keys[0], deadline)
        : new Nothing(context.database);
      let isKept = false;
      try {
        // A row from the cache may be old; under a lock it must be the row of now.
        const found = isLocking
          ? await readRow(context, hold.read.bind(hold, deadline), keys, hold.locksRow)
          : await readCached(context, keys, deadline);
        const isOld = found?.key.equals(keys[0]) === false && found.next === undefined;
        // Under `row` the change would end the transaction, and with it the lock.
        const isMoved = isOld && strategy !== 'row' && strategy !== 'none';
        row = isMoved ? await rekey(context, hold, deadline, keys[0], found) : found;
        isKept = row !== undefined && row.next === undefined;
        return { row, hold, turn };
      } finally {
        // Also after an error: the next try takes a lock of its own.
        if (!isKept) await hold.close();
      }
    });
  } finally {
    if (row === undefined || row.next !== undefined) turn?.leave();
  }
}

async function readCached(
  { rows, reads, sealing }: Context,
  keys: Keys,
  deadline: Deadline,
): Promise<Row | undefined> {
  const row = await rows.read(keys[0], () => reads.read(keys, deadline));
  return row && sealing.open(row);
}
