/**
 * Sessions in MySQL for Koa: one middleware.
 *
 * @module mysql/koa
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Sessions } from '../../store/index.ts';
import { HeldResponse } from '../held-response.ts';
import { isQueueable } from '../queued-response.ts';
import { prepareSessions } from './exchange.ts';
import { HTTP_OPTIONS, type HttpSessionOptions, releaseAfter } from './http.ts';

export type { CookieOptions } from './cookie.ts';
export { type GetSessionOptions, getSession } from './exchange.ts';
export type { HttpSessionOptions } from './http.ts';

/** The part of Koa's context that the middleware uses. */
export interface KoaContext {
  /** Node's request, which `getSession()` takes. */
  readonly req: IncomingMessage;
  /** Node's response. */
  readonly res: ServerResponse;
  /** The body that Koa will send. */
  readonly body?: unknown;
  /**
   * Reports an error to the application, and answers with it.
   *
   * @param error - The error of the save.
   */
  onerror(error: Error): void;
}

/**
 * Lets every middleware after it call `getSession(ctx.req)`.
 *
 * Koa answers when all middlewares have returned, and the session is saved before that; what a page
 * writes into `ctx.res` itself waits for the save as well. A page that throws has its session saved,
 * too. Koa's own answer to an error removes all headers, the cookie included: catch errors in a
 * middleware before this one, and the cookie is set.
 *
 * @param sessions - The store.
 * @param options - The cookie.
 * @returns A middleware. An error of the save goes the way of every error in Koa; after an answer
 *   through `ctx.res` straight to `ctx.onerror()`, which answers instead.
 * @throws TypeError for a cookie that browsers would refuse; SessionSetupError for another option that is
 *   unknown or invalid.
 * @example
 * import { createServer } from 'node:http';
 * import Koa from 'koa';
 *
 * const sessions = createSessions({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * const app = new Koa();
 * app.use(koaSessions(sessions));
 * app.use(async (ctx) => {
 *   const session = await getSession<{ visits: number }>(ctx.req);
 *   session.update('visits', (count = 0) => count + 1);
 *   ctx.body = `Visits: ${session.data.visits}`;
 * });
 * createServer(app.callback()).listen(8080);
 *
 * await (await fetch('http://localhost:8080/')).text(); // 'Visits: 1'
 * await sessions.close();
 */
export function koaSessions<Data extends object>(
  sessions: Sessions<Data>,
  options: HttpSessionOptions = {},
): (context: KoaContext, next: () => Promise<unknown>) => Promise<void> {
  const begin = prepareSessions(sessions, options, HTTP_OPTIONS);
  return async (context, next) => {
    const { req, res } = context;
    // A response of HTTP/2 cannot wait.
    const held = isQueueable(res) ? HeldResponse.of(res) : undefined;
    const exchange = begin({ cookie: req.headers.cookie, head: held ?? res, request: req });
    let failure: unknown;
    const fail = (error: unknown): void => {
      failure = error;
      context.onerror(error as Error);
    };
    held?.waitFor(exchange, { fail, endIfOver() {} });
    releaseAfter(res, exchange, options, held);
    try {
      await exchange.commitAfter(next, () => [failure ? 0 : res.statusCode, context.body]);
    } catch (error) {
      // One that is answered already is not reported twice.
      if (error === undefined || error !== failure) throw error;
    }
  };
}
