/** One request of node:http, from its arrival to the end of its response, for the adapters on it. */
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PhpOptions, ResponseHead } from '../php/host.ts';
import { session_write_close } from '../php/index.ts';
import { type Exchange, prepareExchanges } from './exchange.ts';
import { HeldResponse, isHoldable } from './held-response.ts';

/** How PHP behaves, and how long a page may outlive its client. */
export interface HttpOptions<Name extends string = string> extends PhpOptions<Name> {
  /**
   * Milliseconds that a page may go on after its client has gone, before its session is saved and
   * closed. A page that never ends would keep its session's lock; PHP's max_execution_time does this.
   *
   * @default 30000
   */
  hangupGrace?: number | undefined;
}

/** Serves one request as one PHP request. */
export type ServeHttp = (
  request: IncomingMessage,
  response: ServerResponse,
  fail: (error: unknown) => void,
  page: () => unknown,
) => void;

/**
 * Prepares the requests of one server.
 *
 * @param options - How PHP behaves.
 * @returns A function that serves one request. Its `fail` receives what the page or the end of its
 *   session threw; its `page` runs in the request's context.
 * @throws RangeError for an unknown setting, or a value that PHP refuses.
 * @example
 * // An adapter for listeners that return a page, its response held back as in phpsessid/node.
 * import { createServer } from 'node:http';
 *
 * const serve = prepareHttp({});
 * createServer((request, response) => {
 *   const fail = (error: unknown) => response.writeHead(500).end(String(error));
 *   serve(request, response, fail, async () => {
 *     await session_start();
 *     $_SESSION['count'] = Number($_SESSION['count'] ?? 0) + 1;
 *     response.end(`Count: ${$_SESSION['count']}`);
 *   });
 * }).listen(8080);
 *
 * await (await fetch('http://localhost:8080/')).text(); // 'Count: 1'
 */
export function prepareHttp(options: HttpOptions): ServeHttp {
  const { hangupGrace = 30_000 } = options;
  const begin = prepareExchanges(options);
  const open = (request: IncomingMessage, response: object, head: ResponseHead): Exchange => {
    const { cookie, referer } = request.headers;
    const form = (): unknown => (request as { body?: unknown }).body;
    const { url } = request;
    const exchange = begin({ cookie, referer, url, form, head, request, aliases: [response] });
    bindEvents(request, exchange);
    return exchange;
  };

  return (request, response, fail, page) => {
    acceptProperties(request);
    acceptProperties(response);
    if (!isHoldable(response)) {
      const exchange = open(request, response, headOf(request, response));
      serveUpgrade(exchange, request, fail, page);
      return;
    }
    let isAsync = false;
    let isSettled = false;
    let isClosed = false;
    const reported = new Set<unknown>();
    const report = (error: unknown): void => {
      reported.add(error);
      fail(error);
    };
    const warn = (error: unknown): void => {
      if (!reported.has(error)) process.emitWarning(error as Error);
    };
    const finish = (): void => {
      const reason = response.writableFinished
        ? 'its response was complete'
        : 'its client had gone away';
      exchange
        .commit(reason)
        .catch(warn)
        .finally(() => exchange.close(reason));
    };
    // A page that returns no promise is over when it has ended its response.
    const finishIfOver = (): void => {
      if (isClosed && (isAsync ? isSettled : held.isOver)) finish();
    };
    const held = new HeldResponse(response, report, finishIfOver);
    const exchange = open(request, response, held);
    held.waitFor(exchange);
    bindEvents(response, exchange);
    response.once('close', () => {
      isClosed = true;
      finishIfOver();
      if (response.writableFinished) return;
      // PHP starts a page when it has the whole request: without the rest, the page cannot go on.
      if (!request.complete) finish();
      else setTimeout(finish, hangupGrace).unref();
    });
    const run = (): unknown => {
      const result = page();
      isAsync = isThenable(result);
      return result;
    };
    exchange
      .run(run)
      .catch(async (error: unknown) => {
        // As PHP does after an uncaught exception: the session is saved all the same.
        await exchange.commit('its page had failed').catch(warn);
        report(error);
      })
      .finally(() => {
        isSettled = true;
        finishIfOver();
      });
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';
}

/**
 * Makes an object whose prototype was replaced cheap to add properties to.
 *
 * Express replaces the prototypes of each request and response. V8 shares no hidden class from then
 * on: each property that is added copies the description of all properties, and no later access is
 * cached. A deletion turns the object into a dictionary, whose hidden class is shared again.
 */
function acceptProperties(object: object): void {
  if (Object.getPrototypeOf(object) === object.constructor?.prototype) return;
  const { _events: listeners } = object as { readonly _events?: unknown };
  if (listeners === undefined) return;
  Reflect.deleteProperty(object, '_events');
  Object.assign(object, { _events: listeners });
}

/** Runs an emitter's listeners in the request's context: Node emits from the parser's or socket's. */
function bindEvents(emitter: EventEmitter, exchange: Exchange): void {
  const { emit } = emitter;
  emitter.emit = (...values) => exchange.within(() => emit.apply(emitter, values));
}

/** The head of an upgrade's response: `{}` from `ws`, an object that keeps headers from Socket.IO. */
function headOf(request: IncomingMessage, response: object): ResponseHead {
  if (!request.headers.upgrade) {
    throw new TypeError(
      "The response is not node:http's ServerResponse and cannot wait for its session. " +
        'HTTP/2 responses are not supported: let a proxy in front speak HTTP/2',
    );
  }
  const headers = new Map<string, string | readonly string[]>();
  const own = response as Partial<ResponseHead>;
  return {
    headersSent: false,
    getHeader: (name) => own.getHeader?.(name) ?? headers.get(name.toLowerCase()),
    setHeader(name, value) {
      headers.set(name.toLowerCase(), value);
      own.setHeader?.(name, value);
    },
    removeHeader(name) {
      headers.delete(name.toLowerCase());
      own.removeHeader?.(name);
    },
  };
}

/**
 * Serves a request that becomes a WebSocket. Its session functions work until the socket closes. A
 * session that an async page has left open is saved and closed when the page returns: its lock must
 * not last as long as the socket.
 */
function serveUpgrade(
  exchange: Exchange,
  request: IncomingMessage,
  fail: (error: unknown) => void,
  page: () => unknown,
): void {
  const reason = 'its socket was closed';
  request.socket.once('close', () => {
    exchange
      .commit(reason)
      .catch((error: unknown) => process.emitWarning(error as Error))
      .finally(() => exchange.close(reason));
  });
  const run = async (): Promise<void> => {
    const result = page();
    if (!isThenable(result)) return;
    try {
      await result;
    } finally {
      await session_write_close();
    }
  };
  exchange.run(run).catch(fail);
}
