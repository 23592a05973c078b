/**
 * Sessions in MySQL: the whole idea.
 *
 * A session is one row under a keyed hash of its id. A request opens it, with a lock or without one,
 * and saves what it has changed. A save compares the version that was read, so it cannot overwrite
 * another save, revive a session that was ended, or create one. The database's own clock decides what
 * has expired.
 *
 * The steps of a request, and their files:
 *
 * - open: `open.ts` waits for a turn in this process (`hold/queue.ts`), takes the strategy's lock
 *   (`hold/`), and reads the row (`find.ts`). `create.ts` inserts one; `rekey.ts` moves one of an older
 *   secret.
 * - use: `session.ts` has values, over `open-session.ts`, which has bytes and releases the lock;
 *   `touch.ts` writes a use down.
 * - save: `shared-saves.ts` takes the saves that wait for one row, `on-conflict.ts` merges them if the
 *   row has changed, and `save.ts` writes by compare-and-set.
 * - new id: `renew.ts` leaves a pointer in the old row. `pointers.ts` follows it for the grace, only to
 *   a session of the same user; afterwards a use of the old id ends the session.
 * - end: `users.ts` and `max-per-user.ts` end sessions of a user by `remove.ts`, `gc.ts` deletes those
 *   that have expired.
 *
 * Below them, `table/statements.ts` has the text of each statement, `database/` its time limit, its
 * repetitions and its batch. `options.ts` describes the options, `settings.ts` checks them,
 * `engine.ts` makes the parts from them and asks the server at the start (`table/probe.ts`).
 */
import { type AnySession, countAll, endAll, walk } from './all.ts';
import { CREATE_OPTIONS, type CreateOptions, createSession } from './create.ts';
import type { Answer, Bound } from './database/database.ts';
import { Deadline } from './database/deadline.ts';
import { Engine } from './engine.ts';
import { SessionSetupError } from './errors.ts';
import type { SessionEventKind, SessionListener } from './events.ts';
import { collect } from './gc.ts';
import { requireAll, requireKind, SECONDS } from './kinds.ts';
import { OPEN_OPTIONS, type OpenOptions, openSession, type StartOptions } from './open.ts';
import type { OpenSession, ReadSession } from './open-session.ts';
import type { ArticleOptions, SessionsOptions, Strategy } from './options.ts';
import { requireOwner } from './owner.ts';
import { PhpSaveHandler, type SaveHandlerOptions } from './save-handler.ts';
import { Session } from './session.ts';
import { LOCKS } from './settings.ts';
import { UserSessions } from './users.ts';

/**
 * Opens a store of sessions. Nothing is sent yet: the first call, or `ready()`, asks the server.
 *
 * @typeParam Data - The keys of a session's data and their values.
 * @typeParam Column - The columns of `extra`, which a user's `list()` shows.
 * @param options - The pool or the address, the secrets, the times in seconds.
 * @returns The store; `close()` it when the process ends.
 * @throws SessionSetupError for an option that is unknown or invalid.
 * @example
 * const sessions = createSessions<{ visits: number }>({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * await sessions.createTable();
 *
 * const first = await sessions.start(undefined);
 * first.update('visits', (count = 0) => count + 1);
 * await first.save(); // 'saved'
 * await first.close();
 *
 * const second = await sessions.start(first.id);
 * second.data.visits; // 1
 * await second.close();
 * await sessions.close();
 */
export function createSessions<
  Data extends object = Record<string, unknown>,
  Column extends string = string,
>(options: SessionsOptions<Data, Column> | ArticleOptions): Sessions<Data, Column> {
  return new Sessions<Data, Column>(options);
}

/**
 * A store of sessions; {@link createSessions} opens one.
 *
 * @typeParam Data - The keys of a session's data and their values.
 * @typeParam Column - The columns of the option `extra`.
 * @example
 * const sessions = createSessions({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * const id = sessions.newId();
 * const created = await sessions.create(id, Buffer.from('{"visits":1}'), { user: '42' });
 * await created.save(Buffer.from('{"visits":2}')); // 'saved'
 * await created.close();
 *
 * const found = await sessions.open(id, { mode: 'read' });
 * found?.data.toString(); // '{"visits":2}'
 * (await sessions.of('42').list()).length; // 1
 * await sessions.of('42').revokeAll(); // 1
 * await sessions.open(id); // undefined
 * await sessions.close();
 */
export class Sessions<
  Data extends object = Record<string, unknown>,
  Column extends string = string,
> {
  readonly #engine: Engine;

  /** @internal */
  constructor(options: SessionsOptions<Data, Column> | ArticleOptions) {
    this.#engine = new Engine(options);
  }

  /** Returns a new id for `create()`: 256 random bits. */
  newId(): string {
    return this.#engine.hash.newId();
  }

  /**
   * Starts a visitor's session: the one of the cookie, or a new one without a row.
   *
   * @param id - The cookie's value, if there is one. An unknown id is never adopted.
   * @param options - `mode: 'read'` takes no lock; `signal` ends the wait for one.
   * @returns A session whose data is decoded and saved by key; an empty one, without a row, if no
   *   session is alive under this id.
   * @throws As `open()`; SessionUnreadable for data in none of the formats.
   */
  async start(id: string | undefined, options: StartOptions = {}): Promise<Session<Data>> {
    requireAll(options, OPEN_OPTIONS);
    const context = await this.#engine.start();
    // Also a page that only reads notes its use, which `none` would refuse.
    const strategy = options.mode === 'read' ? 'merge' : this.#engine.settings.strategy;
    const { hash } = this.#engine;
    const open = hash.isId(id) ? await openSession(context, id, strategy, options) : undefined;
    return new Session(context, open, (data, owner) => this.create(hash.newId(), data, owner));
  }

  /**
   * Opens a session that exists, without a lock, to read it.
   *
   * @param id - The cookie's value; anything that is not an id opens nothing, and asks nothing.
   * @param options - `mode: 'read'`; `signal` ends the call.
   * @returns The session; undefined if none is alive under this id.
   * @throws SessionUnavailable if that cannot be known: an error is never an empty session;
   *   SessionUnreadable for data that `seal` cannot open.
   */
  async open(
    id: string | undefined,
    options: OpenOptions & { readonly mode: 'read' },
  ): Promise<ReadSession | undefined>;
  /**
   * Opens a session that exists.
   *
   * @param id - The cookie's value; anything that is not an id opens nothing, and asks nothing.
   * @param options - `mode: 'read'` takes no lock; `signal` ends the wait for one.
   * @returns The session; undefined if none is alive under this id.
   * @throws SessionLockTimeout; SessionUnavailable if that cannot be known: an error is never an
   *   empty session; SessionUnreadable for data that `seal` cannot open.
   */
  async open(id: string | undefined, options?: OpenOptions): Promise<OpenSession | undefined>;
  async open(id: string | undefined, options: OpenOptions = {}): Promise<OpenSession | undefined> {
    requireAll(options, OPEN_OPTIONS);
    if (!this.#engine.hash.isId(id)) return undefined;
    const context = await this.#engine.start();
    const strategy = options.mode === 'read' ? 'none' : this.#engine.settings.strategy;
    return await openSession(context, id, strategy, options);
  }

  /**
   * Opens a session as `open()` does, for a session layer: an id that `moveTo()` has replaced opens
   * nothing.
   *
   * @internal
   */
  async openExact(id: string): Promise<OpenSession | undefined> {
    const context = await this.#engine.start();
    return await openSession(context, id, this.#engine.settings.strategy, { isExact: true });
  }

  /**
   * Creates a session. It cannot overwrite one.
   *
   * @param id - A new id, of `newId()`.
   * @param data - The session, in one of the formats.
   * @param options - The user, if the session begins with a login, and what a list shows.
   * @returns The session, open for changes; `close()` it.
   * @throws SessionConflict if there is a session with this id; SessionSetupError for another id than of
   *   `newId()`; SessionValueError for an invalid user or label; SessionTooLarge; SessionUnavailable.
   */
  async create(id: string, data: Buffer, options: CreateOptions = {}): Promise<OpenSession> {
    if (!this.#engine.hash.isId(id)) throw new SessionSetupError('create() takes an id of newId()');
    requireAll(options, CREATE_OPTIONS);
    requireOwner(options);
    return await createSession(await this.#engine.start(), id, data, options);
  }

  /**
   * Returns a save handler for PHP's `session_set_save_handler()`: `$_SESSION` in this table.
   *
   * @param options - The lock, if another one than PHP's default is wanted.
   * @returns A handler for one request; each request calls this for itself.
   * @throws SessionSetupError for an option that is unknown or invalid.
   */
  saveHandler(options: SaveHandlerOptions = {}): PhpSaveHandler {
    requireAll(options, { strategy: LOCKS });
    return new PhpSaveHandler(() => this.#engine.start(options.strategy), options);
  }

  /**
   * Returns the sessions of one user.
   *
   * @param user - As `create()` or `renew()` was given it.
   * @throws SessionValueError for an empty name, and for more than 128 bytes.
   */
  of(user: string): UserSessions<Column> {
    requireOwner({ user });
    return new UserSessions(() => this.#engine.start(), user);
  }

  /**
   * Runs a statement of an adapter, with the time-outs and repetitions of the store's own.
   *
   * @param sql - A statement that may be applied twice without harm.
   * @internal
   */
  async run(sql: string, values: readonly Bound[]): Promise<Answer> {
    const { database, budget } = await this.#engine.start();
    return await database.repeat(new Deadline(budget), { sql, values });
  }

  /** Seconds that a session lives without being used. */
  get idle(): number {
    return this.#engine.settings.idle / 1000;
  }

  /** The hold on a session between its read and its save. */
  get strategy(): Strategy {
    return this.#engine.settings.strategy;
  }

  /**
   * True for the article's table, which takes only ids that `newId()` has made.
   *
   * @internal
   */
  get isArticle(): boolean {
    return this.#engine.settings.profile === 'article';
  }

  /**
   * Walks through all sessions that have not expired, of all users, for a report or a migration.
   *
   * @returns The sessions in no particular order, read a hundred at a time. One that is renewed
   *   meanwhile may be missed.
   * @throws SessionUnavailable, and SessionUnreadable for data that `seal` cannot open, at any step of
   *   the walk.
   */
  async *all(): AsyncGenerator<AnySession> {
    yield* walk(await this.#engine.start());
  }

  /**
   * Counts the sessions that have not expired.
   *
   * @throws SessionUnavailable.
   */
  async count(): Promise<number> {
    return await countAll(await this.#engine.start());
  }

  /**
   * Ends all sessions of all users, as after a secret has leaked.
   *
   * @returns How many rows there were, those of expired sessions and of replaced ids included.
   * @throws SessionUnavailable: some sessions may be alive then.
   */
  async endAll(): Promise<number> {
    return await endAll(await this.#engine.start());
  }

  /**
   * Listens to what happens to sessions; `phpsessid:session` of node:diagnostics_channel has the same.
   *
   * @param kind - The kind of event.
   * @param listener - Receives the events of this store in this process.
   * @returns A function that removes the listener.
   * @throws SessionSetupError for an unknown kind, and for a listener that is not a function.
   */
  on(kind: SessionEventKind, listener: SessionListener): () => void {
    return this.#engine.events.on(kind, listener);
  }

  /**
   * Deletes expired sessions now, for a scheduler of your own. By default a timer does it.
   *
   * @param budget - Seconds that it may take; Infinity deletes all, on one server in one statement,
   *   which cannot be stopped.
   * @returns How many were deleted.
   * @throws SessionSetupError for an invalid budget; SessionUnavailable.
   */
  async gc(budget: number = 5): Promise<number> {
    requireKind('budget', budget, SECONDS);
    return await collect(await this.#engine.start(), budget * 1000);
  }

  /**
   * Creates the tables if they are not there. The user needs the right CREATE for it, once.
   *
   * @throws SessionSetupError without that right; SessionUnavailable.
   */
  async createTable(): Promise<void> {
    await this.#engine.createTable();
  }

  /**
   * Asks the server whether everything fits, for an application that wants to know at its start.
   *
   * @throws SessionSetupError that names the remedy; SessionUnavailable.
   */
  async ready(): Promise<void> {
    await this.#engine.start();
  }

  /**
   * Ends the timer and the cache's connection, and the pool if it was made from `url`, within `timeout`.
   * Statements that are under way are answered; later calls throw SessionSetupError. Connections to a
   * server that hangs stay open, and keep the process alive until it calls `process.exit()`.
   */
  async close(): Promise<void> {
    await this.#engine.close();
  }
}
