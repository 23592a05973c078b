/** One HTTP exchange with a session of the store, for an adapter of any framework. */

import type { ResponseHead } from '../../php/host.ts';
import { warnOf } from '../../serialize/messages.ts';
import {
  type CookieChange,
  type Opening,
  type Session,
  SessionClosed,
  type Sessions,
} from '../../store/index.ts';
import { type Kind, OBJECT, requireAll } from '../../store/kinds.ts';
import { reportsFailure, statusOfError } from '../commits.ts';
import { keepFromCaches } from './caches.ts';
import { type CookieOptions, cookieOptionsOf, SessionCookie } from './cookie.ts';

/** Options of the adapters. */
export interface ExchangeOptions {
  /** How the session's cookie is set. */
  readonly cookie?: CookieOptions | undefined;
}

/** A request, as an adapter gives it. */
export interface SessionParts {
  /** The Cookie header. */
  readonly cookie: string | null | undefined;
  /** Receives the session's cookie. */
  readonly head: ResponseHead;
  /** The framework's request: `getSession()` finds the session by it. */
  readonly request: object;
  /** Another object by which `getSession()` finds it, where a middleware may replace `request`. */
  readonly alias?: object | undefined;
}

/** Options of `getSession()`. */
export interface GetSessionOptions<Data extends object> extends Opening {
  /**
   * The store, where a request has passed the middlewares of several.
   *
   * @default the store of the last middleware
   */
  readonly sessions?: Sessions<Data> | undefined;
}

type AnySession = Session<object>;

const LEFT =
  "The response left without its session's cookie: the save of another session had failed; or a raw " +
  'response of HTTP/2 or of inject() cannot wait for the save: answer through the framework';

/** The options of all adapters. */
const OPTIONS = { cookie: OBJECT };

interface Begun {
  readonly sessions: object;
  readonly exchange: SessionExchange;
}

/** Each request's exchanges: one for each store and cookie, the latest first. */
const exchanges = new WeakMap<object, readonly Begun[]>();

/**
 * A request, its session when it asks for one, and the save before its response leaves.
 *
 * A request that never calls `getSession()` never reaches the database.
 */
export class SessionExchange {
  readonly #start: (options: Opening) => Promise<AnySession>;
  readonly #cookie: SessionCookie;
  readonly #head: ResponseHead;
  #session: Promise<AnySession> | undefined;
  #begun: AnySession | undefined;
  #saving: Promise<void> | undefined;
  #isSettled = false;

  constructor(
    start: (options: Opening) => Promise<AnySession>,
    cookie: SessionCookie,
    head: ResponseHead,
  ) {
    this.#start = start;
    this.#cookie = cookie;
    this.#head = head;
  }

  /** Returns the request's one session; once the response has begun, it can only be read. */
  get(options: Opening): Promise<AnySession> {
    if (this.#session === undefined && this.isOver) {
      return Promise.reject(
        new SessionClosed('The response has begun: call getSession() before it is sent'),
      );
    }
    this.#session ??= this.#start(options);
    // The page awaits it; commit() must not report a failure to start a second time.
    this.#session.then(
      (session) => {
        this.#begun = session;
      },
      () => {
        this.#session = undefined;
      },
    );
    return this.#session;
  }

  /** Whether the head must wait for `commit()`. */
  get needsCommit(): boolean {
    return !this.#isSettled && this.#session !== undefined;
  }

  /** Whether the response has begun: a request that is handled anew needs another exchange. */
  get isOver(): boolean {
    return this.#saving !== undefined || this.#isSettled || this.#head.headersSent;
  }

  /** Whether this is an exchange of the same cookie. */
  hasCookieOf(other: SessionExchange): boolean {
    return this.#cookie.name === other.#cookie.name;
  }

  /** @throws TypeError if another store has a session of this cookie in the same request. */
  requireOwnCookie(all: readonly Begun[], sessions: object): void {
    const isRival = (other: Begun): boolean =>
      other.sessions !== sessions && other.exchange.needsCommit && this.hasCookieOf(other.exchange);
    if (!all.some(isRival)) return;
    throw new TypeError(
      `Two stores use the cookie "${this.#cookie.name}", and each would replace the other's id: give ` +
        'one of them another name, { cookie: { name: … } }',
    );
  }

  /** A session belongs to its request object, whatever context a callback runs in. */
  get isMixedUp(): boolean {
    return false;
  }

  get isCurrent(): boolean {
    return true;
  }

  get hasFailed(): boolean {
    return this.#begun?.hasFailed ?? false;
  }

  get namesSender(): boolean {
    return false;
  }

  /** As `commit()`: a save always waits for the database. */
  commitNow(): Promise<void> {
    return this.commit();
  }

  /**
   * Saves the session, sets the cookie, releases what is held. Further calls return the first one's
   * promise.
   *
   * @throws The error of the save: the response must not claim that it was saved.
   */
  commit(): Promise<void> {
    this.#saving ??= this.#commit().finally(() => {
      this.#isSettled = true;
    });
    return this.#saving;
  }

  /** Commits after the response has left; a commit that has begun reports its error itself. */
  commitLate(): void {
    if (this.#saving === undefined) this.commit().catch(warnOf);
  }

  /**
   * As `commit()`, for a page that has answered already.
   *
   * @param status - The answer's status.
   * @param body - What the framework will send; a stream may fail while it waits for the save.
   * @throws The error of the save, unless the answer reports a failure by itself.
   */
  async commitFor(status: number, body?: unknown): Promise<void> {
    const isKnown = this.hasFailed;
    const stream = streamOf(body);
    // The framework asks for the error when it reads; an event without a listener would end the process.
    stream?.on('error', () => {});
    try {
      await this.commit();
    } catch (error) {
      if (!reportsFailure(status, isKnown)) {
        stream?.destroy();
        throw error;
      }
      warnOf(error);
    }
  }

  /**
   * Runs a page and commits, also when it throws: an error is answered like anything else, and the
   * page may have signed the visitor out before.
   *
   * @param answered - Returns the status and the body of what the page has answered.
   * @throws The page's error; else as `commitFor()`.
   */
  async commitAfter(
    page: () => Promise<unknown>,
    answered: () => readonly [status: number, body: unknown],
  ): Promise<void> {
    try {
      await page();
    } catch (error) {
      await this.commitFor(statusOfError(error));
      throw error;
    }
    await this.commitFor(...answered());
  }

  async #commit(): Promise<void> {
    const session = await this.#session;
    if (session === undefined) return;
    try {
      await session.finish();
    } finally {
      // Also after a save that failed: an id that was renewed before it works for its grace only.
      this.#setCookie(session.cookie);
      await session.close();
    }
  }

  /** Adds the line to the page's own. */
  #setCookie(change: CookieChange): void {
    if (change === undefined) return;
    if (this.#head.headersSent) throw new TypeError(LEFT);
    const line = change === 'clear' ? this.#cookie.clear() : this.#cookie.set(change.set);
    const head = this.#head;
    const present = [head.getHeader('Set-Cookie') ?? []].flat().map(String);
    const others = present.filter((each) => !this.#cookie.isOwn(each));
    head.setHeader('Set-Cookie', [...others, line]);
    keepFromCaches(head);
  }

  /** Releases what is held, without saving: the client has gone and the page does not end. */
  async close(): Promise<void> {
    if (this.#saving) return;
    this.#isSettled = true;
    await (await this.#session)?.close();
  }
}

/** The part of a stream of Node that a save uses. */
interface Streamed {
  on(name: 'error', listener: () => void): unknown;
  destroy(): unknown;
}

function streamOf(body: unknown): Streamed | undefined {
  const { pipe, on, destroy } = Object(body) as Record<string, unknown>;
  const isStream = [pipe, on, destroy].every((each) => typeof each === 'function');
  return isStream ? (body as Streamed) : undefined;
}

/**
 * Checks the arguments of an adapter.
 *
 * @param more - Options of this adapter, beside those of all.
 * @returns The cookie that the options describe.
 * @throws TypeError without sessions, or for a cookie that browsers would refuse; SessionSetupError for
 *   an option that is unknown or invalid.
 */
export function sessionCookieOf<Data extends object>(
  sessions: Sessions<Data>,
  options: ExchangeOptions,
  more: Readonly<Record<string, Kind>> = {},
): SessionCookie {
  if (typeof (sessions as Partial<Sessions> | undefined)?.start !== 'function') {
    throw new TypeError('An adapter takes the sessions that createSessions() returns');
  }
  const cookie = cookieOptionsOf(options);
  requireAll(options, { ...OPTIONS, ...more });
  return new SessionCookie(cookie);
}

/**
 * Prepares exchanges.
 *
 * @param sessions - The store.
 * @param options - The cookie.
 * @param more - Options of this adapter, beside those of all.
 * @returns A function that begins one exchange.
 * @throws As `sessionCookieOf()`.
 */
export function prepareSessions<Data extends object>(
  sessions: Sessions<Data>,
  options: ExchangeOptions = {},
  more: Readonly<Record<string, Kind>> = {},
): (parts: SessionParts) => SessionExchange {
  const cookie = sessionCookieOf(sessions, options, more);
  return ({ cookie: header, head, request, alias }) => {
    const id = cookie.read(header);
    const start = (opening: Opening): Promise<AnySession> =>
      sessions.start(id, opening) as unknown as Promise<AnySession>;
    const exchange = new SessionExchange(start, cookie, head);
    know(request, { sessions, exchange });
    if (alias) know(alias, { sessions, exchange });
    return exchange;
  };
}

/** A middleware that a request passes twice has one session there; its second exchange stays empty. */
function know(request: object, begun: Begun): void {
  const known = exchanges.get(request)?.filter(({ exchange }) => !exchange.isOver) ?? [];
  const isKnown = ({ sessions, exchange }: Begun): boolean =>
    sessions === begun.sessions && exchange.hasCookieOf(begun.exchange);
  const same = known.find(isKnown) ?? begun;
  exchanges.set(request, [same, ...known.filter((each) => each !== same)]);
}

/**
 * Returns the session of a request: the one of its cookie, or a new one that is stored only if
 * something is put into it. It is saved before the response leaves; a later call returns the same
 * session, whose changes throw.
 *
 * @typeParam Data - The keys of the session and their values.
 * @param request - The framework's request, in a handler behind the adapter.
 * @param options - A signal that ends the wait for a lock; the store, where there are several.
 * @throws TypeError for a request that the adapter has not seen, and for two stores with one cookie;
 *   SessionClosed for a first call after the response has begun; SessionUnavailable: answer 503, and
 *   not as to a visitor without a session.
 * @example
 * await getSession({}); // throws TypeError: This request has no session: the sessions' middleware must come first
 */
export async function getSession<Data extends object = Record<string, unknown>>(
  request: object,
  { sessions, ...options }: GetSessionOptions<Data> = {},
): Promise<Session<Data>> {
  const all = exchanges.get(request) ?? [];
  const begun = sessions ? all.find((each) => each.sessions === sessions) : all[0];
  if (begun === undefined) {
    throw new TypeError("This request has no session: the sessions' middleware must come first");
  }
  begun.exchange.requireOwnCookie(all, begun.sessions);
  return (await begun.exchange.get(options)) as Session<Data>;
}
