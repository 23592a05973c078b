/** The time that one call of the store may take, its repetitions included. */
import { setTimeout as delay } from 'node:timers/promises';
import { SessionSetupError, SessionUnavailable } from '../errors.ts';
import { StatementFailure } from './failures.ts';
import { tlsFault } from './tls.ts';

/** Pauses grow from here and are drawn at random below their bound (full jitter). */
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 400;
/** After a conflict the database is well: a save that waits for longer is passed by others. */
const LONGEST_AFTER_CONFLICT = 50;

/** Counts down from the start of a call. */
export class Deadline {
  #end: number;
  readonly #budget: number;
  /** Ends the call early. */
  readonly signal: AbortSignal | undefined;
  /** The driver's last word for a failure, such as ECONNREFUSED; the last try may only have been cut short. */
  #word = '';
  #tries = 0;
  #patience: number;

  /**
   * @param budget - Milliseconds.
   * @param signal - Ends the call early.
   * @param patience - Milliseconds that it may wait for a lock, beside its own time.
   */
  constructor(budget: number, signal?: AbortSignal, patience = 0) {
    this.#budget = budget;
    this.#patience = patience;
    this.#end = performance.now() + budget;
    this.signal = signal;
    signal?.throwIfAborted();
  }

  /** The milliseconds that are left; never negative. */
  get left(): number {
    return Math.max(0, this.#end - performance.now());
  }

  /** The milliseconds that are left to wait for a lock. */
  get patience(): number {
    return this.#patience;
  }

  /** Waits for a lock, which does not count as long as the patience lasts. */
  async whileLocked<Result>(wait: () => Promise<Result>): Promise<Result> {
    const began = performance.now();
    try {
      return await wait();
    } finally {
      this.noteWait(performance.now() - began);
    }
  }

  /** A wait for a lock is over. It does not count as long as the patience lasts. */
  noteWait(milliseconds: number): void {
    const waited = Math.min(this.#patience, milliseconds);
    this.#patience -= waited;
    this.#end += waited;
  }

  /**
   * Waits before the next try of what failed.
   *
   * @param failure - The error of the last attempt.
   * @throws SessionSetupError where repeating cannot help; SessionUnavailable when the time is used up;
   *   the signal's reason.
   */
  async pauseAfter(failure: unknown): Promise<void> {
    this.signal?.throwIfAborted();
    await this.pause(passing(failure).cause);
  }

  /**
   * Waits a random time that grows with each try.
   *
   * @param cause - The driver's error; without one, another request has changed the row.
   * @throws SessionUnavailable when the time is used up; the signal's reason.
   */
  async pause(cause?: unknown): Promise<void> {
    this.#tries += 1;
    this.#word = wordOf(cause) ?? this.#word;
    const longest = cause === undefined ? LONGEST_AFTER_CONFLICT : LONGEST_PAUSE;
    const bound = Math.min(longest, FIRST_PAUSE * 2 ** (this.#tries - 1));
    const pause = Math.random() * bound;
    if (pause >= this.left) {
      throw new SessionUnavailable(this.#lateness(cause !== undefined), cause);
    }
    await sleep(pause, this.signal);
  }

  #lateness(hasFailed: boolean): string {
    const count = `${this.#tries} tries within ${this.#budget} ms`;
    return hasFailed
      ? `The session database gave no usable answer in ${count}${this.#word}: check its address, that ` +
          'it runs, and that the pool has a free connection'
      : `Other requests changed the session in each of ${count}: save less often, or use a strategy ` +
          'that locks';
  }
}

/**
 * Waits.
 *
 * @param pause - Milliseconds.
 * @throws The signal's reason.
 */
export async function sleep(pause: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(pause, undefined, { signal });
  } catch {
    signal?.throwIfAborted();
  }
}

/**
 * Repeats an attempt until it succeeds. For what may be applied twice without harm.
 *
 * @param deadline - The call's time.
 * @param attempt - One try.
 * @throws As `Deadline.pauseAfter`.
 */
export async function repeat<Result>(
  deadline: Deadline,
  attempt: () => Promise<Result>,
): Promise<Result> {
  for (;;) {
    try {
      return await attempt();
    } catch (failure) {
      await deadline.pauseAfter(failure);
    }
  }
}

function wordOf(cause: unknown): string | undefined {
  const { code } = (cause ?? {}) as { code?: unknown };
  return typeof code === 'string' ? ` (${code})` : undefined;
}

/** The remedy for a table that is missing. */
export const CREATE_IT = 'create it once by createTable() or "npx phpsessid create"';

const COMPARE = "compare the table with the store's schema";
const NO_RIGHT =
  'the user has no right to the schema, the table or a column: GRANT SELECT, INSERT, UPDATE, DELETE on ' +
  'the table';
const EXPIRED = "the account's password has expired: ALTER USER … IDENTIFIED BY …";

const REMEDIES: Readonly<Record<number, string>> = {
  1044: NO_RIGHT,
  1045:
    'the server refuses the user or the password: check them in the address or in the pool, and ' +
    'whether the account demands TLS (ssl)',
  1046: 'no database is selected: name it at the end of the address, or in the pool',
  1048:
    'a column takes no NULL: let the columns of `extra` be NULL, and leave EMPTY_STRING_IS_NULL out ' +
    'of sql_mode',
  1049: 'the schema does not exist: CREATE DATABASE, or correct the name in the address',
  1054: `a column is missing: ${COMPARE}, or set \`columns\``,
  1064: 'the server does not know this syntax: MariaDB 10.6, MySQL 8.0 or later is needed',
  1129: 'the server has blocked this host after too many broken connections: FLUSH HOSTS',
  1130: 'the server lets no user in from this host: CREATE USER for it, or correct the address',
  1142: NO_RIGHT,
  1143: NO_RIGHT,
  1153: 'max_allowed_packet was lowered: raise it again, or store less in a session',
  1146: `the table does not exist: ${CREATE_IT}, or set \`table\``,
  1820: EXPIRED,
  1862: EXPIRED,
  1406: `a value is longer than its column: ${COMPARE}`,
};

/**
 * Returns a failure that may pass.
 *
 * @param error - The error of an attempt.
 * @throws SessionSetupError with its remedy for a failure that will not pass; the error itself if it is
 *   not of a statement, such as a signal's reason.
 */
export function passing(error: unknown): StatementFailure {
  if (!(error instanceof StatementFailure)) throw error;
  const { errno, cause, kind } = error;
  if (kind !== 'never') return error;
  const known = errno === undefined ? tlsFault(cause) : REMEDIES[errno];
  const reason = known ?? (errno === undefined ? 'the pool is closed' : `server error ${errno}`);
  throw new SessionSetupError(`The session table cannot be used: ${reason}`, cause);
}
