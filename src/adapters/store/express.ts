/**
 * Sessions in MySQL for Express: one middleware.
 *
 * @module mysql/express
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Sessions } from '../../store/index.ts';
import { failBy } from '../answer-error.ts';
import { isQueueable } from '../queued-response.ts';
import { type HttpSessionOptions, prepareHttpSessions } from './http.ts';

export type { CookieOptions } from './cookie.ts';
export { type GetSessionOptions, getSession } from './exchange.ts';
export type { HttpSessionOptions } from './http.ts';

/**
 * A middleware as Express and Connect call it.
 *
 * @param request - The request, of node:http or of the framework.
 * @param response - The response of the request; `{}` for one that becomes a WebSocket.
 * @param next - Calls the next handler, or with an error the error handlers.
 */
export type SessionMiddleware = (
  request: IncomingMessage,
  response: ServerResponse | Readonly<Record<string, never>>,
  next: (error?: unknown) => void,
) => void;

/**
 * Lets every handler after it call `getSession(request)`.
 *
 * The session is saved before the response's head leaves, so that a redirect cannot overtake its own
 * save. If it cannot be saved, its error goes to Express's error handlers, which answer instead; an
 * answer that reports a failure itself (500 and above, or 400 and above after a call of the session
 * has failed) stays, and the error is a process warning. A handler that throws has its session saved
 * before the answer to the error leaves. If the client goes before it has sent its whole request, the
 * session is saved at once. For a request that becomes a WebSocket call the middleware as the manual
 * of `ws` shows, with `{}` as the response; the page then saves by `session.save()`.
 *
 * @param sessions - The store.
 * @param options - The cookie.
 * @returns A middleware; use it before the handlers that use sessions.
 * @throws TypeError for a cookie that browsers would refuse; SessionSetupError for another option that is
 *   unknown or invalid.
 * @example
 * import { createServer } from 'node:http';
 * import express from 'express';
 *
 * const sessions = createSessions<{ visits: number }>({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * const app = express();
 * app.use(expressSessions(sessions));
 * app.get('/', async (request, response) => {
 *   const session = await getSession<{ visits: number }>(request);
 *   session.update('visits', (count = 0) => count + 1);
 *   response.send(`Visits: ${session.data.visits}`);
 * });
 * createServer(app).listen(8080);
 *
 * const first = await fetch('http://localhost:8080/');
 * const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? '';
 * await first.text(); // 'Visits: 1'
 * const second = await fetch('http://localhost:8080/', { headers: { cookie } });
 * await second.text(); // 'Visits: 2'
 * await sessions.close();
 */
export function expressSessions<Data extends object>(
  sessions: Sessions<Data>,
  options: HttpSessionOptions = {},
): SessionMiddleware {
  const begin = prepareHttpSessions(sessions, options);
  return (request, given, next) => {
    const response = given as ServerResponse;
    const hasEnded = begin(request, response, failBy(next, request, response));
    if (isQueueable(response)) {
      response.once('close', () => {
        // Without the rest of its request the page fails, and its error may be left unanswered.
        if (!request.complete) hasEnded();
      });
    }
    next();
  };
}
