/** A new id for a session: the old row becomes a pointer, the new one is inserted, both or neither. */
import { type Deadline, passing } from './database/deadline.ts';
import type { StatementFailure } from './database/failures.ts';
import { SessionLockLost } from './errors.ts';
import { findOutcome } from './find.ts';
import { ANY, GRACE, type Kind, requireAll } from './kinds.ts';
import { newRow } from './new-row.ts';
import { requireOwner } from './owner.ts';
import type { Decide } from './payload/merge.ts';
import { follow } from './pointers.ts';
import type { Target } from './save.ts';
import { NO_DATA } from './table/ours.ts';
import type { Row } from './table/table.ts';

/** Options of a renewal. */
export interface RenewOptions {
  /**
   * The user who has just logged in: the session's absolute time starts again, and a session that
   * changes its user cannot be reached by the old id. Without a user only the id is new.
   *
   * @default the same as before; null for no user, after a logout that keeps the session
   */
  readonly user?: string | null | undefined;
  /** The label in a list of the user's sessions, such as "Firefox on Linux". */
  readonly label?: string | undefined;
  /**
   * Seconds in which the old id still works, for requests that are under way. Its use afterwards is
   * a `replay`: an event, and the end of the session that it led to.
   *
   * @default 10
   */
  readonly grace?: number | undefined;
  /** The session's new data. @default the data as it was read */
  readonly data?: Buffer | undefined;
  /** Decides about keys that another request changed as well; by default the store's `onConflict`. */
  readonly decide?: Decide | undefined;
  /** Ends the call early. It may have renewed the id by then. */
  readonly signal?: AbortSignal | undefined;
}

const OPTIONS: Record<keyof RenewOptions, Kind> = {
  user: ANY,
  label: ANY,
  grace: GRACE,
  data: ANY,
  decide: ANY,
  signal: ANY,
};

/**
 * Checks the options of a renewal: a misspelt `user` would be a login without a user.
 *
 * @throws SessionSetupError; SessionValueError for a user or a label.
 */
export function requireRenewal(options: RenewOptions): void {
  requireAll(options, OPTIONS);
  requireOwner(options);
}

/** A renewal's session: its age, and its data against what others have saved meanwhile. */
export interface Renewal extends RenewOptions {
  readonly age: number;
  /** The new id, where a session layer makes its own. */
  readonly id?: string | undefined;
  reconcile(found: Row): Buffer;
}

/**
 * Renews a session's id. Of several renewals at once, one wins.
 *
 * @returns The new row with its id; without an id the row that another renewal has made, or the
 *   pointer that it has left if the user is another one now; undefined if the session is gone.
 */
export async function renewRow(
  target: Target,
  deadline: Deadline,
  renewal: Renewal,
): Promise<{ row: Row; id: string | undefined } | undefined> {
  const { context, hold, keys } = target;
  const { table, life, sealing } = context;
  const { label = target.row.label, id = context.hash.newId() } = renewal;
  const grace = renewal.id === undefined ? (renewal.grace ?? 10) * 1000 : 0;
  const user = renewal.user === undefined ? target.row.user : (renewal.user ?? undefined);
  const [key] = context.hash.keysOf(id);
  const isOther = user !== target.row.user;
  const isLogin = isOther || typeof renewal.user === 'string';
  const isGuests = isOther && target.row.user === undefined && renewal.id === undefined;
  const age = isLogin ? 0 : Math.round(renewal.age);
  let found = target.row;
  for (;;) {
    const data = renewal.reconcile(found);
    const { fresh, row } = newRow(context, key, { data, user, label, age });
    const old = {
      ...{ key: found.key, guard: found.guard, seen: found.marks, mark: fresh.mark },
      // The old id of a guest who logs in still shows the guest's data; any other one only leads on.
      data: sealing.close(found.key, isGuests ? found.data : NO_DATA),
    };
    const statements = table.renewal(old, fresh, { age, grace, life });
    let failure: StatementFailure | undefined;
    try {
      const transact = (): Promise<boolean> => hold.transact(deadline, statements);
      if (await context.cache.change([found.key], transact)) return { row, id };
    } catch (error) {
      failure = passing(error);
    }
    // Before the read: the row of a busy session would have changed again by the end of a pause.
    if (failure === undefined) await deadline.pause();
    const isRenewed = ({ next }: Row): boolean | undefined => next?.equals(key);
    const now = await findOutcome(context, deadline, [found.key, ...keys], isRenewed);
    if (now && isRenewed(now)) return { row, id };
    if (failure !== undefined && hold.isPinned) {
      throw new SessionLockLost(failure.cause, failure.kind !== 'unknown');
    }
    if (now === undefined) {
      // Without a pointer, only the new row is evidence after a lost answer.
      const isDone = failure && (await findOutcome(context, deadline, [key], () => true));
      return isDone ? { row, id } : undefined;
    }
    if (now.next !== undefined) {
      return { row: (await follow(context, deadline, now)) ?? now, id: undefined };
    }
    found = now;
    if (failure !== undefined) await deadline.pauseAfter(failure);
  }
}
