/** The functions that never call a save handler; each is synchronous. session.c L1780–2780. */

import { performSync } from '../session/calls.ts';
import { addShutdownFunction, registerShutdown } from '../session/shutdown.ts';
import { parseArguments } from '../zend/arguments.ts';
import { beforeNul, textOrBytes } from '../zend/conversions.ts';

/**
 * Returns whether a session is active.
 *
 * @returns PHP_SESSION_ACTIVE (2) from session_start() until the session is closed, otherwise
 *   PHP_SESSION_NONE (1).
 * @see {@link https://php.net/session_status | PHP's manual}
 * @example
 * session_status() === PHP_SESSION_NONE; // true
 * await session_start();
 * session_status() === PHP_SESSION_ACTIVE; // true
 */
export function session_status(): 0 | 1 | 2;
export function session_status(...values: unknown[]): 0 | 1 | 2 {
  return performSync('session_status', (request) => {
    parseArguments(request.reporter, values, 0);
    return request.session.status;
  });
}

/**
 * Reads or sets the session's id.
 *
 * @param id - The id of the session that is started next; undefined or null only reads.
 * @returns The id before, `''` if there was none; false with a warning if the id cannot be set:
 *   while a session is active, or once the headers have left.
 * @see {@link https://php.net/session_id | PHP's manual}
 * @example
 * session_id(); // ''
 * session_id('chosen'); // ''
 * await session_start();
 * session_id(); // 'chosen'
 */
export function session_id(id?: string | null | undefined): string | false;
export function session_id(...values: unknown[]): string | false {
  return performSync('session_id', (request) => {
    const [id] = parseArguments(request.reporter, values, 0, '?string $id');
    if (id !== undefined && id !== null) {
      if (request.session.isActive) {
        if (request.isLocked('Session ID')) return false;
      } else if (request.settings.get('use_cookies') && request.areHeadersSent('Session ID')) {
        return false;
      }
    }
    const before = beforeNul(request.session.id ?? '');
    if (id !== undefined && id !== null) request.session.choose(id);
    return before;
  });
}

/**
 * Encodes `$_SESSION` in the format of session.serialize_handler, as it would be stored.
 *
 * @returns A string, or bytes that are not UTF-8. False for an empty session (up to PHP 8.5), for a
 *   key that the format cannot hold, one with a `|`, and with a warning before session_start().
 * @throws UnserializableError for a value that PHP does not have.
 * @see {@link https://php.net/session_encode | PHP's manual}
 * @example
 * await session_start();
 * session_encode(); // false
 * $_SESSION['count'] = 3;
 * session_encode(); // 'count|i:3;'
 */
export function session_encode(): string | Uint8Array | false;
export function session_encode(...values: unknown[]): string | Uint8Array | false {
  return performSync('session_encode', (request) => {
    parseArguments(request.reporter, values, 0);
    const data = request.session.encode();
    return data === undefined ? false : textOrBytes(data);
  });
}

/**
 * Empties `$_SESSION`. The stored variables are deleted when the session is written.
 *
 * @returns true; false if no session is active.
 * @see {@link https://php.net/session_unset | PHP's manual}
 * @example
 * session_unset(); // false
 * await session_start();
 * $_SESSION['count'] = 3;
 * session_unset(); // true
 * Object.keys($_SESSION); // []
 */
export function session_unset(): boolean;
export function session_unset(...values: unknown[]): boolean {
  return performSync('session_unset', (request) => {
    parseArguments(request.reporter, values, 0);
    if (!request.session.isActive) return false;
    request.session.variables.saved?.clear();
    return true;
  });
}

/**
 * Registers a shutdown function that writes the session, after those registered so far. A save
 * handler that is an object registers one by itself.
 *
 * @see {@link https://php.net/session_register_shutdown | PHP's manual}
 * @example
 * register_shutdown_function(() => {
 *   session_status() === PHP_SESSION_ACTIVE; // true
 * });
 * session_register_shutdown();
 * register_shutdown_function(() => {
 *   session_status() === PHP_SESSION_NONE; // true
 * });
 * await session_start();
 */
export function session_register_shutdown(): void;
export function session_register_shutdown(...values: unknown[]): void {
  performSync('session_register_shutdown', (request) => {
    parseArguments(request.reporter, values, 0);
    registerShutdown(request);
  });
}

/**
 * Registers a function that runs when the response is about to leave, before the session is saved.
 *
 * @param callback - The function; if it is async, later shutdown functions and the session wait for
 *   it.
 * @param values - Its arguments.
 * @see {@link https://php.net/register_shutdown_function | PHP's manual}
 * @example
 * register_shutdown_function((key: string) => {
 *   $_SESSION[key] = 'set last, and saved';
 *   session_status() === PHP_SESSION_ACTIVE; // true
 * }, 'note');
 * await session_start();
 */
export function register_shutdown_function<Values extends unknown[]>(
  callback: (...values: Values) => unknown,
  ...values: Values
): void {
  performSync('register_shutdown_function', (request) => {
    addShutdownFunction(request, () => callback(...values));
  });
}

/**
 * PHP's constant SID, for `String()` or a template: `NAME=ID` for links if session.use_only_cookies
 * is off and no cookie brought the id, otherwise `''`. Deprecated from PHP 8.4 on.
 *
 * @see {@link https://php.net/session.constants | PHP's manual}
 * @example
 * await session_start();
 * String(SID); // ''
 * // E_DEPRECATED: Constant SID is deprecated
 */
export const SID: {
  /** @returns The text of the constant. */
  toString(): string;
} = {
  toString: () =>
    performSync('SID', (request) => {
      const { sid } = request.session;
      if (sid === undefined) throw new Error('Undefined constant "SID"');
      if (request.version >= '8.4') {
        const since = ' since 8.4, as GET/POST sessions were deprecated';
        const text = `Constant SID is deprecated${request.version >= '8.5' ? since : ''}`;
        request.reporter.warn('E_DEPRECATED', text, '');
      }
      return sid;
    }),
};
