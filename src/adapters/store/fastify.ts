/**
 * Sessions in MySQL for Fastify: one plugin.
 *
 * @module mysql/fastify
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ResponseHead } from '../../php/host.ts';
import type { Sessions } from '../../store/index.ts';
import { answerError } from '../answer-error.ts';
import { statusOfError } from '../commits.ts';
import { FetchHead } from '../fetch-head.ts';
import { HeldResponse } from '../held-response.ts';
import { isQueueable } from '../queued-response.ts';
import { isResponse } from '../thrown-response.ts';
import { prepareSessions, type SessionExchange } from './exchange.ts';
import { HTTP_OPTIONS, type HttpSessionOptions, releaseAfter } from './http.ts';

export type { CookieOptions } from './cookie.ts';
export { type GetSessionOptions, getSession } from './exchange.ts';
export type { HttpSessionOptions } from './http.ts';

/** The part of Fastify's request that the plugin uses. */
export interface FastifyRequestLike {
  /** Node's request. */
  readonly raw: IncomingMessage;
}

/** The part of Fastify's reply that the plugin uses. */
export interface FastifyReplyLike {
  /** Node's response. */
  readonly raw: ServerResponse;
  /** The status so far. */
  readonly statusCode: number;
  /**
   * Sets the status.
   *
   * @param status - The status.
   */
  code(status: number): unknown;
  /**
   * Returns a header that was set.
   *
   * @param name - The header's name, in any case.
   * @returns The header's value; undefined for a header that was not set.
   */
  getHeader(name: string): number | string | string[] | undefined;
  /**
   * Sets a header; of cookies, adds one.
   *
   * @param name - The header's name, in any case.
   * @param value - The value; of cookies, a text or a list of them.
   */
  header(name: string, value: unknown): unknown;
  /**
   * Removes a header.
   *
   * @param name - The header's name, in any case.
   */
  removeHeader(name: string): unknown;
}

/** The part of Fastify's instance that the plugin uses. */
export interface FastifyLike {
  /**
   * Adds a hook that runs before the handler.
   *
   * @param name - Fastify's name of the hook.
   * @param hook - The function; Fastify waits until it calls `done`.
   */
  addHook(
    name: 'onRequest',
    hook: (request: FastifyRequestLike, reply: FastifyReplyLike, done: () => void) => void,
  ): unknown;
  /**
   * Adds a hook that runs before the head of the response leaves.
   *
   * @param name - Fastify's name of the hook.
   * @param hook - The function; Fastify sends the payload that its promise gives.
   */
  addHook(
    name: 'onSend',
    hook: (
      request: FastifyRequestLike,
      reply: FastifyReplyLike,
      payload: unknown,
    ) => Promise<unknown>,
  ): unknown;
}

/**
 * Lets every handler of a Fastify application call `getSession(request)`.
 *
 * The session is saved in the hook `onSend`, before the head of the response leaves. If it cannot
 * be saved, its error goes to the application's error handler, which answers instead. A handler that
 * throws has its session saved before the error handler's answer leaves. A handler that
 * answers through `reply.raw` has its session saved as well, before its first bytes leave; an error
 * is then a plain 500 and a warning of the process.
 *
 * @param sessions - The store.
 * @param options - The cookie.
 * @returns A plugin for `app.register()`; it counts for the whole application.
 * @throws TypeError for a cookie that browsers would refuse; SessionSetupError for another option that is
 *   unknown or invalid.
 * @example
 * import Fastify from 'fastify';
 *
 * const sessions = createSessions({
 *   url: 'mysql://user:password@localhost/app',
 *   secrets: ['the output of: openssl rand -base64 32'],
 * });
 * const app = Fastify();
 * app.register(fastifySessions(sessions));
 * app.get('/', async (request) => {
 *   const session = await getSession<{ visits: number }>(request);
 *   session.update('visits', (count = 0) => count + 1);
 *   return `Visits: ${session.data.visits}`;
 * });
 *
 * (await app.inject('/')).body; // 'Visits: 1'
 * await sessions.close();
 */
export function fastifySessions<Data extends object>(
  sessions: Sessions<Data>,
  options: HttpSessionOptions = {},
): (app: FastifyLike, options: object, done: () => void) => void {
  const begin = prepareSessions(sessions, options, HTTP_OPTIONS);
  const exchanges = new WeakMap<FastifyRequestLike, Exchanged>();
  const plugin = (app: FastifyLike, _options: object, done: () => void): void => {
    app.addHook('onRequest', (request, reply, next) => {
      const { raw } = request;
      const { cookie } = raw.headers;
      const head = new ReplyHead(reply);
      const exchange = begin({ cookie, head, request });
      const fail = (error: unknown): void => answerError(error, raw, reply.raw);
      head.held?.waitFor(exchange, { fail, endIfOver() {} });
      releaseAfter(reply.raw, exchange, options, head.held);
      exchanges.set(request, { exchange, head });
      next();
    });
    app.addHook('onSend', async (request, reply, payload) => {
      const { exchange, head } = exchanges.get(request) ?? {};
      // The answer of the error handler comes here, too, after a save that failed.
      if (head === undefined || !exchange?.needsCommit) return payload;
      head.isRaw = false;
      try {
        if (!isResponse(payload)) {
          await exchange.commitFor(reply.statusCode, payload);
          return payload;
        }
        // After the hooks, Fastify lets the headers of a Response replace those of the reply.
        head.page = new FetchHead();
        head.page.page = payload.headers;
        await exchange.commitFor(payload.status);
        return head.page.applyTo(payload);
      } catch (error) {
        // Else Fastify keeps the status of a page that has refused, such as 403.
        reply.code(statusOfError(error));
        throw error;
      } finally {
        head.page = undefined;
      }
    });
    done();
  };
  // Fastify's own name for a plugin whose hooks count outside of it as well.
  return Object.assign(plugin, { [Symbol.for('skip-override')]: true });
}

interface Exchanged {
  readonly exchange: SessionExchange;
  readonly head: ReplyHead;
}

/** The headers that a reply has so far, or the response behind it if that is answered directly. */
class ReplyHead implements ResponseHead {
  readonly #reply: FastifyReplyLike;
  /** The held response; undefined for HTTP/2, whose responses cannot wait. */
  readonly held: HeldResponse | undefined;
  /** Whether the handler answers through `reply.raw`: Fastify's own way begins with a hook. */
  isRaw = true;
  /** The head of a Response that the handler has returned. */
  page: FetchHead | undefined;

  constructor(reply: FastifyReplyLike) {
    this.#reply = reply;
    this.held = isQueueable(reply.raw) ? HeldResponse.of(reply.raw) : undefined;
  }

  get headersSent(): boolean {
    return this.held?.headersSent ?? this.#reply.raw.headersSent;
  }

  getHeader(name: string): number | string | readonly string[] | undefined {
    if (this.page !== undefined) return this.page.getHeader(name);
    return this.#direct?.getHeader(name) ?? this.#reply.getHeader(name);
  }

  setHeader(name: string, value: string | readonly string[]): void {
    const other = this.page ?? this.#direct;
    if (other !== undefined) {
      other.setHeader(name, value);
      return;
    }
    // Fastify adds a cookie to those that are there, and does not replace them.
    this.#reply.removeHeader(name);
    this.#reply.header(name, value);
  }

  removeHeader(name: string): void {
    (this.page ?? this.#direct ?? this.#reply).removeHeader(name);
  }

  get #direct(): HeldResponse | undefined {
    return this.isRaw ? this.held : undefined;
  }
}
