/** The default answer to an error of a page or of a save, for the adapters on node:http. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { warnOf } from '../serialize/messages.ts';
import { isSetCookie } from './page-head.ts';

/** Answers an error of a page or of a save. */
export type OnError = (error: unknown, request: IncomingMessage, response: ServerResponse) => void;

/**
 * Lets the application's function answer, and the default if that function throws or rejects.
 *
 * @param onError - The application's function.
 */
export function answerBy(onError: OnError): OnError {
  return async (error, request, response) => {
    try {
      await onError(error, request, response);
    } catch (failure) {
      answerError(failure, request, response);
    }
  };
}

/**
 * Answers 500 where nothing has left yet, and cuts the connection where something has.
 */
export function answerError(
  error: unknown,
  _request: IncomingMessage,
  response: ServerResponse,
): void {
  warnOf(error);
  if (response.destroyed || response.writableEnded) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  for (const name of response.getHeaderNames()) {
    // A browser that does not learn its new id would soon send the old one, which ends the session.
    if (!isSetCookie(name)) response.removeHeader(name);
  }
  if (response.hasHeader('Set-Cookie')) response.setHeader('Cache-Control', 'no-store');
  response.statusCode = 500;
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  response.end('Internal Server Error\n');
}

/** Milliseconds within which an application's error handlers begin their answer. */
const PATIENCE = 5000;

/**
 * Gives the error of a save to a router's error handlers, and answers by default if none of them does.
 * Routers whose middlewares are promises, such as Socket.IO's, ignore a second call of next().
 *
 * @param next - Passed to the middleware by its router.
 */
export function failBy(
  next: (error: unknown) => void,
  request: IncomingMessage,
  response: ServerResponse,
): (error: unknown) => void {
  return (error) => {
    if (!('end' in response)) {
      // The `{}` of a WebSocket, whose page is next() itself.
      warnOf(error);
      request.socket.destroy();
      return;
    }
    setTimeout(() => {
      if (!response.headersSent) answerError(error, request, response);
    }, PATIENCE).unref();
    next(error);
  };
}
