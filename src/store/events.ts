/** Events of sessions, for logs and alarms: listeners, and a diagnostics channel. */
import { channel } from 'node:diagnostics_channel';
import { inspect, types } from 'node:util';
import { FUNCTION, oneOf, requireKind } from './kinds.ts';

/**
 * One event. It names a session by its handle, never by its id; an id that is unknown has none.
 *
 * - `create`, `renew`, `destroy`: the session began, got a new id, was ended.
 * - `unknown-id`: a well-formed id that is in no row: expired, logged out, or guessed.
 * - `guessing`: 100 unknown ids within a minute, in this process; once a minute, with their number.
 * - `replay`: an id was used after it had been replaced; its sessions were ended.
 * - `conflict`: two requests changed one key, and `onConflict` decided.
 * - `lock-lost`: a lock ended before the save, which was refused.
 * - `gc`: expired sessions were deleted. `gc-failed`: they could not be.
 * - `cache-failed`: memcached did not answer, and the database was asked.
 */
export interface SessionEvent {
  /** The kind of the event. */
  readonly kind: SessionEventKind;
  /** The session's handle, as in a user's list; undefined for an unknown id, and for many sessions. */
  readonly handle?: string | undefined;
  /** The session's user. */
  readonly user?: string | undefined;
  /** The number of sessions: of `gc`, `replay`, and `destroy` of several. The ids of `guessing`. */
  readonly count?: number | undefined;
  /** The keys that both requests changed: of `conflict`. */
  readonly keys?: readonly string[] | undefined;
  /** The failure: of `gc-failed`, `cache-failed`. */
  readonly error?: unknown;
}

/** The kinds of events. */
export type SessionEventKind =
  | 'create'
  | 'renew'
  | 'destroy'
  | 'unknown-id'
  | 'guessing'
  | 'replay'
  | 'conflict'
  | 'lock-lost'
  | 'gc'
  | 'gc-failed'
  | 'cache-failed';

/** The same words as values. */
const KIND_NAMES: Readonly<Record<SessionEventKind, true>> = {
  ...{ create: true, renew: true, destroy: true, 'unknown-id': true, guessing: true, replay: true },
  ...{ conflict: true, 'lock-lost': true, gc: true, 'gc-failed': true, 'cache-failed': true },
};
const KINDS = oneOf(...Object.keys(KIND_NAMES));

/**
 * Receives events. An error of the listener does not fail the request: it is a process warning.
 *
 * @param event - The event; the same object for every listener.
 */
export type SessionListener = (event: SessionEvent) => void;

const diagnostics = channel('phpsessid:session');

/** Unknown ids within a minute that are reported. Expired cookies are a few, guesses are many. */
const MANY_UNKNOWN = 100;
const MINUTE = 60_000;

/** The listeners of one store. */
export class Events {
  #unknown = { since: Number.NEGATIVE_INFINITY, count: 0 };
  readonly #listeners = new Map<SessionEventKind, Set<SessionListener>>();

  on(kind: SessionEventKind, listener: SessionListener): () => void {
    requireKind('kind', kind, KINDS);
    requireKind('listener', listener, FUNCTION);
    const listeners = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }

  /** Publishes that an id is in no row, and from a certain number on that ids are perhaps guessed. */
  emitUnknown(): void {
    this.emit('unknown-id', () => ({}));
    const now = performance.now();
    if (now - this.#unknown.since > MINUTE) this.#unknown = { since: now, count: 0 };
    this.#unknown.count += 1;
    if (this.#unknown.count === MANY_UNKNOWN)
      this.emit('guessing', () => ({ count: MANY_UNKNOWN }));
  }

  /**
   * Publishes an event. A listener that throws or rejects does not fail the request: its error is a warning.
   *
   * @param describe - Makes the event; called only if there is a listener.
   */
  emit(kind: SessionEventKind, describe: () => Omit<SessionEvent, 'kind'>): void {
    const listeners = this.#listeners.get(kind);
    if (!diagnostics.hasSubscribers && !listeners?.size) return;
    const event = { kind, ...describe() };
    if (diagnostics.hasSubscribers) diagnostics.publish(event);
    // A copy: a listener that removes and adds itself would be the last one again and again.
    for (const listener of [...(listeners ?? [])]) {
      try {
        const result: unknown = listener(event);
        if (types.isPromise(result)) result.catch(warn);
      } catch (error) {
        warn(error);
      }
    }
  }
}

function warn(error: unknown): void {
  process.emitWarning(
    error instanceof Error ? error : `A listener of sessions threw ${inspect(error)}`,
  );
}
