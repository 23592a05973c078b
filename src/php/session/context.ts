/** The surroundings of a session: options, the client's input, the head of the response. */
import type { PhpVersion } from '../../serialize/index.ts';
import type { HandlerContext } from '../handlers/save-module.ts';
import type { PhpMessageHandler } from '../messages.ts';
import type { SessionSettings } from '../setting-types.ts';
import type { RandomBytes } from './identifiers.ts';

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
  /** @returns The header's value. */
  getHeader(name: string): number | string | readonly string[] | undefined;
  /** Sets a header, in place of its earlier value. */
  setHeader(name: string, value: string | readonly string[]): unknown;
  /** Removes a header. */
  removeHeader(name: string): void;
}

/** The client's input, as PHP has it in `$_COOKIE`, `$_GET` and `$_POST`. */
export interface RequestInput {
  /** `$_COOKIE[session.name]`: the id, or false where it is an array. */
  cookie(name: string): string | false | undefined;
  /** `$_GET[session.name]`. */
  query(name: string): string | false | undefined;
  /** `$_POST[session.name]`. */
  form(name: string): string | false | undefined;
  /** The Referer header. */
  readonly referer: string | undefined;
}

/** How PHP behaves, and the three things that differ from run to run. */
export interface PhpOptions<Name extends string = string> {
  /** The settings of php.ini: `{ 'session.gc_maxlifetime': 3600 }`. */
  settings?: SessionSettings<Name> | undefined;
  /** The PHP release to behave as. @default '8.4' */
  version?: PhpVersion | undefined;
  /** Receives PHP's warnings. @default process.emitWarning */
  onMessage?: PhpMessageHandler | undefined;
  /** Unix time in milliseconds. @default Date.now */
  clock?: (() => number) | undefined;
  /** Bytes for new ids. @default randomBytes of node:crypto */
  randomBytes?: RandomBytes | undefined;
  /** A whole number from 0 to below `limit`, for session.gc_probability. @default randomInt */
  randomInt?: ((limit: number) => number) | undefined;
  /** When the page changed, in milliseconds: the Last-Modified of the public and private limiters. */
  lastModified?: (() => number | undefined) | undefined;
  /**
   * Limits the effects of a save handler that throws. In PHP, a validateId() that throws gives the
   * visitor a new id, a session_start() that fails keeps its Set-Cookie, and close() is not called
   * after an exception. With true, a failed start changes no cookie, so that an outage of the store
   * signs no visitor out, and close() is always called.
   *
   * @default false
   */
  containFailures?: boolean | undefined;
  /**
   * How long a request may keep a session's file from others, in milliseconds, as php-fpm's
   * request_terminate_timeout bounds a page. After that the next request gets the file, and the late
   * one throws when it is saved. Waiting for the file does not count.
   *
   * @default no limit, as in PHP
   */
  maxLockTime?: number | undefined;
}

/** The request as its session sees it. */
export interface SessionContext extends HandlerContext {
  readonly input: RequestInput;
  readonly head: ResponseHead;
  readonly randomInt: (limit: number) => number;
  /** @returns Unix time in milliseconds; undefined where it is not known. */
  lastModified(): number | undefined;
}
