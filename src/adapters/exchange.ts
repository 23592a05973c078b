/** One HTTP exchange as one PHP request, for an adapter of any framework. */
import {
  commitRequest,
  hasWork,
  inputOf,
  insideOwn,
  isInside,
  isStray,
  knowRequest,
  namesSender,
  type PhpOptions,
  type PhpRequest,
  prepare,
  type RequestSource,
  type ResponseHead,
  runRequest,
} from '../php/host.ts';

/** A request as its framework has it, and the head of its response. */
export interface ExchangeParts extends RequestSource {
  /** Receives the session's cookie and cache headers. */
  readonly head: ResponseHead;
  /** The framework's request: `phpSessionOf()` finds the session by it. */
  readonly request: object;
  /** Further objects to find the session by: the response, a raw request. */
  readonly aliases?: readonly object[] | undefined;
}

/**
 * An exchange that has begun: run the page, commit, send the response, close.
 *
 * The head may leave only after `commit()`: a browser could follow a redirect sooner and read the
 * session as it was before.
 *
 * @example
 * const begin = prepareExchanges();
 * const headers = new Map<string, unknown>();
 * const head: ResponseHead = {
 *   headersSent: false,
 *   getHeader: () => undefined,
 *   setHeader: (name, value) => headers.set(name, value),
 *   removeHeader: (name) => headers.delete(name),
 * };
 * const exchange = begin({ cookie: 'PHPSESSID=known', request: {}, head });
 * await exchange.run(() => session_start()); // true
 * exchange.needsCommit; // true
 * await exchange.commit('the page was complete');
 * exchange.needsCommit; // false
 * headers.get('Pragma'); // 'no-cache'
 * exchange.close('its response was complete');
 */
export class Exchange {
  readonly #php: PhpRequest;
  #saving: Promise<void> | undefined;
  #isSettled = false;

  /** @internal {@link prepareExchanges} makes exchanges. */
  constructor(php: PhpRequest) {
    this.#php = php;
  }

  /**
   * Runs the page, and all it awaits, in the request's context.
   *
   * @param page - The page.
   * @returns The result of `page`.
   */
  async run<Result>(page: () => Result | Promise<Result>): Promise<Result> {
    return await runRequest(this.#php, page);
  }

  /**
   * As `run()`, but a page that returns no promise makes none, and what it throws is thrown at once.
   *
   * @internal
   */
  serve(page: () => unknown): unknown {
    return runRequest(this.#php, page);
  }

  /**
   * Runs an event's listeners in the request's context, whatever context the event came from.
   *
   * @param body - The listeners.
   * @returns The result of `body`.
   */
  within<Result>(body: () => Result): Result {
    return insideOwn(this.#php, body);
  }

  /** Whether this code runs in the request's context. */
  get isCurrent(): boolean {
    return isInside(this.#php);
  }

  /**
   * Whether the running callback has just used another request's session, in that request's context,
   * while this one is still open: an answer now would show one visitor another's data.
   */
  get isMixedUp(): boolean {
    return this.#php.session.isActive && isStray(this.#php);
  }

  /** @internal Whether a message may yet name the line that sends the head. */
  get namesSender(): boolean {
    return namesSender(this.#php);
  }

  /** Whether the head must wait for `commit()`; false also once that has settled. */
  get needsCommit(): boolean {
    return !this.#isSettled && (this.#saving !== undefined || hasWork(this.#php));
  }

  /**
   * Ends the session: shutdown functions, write, close. Further calls return the first one's promise.
   *
   * @param reason - Why no later change is saved; an error that a late change throws quotes it.
   * @throws The first error that a shutdown function or the save handler threw: the response must
   *   not claim that the session was saved.
   */
  commit(reason: string): Promise<void> {
    return this.commitNow(reason) ?? Promise.resolve();
  }

  /**
   * As `commit()`, for an adapter whose response may leave at once.
   *
   * @internal
   * @returns undefined for a session that was saved without having to wait.
   */
  commitNow(reason: string): Promise<void> | undefined {
    if (this.#saving === undefined && !this.#isSettled) this.#begin(reason);
    return this.#saving;
  }

  #begin(reason: string): void {
    let saving: void | Promise<void>;
    try {
      saving = commitRequest(this.#php, reason);
    } catch (error) {
      saving = Promise.reject(error);
    }
    if (saving === undefined) this.#isSettled = true;
    else {
      this.#saving = saving.finally(() => {
        this.#isSettled = true;
      });
    }
  }

  /**
   * Refuses every later call of a session function.
   *
   * @param reason - Why; the error quotes it.
   */
  close(reason: string): void {
    this.#php.ended ??= reason;
  }
}

/**
 * Prepares exchanges. The settings are checked once, here.
 *
 * @param options - PHP's behaviour.
 * @returns A function that begins one exchange.
 * @throws RangeError for an unknown option or setting, or a value that PHP refuses.
 * @example
 * // An adapter for listeners that return a page.
 * import { createServer, type IncomingMessage } from 'node:http';
 *
 * const begin = prepareExchanges({ settings: { 'session.cookie_httponly': '1' } });
 * const adapt = (page: (request: IncomingMessage) => Promise<string>) =>
 *   createServer(async (request, response) => {
 *     const { headers, url } = request;
 *     const { cookie, referer } = headers;
 *     const exchange = begin({ cookie, referer, url, request, head: response });
 *     const body = await exchange.run(() => page(request));
 *     await exchange.commit('the page was complete');
 *     response.end(body);
 *     exchange.close('its response was complete');
 *   });
 *
 * adapt(async () => {
 *   await session_start();
 *   $_SESSION['count'] = Number($_SESSION['count'] ?? 0) + 1;
 *   return `Count: ${$_SESSION['count']}`;
 * }).listen(8080);
 *
 * await (await fetch('http://localhost:8080/')).text(); // 'Count: 1'
 */
export function prepareExchanges(options: PhpOptions = {}): (parts: ExchangeParts) => Exchange {
  const open = prepare(options);
  return (parts) => {
    const { head, request, aliases } = parts;
    const php = open({ input: inputOf(parts), head, source: request });
    knowRequest(php, request);
    for (const alias of aliases ?? []) knowRequest(php, alias);
    return new Exchange(php);
  };
}
