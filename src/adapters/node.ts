/**
 * PHP sessions for node:http: one wrapper around a listener.
 *
 * @module node
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { answerBy, answerError } from './answer-error.ts';
import { type HttpOptions, prepareHttp } from './http-exchange.ts';

/** PHP's behaviour, and what happens when a page fails. */
export interface PhpSessionOptions<Name extends string = string> extends HttpOptions<Name> {
  /**
   * Receives an error that the listener or the session's end threw.
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
 * Gives each request its PHP session scope: in it, `session_start()` and `$_SESSION` are that
 * request's own.
 *
 * The session is saved before the response's head leaves; until then Node keeps the bytes of
 * `write()` and `end()`. A session that cannot be saved answers 500 instead of a page that claims it was.
 *
 * Callbacks that a library runs in another request's context need `phpSessionOf(request)`.
 *
 * @param listener - Answers a request; it may be async.
 * @param options - PHP's behaviour, and the handler of errors.
 * @returns A listener for `createServer()`.
 * @throws RangeError for an unknown option or setting, or a value that PHP refuses.
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
  const { onError = answerError, ...others } = options;
  const serve = prepareHttp(others);
  const answer = answerBy(onError);
  return (request, response) => {
    const fail = (error: unknown): void => answer(error, request, response);
    serve(request, response, fail, () => listener(request, response));
  };
}
