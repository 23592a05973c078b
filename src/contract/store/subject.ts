/** A session store of express-session's shape, and what the cases do with it. */
import { randomBytes } from 'node:crypto';
import { call, type Done } from '../callbacks.ts';
import { part } from '../case.ts';

/** A session as a store sees it: a cookie, and the application's keys. */
export interface StoredSession {
  /** The cookie's attributes; `expires` decides when the session ends. */
  cookie: StoredCookie;
  [key: string]: unknown;
}

/** The cookie of a session. */
export interface StoredCookie {
  /** The lifetime in milliseconds; null for a cookie that ends with the browser. */
  originalMaxAge: number | null;
  /** The end; a store gives it back as a text. */
  expires?: Date | string | null | undefined;
  [key: string]: unknown;
}

/**
 * A method of a store; each layer types its sessions and callbacks in its own way.
 *
 * @param given - The arguments that {@link CallbackStore} names for the method.
 */
export type StoreMethod = (...given: never[]) => unknown;

/** A store's methods. */
export interface CallbackStore {
  /** Reads a session: `get(id, (error, session) => …)`. */
  readonly get: StoreMethod;
  /** Stores a session: `set(id, session, (error) => …)`. */
  readonly set: StoreMethod;
  /** Deletes a session: `destroy(id, (error) => …)`. */
  readonly destroy: StoreMethod;
  /** Extends a session's life: `touch(id, session, () => …)`. */
  readonly touch?: StoreMethod | undefined;
  /** Reads all sessions: `all((error, sessions) => …)`. */
  readonly all?: StoreMethod | undefined;
  /** Counts the sessions: `length((error, count) => …)`. */
  readonly length?: StoreMethod | undefined;
  /** Deletes all sessions: `clear((error) => …)`. */
  readonly clear?: StoreMethod | undefined;
  /** Makes a request's session of what `get()` has returned: express-session's `Store` has it. */
  readonly createSession?: StoreMethod | undefined;
  /** Gives a request a new session: express-session's `Store` has it. */
  readonly regenerate?: StoreMethod | undefined;
}

/** A store on which the contract is run. */
export interface StoreSubject {
  /** The store. Its sessions may be shared with other cases, but `clear()` deletes them all. */
  readonly store: CallbackStore;
  /**
   * Returns a store whose database cannot be reached: for MySQL best by the path of a socket that
   * does not exist, whose error has the code `ENOENT`.
   */
  readonly unreachable?: (() => CallbackStore | Promise<CallbackStore>) | undefined;
  /** Returns all that is stored, ids and data, as a thief of the database would have it. */
  readonly stolen?: (() => Promise<string>) | undefined;
}

/** A store with the types that the cases need. */
interface Methods {
  get(id: string, done: Done<StoredSession | null>): unknown;
  set(id: string, session: StoredSession, done?: Done<void>): unknown;
  destroy(id: string, done?: Done<void>): unknown;
  touch?(id: string, session: StoredSession, done: Done<void>): unknown;
  all?(done: Done<StoredSession[] | Record<string, StoredSession>>): unknown;
  length?(done: Done<number>): unknown;
  clear?(done: Done<void>): unknown;
  createSession?(request: object, session: StoredSession): StoredSession;
  regenerate?(request: object, done: Done<void>): unknown;
  generate?: (request: object) => void;
}

/** A new id. */
export function newId(): string {
  return randomBytes(24).toString('base64url');
}

/** Milliseconds; longer than any case runs. */
export const LONG = 3_600_000;

/** A store as its session layer calls it, with promises. */
export class Caller {
  readonly methods: Methods;

  constructor(store: CallbackStore) {
    this.methods = store as unknown as Methods;
  }

  /** A session of a new visitor, as express-session makes it. */
  session(id: string, values: object, maxAge: number | null = LONG): StoredSession {
    const expires = maxAge === null ? null : new Date(Date.now() + maxAge);
    const cookie = { path: '/', httpOnly: true, originalMaxAge: maxAge, expires };
    return this.#attach(id, { ...values, cookie: withMaxAge(cookie) });
  }

  /** Reads a session as a request does: what a save is given is what the request has read. */
  async load(id: string): Promise<StoredSession> {
    const found = await this.get(id);
    if (!found) throw new Error('get() does not find a session that set() has stored');
    return this.#attach(id, found);
  }

  #attach(id: string, session: StoredSession): StoredSession {
    const request = { sessionID: id, sessionStore: this.methods };
    return this.methods.createSession?.(request, session) ?? session;
  }

  async get(id: string): Promise<StoredSession | undefined> {
    return (await call<StoredSession | null>((done) => this.methods.get(id, done))) ?? undefined;
  }

  /** The application's keys of a stored session; undefined for none. */
  async values(id: string): Promise<Record<string, unknown> | undefined> {
    const found = await this.get(id);
    if (!found) return undefined;
    const { cookie: _cookie, ...values } = found;
    return JSON.parse(JSON.stringify(values)) as Record<string, unknown>;
  }

  async set(id: string, session: StoredSession): Promise<void> {
    await call<void>((done) => this.methods.set(id, session, done));
  }

  /** Stores a new session, and returns its id. */
  async add(values: object, maxAge: number | null = LONG, id: string = newId()): Promise<string> {
    await this.set(id, this.session(id, values, maxAge));
    return id;
  }

  async destroy(id: string): Promise<void> {
    await call<void>((done) => this.methods.destroy(id, done));
  }

  async touch(id: string, session: StoredSession): Promise<void> {
    this.require('touch');
    await call<void>((done) => this.methods.touch?.(id, session, done));
  }

  async all(): Promise<StoredSession[]> {
    this.require('all');
    return Object.values((await call((done) => this.methods.all?.(done))) ?? []);
  }

  async length(): Promise<number | undefined> {
    this.require('length');
    return await call<number>((done) => this.methods.length?.(done));
  }

  async clear(): Promise<void> {
    this.require('clear');
    await call<void>((done) => this.methods.clear?.(done));
  }

  /** @throws NotApplicable for a store without the method. */
  require(method: keyof Methods): void {
    part(this.methods[method], `it has no ${method}()`);
  }
}

/** The cookie's remaining time, which some stores read instead of its end. */
function withMaxAge<Cookie extends { expires: Date | null }>(cookie: Cookie): Cookie {
  return Object.defineProperty(cookie, 'maxAge', {
    get: () => (cookie.expires === null ? null : cookie.expires.getTime() - Date.now()),
  });
}
