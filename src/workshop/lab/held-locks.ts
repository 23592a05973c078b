/** The locks that a request holds, found from its statements. */
import type { LockEffect } from '../sandbox/locks.ts';
import type { RequestEntry, Statement } from './request-entry.ts';

/** A lock that a request has. */
export interface Hold {
  entry: RequestEntry;
  lock: string;
  kind: 'name' | 'rows';
  from: number;
  /** When it was released; undefined until a statement releases it. */
  to: number | undefined;
}

/** All statements of a request in the order in which they were sent. */
export function statementsOf(entry: RequestEntry): Statement[] {
  const all = [...entry.steps.flatMap((step) => step.statements), ...entry.statements];
  return all.sort((one, other) => one.statement - other.statement);
}

/** Returns whether a statement releases a lock that the request still has. */
export function releasesLock(entry: RequestEntry, effect: LockEffect | undefined): boolean {
  return findHolds(entry).some((hold) => releases(effect, hold));
}

function releases(effect: LockEffect | undefined, { kind, lock, to }: Hold): boolean {
  if (to !== undefined) return false;
  if (effect?.does === 'ends') return kind === 'rows';
  if (effect?.does !== 'releases' || kind !== 'name') return false;
  return effect.lock === undefined || effect.lock === lock;
}

/** The locks of one request, each from when to when. */
export function findHolds(entry: RequestEntry): Hold[] {
  const holds: Hold[] = [];
  let within = false;
  for (const { lock: effect, at, end, got, failed } of statementsOf(entry)) {
    for (const hold of holds) if (releases(effect, hold)) hold.to = at;
    if (effect?.does === 'begins') within = true;
    if (effect?.does === 'ends') within = false;
    if (effect?.does !== 'takes' || end === undefined || failed || got !== true) continue;
    // Outside of a transaction, rows are unlocked as soon as they have been read.
    const to = effect.kind === 'rows' && !within ? end : undefined;
    holds.push({ entry, lock: effect.lock, kind: effect.kind, from: end, to });
  }
  return holds;
}
