/** Sessions of the store on node:http, for the adapters on it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Sessions } from '../../store/index.ts';
import { GRACE, type Kind } from '../../store/kinds.ts';
import { HeldResponse } from '../held-response.ts';
import { isQueueable } from '../queued-response.ts';
import { upgradeHeadOf } from '../upgrade-head.ts';
import { type ExchangeOptions, prepareSessions, type SessionExchange } from './exchange.ts';

/** Options of the adapters on node:http. */
export interface HttpSessionOptions extends ExchangeOptions {
  /**
   * Seconds that a page may run after its client has gone, before its session's lock is released
   * without a save. The session of a page that ends within them is saved.
   *
   * @default 30
   */
  readonly hangupGrace?: number | undefined;
}

/** The options of the adapters on node:http. */
export const HTTP_OPTIONS: Readonly<Record<string, Kind>> = { hangupGrace: GRACE };

/** Begins a request; the function that it returns is called when the page has ended, if that is known. */
export type BeginHttp = (
  request: IncomingMessage,
  response: ServerResponse,
  fail: (error: unknown) => void,
) => () => void;

/**
 * Prepares the requests of one server: each response is held until its session is saved.
 *
 * @param sessions - The store.
 * @param options - The cookie, and how long a page may outlive its client.
 * @returns A function to call before the page. Its `fail` receives the error of a save that failed;
 *   nothing of the response has left by then. For a request that becomes a WebSocket, `response` may be
 *   `{}`, and the page saves the session by itself.
 */
export function prepareHttpSessions<Data extends object>(
  sessions: Sessions<Data>,
  options: HttpSessionOptions,
): BeginHttp {
  const begin = prepareSessions(sessions, options, HTTP_OPTIONS);
  return (request, response, fail) => {
    const { cookie } = request.headers;
    if (!isQueueable(response)) {
      const head = upgradeHeadOf(request, response);
      saveWithSocket(request, begin({ cookie, head, request }));
      return () => {};
    }
    const held = HeldResponse.of(response);
    const exchange = begin({ cookie, head: held, request });
    held.waitFor(exchange, { fail, endIfOver() {} });
    return releaseAfter(response, exchange, options, held);
  };
}

/** Saves the session when its WebSocket closes: there is no response that could wait for the save. */
function saveWithSocket(request: IncomingMessage, exchange: SessionExchange): void {
  request.socket.once('close', () => {
    exchange.commitLate();
  });
}

/**
 * Releases what a request's session holds once its response or its client has gone.
 *
 * @param held - Knows whether the page has ended or destroyed its response.
 * @returns A function to call when the page has ended: its client may have gone before.
 */
export function releaseAfter(
  response: ServerResponse,
  exchange: SessionExchange,
  { hangupGrace = 30 }: HttpSessionOptions,
  held?: { readonly isOver: boolean },
): () => void {
  const close = (): void => void exchange.close().catch(() => {});
  let hasEnded = false;
  response.once('close', () => {
    // A response of HTTP/2 is not held: a page that answered through it has left its session unsaved.
    const hasLeft = response.writableFinished || (held?.isOver ?? response.headersSent);
    // The response that @fastify/websocket makes for a socket is never sent. Node sets `upgrade`.
    const { upgrade: isSocket } = response.req as { readonly upgrade?: boolean | null };
    const isOver = hasLeft || isSocket;
    if (isOver && !exchange.needsCommit) close();
    else if (hasEnded || isOver) exchange.commitLate();
    else setTimeout(close, hangupGrace * 1000).unref();
  });
  return () => {
    hasEnded = true;
    if (response.closed) exchange.commitLate();
  };
}
