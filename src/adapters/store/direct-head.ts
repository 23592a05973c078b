/** The response of a framework, and Node's behind it for a page that answers past the framework. */
import type { IncomingMessage } from 'node:http';
import type { ResponseHead } from '../../php/host.ts';
import { answerError } from '../answer-error.ts';
import { HeldResponse } from '../held-response.ts';
import { isQueueable } from '../queued-response.ts';
import type { SessionExchange } from './exchange.ts';
import { releaseAfter } from './http.ts';

/** Node's request and response, where the framework runs on node:http. */
export interface NodeExchange {
  readonly request?: unknown;
  readonly response?: unknown;
}

/** The framework's head, once the framework answers; until then that of Node's response. */
export class DirectHead implements ResponseHead {
  readonly #own: ResponseHead;
  readonly #node: NodeExchange;
  /** The held response; undefined for HTTP/2, whose responses cannot wait. */
  readonly #held: HeldResponse | undefined;
  #isDirect: boolean;

  constructor(own: ResponseHead, node: NodeExchange) {
    const { response } = node;
    const isNode = typeof response === 'object' && response !== null && 'headersSent' in response;
    this.#own = own;
    this.#node = node;
    this.#held = isNode && isQueueable(response) ? HeldResponse.of(response) : undefined;
    this.#isDirect = isNode;
  }

  /** Holds what the page writes into Node's response until this exchange has saved. */
  holdFor(exchange: SessionExchange): void {
    const { request, response } = this.#node;
    const fail = (error: unknown): void =>
      answerError(error, request as IncomingMessage, response as never);
    this.#held?.waitFor(exchange, { fail, endIfOver() {} });
  }

  /**
   * The page has returned: from now on the framework answers, unless the page has answered directly.
   *
   * @param isHandled - Whether the page has returned the framework's mark that it does so.
   * @returns Whether the page answers directly.
   */
  answersDirectly(exchange: SessionExchange, isHandled: boolean): boolean {
    const { response } = this.#node;
    this.#isDirect &&= isHandled || (response as ResponseHead).headersSent;
    if (this.#isDirect && exchange.needsCommit) {
      const hasEnded = releaseAfter(response as never, exchange, {}, this.#held);
      if ((response as { closed: boolean }).closed) hasEnded();
    }
    return this.#isDirect;
  }

  get #head(): ResponseHead {
    return this.#isDirect ? (this.#held ?? (this.#node.response as ResponseHead)) : this.#own;
  }

  get headersSent(): boolean {
    return this.#head.headersSent;
  }

  getHeader(name: string): ReturnType<ResponseHead['getHeader']> {
    return this.#head.getHeader(name);
  }

  setHeader(name: string, value: string | readonly string[]): void {
    this.#head.setHeader(name, value);
  }

  removeHeader(name: string): void {
    this.#head.removeHeader(name);
  }
}
