/** Opens a session: takes its turn and its lock, finds its row, and follows a renewed id. */
import type { Context } from './context.ts';
import { Deadline, repeat } from './database/deadline.ts';
import { findRow, readRow } from './find.ts';
import { type Hold, Nothing } from './hold/hold.ts';
import { takeLease } from './hold/lease.ts';
import { lockByName } from './hold/lock.ts';
import type { Turn } from './hold/queue.ts';
import { lockRow } from './hold/row.ts';
import { ANY, type Kind, oneOf } from './kinds.ts';
import { OpenSession } from './open-session.ts';
import type { Strategy } from './options.ts';
import { endFamily, follow } from './pointers.ts';
import { rekey } from './rekey.ts';
import type { Row } from './table/table.ts';

type TakeLock = (context: Context, key: Buffer, deadline: Deadline) => Promise<Hold>;

/** The strategies that take a lock. */
const LOCKS: Partial<Record<Strategy | 'none', TakeLock>> = {
  lock: lockByName,
  lease: takeLease,
  row: lockRow,
};

/** Options of one opening. */
export interface Opening {
  /** Ends the call early, and the wait for a lock. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `open()`. */
export interface OpenOptions extends Opening {
  /** `read` takes no lock, and its session cannot be written. @default 'write' */
  readonly mode?: 'read' | 'write' | undefined;
}

/** Options of `start()`. */
export interface StartOptions extends Opening {
  /** `read` takes no lock, for a page that changes nothing. @default 'write' */
  readonly mode?: 'read' | 'write' | undefined;
}

/** The kinds of the options of `open()` and `start()`. */
export const OPEN_OPTIONS: Record<keyof (OpenOptions & StartOptions), Kind> = {
  mode: oneOf('read', 'write'),
  signal: ANY,
};

/** An opening by a session layer: a renewed id opens nothing there, and only an end follows its pointer. */
interface ExactOpening extends Opening {
  readonly isExact?: boolean;
}

type Keys = readonly [Buffer, ...Buffer[]];

/**
 * Opens the session of an id whose form was checked.
 *
 * @param strategy - `none` opens it for reading.
 * @returns undefined if no session is alive under this id.
 */
export async function openSession(
  context: Context,
  id: string,
  strategy: Strategy | 'none',
  { signal, isExact = false }: ExactOpening,
): Promise<OpenSession | undefined> {
  const { hash, events, budget, database, lockTimeout } = context;
  const isReadOnly = strategy === 'none';
  const deadline = new Deadline(budget, signal, lockTimeout);
  let keys: Keys = hash.keysOf(id);
  for (;;) {
    const { row, hold, turn } = await take(context, keys, strategy, deadline);
    if (row === undefined || (isExact && row.next !== undefined)) {
      events.emitUnknown();
      return undefined;
    }
    if (row.next === undefined) {
      return new OpenSession(context, { id, keys, row, hold, turn, isReadOnly });
    }
    if (!row.isInGrace) {
      await endReplayed(context, deadline, row);
      return undefined;
    }
    const live = await follow(context, deadline, row);
    if (live === undefined) {
      if (await isGuests(context, deadline, row)) {
        return new OpenSession(context, { id, keys, row, hold: new Nothing(database), isReadOnly });
      }
      events.emit('unknown-id', () => ({}));
      return undefined;
    }
    // The locks of the old id do not cover the new one.
    keys = [live.key];
  }
}

/** An id that is used after its grace: its owner or a thief has an old copy of the cookie. */
async function endReplayed(context: Context, deadline: Deadline, pointer: Row): Promise<void> {
  const count = await endFamily(context, deadline, pointer);
  const { user, key } = pointer;
  context.events.emit('replay', () => ({ handle: context.hash.handleOf(key), user, count }));
}

/**
 * Whether a pointer is that of a guest who has logged in. Such an old id shows the guest's data from
 * before the login; any other one that leads nowhere shows none.
 */
async function isGuests(
  context: Context,
  deadline: Deadline,
  { user, next }: Row,
): Promise<boolean> {
  if (user !== undefined || next === undefined) return false;
  return (await findRow(context, deadline, [next])) !== undefined;
}

/** A row that was looked for. The hold and the turn have ended if it is not a live session's. */
interface Taken {
  readonly row: Row | undefined;
  readonly hold: Hold;
  readonly turn: Turn | undefined;
}

/** Takes a turn in this process, then a lock, then reads. */
async function take(
  context: Context,
  keys: Keys,
  strategy: Strategy | 'none',
  deadline: Deadline,
): Promise<Taken> {
  const turn = LOCKS[strategy] && (await context.queues.enter(keys[0], deadline));
  let taken: Omit<Taken, 'turn'> | undefined;
  try {
    // Each try takes a lock of its own.
    taken = await repeat(deadline, () => lockAndRead(context, keys, strategy, deadline));
    return { ...taken, turn };
  } finally {
    if (!isLive(taken?.row)) turn?.leave();
  }
}

/** Takes the lock of a strategy, and reads; releases the lock if there is no live session. */
async function lockAndRead(
  context: Context,
  keys: Keys,
  strategy: Strategy | 'none',
  deadline: Deadline,
): Promise<Omit<Taken, 'turn'>> {
  const lock = LOCKS[strategy];
  const hold = lock ? await lock(context, keys[0], deadline) : new Nothing(context.database);
  let row: Row | undefined;
  try {
    // A row from the cache may be old; under a lock it must be the row of now.
    const found = lock
      ? await readRow(context, hold, deadline, keys, hold.locksRow)
      : await readCached(context, keys, deadline);
    const isOld = isLive(found) && !found.key.equals(keys[0]);
    // Under `row` the change would end the transaction, and with it the lock.
    const isMoved = isOld && strategy !== 'row' && strategy !== 'none';
    row = isMoved ? await rekey(context, hold, deadline, keys[0], found) : found;
  } finally {
    if (!isLive(row)) await hold.close();
  }
  return { row, hold };
}

async function readCached(
  { cache, reads, sealing }: Context,
  keys: Keys,
  deadline: Deadline,
): Promise<Row | undefined> {
  const row = await cache.read(keys[0], () => reads.read(keys, deadline));
  return row && sealing.open(row);
}

function isLive(row: Row | undefined): row is Row {
  return row !== undefined && row.next === undefined;
}
