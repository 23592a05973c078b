/**
 * PHP sessions for node:http: one wrapper around a listener.
 *
 * @module node
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { runRequest } from '../php/host.ts';
import { answerError, type PhpSessionOptions, prepareExchanges } from './php-scope.ts';

export type { PhpSessionOptions } from './php-scope.ts';

/**
 * Gives each request its PHP session scope: in it, `session_start()` and `$_SESSION` are that
 * request's own.
 *
 * The session is saved before the response's head leaves: `writeHead()`, `write()` and `end()` wait
 * for it. A session that cannot be saved answers 500 instead of a page that claims it was.
 *
 * @param listener - What answers a request; it may be async.
 * @param options - How PHP behaves, and who hears of errors.
 * @returns A listener for `createServer()`.
 * @throws RangeError for a setting that PHP does not have, or a value that it refuses.
 * @example
 * import { createServer } from 'node:http';
 *
 * createServer(
 *   withPhpSession(async (_request, response) => {
 *     await session_start();
 *     $_SESSION['count'] = Number($_SESSION['count'] ?? 0) + 1;
 *     response.end(`Count: ${$_SESSION['count']}`);
 *   }),
 * ).listen(8080);
 *
 * const first = await fetch('http://localhost:8080/');
 * const cookie = first.headers.getSetCookie()[0]?.split(';')[0] ?? '';
 * await first.text(); // 'Count: 1'
 * const second = await fetch('http://localhost:8080/', { headers: { cookie } });
 * await second.text(); // 'Count: 2'
 */
export function withPhpSession<Name extends string>(
  listener: (request: IncomingMessage, response: ServerResponse) => unknown,
  options: PhpSessionOptions<Name> = {},
): RequestListener {
  const begin = prepareExchanges(options);
  const onError = options.onError ?? answerError;
  return (request, response) => {
    const fail = (error: unknown): void => onError(error, request, response);
    const exchange = begin(request, response, fail);
    let settled = false;
    const finish = (): void => {
      const reason = response.writableFinished
        ? 'its response was complete'
        : 'its client went away';
      exchange.commit(reason).then(
        () => exchange.close(reason),
        (error: unknown) => {
          exchange.close(reason);
          // A response that was held back has been told already.
          if (!response.writableFinished) process.emitWarning(error as Error);
        },
      );
    };
    response.once('close', () => {
      if (settled) finish();
    });
    runRequest(exchange.php, () => listener(request, response))
      .catch(async (error: unknown) => {
        // As PHP does after an uncaught exception: the session is saved all the same.
        await exchange.commit('the listener had failed').catch(() => {});
        fail(error);
      })
      .finally(() => {
        settled = true;
        if (response.closed) finish();
      });
  };
}
