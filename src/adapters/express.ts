/**
 * PHP sessions for Express: one middleware.
 *
 * @module express
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PhpOptions } from '../php/host.ts';
import { runRequest } from '../php/host.ts';
import { prepareExchanges } from './php-scope.ts';

/** A middleware as Express and Connect call it. */
export type PhpSessionMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Gives each request its PHP session scope, for every handler after it.
 *
 * The session is saved before the response's head leaves. One that cannot be saved goes to
 * Express's error handlers, which answer instead.
 *
 * @param options - How PHP behaves.
 * @returns A middleware; use it before the handlers that use sessions.
 * @throws RangeError for a setting that PHP does not have, or a value that it refuses.
 * @example
 * import { createServer } from 'node:http';
 * import express from 'express';
 *
 * const app = express();
 * app.use(phpSession({ settings: { 'session.cookie_httponly': '1' } }));
 * app.get('/', async (_request, response) => {
 *   await session_start();
 *   $_SESSION['count'] = Number($_SESSION['count'] ?? 0) + 1;
 *   response.send(`Count: ${$_SESSION['count']}`);
 * });
 * createServer(app).listen(8080);
 *
 * const first = await fetch('http://localhost:8080/');
 * await first.text(); // 'Count: 1'
 */
export function phpSession<Name extends string>(
  options: PhpOptions<Name> = {},
): PhpSessionMiddleware {
  const begin = prepareExchanges(options);
  return (request, response, next) => {
    const exchange = begin(request, response, next);
    response.once('close', () => {
      const reason = response.writableFinished
        ? 'its response was complete'
        : 'its client went away';
      exchange
        .commit(reason)
        .catch((error: unknown) => {
          if (!response.writableFinished) process.emitWarning(error as Error);
        })
        .finally(() => exchange.close(reason));
    });
    runRequest(exchange.php, () => next()).catch(next);
  };
}
