/** One request of node:http, from its arrival to the end of its response, for the adapters on it. */
import type { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { isThenable, type PhpOptions, type ResponseHead } from '../php/host.ts';
import { PhpScopeError, session_write_close } from '../php/index.ts';
import { warnOf } from '../serialize/messages.ts';
import type { PageOwner } from './commits.ts';
import { type Exchange, type ExchangeParts, prepareExchanges } from './exchange.ts';
import { HeldResponse } from './held-response.ts';
import { isQueueable } from './queued-response.ts';
import { upgradeHeadOf } from './upgrade-head.ts';

/** The longest delay of setTimeout(); a longer one would fire at once. */
const LONGEST_DELAY = 2 ** 31 - 1;

const OTHER_SETTINGS =
  "The request has already passed a middleware of PHP's layer that has other settings: use one for " +
  'each request, or change a setting in the page before session_start(), as by session_name()';

/** PHP's behaviour, and how long a page may outlive its client. */
export interface HttpOptions<Name extends string = string> extends PhpOptions<Name> {
  /**
   * Seconds that a page may run after its client has gone, before its session is saved and closed. A
   * page that never ends would keep its session's lock; PHP's max_execution_time does this.
   *
   * @default 30
   */
  hangupGrace?: number | undefined;
}

/**
 * Serves one request as one PHP request.
 *
 * @param request - The request.
 * @param response - The response, which is held back until the session is saved.
 * @param fail - Receives what the page or the end of its session threw, and answers.
 * @param page - The page, which runs in the request's context; it may be async.
 */
export type ServeHttp = (
  request: IncomingMessage,
  response: ServerResponse,
  fail: (error: unknown) => void,
  page: () => unknown,
) => void;

/**
 * Prepares the requests of one server.
 *
 * @param options - PHP's behaviour.
 * @returns A function that serves one request.
 * @throws RangeError for an unknown option or setting, or a value that PHP refuses.
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
  const { hangupGrace = 30, ...php } = options;
  if (!(typeof hangupGrace === 'number' && hangupGrace >= 0)) {
    throw new RangeError(`hangupGrace takes seconds from 0, not ${inspect(hangupGrace)}`);
  }
  const begin = prepareExchanges(php);
  const settings = php.settings && inspect(php.settings, { sorted: true });
  const layer: Layer = { hangupGrace, settings };
  return (request, response, fail, page) => {
    const { [BINDING]: outer } = request as Bound;
    if (outer !== undefined) {
      // A request that was wrapped before keeps its session.
      const isSame = [undefined, outer.settings].includes(layer.settings);
      if (isSame) callPage(page).catch(fail);
      else fail(new PhpScopeError(OTHER_SETTINGS));
      return;
    }
    acceptProperties(request);
    acceptProperties(response);
    if (isQueueable(response)) {
      new Serving(begin, request, response, fail, layer).run(page);
      return;
    }
    let head: ResponseHead;
    try {
      head = upgradeHeadOf(request, response);
    } catch (error) {
      // A server that speaks both versions would end with its first request of HTTP/2.
      fail(error);
      return;
    }
    const exchange = begin(new NodeParts(request, response, head));
    bindEvents(request, exchange, layer);
    serveUpgrade(exchange, request, fail, page);
  };
}

async function callPage(page: () => unknown): Promise<void> {
  await page();
}

/** The options of one middleware or wrapper. */
interface Layer {
  readonly hangupGrace: number;
  /** As text, to compare them; undefined for none. */
  readonly settings: string | undefined;
}

/** A request of node:http as an exchange takes it. */
class NodeParts implements ExchangeParts {
  readonly cookie: string | undefined;
  readonly referer: string | undefined;
  readonly url: string | undefined;
  readonly head: ResponseHead;
  readonly request: IncomingMessage;
  readonly aliases: readonly object[];

  constructor(request: IncomingMessage, response: object, head: ResponseHead) {
    const { cookie, referer } = request.headers;
    this.cookie = cookie;
    this.referer = referer;
    this.url = request.url;
    this.head = head;
    this.request = request;
    this.aliases = [response];
  }

  /** The fields that a body parser has left on the request. */
  form(): unknown {
    return (this.request as { readonly body?: unknown }).body;
  }
}

/** A request while it is served: from its page's start until its page and its response are over. */
class Serving implements PageOwner {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #fail: (error: unknown) => void;
  readonly #hangupGrace: number;
  readonly #held: HeldResponse;
  readonly #exchange: Exchange;
  /** Errors that `fail` has received. */
  #reported: unknown[] | undefined;
  #isAsync = false;
  #isSettled = false;
  #isClosed = false;

  constructor(
    begin: (parts: ExchangeParts) => Exchange,
    request: IncomingMessage,
    response: ServerResponse,
    fail: (error: unknown) => void,
    layer: Layer,
  ) {
    this.#request = request;
    this.#response = response;
    this.#fail = fail;
    this.#hangupGrace = layer.hangupGrace;
    this.#held = HeldResponse.of(response);
    this.#exchange = begin(new NodeParts(request, response, this.#held));
    this.#held.waitFor(this.#exchange, this);
    bindEvents(request, this.#exchange, layer);
    bindEvents(response, this.#exchange, layer, this);
  }

  run(page: () => unknown): void {
    let result: unknown;
    try {
      result = this.#exchange.serve(() => {
        const result = page();
        this.#isAsync = isThenable(result);
        return result;
      });
    } catch (error) {
      this.#failPage(error);
      return;
    }
    if (!isThenable(result)) this.#settle();
    else {
      Promise.resolve(result).then(
        () => this.#settle(),
        (error: unknown) => this.#failPage(error),
      );
    }
  }

  /** As PHP does after an uncaught exception: the session is saved all the same. */
  async #failPage(error: unknown): Promise<void> {
    await this.#exchange.commit('its page had failed').catch((failure) => this.#warn(failure));
    try {
      this.fail(error);
    } finally {
      this.#settle();
    }
  }

  #settle(): void {
    this.#isSettled = true;
    this.endIfOver();
  }

  fail(error: unknown): void {
    this.#reported ??= [];
    this.#reported.push(error);
    this.#fail(error);
  }

  #warn(error: unknown): void {
    if (!this.#reported?.includes(error)) warnOf(error);
  }

  /** The response is complete, or its client has gone. */
  close(): void {
    this.#isClosed = true;
    this.endIfOver();
    if (this.#response.writableFinished) return;
    // PHP starts a page when it has the whole request: without the rest, the page cannot continue.
    if (!this.#request.complete) this.#end();
    else setTimeout(() => this.#end(), Math.min(this.#hangupGrace * 1000, LONGEST_DELAY)).unref();
  }

  /** A page that returns no promise is over when it has ended its response. */
  endIfOver(): void {
    if (this.#isClosed && (this.#isAsync ? this.#isSettled : this.#held.isOver)) this.#end();
  }

  #end(): void {
    const reason = this.#response.writableFinished
      ? 'its response was complete'
      : 'its client had gone away';
    const saving = this.#exchange.commitNow(reason);
    if (saving === undefined) this.#exchange.close(reason);
    else {
      saving
        .catch((error: unknown) => this.#warn(error))
        .finally(() => this.#exchange.close(reason));
    }
  }
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

const BINDING: unique symbol = Symbol('phpsessid');

interface Binding extends Pick<Layer, 'settings'> {
  readonly exchange: Exchange;
  readonly emit: EventEmitter['emit'];
  /** Called at the emitter's close, before its listeners. */
  readonly owner: { close(): void } | undefined;
}

interface Bound extends EventEmitter {
  [BINDING]?: Binding;
}

/** Runs an emitter's listeners in the request's context: Node emits from the parser's or socket's. */
function bindEvents(
  emitter: Bound,
  exchange: Exchange,
  { settings }: Layer,
  owner?: Binding['owner'],
): void {
  emitter[BINDING] = { exchange, settings, emit: emitter.emit, owner };
  emitter.emit = emitWithin;
}

function emitWithin(this: Bound, name: string | symbol, ...values: unknown[]): boolean {
  const { exchange, emit, owner } = this[BINDING] as Binding;
  if (name === 'close') owner?.close();
  // Most events have no listener, and need no context.
  if (this.listenerCount(name) === 0) return emit.call(this, name, ...values);
  return exchange.within(() => emit.call(this, name, ...values));
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
      .catch(warnOf)
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
