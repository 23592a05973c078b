/**
 * The store behind koa-session: nothing lost when requests overlap, nothing revived after a logout,
 * and no change to the application.
 *
 * @module mysql/koa-session
 */
import type { Sessions } from '../../store/index.ts';
import { type LayerOptions, LayerSession, requireLayer, USER, type Values } from './layer.ts';

/** Options of the store. */
export interface KoaSessionStoreOptions {
  /**
   * Returns the user of a session's data, for `sessions.of(user)`. At the login, put the user into
   * `ctx.session`, and then call `await ctx.session.regenerate()`.
   *
   * @param session - The session's keys.
   * @returns The user; undefined for a visitor who has not logged in.
   * @default no user
   */
  readonly user?: ((session: Readonly<Record<string, unknown>>) => string | undefined) | undefined;
}

/** The argument that koa-session gives its store beside the session. */
export interface KoaSessionCall {
  /** Koa's context of the request. */
  readonly ctx?:
    | {
        /** The session; null after a logout. */
        readonly session?: unknown;
      }
    | undefined;
}

/** Lifetimes, which koa-session writes at every save. */
const OWN = ['_expire', '_maxAge', '_session'];

/**
 * A store for `session({ store }, app)` of koa-session.
 *
 * koa-session passes the request's context, so a save is compared with what its own request has
 * read: keys that other requests have changed are kept, and a session that was ended stays ended.
 * `maxAge` of koa-session ends a session; `idle` and `absolute` of the sessions end it as well.
 *
 * @example
 * import { createServer } from 'node:http';
 * import Koa from 'koa';
 * import session from 'koa-session';
 *
 * const sessions = createSessions({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * const app = new Koa();
 * app.keys = ['signs the cookie'];
 * app.use(session({ store: new KoaSessionStore(sessions) }, app));
 * app.use((ctx) => {
 *   const { session } = ctx;
 *   session.visits = (session.visits ?? 0) + 1;
 *   ctx.body = `Visits: ${session.visits}`;
 * });
 * createServer(app.callback()).listen(8080);
 *
 * await (await fetch('http://localhost:8080/')).text(); // 'Visits: 1'
 * await sessions.close();
 */
export class KoaSessionStore {
  readonly #sessions: Sessions;
  readonly #options: LayerOptions;
  /** The session that each request has read, by its context; `isLeaving` between the two calls of a renewal. */
  readonly #read = new WeakMap<object, { session: LayerSession; isLeaving: boolean }>();

  /**
   * Keeps the sessions of the layer in this store; nothing is sent yet.
   *
   * @param sessions - The sessions, with the strategy `merge`: koa-session does not report
   *   the end of a request, at which a lock would be released.
   * @param options - The user of a session.
   * @throws SessionSetupError for another strategy, and for an option that is unknown or invalid.
   */
  constructor(sessions: Sessions, options: KoaSessionStoreOptions = {}) {
    requireLayer('koa-session', sessions, options, USER);
    this.#sessions = sessions;
    this.#options = { userOf: options.user ?? (() => undefined), own: OWN };
  }

  /**
   * Reads a session.
   *
   * @param key - The id in the cookie.
   * @param _maxAge - Not used: the store's `idle` and `absolute` count.
   * @param call - The call's context, by which a save knows what its request has read.
   * @returns The values; undefined for a session that is unknown or has expired.
   */
  async get(key: string, _maxAge: unknown, { ctx }: KoaSessionCall = {}): Promise<unknown> {
    const session = await this.#open(key);
    if (session !== undefined && ctx) this.#read.set(ctx, { session, isLeaving: false });
    return session?.values;
  }

  /**
   * Creates or saves a session. A save of a session that was ended succeeds and writes nothing.
   *
   * @param key - The id in the cookie.
   * @param values - The session's values.
   * @param _maxAge - Not used: the store's `idle` and `absolute` count.
   * @param call - The call's context.
   * @throws SessionSetupError for a login without `regenerate()`, if the option `user` is given.
   */
  async set(
    key: string,
    values: object,
    _maxAge: unknown,
    { ctx }: KoaSessionCall = {},
  ): Promise<void> {
    const data = values as Values;
    const read = ctx && this.#read.get(ctx);
    if (read?.session.sid === key) {
      await read.session.save(data);
      return;
    }
    if (ctx === undefined) {
      // The application itself sets a session, which may be there.
      const found = await this.#open(key);
      if (found) await found.save(data);
      else await this.#create(key, data);
      return;
    }
    const session = await (read?.isLeaving
      ? read.session.moveTo(key, data)
      : this.#create(key, data));
    this.#read.set(ctx, { session, isLeaving: false });
  }

  /**
   * Ends a session; an unknown id is no error.
   *
   * @param key - The id in the cookie.
   * @param call - The call's context.
   */
  async destroy(key: string, { ctx }: KoaSessionCall = {}): Promise<void> {
    const read = ctx && this.#read.get(ctx);
    const session = read?.session.sid === key ? read.session : undefined;
    // A session that is not null is about to be set under a new id: by regenerate().
    if (ctx?.session && session) (read as { isLeaving: boolean }).isLeaving = true;
    else await (session ?? (await this.#open(key)))?.destroy();
  }

  #create(key: string, data: Values): Promise<LayerSession> {
    return LayerSession.create(this.#sessions, this.#options, key, data);
  }

  #open(key: string): Promise<LayerSession | undefined> {
    return LayerSession.open(this.#sessions, this.#options, key);
  }
}
