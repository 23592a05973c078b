/** The surroundings of a session: the client's input, the head of the response. */
import type { HandlerContext } from '../handlers/save-module.ts';

/** A line of a program. */
export interface Place {
  /** The file's path. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
}

/** The part of a response that a session writes to; node:http's ServerResponse is one. */
export interface ResponseHead {
  /** Whether it is too late for headers. */
  readonly headersSent: boolean;
  /** The line of the program that sent the headers; PHP 8.5 names it in its messages. */
  readonly sentFrom?: Place | undefined;
  /**
   * Returns a header that was set.
   *
   * @param name - Its name, in any case.
   * @returns Its value; undefined for one that was not set.
   */
  getHeader(name: string): number | string | readonly string[] | undefined;
  /** Sets a header, in place of its earlier value. */
  setHeader(name: string, value: string | readonly string[]): unknown;
  /** Removes a header. */
  removeHeader(name: string): void;
}

/** The client's input, as PHP has it in `$_COOKIE`, `$_GET` and `$_POST`. */
export interface RequestInput {
  /**
   * `$_COOKIE[session.name]`: the id; false where it is an array, undefined where it is missing.
   *
   * @param name - session.name.
   */
  cookie(name: string): string | false | undefined;
  /** `$_GET[session.name]`, with the same results. */
  query(name: string): string | false | undefined;
  /** `$_POST[session.name]`, with the same results. */
  form(name: string): string | false | undefined;
  /** The Referer header. */
  readonly referer: string | undefined;
}

/** The request as its session sees it. */
export interface SessionContext extends HandlerContext {
  readonly input: RequestInput;
  readonly head: ResponseHead;
  /** @returns Unix time in milliseconds; undefined where it is not known. */
  lastModified(): number | undefined;
}
