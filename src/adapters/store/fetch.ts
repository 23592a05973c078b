/**
 * Sessions in MySQL for handlers that take a Fetch Request and return a Response: h3 and others.
 *
 * @module mysql/fetch
 */
import type { Sessions } from '../../store/index.ts';
import { FetchHead } from '../fetch-head.ts';
import { answerOf } from '../thrown-response.ts';
import { type ExchangeOptions, prepareSessions } from './exchange.ts';

export type { CookieOptions } from './cookie.ts';
export { type ExchangeOptions, type GetSessionOptions, getSession } from './exchange.ts';

/**
 * Lets a handler call `getSession(request)`. The session is saved before the Response is returned; a
 * body that streams is sent after that. A Response that the handler throws, as React Router, Remix
 * and TanStack do with a redirect, is an answer, too: the session is saved, and a Response with its
 * cookie is thrown on.
 *
 * @param sessions - The store.
 * @param handler - The handler of a request; further arguments of the server are passed on.
 * @param options - The cookie.
 * @returns A handler of the same shape. It rejects with the error of the save; or with that of the
 *   handler, whose session is then not saved, because there is no Response that could set its cookie:
 *   to keep what the page has stored, catch the error in the handler and return a Response.
 * @throws TypeError for a cookie that browsers would refuse; SessionSetupError for another option that is
 *   unknown or invalid.
 * @example
 * const sessions = createSessions({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * const handler = withFetchSessions(sessions, async (request) => {
 *   const session = await getSession<{ visits: number }>(request);
 *   session.update('visits', (count = 0) => count + 1);
 *   return new Response(`Visits: ${session.data.visits}`);
 * });
 *
 * await (await handler(new Request('https://example.org/'))).text(); // 'Visits: 1'
 * await sessions.close();
 */
export function withFetchSessions<Data extends object, Others extends unknown[]>(
  sessions: Sessions<Data>,
  handler: (request: Request, ...others: Others) => Response | Promise<Response>,
  options: ExchangeOptions = {},
): (request: Request, ...others: Others) => Promise<Response> {
  const begin = prepareSessions(sessions, options);
  return async (request, ...others) => {
    const head = new FetchHead();
    const exchange = begin({ cookie: request.headers.get('cookie'), head, request });
    try {
      return await answerOf(
        () => handler(request, ...others),
        async (response) => {
          head.page = response.headers;
          await exchange.commitFor(response.status);
          return head.applyTo(response);
        },
      );
    } catch (error) {
      await exchange.close();
      throw error;
    }
  };
}
