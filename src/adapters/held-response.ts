/**
 * Holds a node:http response back until its session is saved: if a redirect leaves before that, the
 * next request can read the old data.
 *
 * While an earlier response of the same connection is being sent (pipelining), Node keeps the bytes
 * of the next one in a queue. A held response is put into that state: Node itself checks, decides
 * and answers each call at its line, and only the bytes wait.
 */
import { type IncomingMessage, type OutgoingHttpHeader, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Caller, callerOf, type ResponseHead } from '../php/host.ts';
import { PhpScopeError } from '../php/index.ts';
import type { Exchange } from './exchange.ts';

/** Fields of ServerResponse that Node's own modules share without declaring them. */
interface Queued extends ServerResponse {
  req: IncomingMessage;
  _header: string | null;
  _headerSent: boolean;
  _hasBody: boolean;
  _contentLength: number | null;
  _removedContLen: boolean;
  finished: boolean;
  outputData: Chunk[];
  outputSize: number;
  _onPendingData(size: number): void;
  _flush(): void;
  [HOLD]?: HeldResponse;
}

interface Chunk {
  data: string | Uint8Array;
  encoding: string | null;
  callback: ((error?: Error) => void) | null;
}

interface QueuedSocket extends Socket {
  /** The response that may write to the socket. */
  _httpMessage?: ServerResponse | null;
  [HOLD]?: HeldResponse;
}

type Method = (...values: unknown[]) => unknown;
type Called = (...values: never[]) => unknown;

const HOLD: unique symbol = Symbol('phpsessid');

/** Stands for a held response on its socket; `server.close()` ends sockets of finished responses. */
const unfinished: ProxyHandler<ServerResponse> = {
  get: (response, property) =>
    property === 'finished' ? false : Reflect.get(response, property, response),
};

const MIXED_UP =
  'A callback used $_SESSION in the context of another request, and then answered this one, whose ' +
  'session is still open: use promises or phpSessionOf(request) in callbacks that wait in a queue; ' +
  'to answer another visitor on purpose, call session_write_close() in their page first';

/** Describe a body that an error page replaces. */
const CONTENT_HEADERS =
  /^(content-(?!security-policy)|(etag|last-modified|accept-ranges|transfer-encoding|trailer|location|digest|repr-digest)$)/i;

/** Whether a response is node:http's, so that it can be held back. */
export function isHoldable(response: object): response is ServerResponse {
  return 'outputData' in response && '_header' in response;
}

/** A response whose bytes wait for its exchange; as PHP sees it, the head of that response. */
export class HeldResponse implements ResponseHead {
  readonly #response: Queued;
  readonly #fail: (error: unknown) => void;
  readonly #onEnd: () => void;
  readonly #writeHead: Method;
  readonly #removeHeader: Method;
  readonly #destroy: Method;
  readonly #methods: {
    readonly write: Method;
    readonly end: Method;
    readonly flushHeaders: Method;
  };
  #exchange: Exchange | undefined;
  #state: 'open' | 'saving' | 'released' = 'open';
  #sentFrom: Caller | undefined;
  /** The status line as it was when the head was decided. */
  #decided: readonly [status: number, message: string] | undefined;
  /** The headers that writeHead() has set, with their values before. */
  #replaced: [name: string, value: OutgoingHttpHeader | undefined][] = [];
  /** The session's Set-Cookie line, unless the page has removed it. */
  #cookie: string | undefined;
  /** Whether the session has changed a header after the head was decided. */
  #isStale = false;
  #isOver = false;
  /** Whether a header of the session has bytes beyond ASCII. */
  #isBinary = false;
  /** Whether an error page has taken the page's place. */
  #isDiscarded = false;
  #cut: { readonly error: Error | undefined } | undefined;

  /**
   * Replaces the methods of one response that send its head.
   *
   * @param response - The response.
   * @param fail - Answers instead when the session could not be saved; nothing has left yet.
   * @param onEnd - Called when the page has ended the response.
   */
  constructor(response: ServerResponse, fail: (error: unknown) => void, onEnd: () => void) {
    this.#response = response as Queued;
    this.#fail = fail;
    this.#onEnd = onEnd;
    this.#writeHead = response.writeHead as Method;
    this.#removeHeader = response.removeHeader as Method;
    this.#destroy = response.destroy as Method;
    this.#methods = {
      write: response.write as Method,
      end: response.end as Method,
      flushHeaders: response.flushHeaders,
    };
    // The same functions for all responses: V8 then shares one hidden class.
    const held = this.#response;
    held[HOLD] = this;
    held.writeHead = writeHead as typeof held.writeHead;
    held.removeHeader = removeHeader;
    held.destroy = destroy as typeof held.destroy;
    held.write = write as typeof held.write;
    held.end = end as typeof held.end;
    held.flushHeaders = flushHeaders;
  }

  /** Holds the response until this exchange is committed. */
  waitFor(exchange: Exchange): void {
    this.#exchange = exchange;
  }

  get headersSent(): boolean {
    return this.#state === 'released' && this.#response.headersSent;
  }

  get sentFrom(): ReturnType<Caller> {
    return this.#sentFrom?.();
  }

  getHeader(name: string): OutgoingHttpHeader | undefined {
    return this.#response.getHeader(name);
  }

  setHeader(name: string, value: string | readonly string[]): void {
    const last = typeof value === 'string' ? value : (value.at(-1) ?? '');
    if (isSetCookie(name)) this.#cookie = last;
    this.#isBinary ||= /[^\0-\x7f]/.test(last);
    this.#unlocked(() => this.#response.setHeader(name, value));
  }

  removeHeader(name: string): void {
    this.#unlocked(() => this.#response.removeHeader(name));
  }

  /** Until the head has left, the session may change it, though Node locks it for the page. */
  #unlocked(change: () => void): void {
    const { _header: header } = this.#response;
    this.#isStale ||= header !== null;
    this.#response._header = null;
    try {
      change();
    } finally {
      this.#response._header = header;
    }
  }

  /** @internal The page's own removeHeader(). */
  pageRemoves(name: string): void {
    if (isSetCookie(name)) this.#cookie = undefined;
    this.#removeHeader.call(this.#response, name);
  }

  /** @internal */
  pageWritesHead(called: Called, values: readonly unknown[]): unknown {
    const response = this.#response;
    if (this.#state !== 'open' || response._header)
      return this.#writeHead.apply(response, [...values]);
    this.#sentFrom ??= callerOf(called);
    const [status, message] = values;
    const headers = typeof message === 'string' ? values[2] : (values[2] ?? message);
    const code = Number(status) | 0;
    const isRefused = code < 100 || code > 999 || (Array.isArray(headers) && isOdd(headers));
    // Node's own error, before any header is set.
    if (isRefused) return this.#writeHead.apply(response, [...values]);
    try {
      this.#merge(headers);
      this.#keepCookie();
      const line = typeof message === 'string' ? [status, message] : [status];
      this.#writeHead.apply(response, line);
    } catch (error) {
      this.#withdraw();
      throw error;
    }
    this.#decided = [response.statusCode, response.statusMessage];
    return response;
  }

  /** Sets the headers that writeHead() was given; its cookies join those that are set. */
  #merge(headers: unknown): void {
    const response = this.#response;
    const given = new Map<string, OutgoingHttpHeader>();
    for (const [name, value] of pairsOf(headers)) {
      if (!name) continue;
      const present = given.get(name.toLowerCase());
      if (present === undefined) this.#replaced.push([name, response.getHeader(name)]);
      const isCookie = isSetCookie(name);
      const before = present ?? (isCookie ? response.getHeader(name) : undefined);
      const joined =
        before === undefined ? value : ([before, value].flat().map(String) as OutgoingHttpHeader);
      // An undefined value is refused here, as by Node.
      response.setHeader(name, joined);
      given.set(name.toLowerCase(), joined);
    }
  }

  /** A list of cookies that the page has set in place of the session's keeps the session's. */
  #keepCookie(): void {
    const cookie = this.#cookie;
    const present = this.#response.getHeader('Set-Cookie');
    if (cookie === undefined || present === undefined) return;
    const lines = [present].flat().map(String);
    const name = cookie.slice(0, cookie.indexOf('=') + 1);
    if (lines.some((line) => line.startsWith(name))) return;
    this.#response.setHeader('Set-Cookie', [cookie, ...lines]);
  }

  /** Takes back what writeHead() has set. */
  #withdraw(): void {
    for (const [name, before] of this.#replaced.reverse()) {
      if (before === undefined) this.#removeHeader.call(this.#response, name);
      else this.#response.setHeader(name, before);
    }
    this.#replaced = [];
  }

  /** @internal */
  pageSends(method: 'write' | 'end' | 'flushHeaders', called: Called, values: unknown[]): unknown {
    const response = this.#response;
    if (this.#state === 'released') return this.#methods[method].apply(response, values);
    const unlessDiscarded = (value: unknown): unknown =>
      typeof value === 'function' ? (...given: unknown[]) => this.#callBack(value, given) : value;
    const call = (): unknown => this.#methods[method].apply(response, values.map(unlessDiscarded));
    // Node finds an unknown encoding when it writes to the socket; Buffer throws the same error.
    if (typeof values[1] === 'string') Buffer.from('', values[1] as BufferEncoding);
    if (this.#state === 'saving') return call();
    this.#sentFrom ??= callerOf(called);
    const isFree = !this.#exchange?.needsCommit && !this.#isStale && !this.#isBinary;
    if (!isFree) this.#park();
    let result: unknown;
    try {
      result = call();
    } catch (error) {
      // Refused by Node at this line; the page may still answer otherwise.
      if (response.outputData.length === 0) this.#unpark();
      else this.#save();
      throw error;
    }
    if (isFree) this.#state = 'released';
    else this.#save();
    return result;
  }

  /** Calls the page's callback of write() or end(), unless its answer was discarded. */
  #callBack(callback: unknown, values: unknown[]): void {
    if (!this.#isDiscarded) (callback as Method)(...values);
  }

  /** @internal */
  pageEnded(): void {
    this.#isOver = true;
    this.#onEnd();
  }

  /** @internal */
  pageDestroys(error: unknown): void {
    this.#isOver = true;
    this.#destroy.call(this.#response, error);
  }

  /** Whether the page has ended or destroyed its response. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** From now on Node queues the response's bytes. */
  #park(): void {
    const response = this.#response;
    const socket = response.socket as QueuedSocket | null;
    if (socket?._httpMessage === response) {
      socket._httpMessage = new Proxy(response, unfinished);
    } else if (socket === null) {
      // Behind another response: Node flushes it when its turn comes.
      response._flush = () => this.#park();
    }
  }

  #unpark(): void {
    const response = this.#response;
    if (Object.hasOwn(response, '_flush')) Reflect.deleteProperty(response, '_flush');
    const socket = response.socket as QueuedSocket | null;
    if (socket?._httpMessage) socket._httpMessage = response;
  }

  #save(): void {
    this.#state = 'saving';
    if (!this.#exchange?.needsCommit) {
      this.#release();
      return;
    }
    this.#delayDestroy();
    const mixUp = this.#exchange.isMixedUp ? new PhpScopeError(MIXED_UP) : undefined;
    this.#exchange.commit('the response had begun').then(
      () => (mixUp ? this.#discard(mixUp) : this.#release()),
      (error: unknown) => this.#discard(error),
    );
  }

  /**
   * Express's last handler destroys the socket of an answer that was sent already. Without a
   * session its bytes have left by then; here they wait, and so does the destruction.
   */
  #delayDestroy(): void {
    const socket = this.#response.req.socket as QueuedSocket;
    if (!Object.hasOwn(socket, HOLD)) {
      // Once for all responses of a connection.
      const original = socket.destroy;
      socket.destroy = (error) =>
        socket[HOLD]?.delaysDestroy(error) ? socket : original.call(socket, error);
    }
    socket[HOLD] = this;
  }

  /** @internal Whether the page destroys its socket before its answer has left. */
  delaysDestroy(error: Error | undefined): boolean {
    if (this.#state !== 'saving' || !this.#exchange?.isCurrent) return false;
    this.#cut ??= { error };
    return true;
  }

  #release(): void {
    const response = this.#response;
    this.#state = 'released';
    try {
      if (this.#isStale || this.#isBinary) this.#renewHead();
      this.#unpark();
      const { socket } = response;
      if (socket === null || socket.writable) {
        if (socket !== null) response._flush();
      } else this.#dropChunks(new Error('The client went away before the response was sent'));
    } catch (error) {
      process.emitWarning(error as Error);
      response.destroy(error as Error);
    }
    if (this.#cut) response.req.socket.destroy(this.#cut.error);
  }

  /** Writes the head again, with the headers that the session has set since it was decided. */
  #renewHead(): void {
    const response = this.#response;
    const { _header: before, statusCode, statusMessage } = response;
    if (before === null || this.#decided === undefined) return;
    if (this.#isStale) {
      response._header = null;
      const [status, message] = this.#decided;
      ServerResponse.prototype.writeHead.apply(response, [status, message as never]);
      Object.assign(response, { statusCode, statusMessage });
    }
    const header = response._header ?? '';
    const first = response.outputData[0];
    if (typeof first?.data !== 'string' || !first.data.startsWith(before)) return;
    const body = first.data.slice(before.length);
    // Node would encode a head that is joined to a string as UTF-8; header characters are bytes.
    const head: Chunk = { data: header, encoding: 'latin1', callback: null };
    response.outputData.splice(0, 1, head, { ...first, data: body });
    const grown = header.length - before.length;
    response.outputSize += grown;
    response._onPendingData(grown);
  }

  #dropChunks(error?: Error): void {
    const response = this.#response;
    const { outputData, outputSize } = response;
    response.outputData = [];
    response.outputSize = 0;
    response._onPendingData(-outputSize);
    if (error) for (const { callback } of outputData) callback?.(error);
  }

  /** Makes the response new again, for the page that says that the session could not be saved. */
  #discard(error: unknown): void {
    const response = this.#response;
    this.#state = 'released';
    this.#dropChunks();
    this.#unpark();
    Object.assign(response, {
      _header: null,
      _headerSent: false,
      _hasBody: response.req.method !== 'HEAD',
      _contentLength: null,
      chunkedEncoding: false,
      finished: false,
      statusCode: 500,
      statusMessage: undefined,
    });
    this.#isDiscarded = true;
    this.#withdraw();
    for (const name of response.getHeaderNames()) {
      if (CONTENT_HEADERS.test(name)) response.removeHeader(name);
    }
    response._removedContLen = false;
    for (const symbol of Object.getOwnPropertySymbols(response)) {
      const fields = response as unknown as Record<symbol, unknown>;
      if (symbol.description === 'kBytesWritten') fields[symbol] = 0;
      if (symbol.description === 'kNeedDrain') fields[symbol] = false;
    }
    if (response.destroyed) response.req.socket.destroy(this.#cut?.error);
    this.#fail(error);
  }
}

function isSetCookie(name: unknown): boolean {
  return typeof name === 'string' && name.length === 10 && name.toLowerCase() === 'set-cookie';
}

function isOdd(headers: readonly unknown[]): boolean {
  return !Array.isArray(headers[0]) && headers.length % 2 !== 0;
}

function pairsOf(headers: unknown): [string, OutgoingHttpHeader][] {
  if (typeof headers !== 'object' || headers === null) return [];
  if (!Array.isArray(headers)) return Object.entries(headers);
  if (Array.isArray(headers[0])) return headers as [string, OutgoingHttpHeader][];
  return Array.from({ length: headers.length / 2 }, (_, at) => [
    headers[2 * at] as string,
    headers[2 * at + 1] as OutgoingHttpHeader,
  ]);
}

function writeHead(this: Queued, ...values: unknown[]): unknown {
  return this[HOLD]?.pageWritesHead(writeHead, values);
}

function removeHeader(this: Queued, name: string): void {
  this[HOLD]?.pageRemoves(name);
}

function write(this: Queued, ...values: unknown[]): unknown {
  return this[HOLD]?.pageSends('write', write, values);
}

function end(this: Queued, ...values: unknown[]): unknown {
  const result = this[HOLD]?.pageSends('end', end, values);
  this[HOLD]?.pageEnded();
  return result;
}

function flushHeaders(this: Queued): void {
  this[HOLD]?.pageSends('flushHeaders', flushHeaders, []);
}

function destroy(this: Queued, error?: Error): unknown {
  this[HOLD]?.pageDestroys(error);
  return this;
}
