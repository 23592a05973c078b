/**
 * Deletes expired sessions, off the path of any request. A read never returns an expired session, so
 * this is only about space.
 */
import type { Context } from './context.ts';
import { Deadline, repeat } from './database/deadline.ts';
import { isDuplicate } from './database/failures.ts';
import { takeRandom } from './identifiers.ts';
import { NO_DATA } from './table/ours.ts';
import { MARK_BYTES } from './table/statements.ts';

/** The key of the row by which one process runs the collection; a session's has 32 bytes. */
export const RUNNER: Buffer = Buffer.from('gc runner');

/** Rows of one range, on one server. */
const RANGE = 10_000;
/** Rows of one write set, on a cluster. */
const PIECE = 500;

/** Milliseconds: a day. */
const LONG = 24 * 60 * 60 * 1000;

/** When and how long expired sessions are deleted. */
export interface GcOptions {
  /**
   * Seconds between two collections of all processes together, at random around this.
   *
   * @default 300
   */
  readonly every?: number | undefined;
  /**
   * Seconds that one collection may take; the rest is left for the next one.
   *
   * @default 5
   */
  readonly budget?: number | undefined;
}

/**
 * Deletes expired rows until there are none, or the time is used up.
 *
 * On one server without a budget: one statement, which is faster and cannot be stopped; a large
 * backlog is a scan in the order of the keys. With a budget: ranges of `expires` in one READ COMMITTED
 * transaction, which locks no live row, and whose purge begins when it is over; committing each range
 * is half as fast and delays live writes more. On a cluster: small pieces that commit each, because a
 * write set is certified as a whole. The expiry is compared again in each DELETE: a session may have
 * been used since it was listed.
 *
 * @param budget - Milliseconds; Infinity for no end.
 * @param onDeleted - Receives the number of each commit: an error afterwards takes none of them back.
 * @returns How many rows were deleted.
 */
export async function collect(
  context: Context,
  budget: number,
  onDeleted: (count: number) => void = () => {},
): Promise<number> {
  const isWhole = !Number.isFinite(budget);
  const end = performance.now() + budget;
  // The last range may begin just before the end. Without an end, a call's time is for the connection.
  const deadline = new Deadline((isWhole ? 0 : budget) + context.budget);
  const isOver = (): boolean => performance.now() >= end;
  let count = 0;
  const add = (some: number): void => {
    count += some;
    onDeleted(some);
  };
  if (context.facts.nodes > 1) await collectPieces(context, isOver, add);
  else add(await repeat(deadline, () => collectRanges(context, deadline, isWhole, isOver)));
  context.events.emit('gc', () => ({ count }));
  return count;
}

async function collectRanges(
  { database, table, budget }: Context,
  deadline: Deadline,
  isWhole: boolean,
  isOver: () => boolean,
): Promise<number> {
  const link = await database.begin(deadline);
  let count = 0;
  try {
    let from: number | undefined = 0;
    while (from !== undefined && !isOver()) {
      const to: number | undefined = isWhole ? undefined : await endOfRange(from);
      const { sql, values } = table.sweepRange(from, to);
      count += (await link.run(deadline, sql, values, isWhole ? LONG : 0)).affected;
      from = to;
    }
    await link.run(new Deadline(budget), 'COMMIT');
    link.release();
    return count;
  } catch (error) {
    link.destroy();
    throw error;
  }

  async function endOfRange(from: number): Promise<number | undefined> {
    const { sql, values } = table.expiredAfter(from, RANGE);
    const [row] = (await link.run(deadline, sql, values)).rows;
    return row && Number(row[0]);
  }
}

async function collectPieces(
  { database, table, budget }: Context,
  isOver: () => boolean,
  onDeleted: (count: number) => void,
): Promise<void> {
  while (!isOver()) {
    const deadline = new Deadline(budget);
    const { rows } = await database.repeat(deadline, table.expired(PIECE));
    if (rows.length === 0) break;
    const keys = rows.map(([key]) => key as Buffer);
    onDeleted((await database.repeat(deadline, table.sweep(keys))).affected);
  }
}

/** Runs collections from time to time, in one process of all. */
export class Collector {
  readonly #every: number;
  readonly #budget: number;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  /** @param options - Seconds. */
  constructor({ every = 300, budget = 5 }: GcOptions) {
    this.#every = every * 1000;
    this.#budget = budget * 1000;
  }

  /** Plans the next collection. The timer keeps no process alive. */
  plan(context: Context): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(
      () => void this.#collect(context).finally(() => this.plan(context)),
      this.#every * (0.5 + Math.random()),
    );
    this.#timer.unref();
  }

  /** Plans no more, also for a store that is closed before it has started. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #collect(context: Context): Promise<void> {
    try {
      if (await becomeRunner(context, this.#every / 2)) await collect(context, this.#budget);
    } catch (error) {
      context.events.emit('gc-failed', () => ({ error }));
    }
  }
}

/**
 * Becomes the process that collects, by a row of its own in the table of sessions. The row expires,
 * and is then deleted like any other.
 *
 * @param time - Milliseconds in which no other process collects.
 */
export async function becomeRunner(
  { database, table, budget }: Context,
  time: number,
): Promise<boolean> {
  const deadline = new Deadline(budget);
  await database.repeat(deadline, table.sweep([RUNNER]));
  const mark = takeRandom(MARK_BYTES);
  const fresh = { key: RUNNER, data: NO_DATA, mark, user: undefined, label: undefined };
  return await repeat(deadline, async () => {
    try {
      await database.run(deadline, table.insert(fresh, { idle: time, absolute: time }));
      return true;
    } catch (failure) {
      // Perhaps by an earlier try whose answer was lost: then none collects until the row expires.
      if (isDuplicate(failure)) return false;
      throw failure;
    }
  });
}
