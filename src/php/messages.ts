/** How serious PHP takes a message. */
export type PhpMessageLevel = 'E_WARNING' | 'E_NOTICE' | 'E_DEPRECATED';

/** A message in PHP's words, as PHP would print or log it. */
export interface PhpSessionMessage {
  /** How serious PHP takes it. */
  readonly level: PhpMessageLevel;
  /** The whole text: `session_start(): Failed to read session data: user (path: )`. */
  readonly message: string;
}

/** Receives PHP's messages of one request. */
export type PhpMessageHandler = (message: PhpSessionMessage) => void;

const deprecationsTold = new Set<string>();

/**
 * Hands a message to Node's warnings: what happens without a handler of one's own.
 *
 * A deprecation is told once per process, as Node tells its own; everything else each time.
 *
 * @param message - PHP's message.
 */
export function emitAsWarning(message: PhpSessionMessage): void {
  if (message.level === 'E_DEPRECATED') {
    if (deprecationsTold.has(message.message)) return;
    deprecationsTold.add(message.message);
  }
  process.emitWarning(message.message, { type: message.level });
}

/**
 * The class PHP throws for an argument of the right type and a wrong value; its `name` is PHP's.
 *
 * @see {@link https://php.net/valueerror | PHP's manual}
 * @example
 * try {
 *   session_module_name('user');
 * } catch (error) {
 *   error instanceof PhpValueError && error.name; // 'ValueError'
 * }
 */
export class PhpValueError extends Error {
  /** As PHP names its class. */
  override readonly name = 'ValueError';
}

/**
 * The class PHP throws for too many or too few arguments; its `name` is PHP's.
 *
 * @see {@link https://php.net/argumentcounterror | PHP's manual}
 * @example
 * try {
 *   // What does not compile has no other way to get here.
 *   Reflect.apply(session_unset, undefined, ['too many']);
 * } catch (error) {
 *   error instanceof PhpArgumentCountError && error.name; // 'ArgumentCountError'
 * }
 */
export class PhpArgumentCountError extends TypeError {
  /** As PHP names its class. */
  override readonly name = 'ArgumentCountError';
}

/**
 * A session function was called where no request is, or after its request; the message says how to
 * mend it.
 *
 * @example
 * const late = await withPhpRequest({}, () => () => session_status());
 * try {
 *   late();
 * } catch (error) {
 *   error instanceof PhpScopeError; // true
 * }
 */
export class PhpScopeError extends Error {
  /** Tells it apart from what a save handler throws. */
  override readonly name = 'PhpScopeError';
}
