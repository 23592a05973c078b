/**
 * Sessions in MySQL for node:http: one wrapper around a listener.
 *
 * @module mysql/node
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { isThenable } from '../../php/host.ts';
import type { Sessions } from '../../store/index.ts';
import { answerBy, answerError } from '../answer-error.ts';
import { type HttpSessionOptions, prepareHttpSessions } from './http.ts';

export type { CookieOptions } from './cookie.ts';
export { type GetSessionOptions, getSession } from './exchange.ts';

/** The cookie, and what happens when a page fails. */
export interface NodeSessionOptions extends HttpSessionOptions {
  /**
   * Receives an error that the listener or the save threw.
   *
   * The default answers 500 where nothing has left yet, cuts the connection where something has,
   * and gives the error to `process.emitWarning`. It also answers where your function throws.
   *
   * @param error - The error; any value that was thrown.
   * @param request - The request whose page or save failed.
   * @param response - The response to answer with, perhaps with a head that has left.
   */
  onError?:
    | ((error: unknown, request: IncomingMessage, response: ServerResponse) => void)
    | undefined;
}

/**
 * Lets a listener call `getSession(request)`. The session is saved before the response's head leaves.
 *
 * @param sessions - The store.
 * @param listener - Answers a request; it may be async.
 * @param options - The cookie, and the handler of errors.
 * @returns A listener for `createServer()`.
 * @throws TypeError for a cookie that browsers would refuse; SessionSetupError for another option that is
 *   unknown or invalid.
 * @example
 * import { createServer } from 'node:http';
 *
 * const sessions = createSessions({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * const listener = withSessions(sessions, async (request, response) => {
 *   const session = await getSession<{ visits: number }>(request);
 *   session.update('visits', (count = 0) => count + 1);
 *   response.end(`Visits: ${session.data.visits}`);
 * });
 * createServer(listener).listen(8080);
 *
 * await (await fetch('http://localhost:8080/')).text(); // 'Visits: 1'
 * await sessions.close();
 */
export function withSessions<Data extends object>(
  sessions: Sessions<Data>,
  listener: (request: IncomingMessage, response: ServerResponse) => unknown,
  options: NodeSessionOptions = {},
): RequestListener {
  const { onError = answerError, ...others } = options;
  const begin = prepareHttpSessions(sessions, others);
  const answer = answerBy(onError);
  return async (request, response) => {
    const fail = (error: unknown): void => answer(error, request, response);
    let hasEnded = (): void => {};
    try {
      hasEnded = begin(request, response, fail);
      const page = listener(request, response);
      // A listener that returns no promise may answer later.
      if (!isThenable(page)) return;
      await page;
    } catch (error) {
      fail(error);
    }
    hasEnded();
  };
}
