/**
 * Sessions in MySQL for Hono: one middleware.
 *
 * @module mysql/hono
 */
import type { Sessions } from '../../store/index.ts';
import { FetchHead } from '../fetch-head.ts';
import { CONTENT_HEADERS } from '../queued-response.ts';
import { answerOf } from '../thrown-response.ts';
import { DirectHead } from './direct-head.ts';
import { type ExchangeOptions, prepareSessions } from './exchange.ts';

export type { CookieOptions } from './cookie.ts';
export { type ExchangeOptions, type GetSessionOptions, getSession } from './exchange.ts';

/** The part of Hono's context that the middleware uses. */
export interface HonoContext {
  /** Hono's request, which `getSession()` takes, with the Fetch request in it. */
  readonly req: {
    /** The Fetch request, which `getSession()` takes. */
    readonly raw: Request;
  };
  /** The server's own objects: `@hono/node-server` puts Node's request and response here. */
  readonly env?: unknown;
  /** The response as the handlers have left it; read before there is one, it is an empty one. */
  res: Response;
  /** True once there is a response. */
  readonly finalized: boolean;
}

/** Marks the Response of a handler that answers through Node's response. */
const ALREADY_SENT = 'x-hono-already-sent';

/**
 * Lets every handler of a Hono application call `getSession(c.req.raw)`. Behind a middleware that
 * replaces the raw request, as Hono's `bodyLimit` does for a body of unknown length, call
 * `getSession(c.req)`. An application behind `app.mount()` gets a Request of its own and finds no
 * session by it: use `app.route()`, or put the middleware into that application. What a handler
 * writes into Node's own response, `c.env.outgoing`, waits for the save, too; an error of that save
 * is a plain 500 and a warning of the process. Use it before Hono's `etag()`, whose 304 has no cookies.
 *
 * @param sessions - The store.
 * @param options - The cookie.
 * @returns A middleware. A save that fails goes to the application's `onError`. A handler that throws
 *   has its session saved, with what `onError` answers; a Response that it throws, which Hono passes
 *   on to its caller, is passed on with the cookie.
 * @throws TypeError for a cookie that browsers would refuse; SessionSetupError for another option that is
 *   unknown or invalid.
 * @example
 * import { Hono } from 'hono';
 *
 * const sessions = createSessions({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * const app = new Hono();
 * app.use(honoSessions(sessions));
 * app.get('/', async (c) => {
 *   const session = await getSession<{ visits: number }>(c.req.raw);
 *   session.update('visits', (count = 0) => count + 1);
 *   return c.text(`Visits: ${session.data.visits}`);
 * });
 *
 * await (await app.request('/')).text(); // 'Visits: 1'
 * await sessions.close();
 */
export function honoSessions<Data extends object>(
  sessions: Sessions<Data>,
  options: ExchangeOptions = {},
): (context: HonoContext, next: () => Promise<void>) => Promise<void> {
  const begin = prepareSessions(sessions, options);
  return async (context, next) => {
    const request = context.req.raw;
    const head = new FetchHead();
    const cookie = request.headers.get('cookie');
    const { incoming, outgoing } = Object(context.env) as Record<string, unknown>;
    const direct = new DirectHead(head, { request: incoming, response: outgoing });
    const exchange = begin({ cookie, head: direct, request, alias: context.req });
    direct.holdFor(exchange);
    const page = async (): Promise<Response> => {
      await next();
      return context.finalized ? context.res : new Response(null, { status: 500 });
    };
    let changed: Response;
    try {
      changed = await answerOf(page, async (response) => {
        const isHandled = response.headers.has(ALREADY_SENT);
        if (direct.answersDirectly(exchange, isHandled)) return response;
        head.page = response.headers;
        try {
          await exchange.commitFor(response.status);
        } catch (error) {
          if (context.finalized) replace(context, withoutBody(head.applyTo(response)));
          throw error;
        }
        return head.applyTo(response);
      });
    } catch (error) {
      await exchange.close();
      throw error;
    }
    // Hono itself reports a handler that has returned nothing.
    if (!context.finalized || changed === context.res) return;
    replace(context, changed);
  };
}

/** Hono joins the headers of a response that is replaced to those of the new one. */
function replace(context: HonoContext, response: Response): void {
  context.res = undefined as unknown as Response;
  context.res = response;
}

/** The headers that the answer to an error keeps: it has another body. */
function withoutBody(response: Response): Response {
  const headers = new Headers(response.headers);
  for (const name of [...headers.keys()]) {
    if (CONTENT_HEADERS.test(name)) headers.delete(name);
  }
  return new Response(null, { headers });
}
