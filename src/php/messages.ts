import type { PhpMessage } from '../serialize/index.ts';

export type { PhpMessageLevel } from '../serialize/index.ts';
export { emitAsWarning } from '../serialize/messages.ts';

/** A message in PHP's words: `session_start(): Failed to read session data: user (path: )`. */
export type PhpSessionMessage = PhpMessage;

/**
 * Receives PHP's messages of one request, and may use `$_SESSION` even while a session function runs.
 * A message that the receiver itself causes goes to `process.emitWarning()`, as an error handler of
 * PHP does not receive its own.
 *
 * @param message - The level, and the text in PHP's words.
 */
export type PhpMessageHandler = (message: PhpSessionMessage) => void;

/**
 * The class that PHP throws for an argument of the right type with an invalid value.
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
  /** The name of PHP's class. */
  override readonly name = 'ValueError';
}

/**
 * The class that PHP throws for too many or too few arguments.
 *
 * @see {@link https://php.net/argumentcounterror | PHP's manual}
 * @example
 * try {
 *   // The call itself would not compile.
 *   Reflect.apply(session_unset, undefined, ['too many']);
 * } catch (error) {
 *   error instanceof PhpArgumentCountError && error.name; // 'ArgumentCountError'
 * }
 */
export class PhpArgumentCountError extends TypeError {
  /** The name of PHP's class. */
  override readonly name = 'ArgumentCountError';
}

/**
 * Thrown for a session function that is called outside a request, or after it has ended. The
 * message says how to fix the call.
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
  /** Distinguishes the error from those of a save handler. */
  override readonly name = 'PhpScopeError';
}
