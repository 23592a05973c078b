import { inspect } from 'node:util';

/** The level that PHP gives a message. */
export type PhpMessageLevel = 'E_WARNING' | 'E_NOTICE' | 'E_DEPRECATED';

/** A message in PHP's words, as PHP would print or log it. */
export interface PhpMessage {
  /** The level that PHP gives it. */
  readonly level: PhpMessageLevel;
  /** The whole text: `unserialize(): Extra data starting at offset 4 of 5 bytes`. */
  readonly message: string;
}

const reported = new Set<string>();

/**
 * Passes a message to Node's warnings, the default without a handler of the application. A
 * deprecation is reported once per process, as Node reports its own; other messages each time.
 *
 * @param message - PHP's message.
 */
export function emitAsWarning({ level, message }: PhpMessage): void {
  if (level === 'E_DEPRECATED') {
    if (reported.has(message)) return;
    reported.add(message);
  }
  process.emitWarning(message, { type: level });
}

/**
 * Reports an error that no caller receives as a warning of the process.
 *
 * @param error - Any value: process.emitWarning() throws for one that is neither an Error nor a text.
 */
export function warnOf(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : inspect(error));
}

/** The PHP releases whose behaviour can be selected. */
export type PhpVersion = '8.2' | '8.3' | '8.4' | '8.5' | '8.6';

/**
 * Bytes that PHP's `unserialize()` refuses. The message and the offset are PHP's own.
 *
 * @see PHP_VAR_UNSERIALIZE in php-src ext/standard/var_unserializer.re
 * @example
 * unserialize('a:1:{i:0;i:3'); // throws UnserializeError: unserialize(): Error at offset 9 of 12 bytes
 */
export class UnserializeError extends Error {
  /** PHP's offset of the fault: the start of the element that it could not read. */
  readonly offset: number;
  /** The level of PHP's own message: a warning, up to 8.2 a notice. */
  readonly level: PhpMessageLevel;
  /** PHP's messages before this one, about the depth for example. */
  readonly messages: readonly PhpMessage[];

  /**
   * Writes the message as the PHP release does.
   *
   * @param offset - PHP's offset.
   * @param length - How many bytes there were.
   * @param version - The PHP release.
   * @param messages - The messages before this one.
   */
  constructor(
    offset: number,
    length: number,
    version: PhpVersion,
    messages: readonly PhpMessage[] = [],
  ) {
    super(`unserialize(): Error at offset ${offset} of ${length} bytes`);
    this.name = 'UnserializeError';
    this.offset = offset;
    this.level = version === '8.2' ? 'E_NOTICE' : 'E_WARNING';
    this.messages = messages;
  }
}

/**
 * A value that PHP has no type for, or would read back as another type.
 *
 * @example
 * const cart: unknown = { items: [{ added: new Date(0) }] };
 * try {
 *   serialize(cart as PhpValue);
 * } catch (error) {
 *   error instanceof UnserializableError && error.path; // '$value.items[0].added'
 * }
 */
export class UnserializableError extends TypeError {
  /** The path to the value, as TypeScript writes it: `$_SESSION.cart[2].when`. */
  readonly path: string;

  /**
   * Puts the path in front of the reason.
   *
   * @param path - The path to the value.
   * @param reason - Why PHP cannot hold the value, and what to write instead.
   */
  constructor(path: string, reason: string) {
    super(`${path}: ${reason}`);
    this.name = 'UnserializableError';
    this.path = path;
  }
}

/**
 * A session's envelope that cannot be read: it is damaged, or a newer program has written it. The
 * message has the path and the reason, and none of the data.
 *
 * @example
 * try {
 *   decodeEnvelope('{"v":2,"data":{"n":{"$php":"int","value":"x"}}}');
 * } catch (error) {
 *   error instanceof EnvelopeError && error.path; // 'data.n.value'
 * }
 */
export class EnvelopeError extends Error {
  /** The path to the fault, as TypeScript writes it: `data.cart[2]`; empty for the envelope itself. */
  readonly path: string;

  /**
   * Puts the path in front of the reason.
   *
   * @param path - The path to the fault.
   * @param reason - Why the envelope cannot be read.
   */
  constructor(path: string, reason: string) {
    super(`${path || 'the envelope'}: ${reason}`);
    this.name = 'EnvelopeError';
    this.path = path;
  }
}
