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
  /** The line of the program that sent the headers, for PHP's warnings of a header that came too late. */
  readonly sentFrom?: Place | undefined;
  /**
   * Returns a header that was set.
   *
   * @param name - The header's name, in any case.
   * @returns The header's value; undefined for a header that was not set.
   */
  getHeader(name: string): number | string | readonly string[] | undefined;
  /**
   * Sets a header, in place of its earlier value.
   *
   * @param name - The header's name, in any case.
   * @param value - The value; of several cookies, a list with one Set-Cookie for each.
   */
  setHeader(name: string, value: string | readonly string[]): unknown;
  /**
   * Removes a header.
   *
   * @param name - The header's name, in any case.
   */
  removeHeader(name: string): void;
}

/** The client's input, as PHP has it in `$_COOKIE`, `$_GET` and `$_POST`. */
export interface RequestInput {
  /**
   * Reads `$_COOKIE[session.name]`.
   *
   * @param name - session.name.
   * @returns The id; false for an array, undefined without such a cookie.
   */
  cookie(name: string): string | false | undefined;
  /**
   * Reads `$_GET[session.name]`.
   *
   * @param name - session.name.
   * @returns The id; false for an array, undefined without such a variable.
   */
  query(name: string): string | false | undefined;
  /**
   * Reads `$_POST[session.name]`.
   *
   * @param name - session.name.
   * @returns The id; false for an array, undefined without such a field.
   */
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
