/** How serious PHP takes a message. */
export type PhpMessageLevel = 'E_WARNING' | 'E_NOTICE' | 'E_DEPRECATED';

/** What PHP would have printed or logged, in PHP's words. */
export interface PhpMessage {
  /** How serious PHP takes it. */
  readonly level: PhpMessageLevel;
  /** The text, without the `unserialize(): ` that names the calling function. */
  readonly message: string;
  /** Whether PHP puts the name of the function that was called in front of it. */
  readonly namesFunction: boolean;
}

/** The PHP releases whose behaviour can be chosen. */
export type PhpVersion = '8.2' | '8.3' | '8.4' | '8.5' | '8.6';

/**
 * Where the bytes stopped being a value that PHP reads: the message and the offset are PHP's own.
 *
 * @see PHP_VAR_UNSERIALIZE in php-src ext/standard/var_unserializer.re
 * @example
 * unserialize('a:1:{i:0;i:3'); // throws UnserializeError: unserialize(): Error at offset 9 of 12 bytes
 */
export class UnserializeError extends Error {
  /** Where PHP says the fault is: the start of the element that it could not read. */
  readonly offset: number;
  /** How PHP says it: a warning, in 8.2 still a notice. */
  readonly level: PhpMessageLevel;
  /** What PHP said before it gave up, the depth it refused for example. */
  readonly messages: readonly PhpMessage[];

  /**
   * @param offset PHP's offset
   * @param length how many bytes there were
   * @param version whose words they are
   * @param messages what was said before
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
  /** Where the value stands, written as TypeScript would reach it: `$_SESSION.cart[2].when`. */
  readonly path: string;

  /**
   * @param path where the value stands
   * @param reason what it is and what to write instead
   */
  constructor(path: string, reason: string) {
    super(`${path}: ${reason}`);
    this.name = 'UnserializableError';
    this.path = path;
  }
}
