/** The store as a save handler of PHP's session functions, with PHP's lock. */
import type { Context } from './context.ts';
import { createSession } from './create.ts';
import { SessionConflict, SessionLockTimeout } from './errors.ts';
import { collect } from './gc.ts';
import { takeRandom } from './identifiers.ts';
import { openSession } from './open.ts';
import type { OpenSession } from './open-session.ts';
import type { Strategy } from './options.ts';
import { Payload } from './payload/payload.ts';

/** The characters of PHP's ids and of the store's, and a length that cannot be guessed. */
const STRONG_ID = /^[\w,-]{22,256}$/;
const ID_BYTES = 32;
/** Milliseconds of a collection that PHP's own lottery starts in a visitor's request. */
const GC_BUDGET = 500;

/** Options of the save handler. */
export interface SaveHandlerOptions {
  /**
   * The lock that a request holds from `session_start()` to its end, as in PHP.
   *
   * @default 'lock' on one server, 'lease' on a cluster
   */
  readonly strategy?: 'lock' | 'lease' | 'row' | undefined;
}

/**
 * A save handler for `session_set_save_handler()`, for one request; `sessions.saveHandler()` makes it.
 *
 * The methods are those of PHP's SessionHandlerInterface, SessionIdInterface and
 * SessionUpdateTimestampHandlerInterface. A session is locked from its read to its close. Lifetimes
 * are the store's: `session.gc_maxlifetime` changes nothing. A method throws SessionUnavailable if the
 * database does not answer: that is never an empty session.
 *
 * @example
 * import { session_set_save_handler, session_start, withPhpRequest } from 'phpsessid/php';
 *
 * const sessions = createSessions({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * await withPhpRequest({}, async () => {
 *   session_set_save_handler(sessions.saveHandler());
 *   await session_start(); // true
 *   $_SESSION['visits'] = 1;
 * });
 * await sessions.close();
 */
export class PhpSaveHandler implements AsyncDisposable {
  readonly #start: () => Promise<Context>;
  readonly #strategy: SaveHandlerOptions['strategy'];
  #isOpen = false;
  #session: { readonly id: string; readonly open: OpenSession } | undefined;
  /** An id of create_sid(), which no row can have. */
  #fresh: string | undefined;
  /** An id whose lock was not free in time. */
  #locked: string | undefined;
  /** The reason why a session could not be looked for. */
  #failure: { readonly error: unknown } | undefined;

  /** @internal */
  constructor(start: () => Promise<Context>, { strategy }: SaveHandlerOptions) {
    this.#start = start;
    this.#strategy = strategy;
  }

  /**
   * Begins one request's work.
   *
   * @param _path - Not used: session.save_path means nothing to the store.
   * @param _name - Not used: one table has the sessions of all names.
   * @returns true.
   * @throws Error if another request uses this handler: each needs one of its own; SessionSetupError
   *   for a lock that only one node of a cluster would know.
   */
  open(_path: string, _name: string): Promise<boolean> {
    if (this.#isOpen) {
      throw new Error(
        'This save handler is in use by another request: call sessions.saveHandler() in each request',
      );
    }
    this.#isOpen = true;
    return this.#guard(async () => {
      await this.#start();
      return true;
    });
  }

  /**
   * Releases the session's lock.
   *
   * @returns true.
   */
  async close(): Promise<boolean> {
    this.#isOpen = false;
    this.#locked = undefined;
    this.#failure = undefined;
    await this.#release();
    return true;
  }

  /** Releases the session's lock at the end of the request: PHP does not call close() after an error. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Returns a new id of the form of `newId()`, so that `start()` and `open()` find its session too. */
  create_sid(): string {
    this.#fresh = takeRandom(ID_BYTES).toString('base64url');
    return this.#fresh;
  }

  /**
   * Checks whether a session exists, and locks it for the read that follows.
   *
   * @param id - The id that a client sent, or a new one of `create_sid()`.
   * @returns True for a session that exists. Also true if the database does not answer, and the read
   *   then throws: with false, PHP would give the visitor a new id, and so end their session.
   */
  async validateId(id: string): Promise<boolean> {
    if (id === this.#fresh) return false;
    try {
      // session_create_id() asks for other ids beside the session that is open.
      if (this.#session && this.#session.id !== id)
        return (await this.#open(id, 'none')) !== undefined;
      return (await this.#take(id)) !== undefined || this.#locked === id;
    } catch (error) {
      this.#failure = { error };
      return true;
    }
  }

  /**
   * Reads and locks a session.
   *
   * @param id - The session's id.
   * @returns Its bytes; '' for an unknown id; false if its lock was not free in time. JSON, which the
   *   store's other pages may have written, comes in the format of PHP's default serialize handler, or
   *   in the store's `format` if that is one of PHP's.
   */
  read(id: string): Promise<Uint8Array | string | false> {
    return this.#guard(async () => {
      if (this.#failure) throw this.#failure.error;
      const open = await this.#take(id);
      if (open === undefined) return this.#locked !== id && '';
      const { format: wanted } = await this.#start();
      const payload = new Payload(open.data, wanted);
      // PHP's decoder would take JSON for an empty session.
      const format = [payload.format, wanted].find((each) => each !== 'json') ?? 'php';
      return payload.with(new Map(), format);
    });
  }

  /**
   * Saves a session, or creates it under an id that was unknown at the read.
   *
   * @param id - The session's id.
   * @param data - The whole session, as PHP's serialize handler wrote it.
   * @returns True; false if the session was ended meanwhile, since a save never brings it back, and for
   *   an id of fewer than 22 characters, which could be guessed and is never found.
   */
  write(id: string, data: string | Uint8Array): Promise<boolean> {
    return this.#guard(() => this.#write(id, data));
  }

  async #write(id: string, data: string | Uint8Array): Promise<boolean> {
    const bytes = Buffer.from(data as Uint8Array);
    const open = await this.#take(id);
    if (open) return (await open.save(bytes)) !== 'gone';
    if (!STRONG_ID.test(id)) return false;
    try {
      this.#session = { id, open: await createSession(await this.#start(), id, bytes) };
      return true;
    } catch (error) {
      if (error instanceof SessionConflict) return false;
      throw error;
    }
  }

  /**
   * Notes the use of an unchanged session.
   *
   * @param id - The session's id.
   * @param data - The session, which is saved if there is no row yet.
   * @returns True; false if the session was ended meanwhile.
   */
  updateTimestamp(id: string, data: string | Uint8Array): Promise<boolean> {
    return this.#guard(async () => {
      const open = await this.#take(id);
      return open === undefined ? await this.#write(id, data) : await open.touch();
    });
  }

  /**
   * Ends a session.
   *
   * @param id - The session's id.
   * @returns True, also for an unknown session; false if its lock was not free in time.
   */
  destroy(id: string): Promise<boolean> {
    return this.#guard(async () => {
      const open = await this.#take(id);
      await open?.destroy();
      return this.#locked !== id;
    });
  }

  /**
   * Deletes expired sessions, for half a second. A failure must not end the visitor's page, and within
   * a second it is one: a pool may have no connection beside that of the session's lock.
   *
   * @param _max_lifetime - Not used: the store's `idle` and `absolute` count.
   * @returns How many were deleted; false after a failure, which is the event `gc-failed`.
   */
  async gc(_max_lifetime: number): Promise<number | false> {
    const context = await this.#start();
    const hurried = { ...context, budget: GC_BUDGET };
    return await collect(hurried, GC_BUDGET).catch((error: unknown) => {
      context.events.emit('gc-failed', () => ({ error }));
      return false as const;
    });
  }

  /** PHP does not call close() after an exception: the lock would last as long as this process. */
  async #guard<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Opens a session once, for all methods until the close. A lock is waited for once, too. */
  async #take(id: string): Promise<OpenSession | undefined> {
    if (this.#session?.id === id) return this.#session.open;
    if (this.#locked === id) return undefined;
    await this.#release();
    try {
      const open = await this.#open(id, this.#strategy);
      this.#session = open && { id, open };
      return open;
    } catch (error) {
      if (!(error instanceof SessionLockTimeout)) throw error;
      this.#locked = id;
      return undefined;
    }
  }

  async #open(id: string, strategy?: Strategy | 'none'): Promise<OpenSession | undefined> {
    if (id === this.#fresh || !STRONG_ID.test(id)) return undefined;
    const context = await this.#start();
    const usual = context.facts.nodes > 1 ? 'lease' : 'lock';
    return await openSession(context, id, strategy ?? usual, {});
  }

  async #release(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.open.close();
  }
}
