/** A session as an application uses it: values, and a row only when there is something to keep. */
import type { Context } from './context.ts';
import { SessionClosed, SessionConflict, SessionNotFresh } from './errors.ts';
import { FUNCTION, requireKind, SECONDS } from './kinds.ts';
import type { OpenSession } from './open-session.ts';
import type { Owner } from './owner.ts';
import { deciding, readOnly, type Taken, Variables } from './payload/variables.ts';
import { type RenewOptions, requireRenewal } from './renew.ts';
import type { SaveAnswer } from './save.ts';
import { NO_DATA } from './table/ours.ts';

/** Inserts the session's first row. */
export type Create = (data: Buffer, owner: Owner) => Promise<OpenSession>;

/** The response's part: to set, remove or leave the browser's cookie. */
export type CookieChange =
  /** Set it to this id. */
  | {
      /** The id. */
      readonly set: string;
    }
  /** Delete it: the session was ended. */
  | 'clear'
  /** Leave it. Also for an id that is unknown: another response may just have set a new one. */
  | undefined;

/** Options of a renewal; the data is the session's own. */
export type SessionRenewOptions = Omit<RenewOptions, 'data' | 'decide'>;

/**
 * A visitor's session: layer 2 of the store. `sessions.start()` returns it.
 *
 * There is no row and no cookie until something is stored. A save writes the keys that were changed,
 * and merges them with what other requests have saved meanwhile.
 *
 * @typeParam Data - The keys and their values. Each may be missing, so all are optional on reads.
 * @example
 * const sessions = createSessions<{ cart: string[]; visits: number }>({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * const session = await sessions.start(undefined);
 * session.data.cart ??= [];
 * session.data.cart.push('tea');
 * session.update('visits', (count = 0) => count + 1);
 * await session.renew({ user: '42' });
 * session.data; // { cart: [ 'tea' ], visits: 1 }
 * session.user; // '42'
 * await session.destroy();
 * session.cookie; // 'clear'
 * await sessions.close();
 */
export class Session<Data extends object = Record<string, unknown>> implements AsyncDisposable {
  readonly #context: Context;
  readonly #create: Create;
  readonly #variables: Variables;
  #open: OpenSession | undefined;
  #state: 'usable' | 'ended' | 'closed' = 'usable';
  /** The id that the browser has. */
  readonly #sent: string | undefined;
  /** The last call that is under way. */
  #last: Promise<unknown> | undefined;
  #hasFailed = false;

  /** @internal */
  constructor(context: Context, open: OpenSession | undefined, create: Create) {
    this.#context = context;
    this.#open = open;
    this.#sent = open?.id;
    this.#create = create;
    this.#variables = new Variables(open?.bytes ?? NO_DATA, context.format);
    // express-session keeps the data here: `session.visits = 1` must throw and not be lost silently.
    Object.preventExtensions(this);
  }

  /**
   * The keys and their values: read, assign, delete, or change a value in place. Once the session is
   * saved for its response, or ended, it can be read only: a change throws SessionClosed.
   */
  get data(): Partial<Data> {
    const { data } = this.#variables;
    const isUsable = this.#state === 'usable';
    return (isUsable ? data : readOnly(data, () => this.#requireUsable())) as Partial<Data>;
  }

  /** The id; undefined as long as nothing is stored. It belongs in the cookie and nowhere else. */
  get id(): string | undefined {
    return this.#state === 'ended' ? undefined : this.#open?.id;
  }

  /** Whether nothing is stored yet. */
  get isNew(): boolean {
    return this.#open === undefined;
  }

  /** The session's user; undefined before a login, and once the session is found to be ended. */
  get user(): string | undefined {
    const open = this.#open;
    return this.#state === 'ended' || open?.state !== 'alive' ? undefined : open.user;
  }

  /**
   * Requires a recent login, before a page changes a password or pays.
   *
   * @param maxAge - Seconds since `renew()` was given the user.
   * @throws SessionNotFresh for an older login, and for a session without a user; SessionClosed after
   *   `close()` or `destroy()`; SessionSetupError for an invalid `maxAge`.
   */
  requireFresh(maxAge: number): void {
    requireKind('maxAge', maxAge, SECONDS);
    this.#requireUsable();
    const age = this.#open?.age ?? Number.POSITIVE_INFINITY;
    if (this.user === undefined || age > maxAge) throw new SessionNotFresh(maxAge);
  }

  /** The session's name in its user's list; undefined as long as nothing is stored. */
  get handle(): string | undefined {
    return this.#open?.handle;
  }

  /** @internal Whether one of the calls has been rejected. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /**
   * Whether the response must set or remove the cookie, known after `save()`; also where `renew()` has
   * failed after the session got its new id.
   */
  get cookie(): CookieChange {
    if (this.#state === 'ended') return this.#open && 'clear';
    const { id } = this;
    return id === undefined || id === this.#sent ? undefined : { set: id };
  }

  /**
   * Changes a value by a function. If another request changes the same key, the function runs again
   * on that value: no update is lost, and no lock is held.
   *
   * @param key - The key.
   * @param change - Returns the new value; it may run several times, so it must do nothing else.
   * @throws SessionSetupError if `change` is not a function; SessionValueError for a value that would come
   *   back as another one; any error of `change`; SessionClosed after `close()` or `destroy()`.
   */
  update<Key extends keyof Data & string>(
    key: Key,
    change: (value: Data[Key] | undefined) => Data[Key] | undefined,
  ): void {
    this.#requireUsable();
    requireKind('update()', change, FUNCTION);
    this.#variables.update(key, change as (value: unknown) => unknown);
  }

  /**
   * Saves what was changed; a session that was only used is touched.
   *
   * @returns `unchanged` if there was nothing to save; else as `OpenSession.save()`.
   * @throws SessionValueError for a value that would come back as another one; SessionClosed;
   *   SessionConflict; SessionTooLarge; SessionLockLost; SessionUnavailable.
   */
  save(): Promise<SaveAnswer | 'unchanged'> {
    return this.#inTurn(() => this.#save());
  }

  async #save(): Promise<SaveAnswer | 'unchanged'> {
    if (this.#state === 'ended') return 'gone';
    this.#requireUsable();
    return await this.#write(this.#variables.take());
  }

  /**
   * Saves the session for the last time, as before a response leaves. A change that is made while that
   * save is under way is saved by another one; later changes throw SessionClosed.
   *
   * @throws As `save()`; SessionClosed if the page has closed the session with changes that are not
   *   saved.
   * @internal
   */
  async finish(): Promise<void> {
    // A save that the page has not awaited, before a close that it has.
    await this.#last?.catch(() => {});
    if (this.#state === 'closed' && this.#isSaved(this.#variables.encode())) return;
    await this.save();
    await this.#inTurn(async () => {
      if (this.#state !== 'usable') return;
      const taken = this.#variables.take();
      this.#state = 'closed';
      if (!this.#isSaved(taken.data)) await this.#write(taken);
    });
  }

  #isSaved(data: Buffer): boolean {
    return data.equals(this.#open?.bytes ?? NO_DATA);
  }

  async #write(taken: Taken): Promise<SaveAnswer | 'unchanged'> {
    const { data } = taken;
    const open = this.#open;
    if (open === undefined) {
      if (data.length === 0) return 'unchanged';
      await this.#begin(taken, {});
      return 'saved';
    }
    if (data.equals(open.bytes)) return (await open.touch()) ? 'unchanged' : 'gone';
    const answer = await open.save(data, { decide: deciding(taken, this.#context.decide) });
    if (answer !== 'gone') this.#variables.rebase(open.bytes, taken);
    return answer;
  }

  /**
   * Gives the session a new id and saves it: after every login, logout and change of rights. A logout
   * (`user: null`) of a visitor who is signed out already, as after a double click, changes nothing: the
   * cookie is left alone, and a later save is `gone`.
   *
   * @param options - The user who has logged in, and the grace of the old id.
   * @throws SessionConflict if the session was ended meanwhile, except for a logout; SessionSetupError for
   *   an invalid option; as `save()`.
   */
  renew(options: SessionRenewOptions = {}): Promise<void> {
    return this.#inTurn(() => this.#renew(options));
  }

  async #renew(options: SessionRenewOptions): Promise<void> {
    this.#requireUsable();
    requireRenewal(options);
    const taken = this.#variables.take();
    const { data } = taken;
    const open = this.#open;
    const isLogout = options.user === null;
    if (open === undefined) {
      if (data.length > 0 || !isLogout) await this.#begin(taken, options);
      return;
    }
    const decide = deciding(taken, this.#context.decide);
    const { id } = open;
    try {
      // Again where a rotation was faster, which knows nothing of this login or logout.
      do await open.renew({ ...options, data, decide });
      while (open.id === id && open.state === 'alive' && isOther(options.user, open.user));
    } finally {
      // Also where the call failed afterwards, as by a signal: its updates are made.
      if (open.id !== id) this.#variables.rebase(open.bytes, taken);
    }
    if (open.id !== id) return;
    if (open.state === 'replaced' && typeof options.user === 'string') {
      // Another login was faster, as after a double click. Its id is not known here, and the
      // password was right here too: this response gets a session of its own.
      await open.close();
      await this.#begin(taken, options);
      return;
    }
    if (open.state !== 'alive' || (await open.save(data, { decide })) === 'gone') {
      if (isLogout) return;
      throw new SessionConflict([], 'it was ended, or another user has logged in');
    }
    this.#variables.rebase(open.bytes, taken);
  }

  async #begin(taken: Taken, { user, label }: Owner): Promise<void> {
    this.#open = await this.#create(taken.data, { user, label });
    this.#variables.rebase(taken.data, taken);
  }

  /**
   * Ends the session: row and cookie go, and later saves of other requests do not bring it back.
   *
   * @throws SessionClosed; SessionLockLost; SessionUnavailable: the session may still be alive.
   */
  destroy(): Promise<void> {
    return this.#inTurn(() => this.#destroy());
  }

  async #destroy(): Promise<void> {
    this.#requireUsable();
    await this.#open?.destroy();
    for (const key of Object.keys(this.data)) Reflect.deleteProperty(this.data, key);
    this.#state = 'ended';
  }

  /**
   * Releases what the session holds, without saving: a lock ends before a long response. Waits for a
   * call that is under way. A page that has changes left gets SessionClosed in place of its answer: save
   * them first.
   */
  async close(): Promise<void> {
    if (this.#state === 'usable') this.#state = 'closed';
    // A save may yet bring other requests' keys, which a frozen object could not take.
    await this.#last?.catch(() => {});
    this.#variables.freeze();
    await this.#open?.close();
  }

  /** As `close()`, at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Calls of one session run one after the other. A page that forgets an `await` would otherwise have
   * two rows for a new visitor, or a login and a save that do not know of each other.
   */
  #inTurn<Result>(call: () => Promise<Result>): Promise<Result> {
    const running = this.#last === undefined ? call() : this.#last.then(call, call);
    this.#last = running;
    const leave = (): void => {
      if (this.#last === running) this.#last = undefined;
    };
    running.then(leave, () => {
      this.#hasFailed = true;
      leave();
    });
    return running;
  }

  #requireUsable(): void {
    if (this.#state === 'usable') return;
    throw new SessionClosed(
      this.#state === 'ended'
        ? 'The session was ended: the next request begins a new one'
        : 'The session is closed, and this is not saved: change it before the response, or start it again',
    );
  }
}

/** Whether a renewal would change the session's user. */
function isOther(wanted: string | null | undefined, user: string | undefined): boolean {
  return wanted !== undefined && (wanted ?? undefined) !== user;
}
