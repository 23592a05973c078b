import type { PhpMessage } from '../serialize/index.ts';

export type { PhpMessageLevel } from '../serialize/index.ts';
export { emitAsWarning } from '../serialize/messages.ts';

/** A message in PHP's words: `session_start(): Failed to read session data: user (path: )`. */
export type PhpSessionMessage = PhpMessage;

/** Receives PHP's messages of one request. */
export type PhpMessageHandler = (message: PhpSessionMessage) => void;

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
