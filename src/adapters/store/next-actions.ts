/** The actions of Next's requests: each runs with its session, which is saved before its answer leaves. */
import {
  type CookieChange,
  type Session,
  SessionClosed,
  type StartOptions,
} from '../../store/index.ts';
import { FetchHead, withoutCookie } from '../fetch-head.ts';
import { nameOf } from '../page-head.ts';
import { isResponse } from '../thrown-response.ts';
import { keepFromCaches } from './caches.ts';
import type { CookieAttributes, SessionCookie } from './cookie.ts';

/** The part of Next's cookies that is used. */
export interface NextCookies {
  /**
   * Returns a cookie of the request.
   *
   * @param name - The cookie's name.
   * @returns The cookie; undefined if the request has none of this name.
   */
  get(name: string):
    | {
        /** The cookie's value. */
        readonly value: string;
      }
    | undefined;
  /**
   * Sets a cookie of the response.
   *
   * @param name - The cookie's name.
   * @param value - The cookie's value.
   * @param attributes - The attributes by Next's names; `maxAge` in seconds.
   * @throws Error of Next while it renders a page.
   */
  set(name: string, value: string, attributes: CookieAttributes): unknown;
}

/** The session of calls of one request that overlap. */
interface Shared<Data extends object> {
  readonly session: Promise<Session<Data>>;
  /** The calls that have not ended. */
  calls: number;
}

/** Starts the session of a request's cookie. */
export type Start<Data extends object> = (
  jar: NextCookies,
  how: StartOptions,
) => Promise<Session<Data>>;

/** Runs actions. */
export class Actions<Data extends object> {
  readonly #start: Start<Data>;
  readonly #cookie: SessionCookie;
  /** Two sessions of a new visitor would have a cookie each, and the later one replace the other. */
  readonly #running = new WeakMap<NextCookies, Shared<Data>>();

  constructor(start: Start<Data>, cookie: SessionCookie) {
    this.#start = start;
    this.#cookie = cookie;
  }

  /**
   * Runs an action, saves the session, and sets its cookie.
   *
   * @param jar - The request's cookies.
   * @returns What the action returns.
   * @throws What the action throws; the error of the save.
   */
  async run<Result>(
    jar: NextCookies,
    action: (session: Session<Data>) => Result | Promise<Result>,
    how: StartOptions,
  ): Promise<Result> {
    const shared = this.#running.get(jar) ?? { session: this.#start(jar, how), calls: 0 };
    this.#running.set(jar, shared);
    shared.calls += 1;
    let session: Session<Data> | undefined;
    try {
      session = await shared.session;
      return await this.#runIn(session, jar, action);
    } finally {
      shared.calls -= 1;
      if (shared.calls === 0) {
        this.#running.delete(jar);
        await session?.close();
      }
    }
  }

  async #runIn<Result>(
    session: Session<Data>,
    jar: NextCookies,
    action: (session: Session<Data>) => Result | Promise<Result>,
  ): Promise<Result> {
    const { isNew } = session;
    let result: Awaited<ReturnType<typeof action>>;
    try {
      result = await action(session);
    } catch (error) {
      if (!isResponse(error) && !isNextAnswer(error)) throw error;
      await this.#settle(session, jar, isNew);
      throw withCookie(error, this.#cookie, session.cookie);
    }
    await this.#settle(session, jar, isNew);
    return withCookie(result, this.#cookie, session.cookie);
  }

  async #settle(session: Session<Data>, jar: NextCookies, isNew: boolean): Promise<void> {
    await session.save().catch(async (error: unknown) => {
      if (!(error instanceof SessionClosed)) throw error;
      // The action may close its session, if it has saved its changes.
      await session.finish();
    });
    try {
      setCookie(jar, this.#cookie, session.cookie);
    } catch (error) {
      // A Server Component called this: no browser will ever send the new id.
      if (isNew && session.id !== undefined) await session.destroy();
      throw error;
    }
    // Work that the action has left running may have changed it meanwhile.
    if (this.#running.get(jar)?.calls === 1) await session.finish();
  }
}

/** Makes a change of the session's cookie in Next's jar. */
export function setCookie(jar: NextCookies, cookie: SessionCookie, change: CookieChange): void {
  const { name, attributes } = cookie;
  if (change === 'clear') jar.set(name, '', { ...attributes, maxAge: 0 });
  else if (change !== undefined) jar.set(name, change.set, attributes);
}

/** Keeps the Response of a Route Handler from caches; Next adds the cookie to it. */
function withCookie<Result>(result: Result, cookie: SessionCookie, change: CookieChange): Result {
  if (!isResponse(result) || change === undefined) return result;
  const head = new FetchHead();
  head.page = result.headers;
  keepFromCaches(head);
  // Of two cookies of one name Next sends that of the Response.
  const own = withoutCookie(result, nameOf(cookie.clear()));
  return head.applyTo(own) as typeof result;
}

/** Whether an error is Next's way to answer: a redirect, a page that is not found or not allowed. */
function isNextAnswer(error: unknown): boolean {
  const { digest } = (error ?? {}) as { digest?: unknown };
  return (
    typeof digest === 'string' && /^NEXT_(REDIRECT;|HTTP_ERROR_FALLBACK;|NOT_FOUND$)/.test(digest)
  );
}
