/**
 * Saves of one session that wait for each other in this process go together: each is merged into the
 * one before, and one compare-and-set writes them all.
 */
import { Deadline } from './database/deadline.ts';
import type { Outcome } from './database/writes.ts';
import { IN_DOUBT, SessionUnavailable } from './errors.ts';
import { nameOf } from './identifiers.ts';
import { settleOnce } from './settle-once.ts';
import type { Row } from './table/table.ts';

/** Saves of one compare-and-set. */
const LARGEST = 32;

/** One save. */
export interface Wish {
  /** The session's object in its request; two saves of it are never written together. */
  readonly owner: object;
  /** The row as its request has read it. */
  readonly row: Row;
  /**
   * Returns the data to write over a row.
   *
   * @throws The error of a save that must not be made.
   */
  reconcile(found: Row): Buffer;
  /** Writes data over a row, if it is still as it was found. */
  write(deadline: Deadline, found: Row, data: Buffer): Promise<Outcome>;
  /** Receives the row that was written; called before the next save of this session begins. */
  keep(row: Row): void;
}

interface Waiting {
  readonly wish: Wish;
  readonly signal: AbortSignal | undefined;
  /** False when the caller has stopped waiting. */
  settle(): boolean;
  resolve(written: Buffer | undefined): void;
  reject(error: unknown): void;
}

interface Line {
  /** The row as the last save has left it. */
  latest: Row | undefined;
  readonly waiting: Set<Waiting>;
}

/** The saves of one process, session by session. */
export class SharedSaves {
  readonly #lines = new Map<string, Line>();
  readonly #budget: number;

  /** @param budget - Milliseconds for one compare-and-set, its repetitions included. */
  constructor(budget: number) {
    this.#budget = budget;
  }

  /**
   * Saves a session, with others that wait for the same row.
   *
   * @returns The data that was written, with that of the others; undefined if the session is gone.
   * @throws Any error of `reconcile`; SessionUnavailable; the signal's reason.
   */
  save(wish: Wish, deadline: Deadline): Promise<Buffer | undefined> {
    const name = nameOf(wish.row.key);
    const known = this.#lines.get(name);
    const line = known ?? { latest: undefined, waiting: new Set() };
    return new Promise((resolve, reject) => {
      const limit = deadline.left;
      const settle = settleOnce(limit, deadline.signal, (reason) => {
        const hasBegun = !line.waiting.delete(waiting);
        reject(reason ?? lateBy(limit, hasBegun));
      });
      const { signal } = deadline;
      const waiting: Waiting = { wish, signal, settle, resolve, reject };
      line.waiting.add(waiting);
      if (known !== undefined) return;
      this.#lines.set(name, line);
      void this.#run(name, line);
    });
  }

  async #run(name: string, line: Line): Promise<void> {
    while (line.waiting.size > 0) {
      const group = groupOf(line.waiting);
      for (const waiting of group) line.waiting.delete(waiting);
      try {
        await saveAll(line, group, this.#budget);
      } catch (error) {
        for (const { settle, reject } of group) if (settle()) reject(error);
      }
    }
    this.#lines.delete(name);
  }
}

function groupOf(waiting: Iterable<Waiting>): Waiting[] {
  const group = new Map<object, Waiting>();
  for (const each of waiting) {
    if (group.has(each.wish.owner) || group.size === LARGEST) break;
    group.set(each.wish.owner, each);
  }
  return [...group.values()];
}

async function saveAll(line: Line, group: readonly Waiting[], budget: number): Promise<void> {
  const [{ wish, signal }] = group as [Waiting];
  // One caller that leaves must not fail the others.
  const deadline = new Deadline(budget, group.length === 1 ? signal : undefined);
  // A save before this one may have been made since the row was read.
  const isNewer = Number(line.latest?.guard) > Number(wish.row.guard);
  let found = isNewer ? (line.latest as Row) : wish.row;
  let members = group;
  for (;;) {
    const merged = mergeAll(found, members);
    members = merged.members;
    if (members.length === 0) return;
    const outcome = await wish.write(deadline, found, merged.data);
    if (outcome === 'gone' || outcome.isMine) {
      const row = outcome === 'gone' ? undefined : outcome.row;
      line.latest = row;
      for (const { wish, settle, resolve } of members) {
        if (row !== undefined) wish.keep(row);
        if (settle()) resolve(row && merged.data);
      }
      return;
    }
    found = outcome.row;
  }
}

/** Merges each save into the one before; one that must not be made fails alone. */
function mergeAll(
  found: Row,
  group: readonly Waiting[],
): { data: Buffer; members: readonly Waiting[] } {
  let row = found;
  const members = group.filter(({ wish, settle, reject }) => {
    try {
      row = { ...row, data: wish.reconcile(row) };
      return true;
    } catch (error) {
      if (settle()) reject(error);
      return false;
    }
  });
  return { data: row.data, members };
}

/** No lock is waited for here, but the database: by this save, or by the one before it. */
function lateBy(milliseconds: number, hasBegun: boolean): SessionUnavailable {
  const outcome = hasBegun
    ? `${IN_DOUBT}the database did not answer`
    : 'The session was not saved: another save of it did not end';
  return new SessionUnavailable(`${outcome} within ${Math.round(milliseconds)} ms`);
}
