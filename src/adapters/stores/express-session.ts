/**
 * The store behind express-session: nothing lost when requests overlap, nothing revived after a
 * logout, and no change to the application.
 *
 * @module mysql/express-session
 */
import { createHash } from 'node:crypto';
import { type Session as ExpressSession, type SessionData, Store } from 'express-session';
import {
  type OpenSession,
  SessionConflict,
  SessionSetupError,
  type Sessions,
} from '../../store/index.ts';

/** Options of the store. */
export interface ExpressSessionStoreOptions {
  /**
   * Returns the user of a session that is created, for `sessions.of(user)`. Call
   * `request.session.regenerate()` at the login, as express-session advises.
   *
   * @default nobody
   */
  readonly user?: ((session: SessionData) => string | undefined) | undefined;
}

type Request = Parameters<Store['createSession']>[0];
type Done<Value = void> = (error: unknown, value?: Value) => void;

/** The share of a cookie's maxAge after which a use without a change is written down. */
const TOUCH_AFTER = 0.05;

/**
 * A store for `session({ store })` of express-session; one for each `session()`.
 *
 * express-session gives back the object that `get()` has returned, so a save is compared with what
 * its own request has read: keys that other requests have changed are kept, and a session that was
 * ended stays ended. A cookie's `maxAge` ends the session to the millisecond; `idle` and `absolute`
 * of the sessions end it as well.
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
  readonly #sessions: Sessions;
  readonly #userOf: (session: SessionData) => string | undefined;
  /** What a request has read, by the object that express-session hands around. */
  readonly #opened = new WeakMap<object, OpenSession>();

  /**
   * @param sessions - The sessions, with the strategy `merge`: express-session has no end of a
   *   request at which a lock could be released.
   * @param options - The user of a session.
   * @throws SessionSetupError for another strategy.
   */
  constructor(sessions: Sessions, options: ExpressSessionStoreOptions = {}) {
    super();
    if (sessions.strategy !== 'merge') {
      throw new SessionSetupError(
        `express-session cannot release the locks of strategy: '${sessions.strategy}': use 'merge'`,
      );
    }
    this.#sessions = sessions;
    this.#userOf = options.user ?? (() => undefined);
  }

  /** Reads a session; null for one that is unknown or has expired. */
  override get(sid: string, done: Done<SessionData | null>): void {
    settle(this.#get(sid), done);
  }

  /** Creates or saves a session. A save of a session that was ended succeeds and writes nothing. */
  override set(sid: string, session: SessionData, done?: Done): void {
    settle(this.#set(sid, session), done);
  }

  /** Notes the use of an unchanged session, if that was long enough ago to matter. */
  override touch(sid: string, session: SessionData, done?: () => void): void {
    settle(this.#touch(sid, session), done as Done | undefined);
  }

  /** Ends a session. */
  override destroy(sid: string, done?: Done): void {
    settle(this.#destroy(sid), done);
  }

  /** Reads all sessions that have not expired, without their ids, which are not stored. */
  override all(done: Done<SessionData[]>): void {
    settle(this.#all(), done);
  }

  /** Counts the sessions that have not expired. */
  override length(done: Done<number>): void {
    settle(
      this.#all().then((all) => all.length),
      done,
    );
  }

  /** Ends all sessions. */
  override clear(done?: Done): void {
    settle(
      this.#sessions.endAll().then(() => {}),
      done,
    );
  }

  override createSession(request: Request, data: SessionData): ExpressSession & SessionData {
    const session = super.createSession(request, data);
    const opened = this.#opened.get(data);
    if (opened !== undefined) this.#opened.set(session, opened);
    return session;
  }

  async #get(sid: string): Promise<SessionData | null> {
    const opened = await this.#sessions.open(idOf(sid));
    if (opened === undefined) return null;
    const session = JSON.parse(opened.data.toString()) as SessionData;
    if (hasExpired(session)) return null;
    this.#opened.set(session, opened);
    return session;
  }

  async #all(): Promise<SessionData[]> {
    const all: SessionData[] = [];
    for await (const { data } of this.#sessions.all()) {
      const session = JSON.parse(data.toString()) as SessionData;
      if (!hasExpired(session)) all.push(session);
    }
    return all;
  }

  async #set(sid: string, session: SessionData): Promise<void> {
    const data = Buffer.from(JSON.stringify(session));
    const opened = this.#opened.get(session);
    if (opened !== undefined) {
      await opened.save(data);
      return;
    }
    const id = idOf(sid);
    const user = this.#userOf(session);
    try {
      this.#opened.set(session, await this.#sessions.create(id, data, { user }));
    } catch (error) {
      if (!(error instanceof SessionConflict)) throw error;
      // The application has called set() itself, for a session that is there.
      await (await this.#sessions.open(id))?.save(data);
    }
  }

  async #touch(sid: string, session: SessionData): Promise<void> {
    const opened = this.#opened.get(session) ?? (await this.#sessions.open(idOf(sid)));
    if (opened === undefined) return;
    const stored = JSON.parse(opened.data.toString()) as SessionData;
    const { originalMaxAge } = session.cookie;
    const gained = endOf(session) - endOf(stored);
    if (originalMaxAge !== null && gained > originalMaxAge * TOUCH_AFTER) {
      const data = { ...stored, cookie: session.cookie };
      await opened.save(Buffer.from(JSON.stringify(data)));
    } else await opened.touch();
  }

  async #destroy(sid: string): Promise<void> {
    await (await this.#sessions.open(idOf(sid)))?.destroy();
  }
}

/** An id of express-session may have any form; its hash has the form of ours, and as much entropy. */
function idOf(sid: string): string {
  return createHash('sha256').update(sid).digest('base64url');
}

function endOf({ cookie }: Partial<SessionData>): number {
  // A session without a cookie is express-session's to refuse.
  const expires = cookie?.expires;
  return expires === null || expires === undefined ? Infinity : new Date(expires).getTime();
}

function hasExpired(session: SessionData): boolean {
  return endOf(session) <= Date.now();
}

/** Calls back once, outside the promise: what a callback throws is not a failure of the store. */
function settle<Value>(promise: Promise<Value>, done: Done<Value> | undefined): void {
  promise.then(
    (value) => done && setImmediate(done, null, value),
    (error: unknown) => done && setImmediate(done, error),
  );
}
