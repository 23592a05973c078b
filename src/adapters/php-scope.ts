/** One HTTP exchange as one PHP request: opened, saved before the head leaves, ended. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller, PhpOptions, PhpRequest, RequestInput } from '../php/host.ts';
import { callerOf, commitRequest, hasWork, inputOf, prepare } from '../php/host.ts';
import { holdBack } from './held-response.ts';

/** How PHP behaves, and what happens when a page fails. */
export interface PhpSessionOptions<Name extends string = string> extends PhpOptions<Name> {
  /**
   * Hears of an error that the listener or the session's end threw.
   *
   * The default answers 500 where nothing has left yet, cuts the connection where something has,
   * and gives the error to `process.emitWarning`.
   */
  onError?:
    | ((error: unknown, request: IncomingMessage, response: ServerResponse) => void)
    | undefined;
}

/** An exchange that has begun. */
export interface Exchange {
  readonly php: PhpRequest;
  /** Saves the session now, once; for a listener that threw or a client that went away. */
  commit(reason: string): Promise<void>;
  /** No session function may be called any more. */
  close(reason: string): void;
}

/**
 * Prepares exchanges.
 *
 * @param options - How PHP behaves.
 * @returns A function that begins one; its response waits for its session from then on.
 */
export function prepareExchanges(
  options: PhpOptions,
): (
  request: IncomingMessage,
  response: ServerResponse,
  fail: (error: unknown) => void,
) => Exchange {
  const open = prepare(options);
  return (request, response, fail) => {
    const headersSent = sentFlag(response);
    let sentFrom: Caller | undefined;
    const head = {
      get headersSent() {
        return headersSent();
      },
      get sentFrom() {
        return sentFrom?.();
      },
      getHeader: response.getHeader.bind(response),
      setHeader: response.setHeader.bind(response),
      removeHeader: response.removeHeader.bind(response),
    };
    const php = open({ input: sourceInput(request), head, source: request });
    let saving: Promise<void> | undefined;
    const commit = (reason: string): Promise<void> => {
      saving ??= commitRequest(php, reason);
      return saving;
    };
    holdBack(response, {
      sends(called) {
        sentFrom ??= callerOf(called);
      },
      isNeeded: () => saving !== undefined || hasWork(php),
      save: () => commit('the response had begun'),
      fail,
    });
    return {
      php,
      commit,
      close(reason) {
        php.ended ??= reason;
      },
    };
  };
}

function sourceInput(request: IncomingMessage & { body?: unknown }): RequestInput {
  const { cookie, referer } = request.headers;
  return inputOf({ cookie, referer, url: request.url, form: () => request.body });
}

/** Whether the head has really left, whatever the response pretends meanwhile. */
function sentFlag(response: ServerResponse): () => boolean {
  let object: object | null = response;
  let getter: (() => unknown) | undefined;
  while (object && !getter) {
    getter = Object.getOwnPropertyDescriptor(object, 'headersSent')?.get;
    object = Object.getPrototypeOf(object);
  }
  return () => Boolean(getter?.call(response));
}

/**
 * What happens to an error without a handler of one's own.
 *
 * @param error - What was thrown.
 * @param _request - The request.
 * @param response - Its response.
 */
export function answerError(
  error: unknown,
  _request: IncomingMessage,
  response: ServerResponse,
): void {
  process.emitWarning(error instanceof Error ? error : new Error(String(error)));
  if (response.destroyed || response.writableEnded) return;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.statusCode = 500;
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  response.end('Internal Server Error\n');
}
