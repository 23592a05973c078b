/**
 * Sessions in MySQL for h3: one middleware.
 *
 * @module mysql/h3
 */
import type { ResponseHead } from '../../php/host.ts';
import type { Sessions } from '../../store/index.ts';
import { statusOfError } from '../commits.ts';
import { withoutCookie } from '../fetch-head.ts';
import { nameOf } from '../page-head.ts';
import { DirectHead } from './direct-head.ts';
import { type ExchangeOptions, prepareSessions } from './exchange.ts';

export type { CookieOptions } from './cookie.ts';
export { type ExchangeOptions, type GetSessionOptions, getSession } from './exchange.ts';

/** The part of h3's event that the middleware uses. */
export interface H3Event {
  /** The request, which `getSession()` takes. */
  readonly req: Request;
  /** The server that h3 runs on. */
  readonly runtime?:
    | {
        /** Node's own, where h3 runs on it. */
        readonly node?:
          | {
              /** Node's request. */
              readonly req: object;
              /** Node's response. */
              readonly res?: object | undefined;
            }
          | undefined;
      }
    | undefined;
  /** The headers that h3 adds to the response for any value that the handler returns. */
  readonly res: {
    /** Its status; undefined for that of what the handler returns. */
    readonly status?: number | undefined;
    /** Its headers so far. */
    readonly headers: Headers;
    /** Its headers if the answer is an error, or has a status from 400. */
    readonly errHeaders: Headers;
  };
}

/**
 * Lets every handler of an h3 application call `getSession(event.req)`. A handler that throws has its
 * session saved, too; an `onError` that returns a Response leaves the cookie of a new session out.
 * The answer of a handler made by `fromNodeHandler()` waits for the save, too; if that save fails, a
 * plain 500 is sent, and the error is a warning of the process.
 *
 * @param sessions - The store.
 * @param options - The cookie.
 * @returns A middleware. A save that fails goes to the application's `onError`.
 * @throws TypeError for a cookie that browsers would refuse; SessionSetupError for another option that is
 *   unknown or invalid.
 * @example
 * import { H3 } from 'h3';
 *
 * const sessions = createSessions({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * const app = new H3();
 * app.use(h3Sessions(sessions));
 * app.get('/', async (event) => {
 *   const session = await getSession<{ visits: number }>(event.req);
 *   session.update('visits', (count = 0) => count + 1);
 *   return `Visits: ${session.data.visits}`;
 * });
 *
 * await (await app.request('/')).text(); // 'Visits: 1'
 * await sessions.close();
 */
export function h3Sessions<Data extends object>(
  sessions: Sessions<Data>,
  options: ExchangeOptions = {},
): (event: H3Event, next: () => unknown) => Promise<unknown> {
  const begin = prepareSessions(sessions, options);
  return async (event, next) => {
    const { req, runtime } = event;
    const head = new EventHead(event);
    const node = { request: runtime?.node?.req, response: runtime?.node?.res };
    const direct = new DirectHead(head, node);
    const exchange = begin({ cookie: req.headers.get('cookie'), head: direct, request: req });
    direct.holdFor(exchange);
    let answer: unknown;
    try {
      answer = await next();
      if (answer instanceof Response && answer.type === 'error') {
        // The session's cookie would make h3 send it as a 200.
        throw new TypeError('The handler returned Response.error(), which no server can send');
      }
    } catch (error) {
      head.notePage(error);
      if (!direct.answersDirectly(exchange, false)) await exchange.commitFor(statusOfError(error));
      throw error;
    }
    if (direct.answersDirectly(exchange, answer === HANDLED)) return answer;
    head.notePage(answer);
    await exchange.commitFor(statusOf(answer, event.res.status), answer);
    head.headersSent = true;
    return answer instanceof Response ? withoutCookie(answer, head.cookie) : answer;
  };
}

/** The value of a handler that answers through Node's response. */
const HANDLED = Symbol.for('h3.handled');

/** Marks h3's own HTTPResponse. */
const HTTP_RESPONSE = Symbol.for('h3.HTTPResponse');

/**
 * Returns the status with which h3 answers.
 *
 * @param prepared - The status of the event, for an answer that has none.
 */
function statusOf(answer: unknown, prepared: number | undefined): number {
  // h3 answers an error that is returned as if it had been thrown.
  if (answer instanceof Error) return statusOfError(answer);
  const { [HTTP_RESPONSE]: isOwn, status } = Object(answer) as Record<symbol | 'status', unknown>;
  const own = answer instanceof Response || isOwn === true ? status : undefined;
  return Number(own ?? prepared ?? 200);
}

/** The headers that an event adds to its response. */
class EventHead implements ResponseHead {
  readonly #event: H3Event;
  /** The headers of the page's own answer or error. */
  #page: Headers | undefined;
  /**
   * Whether the answer accepts a WebSocket. Such an answer is never sent, and a header that is set
   * would make h3 copy it without the hooks of the socket.
   */
  #isSocket = false;
  /** The name of the session's cookie, once it is set. */
  cookie: string | undefined;
  headersSent = false;

  constructor(event: H3Event) {
    this.#event = event;
  }

  /** Read at each use: a middleware behind this one, such as h3's `onResponse()`, replaces `event.res`. */
  get #res(): H3Event['res'] {
    return this.#event.res;
  }

  /** The page has answered by this value. */
  notePage(answer: unknown): void {
    const { headers } = Object(answer) as { readonly headers?: unknown };
    if (headers instanceof Headers) this.#page = headers;
    this.#isSocket = 'crossws' in Object(answer);
  }

  getHeader(name: string): string | readonly string[] | undefined {
    if (name.toLowerCase() === 'set-cookie') return this.#res.headers.getSetCookie();
    return this.#res.headers.get(name) ?? this.#page?.get(name) ?? undefined;
  }

  setHeader(name: string, value: string | readonly string[]): void {
    if (this.#isSocket) return;
    const lines = [value].flat();
    const isCookie = name.toLowerCase() === 'set-cookie';
    if (isCookie) this.cookie = nameOf(lines.at(-1) ?? '');
    for (const headers of [this.#res.headers, this.#res.errHeaders]) {
      // An answer and an error have cookies of the page's own each.
      const others = headers.getSetCookie().filter((each) => nameOf(each) !== this.cookie);
      headers.delete(name);
      for (const each of isCookie ? [...others, ...lines.slice(-1)] : lines) {
        headers.append(name, each);
      }
    }
  }

  removeHeader(name: string): void {
    this.#res.headers.delete(name);
    this.#res.errHeaders.delete(name);
  }
}
