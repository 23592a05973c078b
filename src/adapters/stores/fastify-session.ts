/**
 * The store behind @fastify/session: nothing lost when requests overlap, nothing revived after a
 * logout, and no change to the application.
 *
 * @module mysql/fastify-session
 */
import type { Sessions } from '../../store/index.ts';
import { type CookieSession, CookieSessions, settle } from './cookie-sessions.ts';
import type { Held } from './held.ts';
import { requireLayer, USER } from './layer.ts';

/** Options of the store. */
export interface FastifySessionStoreOptions {
  /**
   * Returns the user of a session that is created, for `sessions.of(user)`. @fastify/session creates
   * the session of a login within `regenerate()`: assign the user before, and call
   * `request.session.regenerate(['user'])`. This makes a session of the keys that it names, also if
   * the session before was ended meanwhile: call it only where the user has just logged in.
   *
   * @param session - The session's keys, and its cookie.
   * @returns The user; undefined for a visitor who has not logged in.
   * @default no user
   */
  readonly user?: ((session: object) => string | undefined) | undefined;
}

type Done<Value = void> = (error: unknown, value?: Value) => void;

/**
 * @fastify/session copies only the enumerable keys of the object that `get()` has returned, so the
 * session as it was read is kept under a key of its own. JSON leaves that key out: it is neither stored
 * nor taken for a change.
 */
const AS_READ = 'phpsessid.read';

class AsRead {
  readonly #sid: string;
  readonly #held: Held;

  constructor(sid: string, held: Held) {
    this.#sid = sid;
    this.#held = held;
  }

  /** A handler that copies all keys to a regenerated session copies this one as well. */
  heldOf(sid: string): Held | undefined {
    return sid === this.#sid ? this.#held : undefined;
  }

  toJSON(): undefined {
    return undefined;
  }
}

/**
 * A store for `app.register(fastifySession, { store })` of @fastify/session.
 *
 * A save is compared with what its own request has read: keys that other requests have changed are
 * kept, and a session that was ended stays ended. @fastify/session saves at every request unless
 * `rolling` is false; with false, a request that changes nothing extends the idle time all the same.
 *
 * @example
 * import fastifyCookie from '@fastify/cookie';
 * import fastifySession from '@fastify/session';
 * import Fastify from 'fastify';
 *
 * declare module 'fastify' {
 *   interface Session { visits?: number }
 * }
 * const sessions = createSessions({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * const app = Fastify();
 * await app.register(fastifyCookie);
 * await app.register(fastifySession, {
 *   store: new FastifySessionStore(sessions),
 *   secret: 'signs the cookie, in 32 characters or more',
 *   // The default is true, for a site with HTTPS.
 *   cookie: { secure: false },
 *   saveUninitialized: false,
 * });
 * app.get('/', async (request) => {
 *   request.session.visits = (request.session.visits ?? 0) + 1;
 *   return `Visits: ${request.session.visits}`;
 * });
 *
 * (await app.inject('/')).body; // 'Visits: 1'
 * await app.close();
 * await sessions.close();
 */
export class FastifySessionStore {
  readonly #sessions: CookieSessions<CookieSession>;

  /**
   * Keeps the sessions of the layer in this store; nothing is sent yet.
   *
   * @param sessions - The sessions, with the strategy `merge`: @fastify/session has no end of a
   *   request at which a lock could be released.
   * @param options - The user of a session.
   * @throws SessionSetupError for another strategy, and for an option that is unknown or invalid.
   */
  constructor(sessions: Sessions, options: FastifySessionStoreOptions = {}) {
    requireLayer('@fastify/session', sessions, options, USER);
    this.#sessions = new CookieSessions(sessions, options.user);
  }

  /**
   * Reads a session.
   *
   * @param sid - The id in the cookie.
   * @param done - Receives an error, or the session: null for one that is unknown or has expired.
   */
  get(sid: string, done: (error: unknown, session?: never) => void): void {
    settle(this.#get(sid), done as Done<CookieSession | null>);
  }

  /**
   * Creates or saves a session. A save of a session that was ended succeeds and writes nothing.
   *
   * @param sid - The id in the cookie.
   * @param session - The session with its cookie.
   * @param done - Receives an error, or nothing when the session is saved.
   */
  set(sid: string, session: object, done: Done): void {
    settle(this.#set(sid, session), done);
  }

  /**
   * Ends a session; an unknown id is no error.
   *
   * @param sid - The id in the cookie.
   * @param done - Receives an error, or nothing when the session has ended.
   */
  destroy(sid: string, done: Done): void {
    settle(this.#sessions.end(sid), done);
  }

  async #get(sid: string): Promise<CookieSession | null> {
    const read = await this.#sessions.read(sid);
    if (read === undefined) return null;
    // @fastify/session does not call its store for a request that changes nothing.
    await read.held.touch();
    return Object.assign(read.data, { [AS_READ]: new AsRead(sid, read.held) });
  }

  async #set(sid: string, session: object): Promise<void> {
    const asRead = Reflect.get(session, AS_READ);
    const held = asRead instanceof AsRead ? asRead.heldOf(sid) : undefined;
    const saved = await this.#sessions.write(sid, session, held);
    if (saved === undefined || saved === held) return;
    // The same request may save once more.
    const value = new AsRead(sid, saved);
    Object.defineProperty(session, AS_READ, { value, configurable: true, writable: true });
  }
}
