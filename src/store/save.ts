/** Compare-and-set: one save, whose outcome is known even when its answer is lost. */
import type { Context } from './context.ts';
import { type Deadline, passing } from './database/deadline.ts';
import type { StatementFailure } from './database/failures.ts';
import type { Outcome } from './database/writes.ts';
import { IN_DOUBT, SessionLockLost, SessionUnavailable } from './errors.ts';
import { findOutcome } from './find.ts';
import type { Hold } from './hold/hold.ts';
import { takeRandom } from './identifiers.ts';
import type { Decide } from './payload/merge.ts';
import { follow } from './pointers.ts';
import { MARK_BYTES } from './table/statements.ts';
import { asOfNow, type Guard, type Row, type Save } from './table/table.ts';

/**
 * How a save ended:
 *
 * - `saved`: the row has exactly the data that was given.
 * - `merged`: another request had changed other keys; the row now has both changes, as `data` shows.
 * - `gone`: the session has expired or was ended meanwhile; nothing was written.
 */
export type SaveAnswer = 'saved' | 'merged' | 'gone';

/** Options of one save. */
export interface SaveOptions {
  /** Ends the call early. It may have saved by then. */
  readonly signal?: AbortSignal | undefined;
  /** Decides about keys that another request changed as well; by default the store's `onConflict`. */
  readonly decide?: Decide | undefined;
  /**
   * The session as the caller knows it, where that is older than `data`, as after a save that
   * merged. Without it, a key that the caller has not seen would count as one that it has deleted.
   */
  readonly base?: Buffer | undefined;
  /** Keys whose later value counts whatever `onConflict` is, such as an expiry of a session layer. */
  readonly own?: readonly string[] | undefined;
}

/** The session that is written, and where its lock is. */
export interface Target {
  readonly context: Context;
  readonly hold: Hold;
  /** The keys of its id under each secret. */
  readonly keys: readonly [Buffer, ...Buffer[]];
  readonly row: Row;
}

/**
 * Saves data if the row is still as it was found.
 *
 * Each save has a mark of its own, which stays in the row for a few saves. If an answer is lost, the
 * row tells: the mark is there, so the save was applied; the guard is the same, so the same
 * statement can be sent again (one of the two can win at most); anything else is another's save.
 *
 * @param found - The row whose guard is compared.
 * @throws SessionLockLost where the lock ended with its connection; SessionUnavailable, also if so
 *   many saves have followed a lost answer that the row no longer tells.
 */
export async function compareAndSet(
  target: Target,
  deadline: Deadline,
  found: Row,
  data: Buffer,
): Promise<Outcome> {
  const save = (): Promise<Outcome> => saveOrFind(target, deadline, found, data);
  const { cache, sealing } = target.context;
  return await cache.change([found.key], save, (outcome) => {
    if (outcome === 'gone' || !outcome.isMine) return undefined;
    const { row } = outcome;
    return { ...row, data: sealing.close(row.key, row.data) };
  });
}

/** Sends the save until it is known whether it was made. */
async function saveOrFind(
  target: Target,
  deadline: Deadline,
  found: Row,
  data: Buffer,
): Promise<Outcome> {
  const { context, hold } = target;
  const { table, life, sealing, extra } = context;
  const { key, guard, marks, user, label } = found;
  const save: Save = {
    key,
    guard,
    seen: marks,
    data: sealing.close(key, data),
    mark: takeRandom(MARK_BYTES),
    extra: extra.valuesOf({ data, user, label }),
  };
  const before = asOfNow(found);
  const left = Math.min(life.idle, life.absolute - before.age);
  const saved = { ...before, data, ...table.after(save), left };
  let isDoubtful = false;
  for (;;) {
    let failure: StatementFailure | undefined;
    try {
      const isSaved = hold.isExclusive
        ? (await hold.write(deadline, table.update(save, life))).affected > 0
        : await context.writes.save(save, deadline);
      if (isSaved) return { isMine: true, row: saved };
    } catch (error) {
      failure = passing(error);
      isDoubtful ||= failure.kind === 'unknown';
      if (failure.kind !== 'unknown' && !hold.isPinned) {
        await deadline.pauseAfter(failure);
        continue;
      }
    }
    // Before the read: the row of a busy session would have changed again by the end of a pause.
    if (failure === undefined) await deadline.pause();
    // A row that was renewed since is a pointer, and has kept its marks.
    const isSaved = (row: Row): boolean | undefined => isDoubtful && table.wasSaved(row, save);
    const now = await findOutcome(context, deadline, [key, ...target.keys], isSaved);
    const wasSaved = now !== undefined && isSaved(now);
    if (wasSaved === undefined)
      throw new SessionUnavailable(
        `${IN_DOUBT}the answer was lost, and others have saved since`,
        failure?.cause,
      );
    const row = now?.next === undefined ? now : await follow(context, deadline, now);
    if (wasSaved) return { isMine: true, row: row ?? saved };
    // Another request may have the lock by now.
    if (failure !== undefined && hold.isPinned) {
      throw new SessionLockLost(failure.cause, failure.kind !== 'unknown');
    }
    if (row === undefined) return 'gone';
    if (!isAsFound(row, save)) return { isMine: false, row };
    if (failure !== undefined) await deadline.pauseAfter(failure);
  }
}

/** Whether no save was made since: the same statement can be sent again. */
function isAsFound({ key, guard, marks }: Row, save: Save): boolean {
  return key.equals(save.key) && isSame(guard, save.guard) && marks.equals(save.seen);
}

function isSame(one: Guard, other: Guard): boolean {
  return typeof one === 'number' || typeof other === 'number' ? one === other : one.equals(other);
}
