/** The functions that never reach a save handler: they answer at once. session.c L1780–2780. */
import { phpString, textOrBytes } from './conversions.ts';
import { PhpValueError } from './messages.ts';
import { PHP_SESSION_ACTIVE, type PhpRequest } from './request.ts';
import { performSync } from './scope.ts';
import { addShutdownFunction, registerShutdown } from './set-save-handler.ts';
import { encodeVariables, savedVariables } from './variables.ts';

/** Tells why something cannot be changed now: `Session name`, for example. */
function isLocked(request: PhpRequest, subject: string): boolean {
  if (request.status === PHP_SESSION_ACTIVE) {
    const text = `${subject} cannot be changed when a session is active`;
    if (request.version >= '8.5') request.warnStarted('E_WARNING', text);
    else request.warn('E_WARNING', text);
    return true;
  }
  return areHeadersSent(request, subject);
}

function areHeadersSent(request: PhpRequest, subject: string): boolean {
  if (!request.head.headersSent) return false;
  const text = `${subject} cannot be changed after headers have already been sent`;
  request.warn('E_WARNING', text);
  return true;
}

/**
 * Tells whether a session is active.
 *
 * @returns PHP_SESSION_DISABLED, PHP_SESSION_NONE or PHP_SESSION_ACTIVE.
 */
export function session_status(): 0 | 1 | 2 {
  return performSync('session_status', (request) => request.status);
}

/**
 * Reads or sets the session's id.
 *
 * @param id - The id of the session to be started next.
 * @returns The id before; `''` when there is none; false when it cannot be set now.
 */
export function session_id(id?: string | null | undefined): string | false {
  return performSync('session_id', (request) => {
    if (id !== undefined && id !== null) {
      if (request.status === PHP_SESSION_ACTIVE) {
        if (isLocked(request, 'Session ID')) return false;
      } else if (request.settings.get('use_cookies') && areHeadersSent(request, 'Session ID')) {
        return false;
      }
    }
    // The id up to a NUL, as C reads it.
    const before = (request.id ?? '').split('\0', 1)[0] as string;
    if (id !== undefined && id !== null) request.id = id;
    return before;
  });
}

/** A function that reads a setting and may change it. */
function settingFunction(
  name: string,
  key: 'name' | 'save_path' | 'cache_limiter',
  subject: string,
  value: string | null | undefined,
): string | false {
  return performSync(name, (request) => {
    const isChange = value !== undefined && value !== null;
    if (isChange && isLocked(request, subject)) return false;
    const before = request.settings.get(key);
    if (isChange) request.changeSetting(key, value);
    return before;
  });
}

/**
 * Reads or sets the session's name, which is its cookie's.
 *
 * @param name - The name from now on.
 * @returns The name before; false when it cannot be set now.
 */
export function session_name(name?: string | null | undefined): string | false {
  return settingFunction('session_name', 'name', 'Session name', name);
}

/**
 * Reads or sets where the files handler keeps its files.
 *
 * @param path - The folder from now on, with depth and mode before it where wanted.
 * @returns The path before; false when it cannot be set now.
 */
export function session_save_path(path?: string | null | undefined): string | false {
  return settingFunction('session_save_path', 'save_path', 'Session save path', path);
}

/**
 * Reads or sets which cache headers session_start() sends.
 *
 * @param value - `nocache`, `private`, `private_no_expire`, `public` or `''` for none.
 * @returns The limiter before; false when it cannot be set now.
 */
export function session_cache_limiter(value?: string | null | undefined): string | false {
  return settingFunction('session_cache_limiter', 'cache_limiter', 'Session cache limiter', value);
}

/**
 * Reads or sets for how many minutes a page may be cached.
 *
 * @param value - The minutes from now on.
 * @returns The minutes before; false when the headers have left.
 */
export function session_cache_expire(value?: number | null | undefined): number | false {
  return performSync('session_cache_expire', (request) => {
    const before = request.settings.get('cache_expire');
    if (value === undefined || value === null) return before;
    const isActive = request.status === PHP_SESSION_ACTIVE;
    if (isLocked(request, 'Session cache expiration')) return isActive ? before : false;
    request.changeSetting('cache_expire', String(value));
    return before;
  });
}

/**
 * Reads or sets the module that keeps sessions.
 *
 * @param module - `files`; "user" is what session_set_save_handler() sets.
 * @returns The module before; false when it cannot be set now.
 * @throws ValueError for "user".
 */
export function session_module_name(module?: string | null | undefined): string | false {
  return performSync('session_module_name', (request) => {
    const isChange = module !== undefined && module !== null;
    if (isChange && isLocked(request, 'Session save handler module')) return false;
    const before = request.module.name;
    if (!isChange) return before;
    if (module.toLowerCase() === 'user') {
      throw new PhpValueError('session_module_name(): Argument #1 ($module) cannot be "user"');
    }
    if (module.toLowerCase() !== 'files') {
      request.warn('E_WARNING', `Session handler module "${module}" cannot be found`);
      return false;
    }
    request.changeSetting('save_handler', module);
    return before;
  });
}

/**
 * Writes `$_SESSION` as it would be stored.
 *
 * @returns The data; bytes where they are no UTF-8; false for an empty or unwritable session.
 */
export function session_encode(): string | Uint8Array | false {
  return performSync('session_encode', (request) => {
    const data = encodeVariables(request);
    return data === undefined ? false : textOrBytes(data);
  });
}

/**
 * Empties `$_SESSION`.
 *
 * @returns false when no session is active.
 */
export function session_unset(): boolean {
  return performSync('session_unset', (request) => {
    if (request.status !== PHP_SESSION_ACTIVE) return false;
    savedVariables(request)?.clear();
    return true;
  });
}

/** Has the session written by a shutdown function, after those that are registered already. */
export function session_register_shutdown(): void {
  performSync('session_register_shutdown', registerShutdown);
}

/**
 * Registers a function that runs when the response is about to leave, before the session is saved.
 *
 * @param callback - The function; it may be async.
 * @param values - Its arguments.
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
 * Reads a `session.*` setting.
 *
 * @param option - The setting, as php.ini spells it.
 * @returns Its text; false for a setting that there is not.
 */
export function ini_get(option: string): string | false {
  return performSync('ini_get', (request) => settingText(request, option) ?? false);
}

/**
 * Changes a `session.*` setting for this request.
 *
 * @param option - The setting, as php.ini spells it.
 * @param value - The new value; booleans and null become `'1'` and `''`.
 * @returns The text before; false when the change was refused.
 */
export function ini_set(option: string, value: string | number | boolean | null): string | false {
  return performSync('ini_set', (request) => {
    const before = settingText(request, option);
    if (before === undefined) return false;
    const changed = request.changeSetting(option.slice('session.'.length), phpString(value));
    return changed ? before : false;
  });
}

function settingText(request: PhpRequest, option: string): string | undefined {
  if (!option.startsWith('session.')) return undefined;
  return request.settings.text(option.slice('session.'.length), request.version);
}

/** What the constant SID is in PHP: `NAME=ID` where the id did not come by a cookie, else `''`. */
export const SID: {
  /** @returns The text of the constant. */
  toString(): string;
} = {
  toString: () =>
    performSync('SID', (request) => {
      if (request.sid === undefined) throw new Error('Undefined constant "SID"');
      if (request.version >= '8.4') {
        const since = ' since 8.4, as GET/POST sessions were deprecated';
        const text = `Constant SID is deprecated${request.version >= '8.5' ? since : ''}`;
        request.warn('E_DEPRECATED', text, '');
      }
      return request.sid;
    }),
};
