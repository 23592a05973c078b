/** The functions that can call a save handler; each is async. session.c L2354–2830. */

import { ready, type Steps } from '../awaitable.ts';
import { PhpValueError } from '../messages.ts';
import { type Caller, callerOf, warnSecondStart, warnSent } from '../session/caller.ts';
import { perform } from '../session/calls.ts';
import { createFreeId } from '../session/free-id.ts';
import { collectGarbage } from '../session/garbage.ts';
import { isValidId, MAX_SID_LENGTH } from '../session/identifiers.ts';
import type { PhpRequest } from '../session/request.ts';
import { refuseAfterCommit } from '../session/scope.ts';
import { applyOptions } from '../session/start.ts';
import type { SessionStartOptions } from '../setting-types.ts';
import { parseArguments } from '../zend/arguments.ts';
import { beforeNul, bytesOf } from '../zend/conversions.ts';

/**
 * Starts a session, or resumes the session that the client's cookie names.
 *
 * Calls the handler's open(), create_sid() for a new visitor, read(), and gc() by chance. Sets the
 * cookie and the cache headers on the response.
 *
 * @param options - Settings for this request, without their `session.`; `read_and_close` reads the
 *   session and closes it at once. All options are ignored while a session is active.
 * @returns true, with a notice if a session is active already; false, with a message, for a session
 *   that could not be started.
 * @throws TypeError for an option of a wrong type.
 * @see {@link https://php.net/session_start | PHP's manual}
 * @example
 * await session_start({ cookie_lifetime: 86400 }); // true
 * $_SESSION['count'] = 1;
 * await session_write_close();
 * await session_start({ read_and_close: true }); // true
 * $_SESSION['count']; // 1
 * session_status() === PHP_SESSION_NONE; // true
 */
export function session_start<Name extends string>(
  options?: SessionStartOptions<Name> | undefined,
): Promise<boolean>;
export function session_start(...values: unknown[]): Promise<boolean> {
  const startedAt = callerOf(session_start);
  return perform('session_start', (request) => start(request, values, startedAt));
}

/** Runs a function that takes no arguments. */
function performBare(
  name: string,
  values: unknown[],
  work: (request: PhpRequest) => Steps<boolean>,
): Promise<boolean> {
  return perform(name, (request) => {
    parseArguments(request.reporter, values, 0);
    return work(request);
  });
}

function* start(request: PhpRequest, values: unknown[], startedAt: Caller): Steps<boolean> {
  const { reporter, session } = request;
  const [options = {}] = parseArguments(reporter, values, 0, 'array $options');
  if (session.isActive) {
    warnSecondStart(request, session.startedAt);
    return true;
  }
  if (request.settings.get('use_cookies') && request.head.headersSent) {
    warnSent(request, 'Session cannot be started after headers have already been sent');
    return false;
  }
  refuseAfterCommit(request);
  const change = (key: string, value: string): boolean => request.changeSetting(key, value);
  const readAndClose = applyOptions(options, reporter, change);
  yield* session.start(startedAt);
  if (!session.isActive) {
    session.variables.saved?.clear();
    return false;
  }
  if (readAndClose) yield* session.abort();
  return true;
}

/**
 * Writes the session and closes it, as the end of a request does; `$_SESSION` stays readable.
 *
 * @returns true, with a message if writing failed; false if no session is active.
 * @throws UnserializableError for a value that PHP does not have.
 * @see {@link https://php.net/session_write_close | PHP's manual}
 * @example
 * await session_start();
 * $_SESSION['count'] = 3;
 * await session_write_close(); // true
 * $_SESSION['count']; // 3
 * await session_write_close(); // false
 */
export function session_write_close(): Promise<boolean>;
export function session_write_close(...values: unknown[]): Promise<boolean> {
  return performBare('session_write_close', values, ({ session }) => session.flush());
}

/**
 * An alias of session_write_close().
 *
 * @returns true; false if no session is active.
 * @throws UnserializableError for a value that PHP does not have.
 * @see {@link https://php.net/session_commit | PHP's manual}
 * @example
 * await session_commit(); // false
 * await session_start();
 * await session_commit(); // true
 */
export function session_commit(): Promise<boolean>;
export function session_commit(...values: unknown[]): Promise<boolean> {
  return performBare('session_commit', values, ({ session }) => session.flush());
}

/**
 * Deletes the stored session and closes it. `$_SESSION` and the client's cookie stay: a sign-out
 * also empties the variables and expires the cookie.
 *
 * @returns true; false with a warning if no session is active or the handler failed.
 * @see {@link https://php.net/session_destroy | PHP's manual}
 * @example
 * await session_start();
 * $_SESSION['user'] = 'ann';
 * await session_destroy(); // true
 * session_status() === PHP_SESSION_NONE; // true
 * $_SESSION['user']; // 'ann'
 */
export function session_destroy(): Promise<boolean>;
export function session_destroy(...values: unknown[]): Promise<boolean> {
  return performBare('session_destroy', values, ({ session }) => session.destroy());
}

/**
 * Gives the session a new id and sends its cookie; call it whenever a user's rights change.
 *
 * @param delete_old_session - Whether the data under the old id is deleted. By default it is
 *   written and stays, for requests that were sent with the old cookie.
 * @returns true; false with a warning if no session is active, the headers have left, or the
 *   handler failed to write or delete the old session, which closes the session.
 * @throws Error if the new session cannot be opened, created or read.
 * @see {@link https://php.net/session_regenerate_id | PHP's manual}
 * @example
 * await session_start();
 * const before = session_id();
 * await session_regenerate_id(true); // true
 * session_id() === before; // false
 */
export function session_regenerate_id(delete_old_session?: boolean | undefined): Promise<boolean>;
export function session_regenerate_id(...values: unknown[]): Promise<boolean> {
  return perform('session_regenerate_id', (request) => regenerateId(request, values));
}

function* regenerateId(request: PhpRequest, values: unknown[]): Steps<boolean> {
  const [deleteOld = false] = parseArguments(
    request.reporter,
    values,
    0,
    'bool $delete_old_session',
  );
  if (!request.session.isActive) {
    const text = 'Session ID cannot be regenerated when there is no active session';
    request.warnActive(text);
    return false;
  }
  if (request.head.headersSent) {
    const text = 'Session ID cannot be regenerated after headers have already been sent';
    warnSent(request, text);
    return false;
  }
  return yield* request.session.regenerate(deleteOld);
}

/**
 * Closes the session without writing it; `$_SESSION` keeps its changes.
 *
 * @returns true; false if no session is active.
 * @see {@link https://php.net/session_abort | PHP's manual}
 * @example
 * await session_start();
 * $_SESSION['draft'] = 'never stored';
 * await session_abort(); // true
 * await session_start();
 * 'draft' in $_SESSION; // false
 */
export function session_abort(): Promise<boolean>;
export function session_abort(...values: unknown[]): Promise<boolean> {
  return performBare('session_abort', values, ({ session }) => session.abort());
}

/**
 * Reads the stored session again and discards the changes since.
 *
 * @returns true; false if no session is active.
 * @see {@link https://php.net/session_reset | PHP's manual}
 * @example
 * await session_start();
 * $_SESSION['draft'] = 'never stored';
 * await session_reset(); // true
 * 'draft' in $_SESSION; // false
 */
export function session_reset(): Promise<boolean>;
export function session_reset(...values: unknown[]): Promise<boolean> {
  const startedAt = callerOf(session_reset);
  return performBare('session_reset', values, ({ session }) => session.reset(startedAt));
}

/**
 * Deletes the sessions that have not been written for session.gc_maxlifetime seconds, whatever
 * session.gc_probability is; for a job that runs once an hour.
 *
 * @returns The number of deleted sessions, or false if the handler failed; false with a warning if
 *   no session is active.
 * @see {@link https://php.net/session_gc | PHP's manual}
 * @example
 * await session_start();
 * await session_gc(); // 0
 */
export function session_gc(): Promise<number | false>;
export function session_gc(...values: unknown[]): Promise<number | false> {
  return perform('session_gc', (request) => gc(request, values));
}

function* gc(request: PhpRequest, values: unknown[]): Steps<number | false> {
  parseArguments(request.reporter, values, 0);
  if (!request.session.isActive) {
    const text = 'Session cannot be garbage collected when there is no active session';
    request.reporter.warn('E_WARNING', text);
    return false;
  }
  const deleted = yield* ready(collectGarbage(request, request.session.storage, true));
  return deleted < 0 ? false : deleted;
}

/**
 * Decodes data into `$_SESSION`, where it replaces variables of the same names.
 *
 * @param data - The data, in the format of session.serialize_handler; a string is its UTF-8 bytes.
 * @returns true; false with a warning if no session is active, and for invalid data, which destroys
 *   the session.
 * @see {@link https://php.net/session_decode | PHP's manual}
 * @example
 * await session_start();
 * await session_decode('count|i:3;'); // true
 * $_SESSION['count']; // 3
 */
export function session_decode(data: string | Uint8Array): Promise<boolean>;
export function session_decode(...values: unknown[]): Promise<boolean> {
  return perform('session_decode', (request) => decode(request, values));
}

function* decode(request: PhpRequest, values: unknown[]): Steps<boolean> {
  const [data = Buffer.alloc(0)] = parseArguments(request.reporter, values, 1, 'bytes $data');
  if (!request.session.isActive) {
    const text = 'Session data cannot be decoded when there is no active session';
    request.reporter.warn('E_WARNING', text);
    return false;
  }
  return yield* request.session.decode(data);
}

/**
 * Creates an id without using it: for create_sid() of a save handler, or for session_id().
 *
 * @param prefix - The start of the id: letters, digits, `,` and `-`, at most 256 bytes.
 * @returns The prefix and session.sid_length more characters; false with a warning for an invalid
 *   prefix, or if the handler knew three ids in a row.
 * @throws PhpValueError for a longer prefix.
 * @see {@link https://php.net/session_create_id | PHP's manual}
 * @example
 * const id = await session_create_id('ann-');
 * /^ann-[0-9a-f]{32}$/.test(String(id)); // true
 */
export function session_create_id(prefix?: string | undefined): Promise<string | false>;
export function session_create_id(...values: unknown[]): Promise<string | false> {
  return perform('session_create_id', (request) => createId(request, values));
}

function* createId(request: PhpRequest, values: unknown[]): Steps<string | false> {
  const parameter = request.version >= '8.4' ? 'path $prefix' : 'string $prefix';
  const [prefix = ''] = parseArguments(request.reporter, values, 0, parameter);
  if (prefix !== '') {
    if (request.version >= '8.4' && bytesOf(prefix).length > MAX_SID_LENGTH) {
      const text = `Argument #1 ($prefix) cannot be longer than ${MAX_SID_LENGTH} characters`;
      throw new PhpValueError(`session_create_id(): ${text}`);
    }
    if (!isValidId(beforeNul(prefix))) {
      request.reporter.warn(
        'E_WARNING',
        'Prefix cannot contain special characters. ' +
          'Only the A-Z, a-z, 0-9, "-", and "," characters are allowed',
      );
      return false;
    }
  }
  const id = yield* createFreeId(request);
  if (id !== undefined) return prefix + id;
  request.reporter.warn('E_WARNING', 'Failed to create new ID');
  return false;
}
