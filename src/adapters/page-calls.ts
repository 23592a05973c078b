/** The methods by which a page decides, sends and ends its response, passed on to what holds that back. */
import type { ServerResponse } from 'node:http';
import type { Queued } from './queued-response.ts';

type Method = (...values: unknown[]) => unknown;

/** One of the functions below: a message names the line that called it. */
export type Called = (...values: never[]) => unknown;

/** Receives the page's calls. */
export interface PageCalls {
  pageRemoves(name: string): void;
  pageWritesHead(called: Called, values: readonly unknown[]): unknown;
  pageSends(method: 'write' | 'end' | 'flushHeaders', called: Called, values: unknown[]): unknown;
  pageEnded(): void;
  pageDestroys(error: unknown): void;
}

/** ServerResponse's own methods, or those that other libraries have put in their place. */
export interface OriginalMethods {
  readonly writeHead: Method;
  readonly removeHeader: Method;
  readonly destroy: Method;
  readonly write: Method;
  readonly end: Method;
  readonly flushHeaders: Method;
}

const RECEIVER: unique symbol = Symbol('phpsessid');

interface Received extends Queued {
  [RECEIVER]?: PageCalls;
}

/** Returns the receiver of a response's calls; undefined where nothing holds the response. */
export function receiverOf(response: ServerResponse): PageCalls | undefined {
  return (response as Received)[RECEIVER];
}

/**
 * Passes the calls of a response on.
 *
 * @returns The methods that were there before.
 */
export function passCalls(response: ServerResponse, receiver: PageCalls): OriginalMethods {
  const received = response as Received;
  const original: OriginalMethods = {
    writeHead: received.writeHead as Method,
    removeHeader: received.removeHeader as Method,
    destroy: received.destroy as Method,
    write: received.write as Method,
    end: received.end as Method,
    flushHeaders: received.flushHeaders,
  };
  // The same functions for all responses: V8 then shares one hidden class.
  received[RECEIVER] = receiver;
  received.writeHead = writeHead as typeof received.writeHead;
  received.removeHeader = removeHeader;
  received.destroy = destroy as typeof received.destroy;
  received.write = write as typeof received.write;
  received.end = end as typeof received.end;
  received.flushHeaders = flushHeaders;
  return original;
}

function writeHead(this: Received, ...values: unknown[]): unknown {
  return this[RECEIVER]?.pageWritesHead(writeHead, values);
}

function removeHeader(this: Received, name: string): void {
  this[RECEIVER]?.pageRemoves(name);
}

function write(this: Received, ...values: unknown[]): unknown {
  return this[RECEIVER]?.pageSends('write', write, values);
}

function end(this: Received, ...values: unknown[]): unknown {
  const result = this[RECEIVER]?.pageSends('end', end, values);
  this[RECEIVER]?.pageEnded();
  return result;
}

function flushHeaders(this: Received): void {
  this[RECEIVER]?.pageSends('flushHeaders', flushHeaders, []);
}

function destroy(this: Received, error?: Error): unknown {
  this[RECEIVER]?.pageDestroys(error);
  return this;
}
