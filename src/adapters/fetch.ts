/**
 * PHP sessions for handlers that take a Fetch Request and return a Response: Hono, h3, and others.
 *
 * @module fetch
 */
import type { PhpOptions } from '../php/host.ts';
import { warnOf } from '../serialize/messages.ts';
import { prepareExchanges } from './exchange.ts';
import { FetchHead } from './fetch-head.ts';
import { answerOf, isResponse } from './thrown-response.ts';

/** PHP's behaviour, and what happens when a handler fails. */
export interface PhpFetchOptions<Name extends string = string> extends PhpOptions<Name> {
  /**
   * Returns the answer to an error that the handler or the session's end threw.
   *
   * The default answers 500 and gives the error to `process.emitWarning`.
   *
   * @param error - The error; any value that was thrown.
   * @param request - The request whose handler or save failed.
   * @returns The Response in place of the handler's.
   */
  onError?: ((error: unknown, request: Request) => Response | Promise<Response>) | undefined;
}

/**
 * Gives each request its PHP session scope: in it, `session_start()` and `$_SESSION` are that
 * request's own; `phpSessionOf(request)` reaches the session from any other context.
 *
 * The session is saved before the Response is returned. A body that streams is sent after that: it
 * may read `$_SESSION`, and a change throws, as a page of PHP that has sent its head cannot reach
 * its stored session either. A stream's `pull()` runs in the server's context: read
 * `phpSessionOf(request).$_SESSION` there. A Response that the handler throws, as frameworks do with a
 * redirect, is an answer, too, and is thrown on with the session's headers. Forms are not read: with
 * session.use_only_cookies off, pass a form's id to `session_id()`.
 *
 * @param handler - The handler of a request; further arguments of the server are passed on.
 * @param options - PHP's behaviour, and the handler of errors.
 * @returns A handler of the same shape.
 * @throws RangeError for an unknown option or setting, or a value that PHP refuses.
 * @example
 * const handler = withPhpFetch(async () => {
 *   await session_start();
 *   $_SESSION['count'] = Number($_SESSION['count'] ?? 0) + 1;
 *   return new Response(`Count: ${$_SESSION['count']}`);
 * });
 *
 * const first = await handler(new Request('http://localhost/'));
 * const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? '';
 * await first.text(); // 'Count: 1'
 * const second = await handler(new Request('http://localhost/', { headers: { cookie } }));
 * await second.text(); // 'Count: 2'
 */
export function withPhpFetch<Name extends string, Others extends unknown[]>(
  handler: (request: Request, ...others: Others) => Response | Promise<Response>,
  options: PhpFetchOptions<Name> = {},
): (request: Request, ...others: Others) => Promise<Response> {
  const { onError = answerError, ...php } = options;
  const begin = prepareExchanges(php);
  return async (request, ...others) => {
    const head = new FetchHead();
    const cookie = request.headers.get('cookie');
    const referer = request.headers.get('referer');
    const exchange = begin({ cookie, referer, url: request.url, head, request });
    const finish = (response: Response): Response => head.applyTo(response);
    const committed = async (response: Response): Promise<Response> => {
      await exchange.commit('its response was complete');
      return finish(response);
    };
    try {
      return await answerOf(() => exchange.run(() => handler(request, ...others)), committed);
    } catch (error) {
      if (isResponse(error)) throw error;
      // As PHP does after an uncaught exception: the session is saved all the same.
      await exchange.commit('its handler had failed').catch((failure: unknown) => {
        if (failure !== error) warnOf(failure);
      });
      return await answerOf(() => onError(error, request), finish);
    }
  };
}

function answerError(error: unknown): Response {
  warnOf(error);
  return new Response('Internal Server Error\n', { status: 500 });
}
