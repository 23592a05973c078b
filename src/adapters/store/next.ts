/**
 * Sessions in MySQL for Next: Server Functions, Route Handlers, Server Components, `proxy.ts`.
 *
 * @module mysql/next
 */
import type { Session, Sessions, StartOptions } from '../../store/index.ts';
import { FetchHead } from '../fetch-head.ts';
import { answerOf, isResponse } from '../thrown-response.ts';
import { keepFromCaches } from './caches.ts';
import { type ExchangeOptions, prepareSessions, sessionCookieOf } from './exchange.ts';
import { Actions, type NextCookies, type Start, setCookie } from './next-actions.ts';

export type { CookieAttributes, CookieOptions } from './cookie.ts';
export { type ExchangeOptions, type GetSessionOptions, getSession } from './exchange.ts';
export type { NextCookies } from './next-actions.ts';

/** A session as a page shows it; a change of it is not saved. */
export interface SessionView<Data extends object> {
  /** The keys and their values. */
  readonly data: Readonly<Partial<Data>>;
  /** The session's user; undefined before a login. */
  readonly user: string | undefined;
  /** The session's name in its user's list; undefined as long as nothing is stored. */
  readonly handle: string | undefined;
}

/** Ways to a request's session; {@link nextSessions} returns them. */
export interface NextSessions<Data extends object> {
  /**
   * Runs an action with the request's session, saves it, and sets the cookie: in a Server Function
   * or a Route Handler. The session is also saved if the action ends by Next's `redirect()` or
   * `notFound()`, or throws a Response; after any other error it is not. Calls of one request that
   * overlap, as where an action calls another one, have one session: each of them saves it. In a Route
   * Handler Next sends no cookie with `notFound()`: return a Response with the status 404 there.
   * A Response that the action returns is kept from caches if it sets the cookie;
   * `permanentRedirect()` and a Response that is made after the action are not.
   *
   * @param action - Its value is returned: in a Route Handler the Response.
   * @param options - A signal that ends the wait for a lock.
   * @returns What the action returns.
   * @throws SessionConflict, SessionUnavailable and others, as `Session.save()`; Error of Next in a
   *   Server Component, where no cookie can be set.
   */
  withSession<Result>(
    action: (session: Session<Data>) => Result | Promise<Result>,
    options?: Pick<StartOptions, 'signal'>,
  ): Promise<Result>;
  /**
   * Reads the request's session without a lock, in a Server Component too: its use is noted in the
   * database and needs no cookie. Wrap it in React's `cache()` if several components call it.
   *
   * @returns The values to show; none for a visitor without a session.
   * @throws SessionUnavailable and others, as `Sessions.open()`.
   */
  readSession(): Promise<SessionView<Data>>;
}

/**
 * Lets a Next application use sessions; call it in a module that the application imports.
 *
 * @param sessions - The store.
 * @param cookies - Next's own function: `import { cookies } from 'next/headers'`.
 * @param options - The cookie.
 * @returns Two functions, to change and to read the request's session.
 * @throws TypeError for a cookie that browsers would refuse; SessionSetupError for another option that is
 *   unknown or invalid.
 * @example
 * // In Next: import { cookies } from 'next/headers';
 * const sent = new Map([['theme', 'dark']]);
 * const cookies = async () => ({
 *   get: (name: string) => (sent.has(name) ? { value: sent.get(name) ?? '' } : undefined),
 *   set: (name: string, value: string) => sent.set(name, value),
 * });
 *
 * const sessions = createSessions<{ visits: number }>({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * const { withSession, readSession } = nextSessions(sessions, cookies);
 *
 * await withSession((session) => session.update('visits', (count = 0) => count + 1));
 * (await readSession()).data.visits; // 1
 * await sessions.close();
 */
export function nextSessions<Data extends object>(
  sessions: Sessions<Data>,
  cookies: () => Promise<NextCookies>,
  options: ExchangeOptions = {},
): NextSessions<Data> {
  const cookie = sessionCookieOf(sessions, options);
  const start: Start<Data> = (jar, how) => sessions.start(jar.get(cookie.name)?.value, how);
  const actions = new Actions(start, cookie);
  return {
    async withSession(action, how = {}) {
      return await actions.run(await cookies(), action, how);
    },

    async readSession() {
      const session = await start(await cookies(), { mode: 'read' });
      try {
        const { data, user, handle } = session;
        await session.save();
        return { data, user, handle };
      } finally {
        await session.close();
      }
    },
  };
}

/**
 * Lets a `proxy.ts` call `getSession(request)`. The session is saved before the response is
 * returned or thrown, and what the request leads to sees the new cookie.
 *
 * @param sessions - The store.
 * @param handler - The function that `proxy` would be; its Response may be one of `NextResponse`.
 * @param options - The cookie.
 * @returns A function to export as `proxy`. After an error of the handler the session is not saved; a
 *   Response that it throws is thrown on with the cookie.
 * @throws TypeError for a cookie that browsers would refuse; SessionSetupError for another option that is
 *   unknown or invalid.
 * @example
 * const sessions = createSessions<{ visits: number }>({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * const proxy = withProxySessions(sessions, async (request: Request) => {
 *   const { user } = await getSession(request);
 *   return user ? new Response() : Response.redirect(new URL('/login', request.url), 302);
 * });
 *
 * (await proxy(new Request('https://example.org/'))).headers.get('location'); // 'https://example.org/login'
 * await sessions.close();
 */
export function withProxySessions<
  Data extends object,
  ProxyRequest extends Request,
  Others extends unknown[],
>(
  sessions: Sessions<Data>,
  handler: (request: ProxyRequest, ...others: Others) => Response | Promise<Response>,
  options: ExchangeOptions = {},
): (request: ProxyRequest, ...others: Others) => Promise<Response> {
  const cookie = sessionCookieOf(sessions, options);
  const begin = prepareSessions(sessions, options);
  return async (request, ...others) => {
    const head = new FetchHead();
    const exchange = begin({ cookie: headerOf(request, cookie.name), head, request });
    const page = async (): Promise<Response> => {
      const response = await handler(request, ...others);
      if (isResponse(response)) return response;
      throw new TypeError('The proxy returned no Response: return NextResponse.next()');
    };
    const finish = async (response: Response): Promise<Response> => {
      head.page = response.headers;
      await exchange.commit();
      const line = [head.getHeader('Set-Cookie') ?? []].flat()[0];
      if (line === undefined || !('cookies' in response)) return head.applyTo(response);
      // NextResponse passes on to the page only cookies that are set by its own method.
      const id = cookie.read(line);
      // A copy, because the application may give one NextResponse to several visitors.
      const changed = new (response.constructor as typeof Response)(response.body, response);
      const { cookies } = changed as typeof changed & { cookies: NextCookies };
      setCookie(cookies, cookie, id ? { set: id } : 'clear');
      const { headers } = changed;
      keepFromCaches({
        getHeader: (name) => headers.get(name) ?? undefined,
        setHeader: (name, value) => headers.set(name, String(value)),
      });
      return changed;
    };
    try {
      return await answerOf(page, finish);
    } catch (error) {
      await exchange.close();
      throw error;
    }
  };
}

/**
 * Returns the Cookie header as Next's own parser reads it: of two cookies of one name the page that the
 * proxy guards sees the last one.
 */
function headerOf(request: Request, name: string): string | null {
  if (!('cookies' in request)) return request.headers.get('cookie');
  const { cookies } = request as typeof request & { cookies: NextCookies };
  return `${name}=${cookies.get(name)?.value ?? ''}`;
}
