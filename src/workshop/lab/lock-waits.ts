/** Finds the statements that waited for a lock, how long, and which request held it. */
import { NAMES } from './clients.ts';
import { findHolds, statementsOf } from './held-locks.ts';
import type { RequestEntry, Statement } from './request-entry.ts';
import { milliseconds } from './text.ts';

export interface Wait {
  /** The request that waited. */
  entry: RequestEntry;
  /** Milliseconds since 1970; `to` is the present while it still waits. */
  from: number;
  to: number;
  /** The requests that held the lock in the meantime; empty if no request of the timeline did. */
  holders: RequestEntry[];
  /** Undefined while it still waits. */
  got: boolean | undefined;
}

/**
 * A statement that takes a lock does nothing else: after so many milliseconds it has waited. A busy
 * machine takes a tenth of a second for it without any wait.
 */
const LONG = 1000;

/**
 * Finds the waits among the requests of one class, by the statement that waited; `now` ends those
 * that still wait.
 */
export function findWaits(entries: RequestEntry[], now: number): Map<Statement, Wait> {
  const holds = entries.flatMap(findHolds);
  const waits = new Map<Statement, Wait>();
  for (const entry of entries) {
    for (const statement of statementsOf(entry)) {
      const { lock: effect, at, end, failed } = statement;
      if (effect?.does !== 'takes') continue;
      const got = end === undefined ? undefined : statement.got === true && !failed;
      const to = end ?? now;
      const others = holds.filter(
        (hold) => hold.lock === effect.lock && hold.entry !== entry && hold.from < to,
      );
      const holders = others.filter((hold) => {
        const freed = hold.to ?? (got ? hold.entry.end : undefined) ?? Number.POSITIVE_INFINITY;
        // A lock that was granted had been released before.
        return at < freed && (!got || freed <= to);
      });
      if (holders.length === 0 && got !== false && to - at < LONG) continue;
      if (got === false && to - at < 1) continue;
      waits.set(statement, {
        entry,
        from: at,
        to,
        holders: [...new Set(holders.map((hold) => hold.entry))],
        got,
      });
    }
  }
  return waits;
}

/** Describes a wait in one sentence: who waited, how long, and for whose lock. */
export function describeWait({ entry, from, to, holders, got }: Wait): string {
  const whose =
    holders.length === 0
      ? 'a lock that no request of this timeline held'
      : `the lock that ${holders.map(nameOf).join(', then ')} held`;
  const verb = got === undefined ? 'has been waiting' : 'waited';
  const end = got === false ? ', and did not get it' : '';
  return `${nameOf(entry)} ${verb} ${milliseconds(to - from)} for ${whose}${end}.`;
}

function nameOf({ sender, number }: RequestEntry): string {
  return `${NAMES[sender]} (request ${number})`;
}
