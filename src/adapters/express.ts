/**
 * PHP sessions for Express: one middleware.
 *
 * @module express
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { failBy } from './answer-error.ts';
import { type HttpOptions, prepareHttp } from './http-exchange.ts';

/**
 * A middleware as Express and Connect call it.
 *
 * @param request - The request, of node:http or of the framework.
 * @param response - The response of the request; `{}` for one that becomes a WebSocket.
 * @param next - Calls the next handler, or with an error the error handlers.
 */
export type PhpSessionMiddleware = (
  request: IncomingMessage,
  response: ServerResponse | Readonly<Record<string, never>>,
  next: (error?: unknown) => void,
) => void;

/**
 * Gives each request its PHP session scope, for every handler after it.
 *
 * The session is saved before the response's head leaves. If it cannot be saved, its error goes to
 * Express's error handlers, which answer instead.
 *
 * `ws` may call the middleware with `{}` in place of a response, and Socket.IO by
 * `io.engine.use()`. Callbacks that a library runs in another request's context need
 * `phpSessionOf(request)`.
 *
 * @param options - PHP's behaviour.
 * @returns A middleware; use it before the handlers that use sessions.
 * @throws RangeError for an unknown option or setting, or a value that PHP refuses.
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
  options: HttpOptions<Name> = {},
): PhpSessionMiddleware {
  const serve = prepareHttp(options);
  return (request, given, next) => {
    const response = given as ServerResponse;
    serve(request, response, failBy(next, request, response), () => next());
  };
}
