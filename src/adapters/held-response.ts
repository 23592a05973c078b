/**
 * Holds a node:http response back until its session is saved: if a redirect leaves before that, the
 * next request can read the old data.
 */
import { AsyncResource } from 'node:async_hooks';
import type { OutgoingHttpHeader, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Caller, callerOf, type ResponseHead } from '../php/host.ts';
import { warnOf } from '../serialize/messages.ts';
import { Commits, type Committing, type PageOwner, reportsFailure } from './commits.ts';
import {
  type Called,
  type OriginalMethods,
  type PageCalls,
  passCalls,
  receiverOf,
} from './page-calls.ts';
import { isSetCookie, PageHead } from './page-head.ts';
import {
  flush,
  park,
  type Queued,
  removeBodyHeaders,
  renewHead,
  separateHead,
  startOver,
  statusOf,
  unpark,
} from './queued-response.ts';

const HOLD: unique symbol = Symbol('phpsessid');

interface HeldSocket extends Socket {
  [HOLD]?: HeldResponse;
}

/** The methods that close a socket. */
const CLOSINGS = ['destroy', 'destroySoon', 'end'] as const;

/**
 * A response whose bytes wait for its exchanges, one for each middleware of ours; as PHP sees it, the
 * head of that response.
 */
export class HeldResponse implements ResponseHead, PageCalls {
  readonly #response: Queued;
  readonly #original: OriginalMethods;
  readonly #head: PageHead;
  readonly #commits = new Commits();
  #state: 'open' | 'saving' | 'released' = 'open';
  #sentFrom: Caller | undefined;
  /** Whether the session has changed a header after the head was decided. */
  #isStale = false;
  #isOver = false;
  /** Whether a header of the session has bytes beyond ASCII. */
  #isBinary = false;
  /** Whether an error page has taken the page's place. */
  #isDiscarded = false;
  /** Calls that close the socket, until the answer has left. */
  readonly #closings: (() => void)[] = [];

  /** Holds a response; one that another middleware holds already is held once. */
  static of(response: ServerResponse): HeldResponse {
    const receiver = receiverOf(response);
    return receiver instanceof HeldResponse ? receiver : new HeldResponse(response);
  }

  private constructor(response: ServerResponse) {
    this.#response = response as Queued;
    this.#original = passCalls(response, this);
    this.#head = new PageHead(response, this.#original);
  }

  /** Holds the response until this exchange, too, is committed. */
  waitFor(exchange: Committing, owner: PageOwner): void {
    this.#commits.add(exchange, owner);
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
    if (isSetCookie(name)) this.#head.noteCookie(last);
    this.#isBinary ||= /[^\0-\x7f]/.test(last);
    if (this.#response._header === null) this.#response.setHeader(name, value);
    else this.#unlocked(() => this.#response.setHeader(name, value));
  }

  removeHeader(name: string): void {
    if (this.#response._header === null) this.#response.removeHeader(name);
    else this.#unlocked(() => this.#response.removeHeader(name));
  }

  /** Until the head has left, the session may change it, though Node locks it for the page. */
  #unlocked(change: () => void): void {
    const { _header: header } = this.#response;
    this.#isStale = true;
    this.#response._header = null;
    try {
      change();
    } finally {
      this.#response._header = header;
    }
  }

  /** @internal The page's own removeHeader(). */
  pageRemoves(name: string): void {
    if (isSetCookie(name)) this.#head.dropCookies();
    this.#original.removeHeader.call(this.#response, name);
  }

  /** @internal */
  pageWritesHead(called: Called, values: readonly unknown[]): unknown {
    const response = this.#response;
    // Also while the session is saved: a library that has kept Node's own write() decides the head late.
    if (this.#state === 'released' || response._header) {
      return this.#original.writeHead.apply(response, [...values]);
    }
    this.#noteSender(called);
    this.#head.decide(values);
    return response;
  }

  /** @internal */
  pageSends(method: 'write' | 'end' | 'flushHeaders', called: Called, values: unknown[]): unknown {
    // A library that has kept this method, such as one that compresses, sends the rest of the page.
    const response = this.#response;
    if (this.#isDiscarded) return method === 'end' ? response : true;
    const original = this.#original[method];
    const given = values.map((value) => this.#callback(value));
    if (this.#state === 'released') return original.apply(response, given);
    // Node finds an unknown encoding when it writes to the socket; Buffer throws the same error.
    if (typeof values[1] === 'string') Buffer.from('', values[1] as BufferEncoding);
    if (this.#state === 'saving') return original.apply(response, given);
    this.#noteSender(called);
    const isFree = !this.#commits.areNeeded && !this.#isStale && !this.#isBinary;
    if (!isFree) park(response);
    let result: unknown;
    try {
      result = original.apply(response, given);
    } catch (error) {
      // Node refused the values before it sent any: the page may still send another answer.
      if (response.outputData.length === 0) unpark(response);
      else this.#save();
      throw error;
    }
    if (isFree) this.#state = 'released';
    else this.#save();
    return result;
  }

  /**
   * A callback of write() or end(), in the context of its call: Node calls it while it finishes an
   * earlier response of the connection. Not called once the page's answer was discarded.
   */
  #callback(value: unknown): unknown {
    if (typeof value !== 'function') return value;
    const callback = AsyncResource.bind(value as (...given: unknown[]) => unknown);
    return (...given: unknown[]) => {
      if (!this.#isDiscarded) callback(...given);
    };
  }

  #noteSender(called: Called): void {
    if (this.#commits.nameSender) this.#sentFrom ??= callerOf(called);
  }

  /** @internal */
  pageEnded(): void {
    this.#isOver = true;
    this.#commits.pageEnded();
  }

  /** @internal */
  pageDestroys(error: unknown): void {
    this.#isOver = true;
    this.#original.destroy.call(this.#response, error);
  }

  /** Whether the page has ended or destroyed its response. */
  get isOver(): boolean {
    return this.#isOver;
  }

  #save(): void {
    this.#state = 'saving';
    if (this.#commits.areNeeded) this.#delayClosing();
    this.#commits.run(
      () => this.#release(),
      (error, owner, isKnown) => this.#discard(error, owner, isKnown),
    );
  }

  /**
   * A page may close its socket after its answer, as Express's last handler does. Without a session
   * its bytes have left by then; here they wait, and so does the closing.
   */
  #delayClosing(): void {
    const socket = this.#response.req.socket as HeldSocket;
    if (!Object.hasOwn(socket, HOLD)) {
      // Once for all responses of a connection.
      for (const name of CLOSINGS) {
        const original = socket[name] as (...values: unknown[]) => void;
        const close = (...values: unknown[]): Socket => {
          const call = (): void => original.apply(socket, values);
          if (!socket[HOLD]?.delays(call)) call();
          return socket;
        };
        Object.assign(socket, { [name]: close });
      }
    }
    socket[HOLD] = this;
  }

  /** @internal Whether the page closes its socket before its answer has left. */
  delays(closing: () => void): boolean {
    if (this.#state !== 'saving' || !this.#commits.areCurrent) return false;
    this.#closings.push(closing);
    return true;
  }

  #close(): void {
    for (const closing of this.#closings.splice(0)) closing();
  }

  #release(): void {
    const response = this.#response;
    this.#state = 'released';
    try {
      this.#renewHead();
      flush(response);
    } catch (error) {
      warnOf(error);
      response.destroy(error as Error);
    }
    this.#close();
  }

  /** Writes the head again, with the headers that the session has set since it was decided. */
  #renewHead(): void {
    const { _header: before } = this.#response;
    const { decided } = this.#head;
    if (before === null || decided === undefined) return;
    if (this.#isStale) renewHead(this.#response, decided);
    if (this.#isStale || this.#isBinary) separateHead(this.#response, before);
  }

  /** An error page is sent past other libraries' methods, for which the response has ended. */
  #leaveOthers(): void {
    const response = this.#response;
    const inherited = Reflect.getPrototypeOf(response) as Queued;
    response.writeHead = inherited.writeHead;
    response.write = inherited.write;
    response.flushHeaders = inherited.flushHeaders;
    response.end = ((...values: Parameters<ServerResponse['end']>) => {
      inherited.end.apply(response, values);
      this.pageEnded();
      return response;
    }) as typeof response.end;
    // Later writes of the discarded page fail, and must not end the process.
    response.on('error', () => {});
  }

  /** Gives the response to the page that says that the session could not be saved. */
  #discard(error: unknown, owner: PageOwner, isKnown: boolean): void {
    const response = this.#response;
    if (reportsFailure(statusOf(response), isKnown)) {
      warnOf(error);
      this.#release();
      return;
    }
    if (this.#isOver && !response.finished && !response.destroyed) {
      // Another library still has the page's end(): one that compresses, or another session's save.
      setTimeout(() => this.#discard(error, owner, isKnown), LOOK_EVERY).unref();
      return;
    }
    this.#state = 'released';
    startOver(response);
    this.#isDiscarded = true;
    this.#leaveOthers();
    this.#head.withdraw();
    removeBodyHeaders(response);
    if (response.destroyed) this.#close();
    // A stream that the page still pipes would write into the error page.
    if (!this.#isOver) response.emit('error', error);
    owner.fail(error);
  }
}

/** Milliseconds between two looks at a response whose end another library delays. */
const LOOK_EVERY = 10;
