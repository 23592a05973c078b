/**
 * The store behind express-session: nothing lost when requests overlap, nothing revived after a
 * logout, and no change to the application.
 *
 * @module mysql/express-session
 */
import { type Session as ExpressSession, type SessionData, Store } from 'express-session';
import type { Sessions } from '../../store/index.ts';
import { OBJECT } from '../../store/kinds.ts';
import { CookieSessions, settle } from './cookie-sessions.ts';
import { type ExpressMysqlSession, FormerTable } from './express-mysql-session.ts';
import type { Held } from './held.ts';
import { requireLayer, USER } from './layer.ts';

export type { ExpressMysqlSession } from './express-mysql-session.ts';

/** Options of the store. */
export interface ExpressSessionStoreOptions {
  /**
   * Returns the user of a session that is created, for `sessions.of(user)`. Call
   * `request.session.regenerate()` at the login, as express-session advises.
   *
   * @param session - The session's keys, and its cookie.
   * @returns The user; undefined for a visitor who has not logged in.
   * @default no user
   */
  readonly user?: ((session: SessionData) => string | undefined) | undefined;
  /** The table of express-mysql-session, whose sessions move here while the application runs. */
  readonly from?: ExpressMysqlSession | undefined;
}

type Request = Parameters<Store['createSession']>[0];
type Done<Value = void> = (error: unknown, value?: Value) => void;

/**
 * A store for `session({ store })` of express-session; one for each `session()`.
 *
 * express-session gives back the object that `get()` has returned, so a save is compared with what
 * its own request has read: keys that other requests have changed are kept, and a session that was
 * ended stays ended. A cookie's `maxAge` ends the session to the millisecond; `idle` and `absolute`
 * of the sessions end it as well.
 *
 * Each method calls back, as express-session asks; without a callback it returns a promise.
 *
 * @example
 * import { createServer } from 'node:http';
 * import express from 'express';
 * import session from 'express-session';
 *
 * declare module 'express-session' {
 *   interface SessionData { visits: number }
 * }
 * const sessions = createSessions({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * const app = express();
 * const store = new ExpressSessionStore(sessions);
 * app.use(session({ store, secret: 'signs the cookie', resave: false, saveUninitialized: false }));
 * app.get('/', (request, response) => {
 *   request.session.visits = (request.session.visits ?? 0) + 1;
 *   response.send(`Visits: ${request.session.visits}`);
 * });
 * createServer(app).listen(8080);
 *
 * await (await fetch('http://localhost:8080/')).text(); // 'Visits: 1'
 * await sessions.close();
 */
export class ExpressSessionStore extends Store {
  readonly #sessions: CookieSessions<SessionData>;
  /** The row that a request has read, by the object that express-session passes to each call. */
  readonly #held = new WeakMap<object, { readonly sid: string; readonly held: Held }>();

  /**
   * Keeps the sessions of the layer in this store; nothing is sent yet.
   *
   * @param sessions - The sessions, with the strategy `merge`: express-session has no end of a
   *   request at which a lock could be released.
   * @param options - The user of a session, and the table that sessions come from.
   * @throws SessionSetupError for another strategy, and for an option that is unknown or invalid.
   */
  constructor(sessions: Sessions, options: ExpressSessionStoreOptions = {}) {
    super();
    requireLayer('express-session', sessions, options, { ...USER, from: OBJECT });
    const former = options.from && new FormerTable(sessions, options.from);
    this.#sessions = new CookieSessions(sessions, options.user, former);
  }

  /**
   * Reads a session.
   *
   * @param sid - The id in the cookie.
   * @returns The session; null for one that is unknown or has expired.
   */
  override get(sid: string): Promise<SessionData | null>;
  /**
   * Reads a session, and calls back.
   *
   * @param sid - The id in the cookie.
   * @param done - Receives the error, or null and the session: null for one that is unknown or has
   *   expired.
   */
  override get(sid: string, done: Done<SessionData | null>): void;
  override get(
    sid: string,
    done?: Done<SessionData | null>,
  ): Promise<SessionData | null> | undefined {
    return settle(this.#get(sid), done);
  }

  /**
   * Creates or saves a session. A save of a session that was ended succeeds and writes nothing.
   *
   * @param sid - The id in the cookie.
   * @param session - The session with its cookie.
   * @throws SessionUnavailable and others, as `OpenSession.save()`.
   */
  override set(sid: string, session: SessionData): Promise<void>;
  /**
   * Creates or saves a session, and calls back.
   *
   * @param sid - The id in the cookie.
   * @param session - The session with its cookie.
   * @param done - Called when the session is saved, or with the error.
   */
  override set(sid: string, session: SessionData, done?: Done): void;
  override set(sid: string, session: SessionData, done?: Done): Promise<void> | undefined {
    return settle(this.#set(sid, session), done);
  }

  /**
   * Notes the use of an unchanged session. It is written down if it was long enough ago to matter.
   *
   * @param sid - The id in the cookie.
   * @param session - The session with its cookie, whose expiry is noted.
   */
  override touch(sid: string, session: SessionData): Promise<void>;
  /**
   * Notes the use of an unchanged session, and calls back.
   *
   * @param sid - The id in the cookie.
   * @param session - The session with its cookie, whose expiry is noted.
   * @param done - Called when the use is noted, or with the error.
   */
  override touch(sid: string, session: SessionData, done?: Done): void;
  override touch(sid: string, session: SessionData, done?: Done): Promise<void> | undefined {
    const held = this.#heldOf(sid, session);
    return settle(this.#sessions.touch(sid, session, held), done);
  }

  /**
   * Ends a session; an unknown id is no error.
   *
   * @param sid - The id in the cookie.
   */
  override destroy(sid: string): Promise<void>;
  /**
   * Ends a session, and calls back.
   *
   * @param sid - The id in the cookie.
   * @param done - Called when the session has ended, or with the error.
   */
  override destroy(sid: string, done?: Done): void;
  override destroy(sid: string, done?: Done): Promise<void> | undefined {
    return settle(this.#sessions.end(sid), done);
  }

  /**
   * Reads all sessions that have not expired.
   *
   * @returns The sessions without their ids, which are not stored.
   */
  override all(): Promise<SessionData[]>;
  /**
   * Reads all sessions, and calls back.
   *
   * @param done - Receives the error, or null and the sessions.
   */
  override all(done: Done<SessionData[]>): void;
  override all(done?: Done<SessionData[]>): Promise<SessionData[]> | undefined {
    return settle(this.#all(), done);
  }

  /** Counts the sessions that have not expired. */
  override length(): Promise<number>;
  /**
   * Counts the sessions, and calls back.
   *
   * @param done - Receives the error, or null and the number.
   */
  override length(done: Done<number>): void;
  override length(done?: Done<number>): Promise<number> | undefined {
    return settle(this.#count(), done);
  }

  /** Ends all sessions. */
  override clear(): Promise<void>;
  /**
   * Ends all sessions, and calls back.
   *
   * @param done - Called when all have ended, or with the error.
   */
  override clear(done?: Done): void;
  override clear(done?: Done): Promise<void> | undefined {
    return settle(this.#sessions.endAll(), done);
  }

  /**
   * Makes the request's session from what `get()` has returned; express-session calls it.
   *
   * @param request - The request that gets the session.
   * @param data - The object that `get()` has returned.
   * @returns The session, as `request.session` has it.
   */
  override createSession(request: Request, data: SessionData): ExpressSession & SessionData {
    const session = super.createSession(request, data);
    const held = this.#held.get(data);
    if (held !== undefined) this.#held.set(session, held);
    return session;
  }

  /**
   * Moves the sessions that were not used since `from.shared` is false. The table they came from can
   * then be dropped.
   *
   * @returns How many were moved.
   */
  async moveAll(): Promise<number> {
    return await this.#sessions.moveAll();
  }

  async #all(): Promise<SessionData[]> {
    const all: SessionData[] = [];
    for await (const data of this.#sessions.all()) all.push(data);
    return all;
  }

  /** Their number without holding them all at once. */
  async #count(): Promise<number> {
    let count = 0;
    for await (const _ of this.#sessions.all()) count += 1;
    return count;
  }

  async #get(sid: string): Promise<SessionData | null> {
    const read = await this.#sessions.read(sid);
    if (read === undefined) return null;
    this.#held.set(read.data, { sid, held: read.held });
    return read.data;
  }

  async #set(sid: string, session: SessionData): Promise<void> {
    const held = await this.#sessions.write(sid, session, this.#heldOf(sid, session));
    if (held !== undefined) this.#held.set(session, { sid, held });
  }

  /** An application may store the same object under several ids. */
  #heldOf(sid: string, session: object): Held | undefined {
    const known = this.#held.get(session);
    return known?.sid === sid ? known.held : undefined;
  }
}
