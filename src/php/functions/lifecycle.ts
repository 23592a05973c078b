/** The functions that may reach a save handler: each is async. session.c L2354–2830. */

import { PhpValueError } from '../messages.ts';
import { callerOf, warnSecondStart, warnSent } from '../session/caller.ts';
import { isValidId, MAX_SID_LENGTH } from '../session/identifiers.ts';
import { perform, refuseAfterCommit } from '../session/scope.ts';
import { applyOptions } from '../session/start.ts';
import type { SessionStartOptions } from '../setting-types.ts';
import { parseArguments } from '../zend/arguments.ts';
import { beforeNul, bytesOf } from '../zend/conversions.ts';

/**
 * Starts a session, or takes up the one that the client's cookie names.
 *
 * The handler is asked to open, create_sid for a new visitor, read, and now and then gc. The cookie
 * and the cache headers are set on the response.
 *
 * @param options - Settings for this request, without their `session.`; `read_and_close` reads the
 *   session and ends it at once, without holding it. An active session ignores them all.
 * @returns true, also with a notice where a session is active already; false when it could not be
 *   started, and a message says why.
 * @throws TypeError for an option of a wrong type, PhpScopeError outside a request, and whatever a
 *   save handler throws.
 * @see {@link https://php.net/session_start | PHP's manual}; php-src ext/session/session.c
 * @example
 * await session_start({ cookie_lifetime: 86400 }); // true
 * $_SESSION['count'] = 1;
 * await session_write_close();
 * await session_start({ read_and_close: true }); // true
 * $_SESSION['count']; // 1
 * session_status() === PHP_SESSION_NONE; // true
 */
export async function session_start<Name extends string>(
  options?: SessionStartOptions<Name> | undefined,
): Promise<boolean>;
export async function session_start(...values: unknown[]): Promise<boolean> {
  const startedAt = callerOf(session_start);
  return await perform('session_start', async (request) => {
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
    await session.start(startedAt);
    if (!session.isActive) {
      session.variables.saved?.clear();
      return false;
    }
    if (readAndClose) await session.abort();
    return true;
  });
}

/**
 * Writes the session and ends it; `$_SESSION` stays readable. The end of a request does the same.
 *
 * @returns true, also when writing failed, which is a message; false when no session is active.
 * @throws UnserializableError for a value that PHP does not have, PhpScopeError outside a request,
 *   and whatever a save handler throws.
 * @see {@link https://php.net/session_write_close | PHP's manual}; php-src ext/session/session.c
 * @example
 * await session_start();
 * $_SESSION['count'] = 3;
 * await session_write_close(); // true
 * $_SESSION['count']; // 3
 * await session_write_close(); // false
 */
export async function session_write_close(): Promise<boolean>;
export async function session_write_close(...values: unknown[]): Promise<boolean> {
  return await perform('session_write_close', async (request) => {
    parseArguments(request.reporter, values, 0);
    return await request.session.flush();
  });
}

/**
 * The same as session_write_close(), under its other name.
 *
 * @returns true; false when no session is active.
 * @throws What session_write_close() throws.
 * @see {@link https://php.net/session_commit | PHP's manual}; php-src ext/session/session.c
 * @example
 * await session_commit(); // false
 * await session_start();
 * await session_commit(); // true
 */
export async function session_commit(): Promise<boolean>;
export async function session_commit(...values: unknown[]): Promise<boolean> {
  return await perform('session_commit', async (request) => {
    parseArguments(request.reporter, values, 0);
    return await request.session.flush();
  });
}

/**
 * Destroys what is stored of the session and ends it. `$_SESSION` and the client's cookie stay: a
 * sign-out empties the one and expires the other.
 *
 * @returns true; false with a warning when no session is active or the handler could not.
 * @throws PhpScopeError outside a request, and whatever a save handler throws.
 * @see {@link https://php.net/session_destroy | PHP's manual}; php-src ext/session/session.c
 * @example
 * await session_start();
 * $_SESSION['user'] = 'ann';
 * await session_destroy(); // true
 * session_status() === PHP_SESSION_NONE; // true
 * $_SESSION['user']; // 'ann'
 */
export async function session_destroy(): Promise<boolean>;
export async function session_destroy(...values: unknown[]): Promise<boolean> {
  return await perform('session_destroy', async (request) => {
    parseArguments(request.reporter, values, 0);
    return await request.session.destroy();
  });
}

/**
 * Gives the session a new id and sends its cookie; do so whenever a user's rights change.
 *
 * @param delete_old_session - Whether what is stored under the old id is destroyed. By default it
 *   is written and stays, for requests that are on their way with the old cookie.
 * @returns true; false with a warning when no session is active, the headers have left, or the
 *   handler could not leave the old session: the session has ended then.
 * @throws Error when the new session cannot be opened, made or read; PhpScopeError outside a
 *   request; whatever a save handler throws.
 * @see {@link https://php.net/session_regenerate_id | PHP's manual}; php-src ext/session/session.c
 * @example
 * await session_start();
 * const before = session_id();
 * await session_regenerate_id(true); // true
 * session_id() === before; // false
 */
export async function session_regenerate_id(
  delete_old_session?: boolean | undefined,
): Promise<boolean>;
export async function session_regenerate_id(...values: unknown[]): Promise<boolean> {
  return await perform('session_regenerate_id', async (request) => {
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
    return await request.session.regenerate(deleteOld);
  });
}

/**
 * Ends the session without writing it; `$_SESSION` keeps what was changed.
 *
 * @returns true; false when no session is active.
 * @throws PhpScopeError outside a request, and whatever a save handler throws.
 * @see {@link https://php.net/session_abort | PHP's manual}; php-src ext/session/session.c
 * @example
 * await session_start();
 * $_SESSION['draft'] = 'never stored';
 * await session_abort(); // true
 * await session_start();
 * 'draft' in $_SESSION; // false
 */
export async function session_abort(): Promise<boolean>;
export async function session_abort(...values: unknown[]): Promise<boolean> {
  return await perform('session_abort', async (request) => {
    parseArguments(request.reporter, values, 0);
    return await request.session.abort();
  });
}

/**
 * Reads the session again, as it is stored: what was changed since is given up.
 *
 * @returns true; false when no session is active.
 * @throws PhpScopeError outside a request, and whatever a save handler throws.
 * @see {@link https://php.net/session_reset | PHP's manual}; php-src ext/session/session.c
 * @example
 * await session_start();
 * $_SESSION['draft'] = 'never stored';
 * await session_reset(); // true
 * 'draft' in $_SESSION; // false
 */
export async function session_reset(): Promise<boolean>;
export async function session_reset(...values: unknown[]): Promise<boolean> {
  const startedAt = callerOf(session_reset);
  return await perform('session_reset', async (request) => {
    parseArguments(request.reporter, values, 0);
    if (!request.session.isActive) return false;
    await request.session.reset(startedAt);
    return true;
  });
}

/**
 * Deletes the sessions that were not written for session.gc_maxlifetime seconds, now, whatever
 * session.gc_probability says. A job that runs once an hour calls it.
 *
 * @returns How many there were, 0 among them; false when the handler could not say, or with a
 *   warning when no session is active.
 * @throws PhpScopeError outside a request, and whatever a save handler throws.
 * @see {@link https://php.net/session_gc | PHP's manual}; php-src ext/session/session.c
 * @example
 * await session_start();
 * await session_gc(); // 0
 */
export async function session_gc(): Promise<number | false>;
export async function session_gc(...values: unknown[]): Promise<number | false> {
  return await perform('session_gc', async (request) => {
    parseArguments(request.reporter, values, 0);
    if (!request.session.isActive) {
      const text = 'Session cannot be garbage collected when there is no active session';
      request.reporter.warn('E_WARNING', text);
      return false;
    }
    const deleted = await request.session.collectGarbage(true);
    return deleted < 0 ? false : deleted;
  });
}

/**
 * Adds to `$_SESSION` what encoded data holds, in place of what stood under the same keys.
 *
 * @param data - The data, in the format of session.serialize_handler; a string stands for its
 *   UTF-8.
 * @returns true; false with a warning when no session is active, and for data that cannot be read,
 *   which destroys the session.
 * @throws PhpScopeError outside a request.
 * @see {@link https://php.net/session_decode | PHP's manual}; php-src ext/session/session.c
 * @example
 * await session_start();
 * await session_decode('count|i:3;'); // true
 * $_SESSION['count']; // 3
 */
export async function session_decode(data: string | Uint8Array): Promise<boolean>;
export async function session_decode(...values: unknown[]): Promise<boolean> {
  return await perform('session_decode', async (request) => {
    const [data = ''] = parseArguments(request.reporter, values, 1, 'string $data');
    if (!request.session.isActive) {
      const text = 'Session data cannot be decoded when there is no active session';
      request.reporter.warn('E_WARNING', text);
      return false;
    }
    return await request.session.decode(bytesOf(data));
  });
}

/**
 * Makes an id without using it: for a save handler's own create_sid, or for session_id().
 *
 * @param prefix - What the id begins with: letters, digits, `,` and `-`, at most 256 bytes.
 * @returns The id, of session.sid_length characters after the prefix; false with a warning for a
 *   prefix that is refused, or when the handler found no free id in three attempts.
 * @throws PhpValueError for a longer prefix, PhpScopeError outside a request, and whatever a save
 *   handler throws.
 * @see {@link https://php.net/session_create_id | PHP's manual}; php-src ext/session/session.c
 * @example
 * const id = await session_create_id('ann-');
 * /^ann-[0-9a-f]{32}$/.test(String(id)); // true
 */
export async function session_create_id(prefix?: string | undefined): Promise<string | false>;
export async function session_create_id(...values: unknown[]): Promise<string | false> {
  return await perform('session_create_id', async (request) => {
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
    const id = await request.session.createFreeId();
    if (id !== undefined) return prefix + id;
    request.reporter.warn('E_WARNING', 'Failed to create new ID');
    return false;
  });
}
