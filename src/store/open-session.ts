/** One session between its read and its close: the bytes, and what protects them. */
import type { Context } from './context.ts';
import type { Statement } from './database/database.ts';
import { Deadline, passing, repeat } from './database/deadline.ts';
import { SessionClosed, SessionConflict, SessionLockLost } from './errors.ts';
import type { Hold } from './hold/hold.ts';
import type { Turn } from './hold/queue.ts';
import { limitSessions } from './max-per-user.ts';
import { mergeSaves } from './on-conflict.ts';
import { endOpen } from './remove.ts';
import { type Renewal, type RenewOptions, renewRow, requireRenewal } from './renew.ts';
import { takeData } from './room.ts';
import { compareAndSet, type SaveAnswer, type SaveOptions, type Target } from './save.ts';
import type { Wish } from './shared-saves.ts';
import { asOfNow, type Row } from './table/table.ts';
import { touchRow } from './touch.ts';

/** Versions count from 1: a save with this one always compares with the row as it is. */
const NO_GUARD = 0;

const MAYBE_MADE = 'an earlier save of this request may have been made: start the session again';

/** An open session that is only read. */
export type ReadSession = Pick<
  OpenSession,
  'id' | 'data' | 'user' | 'label' | 'handle' | 'state' | 'close' | typeof Symbol.asyncDispose
>;

/** The initial state of an open session. */
export interface Opened {
  readonly id: string;
  readonly keys: readonly [Buffer, ...Buffer[]];
  readonly row: Row;
  readonly hold: Hold;
  /** The place in the queue, where the strategy locks. */
  readonly turn?: Turn | undefined;
  readonly isReadOnly: boolean;
}

/**
 * A session that `open()` has found or `create()` has made: layer 1 of the store, bytes only.
 *
 * No method ever writes unconditionally: a save compares the version that was read, cannot revive a
 * session that was ended, and cannot create one.
 *
 * @example
 * const sessions = createSessions({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * const id = sessions.newId();
 * const [one, other] = [await sessions.create(id, Buffer.from('{}')), await sessions.open(id)];
 * await one.save(Buffer.from('{"cart":["tea"]}')); // 'saved'
 * await other?.save(Buffer.from('{"name":"Ann"}')); // 'merged'
 * other?.data.toString(); // '{"cart":["tea"],"name":"Ann"}'
 * await one.destroy(); // true
 * await other?.save(Buffer.from('{"late":true}')); // 'gone'
 * await sessions.close();
 */
export class OpenSession implements AsyncDisposable {
  readonly #context: Context;
  readonly #hold: Hold;
  readonly #turn: Turn | undefined;
  readonly #isReadOnly: boolean;
  #keys: readonly [Buffer, ...Buffer[]];
  #row: Row;
  #id: string;
  #isGone = false;
  #isClosed = false;
  /** Whether a save has failed that may have been made all the same. */
  #isUnsure = false;
  /** Calls that have not ended: their statements need the lock. */
  readonly #calls = new Set<Promise<unknown>>();

  /** @internal The store opens sessions. */
  constructor(context: Context, { id, keys, row, hold, turn, isReadOnly }: Opened) {
    this.#context = context;
    this.#id = id;
    this.#keys = keys;
    this.#row = row;
    this.#hold = hold;
    this.#turn = turn;
    this.#isReadOnly = isReadOnly;
  }

  /** The id; after `renew()` the new one. It belongs in the cookie and nowhere else. */
  get id(): string {
    return this.#id;
  }

  /** A copy of the bytes as they were read, or as the last save has left them. */
  get data(): Buffer {
    return Buffer.from(this.#row.data);
  }

  /** @internal The bytes of `data` themselves. No caller may change them: a save compares with them. */
  get bytes(): Buffer {
    return this.#row.data;
  }

  /** The session's user; undefined before a login. */
  get user(): string | undefined {
    return this.#row.user;
  }

  /** The label in a list of the user's sessions. */
  get label(): string | undefined {
    return this.#row.label;
  }

  /** Seconds since the session began, or since its user has logged in. */
  get age(): number {
    return asOfNow(this.#row).age / 1000;
  }

  /** The session's name in lists and events. */
  get handle(): string {
    return this.#context.hash.handleOf(this.#row.key);
  }

  /**
   * Whether the session can be saved, as far as this request knows. A `replaced` one was renewed by a
   * login: its data from before can be read for the grace, and it cannot be changed any more. The
   * response must set no cookie then, since the browser may have the new one.
   */
  get state(): 'alive' | 'replaced' | 'gone' {
    if (this.#isGone) return 'gone';
    return this.#row.next === undefined ? 'alive' : 'replaced';
  }

  /**
   * Saves the session.
   *
   * @param data - The whole session, in one of the formats; the Buffer may be used again afterwards.
   * @param options - The rules of a merge, and a signal that ends the call.
   * @returns `saved`; `merged` with another request's keys, as `data` then shows; `gone`, and nothing
   *   was written, for a session that was ended or has expired.
   * @throws SessionConflict if another request changed the same keys and `onConflict` rejects that;
   *   SessionClosed; SessionLockLost; SessionTooLarge before anything is sent; SessionUnavailable.
   */
  async save(data: Buffer, options: SaveOptions = {}): Promise<SaveAnswer> {
    this.#requireWritable();
    const mine = takeData(data, this.#context.facts);
    if (this.state !== 'alive') return 'gone';
    const deadline = this.#deadline(options.signal);
    if (this.#hold.isExclusive) return await this.#call(this.#saveLocked(deadline, mine));
    const wish: Wish = {
      owner: this,
      row: this.#row,
      reconcile: this.#reconciler(mine, options),
      write: compareAndSet.bind(undefined, this.#target),
      keep: (row) => {
        this.#row = row;
      },
    };
    let written: Buffer | undefined;
    try {
      written = await this.#context.saves.save(wish, deadline);
      this.#isUnsure = false;
    } catch (error) {
      this.#isUnsure ||= !(error instanceof SessionConflict);
      throw error;
    }
    this.#isGone = written === undefined;
    if (written === undefined) return 'gone';
    return written.equals(mine) ? 'saved' : 'merged';
  }

  /** Under a lock nothing is merged: a row that another request has changed means that it was lost. */
  async #saveLocked(deadline: Deadline, data: Buffer): Promise<SaveAnswer> {
    const outcome = await compareAndSet(this.#target, deadline, this.#row, data);
    this.#isGone = outcome === 'gone';
    if (outcome === 'gone') return 'gone';
    if (!outcome.isMine) throw this.#lockLost();
    this.#row = outcome.row;
    return 'saved';
  }

  /** Makes the function that merges data with a row; without data, the session stays as it was read. */
  #reconciler(data: Buffer | undefined, options: SaveOptions): Wish['reconcile'] {
    return (found) => {
      // Read when the save's turn comes: an earlier save of this object may change the row.
      const { key, data: read } = this.#row;
      const [base, mine] = [options.base ?? read, data ?? read];
      if (found.data.equals(base)) return mine;
      // An update() that was made already would be made twice.
      if (this.#isUnsure && !mine.equals(base)) throw new SessionConflict([], MAYBE_MADE);
      return mergeSaves(this.#context, key, { base, mine, theirs: found.data }, options);
    };
  }

  /**
   * Notes that the session was used, if that was long enough ago to matter (`touchAfter`).
   *
   * @param options - A signal that ends the call.
   * @returns False if the session is found to be gone. A recent session is not asked about.
   * @throws SessionClosed; SessionLockLost; SessionUnavailable.
   */
  async touch({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    this.#requireWritable();
    if (this.state !== 'alive') return false;
    const deadline = this.#deadline(signal);
    const change = this.#change.bind(this, deadline);
    const touched = await this.#call(touchRow(this.#context, this.#row, deadline, change));
    this.#isGone = touched === undefined;
    // A save of this object may have replaced the row meanwhile: only its times change.
    this.#row = { ...this.#row, ...touched };
    return !this.#isGone;
  }

  /**
   * Gives the session a new id, as after every login, logout or change of rights.
   *
   * @param options - The user who has logged in, the grace of the old id, the data to store.
   * @returns The new id for the cookie; undefined if another request has renewed or ended the
   *   session at the same time, as `state` tells: the response then sets no cookie, and `data` was
   *   not saved.
   * @throws SessionSetupError for an invalid option, SessionValueError for an invalid user or label; as
   *   `save()`.
   */
  async renew(options: RenewOptions = {}): Promise<string | undefined> {
    requireRenewal(options);
    return await this.#call(this.#renew(options));
  }

  /**
   * As `renew()`, to an id that a session layer has made. The old id then opens nothing; an end by a
   * request that had opened it reaches the new one.
   *
   * @internal
   */
  async moveTo(id: string, options: RenewOptions & SaveOptions): Promise<string | undefined> {
    return await this.#call(this.#renew({ ...options, id }));
  }

  async #renew(
    options: RenewOptions & SaveOptions & Pick<Renewal, 'id'>,
  ): Promise<string | undefined> {
    this.#requireWritable();
    const { facts } = this.#context;
    const data = options.data === undefined ? undefined : takeData(options.data, facts);
    if (this.state !== 'alive') return undefined;
    const deadline = this.#deadline(options.signal);
    const reconcile = this.#reconciler(data, options);
    const renewal = { ...options, age: asOfNow(this.#row).age, reconcile };
    const renewed = await renewRow(this.#target, deadline, renewal);
    this.#isGone = renewed === undefined;
    if (renewed === undefined) return undefined;
    this.#keys = [renewed.row.key];
    if (renewed.id === undefined) {
      // Saves go to the other renewal's row from now on, and are merged from what was read here.
      this.#row = { ...renewed.row, data: this.#row.data, guard: NO_GUARD };
      return undefined;
    }
    this.#row = renewed.row;
    this.#id = renewed.id;
    await limitSessions(this.#context, this.#hold, deadline, this.user);
    this.#emit('renew');
    return renewed.id;
  }

  /**
   * Ends the session, also if another request has given it a new id meanwhile.
   *
   * @param options - A signal that ends the call; the session may have ended by then.
   * @returns False if the session was gone already.
   * @throws SessionClosed; SessionLockLost; SessionUnavailable.
   */
  async destroy({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<boolean> {
    this.#requireWritable();
    if (this.state !== 'alive') return false;
    const { key } = this.#row;
    const keys = [key, ...this.#keys.filter((each) => !each.equals(key))];
    const deadline = this.#deadline(signal);
    const change = this.#change.bind(this, deadline);
    const ended = await this.#call(endOpen(this.#context, deadline, keys, change));
    this.#isGone = true;
    if (ended) this.#emit('destroy');
    return ended;
  }

  /**
   * Releases the lock and the turn when the calls that are under way have ended. Further calls do
   * nothing; every other method then throws. An adapter calls this when the response has ended, and
   * some time after the client has hung up.
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.allSettled(this.#calls);
    await this.#hold.close();
    this.#turn?.leave();
  }

  /** As `close()`, at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Notes a call until it ends. */
  #call<Result>(call: Promise<Result>): Promise<Result> {
    this.#calls.add(call);
    const leave = (): void => void this.#calls.delete(call);
    call.then(leave, leave);
    return call;
  }

  #deadline(signal: AbortSignal | undefined): Deadline {
    return new Deadline(this.#context.budget, signal);
  }

  get #target(): Target {
    return { context: this.#context, hold: this.#hold, keys: this.#keys, row: this.#row };
  }

  /** Runs a change that may be repeated: an end, or an extension. */
  async #change(deadline: Deadline, statement: Statement): Promise<number> {
    const attempt = async (): Promise<number> =>
      (await this.#hold.write(deadline, statement)).affected;
    if (!this.#hold.isPinned) return await repeat(deadline, attempt);
    try {
      return await attempt();
    } catch (error) {
      const { cause, kind } = passing(error);
      throw this.#lockLost(cause, kind !== 'unknown');
    }
  }

  #lockLost(cause?: unknown, isCertain = true): SessionLockLost {
    this.#emit('lock-lost');
    return new SessionLockLost(cause, isCertain);
  }

  #emit(kind: 'renew' | 'destroy' | 'lock-lost'): void {
    this.#context.events.emit(kind, () => ({ handle: this.handle, user: this.user }));
  }

  #requireWritable(): void {
    if (this.#isClosed) throw new SessionClosed('The session is closed: open it again');
    if (this.#isReadOnly) {
      throw new SessionClosed("The session was opened for reading: open it with mode 'write'");
    }
    if (this.#hold.isLost) throw this.#lockLost();
  }
}
