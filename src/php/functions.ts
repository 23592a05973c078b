/** The functions that never reach a save handler: they answer at once. session.c L1780–2780. */
import { parseArguments, requireCount, toText } from './arguments.ts';
import { beforeNul, textOrBytes } from './conversions.ts';
import { PhpValueError } from './messages.ts';
import { PHP_SESSION_ACTIVE, type PhpRequest } from './request.ts';
import { inTurn, performSync } from './scope.ts';
import { addShutdownFunction, registerShutdown } from './set-save-handler.ts';
import { encodeVariables, savedVariables } from './variables.ts';

/** Tells why something cannot be changed now: `Session name`, for example. */
function isLocked(request: PhpRequest, subject: string): boolean {
  if (request.status === PHP_SESSION_ACTIVE) {
    const text = `${subject} cannot be changed when a session is active`;
    request.warnActive(text);
    return true;
  }
  return areHeadersSent(request, subject);
}

function areHeadersSent(request: PhpRequest, subject: string): boolean {
  if (!request.head.headersSent) return false;
  request.warnSent(`${subject} cannot be changed after headers have already been sent`);
  return true;
}

/**
 * Tells whether a session is active.
 *
 * @returns PHP_SESSION_ACTIVE (2) from session_start() until the session is closed, else
 *   PHP_SESSION_NONE (1).
 * @throws PhpScopeError outside a request.
 * @see {@link https://php.net/session_status | PHP's manual}; php-src ext/session/session.c
 * @example
 * session_status() === PHP_SESSION_NONE; // true
 * await session_start();
 * session_status() === PHP_SESSION_ACTIVE; // true
 */
export function session_status(): 0 | 1 | 2;
export function session_status(...values: unknown[]): 0 | 1 | 2 {
  return performSync('session_status', (request) => {
    parseArguments(request, values, 0);
    return request.status;
  });
}

/**
 * Reads or sets the session's id.
 *
 * @param id - The id of the session to be started next; undefined or null only reads.
 * @returns The id before, `''` when there is none; false with a warning when it cannot be set:
 *   while a session is active, or once the headers have left.
 * @throws PhpScopeError outside a request.
 * @see {@link https://php.net/session_id | PHP's manual}; php-src ext/session/session.c
 * @example
 * session_id(); // ''
 * session_id('chosen'); // ''
 * await session_start();
 * session_id(); // 'chosen'
 */
export function session_id(id?: string | null | undefined): string | false;
export function session_id(...values: unknown[]): string | false {
  return performSync('session_id', (request) => {
    const [id] = parseArguments(request, values, 0, '?string $id');
    if (id !== undefined && id !== null) {
      if (request.status === PHP_SESSION_ACTIVE) {
        if (isLocked(request, 'Session ID')) return false;
      } else if (request.settings.get('use_cookies') && areHeadersSent(request, 'Session ID')) {
        return false;
      }
    }
    const before = beforeNul(request.id ?? '');
    if (id !== undefined && id !== null) request.id = id;
    return before;
  });
}

/** A function that reads a setting and may change it. */
function settingFunction(
  name: string,
  key: 'name' | 'save_path' | 'cache_limiter',
  subject: string,
  values: readonly unknown[],
  parameter: (request: PhpRequest) => `?${'string' | 'path'} $${string}`,
): string | false {
  return performSync(name, (request) => {
    const [value] = parseArguments(request, values, 0, parameter(request));
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
 * @param name - The name from now on; undefined or null only reads. PHP refuses one that is a
 *   number, is empty, or could not be a cookie's.
 * @returns The name before, also where PHP warns that it refused the new one; false with a warning
 *   while a session is active, or once the headers have left.
 * @throws PhpScopeError outside a request.
 * @see {@link https://php.net/session_name | PHP's manual}; php-src ext/session/session.c
 * @example
 * session_name('MySession'); // 'PHPSESSID'
 * session_name(); // 'MySession'
 */
export function session_name(name?: string | null | undefined): string | false;
export function session_name(...values: unknown[]): string | false {
  return settingFunction('session_name', 'name', 'Session name', values, ({ version }) =>
    version >= '8.4' ? '?path $name' : '?string $name',
  );
}

/**
 * Reads or sets where the files handler keeps its files. Another handler may read it as it likes:
 * it is the first thing that open() is given.
 *
 * @param path - The folder, with the depth of its subfolders and the files' mode in octal before it
 *   where wanted: `2;0640;/folder`. `''` is the system's temporary folder; undefined or null reads.
 * @returns The path before; false with a warning while a session is active, or once the headers
 *   have left.
 * @throws PhpScopeError outside a request.
 * @see {@link https://php.net/session_save_path | PHP's manual}; php-src ext/session/session.c
 * @example
 * session_save_path('/var/lib/sessions'); // ''
 * session_save_path(); // '/var/lib/sessions'
 */
export function session_save_path(path?: string | null | undefined): string | false;
export function session_save_path(...values: unknown[]): string | false {
  const [name, subject] = ['session_save_path', 'Session save path'];
  return settingFunction(name, 'save_path', subject, values, () => '?path $path');
}

/**
 * Reads or sets which cache headers session_start() sends.
 *
 * @param value - `nocache`, `private`, `private_no_expire` or `public`; `''` sends none, and so
 *   does any other name. Undefined or null only reads.
 * @returns The limiter before; false with a warning while a session is active, or once the headers
 *   have left.
 * @throws PhpScopeError outside a request.
 * @see {@link https://php.net/session_cache_limiter | PHP's manual}; php-src ext/session/session.c
 * @example
 * session_cache_limiter('private'); // 'nocache'
 * session_cache_limiter(); // 'private'
 */
export function session_cache_limiter(value?: string | null | undefined): string | false;
export function session_cache_limiter(...values: unknown[]): string | false {
  const [name, subject] = ['session_cache_limiter', 'Session cache limiter'];
  return settingFunction(name, 'cache_limiter', subject, values, () => '?string $value');
}

/**
 * Reads or sets for how long a page may be cached, where the limiter allows it at all.
 *
 * @param value - Minutes from now on; undefined or null only reads.
 * @returns The minutes before. They are not changed, with a warning, while a session is active;
 *   once the headers have left that answer is false.
 * @throws PhpScopeError outside a request.
 * @see {@link https://php.net/session_cache_expire | PHP's manual}; php-src ext/session/session.c
 * @example
 * session_cache_expire(30); // 180
 * session_cache_expire(); // 30
 */
export function session_cache_expire(value?: number | null | undefined): number | false;
export function session_cache_expire(...values: unknown[]): number | false {
  return performSync('session_cache_expire', (request) => {
    const [value] = parseArguments(request, values, 0, '?int $value');
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
 * @param module - `files`; `user` is what session_set_save_handler() sets. Undefined or null reads.
 * @returns The module before; false with a warning for one that is not there, while a session is
 *   active, or once the headers have left.
 * @throws PhpValueError for `user`, PhpScopeError outside a request.
 * @see {@link https://php.net/session_module_name | PHP's manual}; php-src ext/session/session.c
 * @example
 * session_module_name(); // 'files'
 * session_set_save_handler(new SessionHandler());
 * session_module_name('files'); // 'user'
 */
export function session_module_name(module?: string | null | undefined): string | false;
export function session_module_name(...values: unknown[]): string | false {
  return performSync('session_module_name', (request) => {
    const [module] = parseArguments(request, values, 0, '?string $module');
    const isChange = module !== undefined && module !== null;
    if (isChange && isLocked(request, 'Session save handler module')) return false;
    const before = request.module.name;
    if (!isChange) return before;
    if (module.toLowerCase() === 'user') {
      throw new PhpValueError('session_module_name(): Argument #1 ($module) cannot be "user"');
    }
    if (beforeNul(module).toLowerCase() !== 'files') {
      const text = `Session handler module "${beforeNul(module)}" cannot be found`;
      request.warn('E_WARNING', text);
      return false;
    }
    closeAbandoned(request);
    request.changeSetting('save_handler', module);
    return before;
  });
}

/**
 * Closes a handler that an error has left open. Its callback begins now, as in PHP; the session
 * functions that follow wait until it has ended.
 */
function closeAbandoned(request: PhpRequest): void {
  if (!request.isOpen) return;
  const { module, activeFunction } = request;
  const close = async (): Promise<void> => {
    await module.close(request);
    request.moduleData = undefined;
    request.activeFunction = activeFunction;
    const { exception } = request;
    request.exception = undefined;
    if (exception) throw exception.error;
  };
  inTurn(request, close).catch((error: unknown) => process.emitWarning(error as Error));
}

/**
 * Writes `$_SESSION` as it would be stored, in the format that session.serialize_handler names.
 *
 * @returns The data: a string, or bytes where they are no UTF-8. False for a session without
 *   variables, for one that the format cannot hold (a `|` in a key), and before the first
 *   session_start(), then with a warning.
 * @throws UnserializableError for a value that PHP does not have, PhpScopeError outside a request.
 * @see {@link https://php.net/session_encode | PHP's manual}; php-src ext/session/session.c
 * @example
 * await session_start();
 * session_encode(); // false
 * $_SESSION['count'] = 3;
 * session_encode(); // 'count|i:3;'
 */
export function session_encode(): string | Uint8Array | false;
export function session_encode(...values: unknown[]): string | Uint8Array | false {
  return performSync('session_encode', (request) => {
    parseArguments(request, values, 0);
    const data = encodeVariables(request);
    return data === undefined ? false : textOrBytes(data);
  });
}

/**
 * Empties `$_SESSION`. What is stored goes when the session is written.
 *
 * @returns true; false when no session is active.
 * @throws PhpScopeError outside a request.
 * @see {@link https://php.net/session_unset | PHP's manual}; php-src ext/session/session.c
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
    parseArguments(request, values, 0);
    if (request.status !== PHP_SESSION_ACTIVE) return false;
    savedVariables(request)?.clear();
    return true;
  });
}

/**
 * Has the session written by a shutdown function, after those that are registered already. A save
 * handler given as an object does this by itself.
 *
 * @throws PhpScopeError outside a request.
 * @see {@link https://php.net/session_register_shutdown | PHP's manual}; php-src
 *   ext/session/session.c
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
    parseArguments(request, values, 0);
    registerShutdown(request);
  });
}

/**
 * Registers a function that runs when the response is about to leave, before the session is saved.
 *
 * @param callback - The function. It may be async: the next one and the session wait for it.
 * @param values - What it is called with.
 * @throws PhpScopeError outside a request.
 * @see {@link https://php.net/register_shutdown_function | PHP's manual}; php-src ext/standard
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
 * Reads a `session.*` setting.
 *
 * @param option - The setting, as php.ini spells it: `session.gc_maxlifetime`.
 * @returns Its text, as PHP has every setting: `'1440'`, `'1'` and `'0'` or `''` for on and off.
 *   False for a setting that is not of the session or not of this PHP version.
 * @throws PhpScopeError outside a request.
 * @see {@link https://php.net/ini_get | PHP's manual}; the settings, with their defaults, are those
 *   of {@link https://php.net/session.configuration | its page on configuration}
 * @example
 * ini_get('session.gc_maxlifetime'); // '1440'
 * ini_get('memory_limit'); // false
 */
export function ini_get(option: string): string | false;
export function ini_get(...values: unknown[]): string | false {
  return performSync('ini_get', (request) => {
    const [option = ''] = parseArguments(request, values, 1, 'string $option');
    return settingText(request, option) ?? false;
  });
}

/**
 * Changes a `session.*` setting for this request.
 *
 * @param option - The setting, as php.ini spells it.
 * @param value - The new value; true becomes `'1'`, false and null become `''`.
 * @returns The text before; false when the change was refused: an unknown setting, one that only
 *   php.ini may change, a value that PHP does not take, an active session, headers that have left.
 * @throws PhpScopeError outside a request.
 * @see {@link https://php.net/ini_set | PHP's manual}; php-src ext/session/session.c, PS_INI_ENTRY
 * @example
 * ini_set('session.use_strict_mode', true); // '0'
 * ini_get('session.use_strict_mode'); // '1'
 * ini_set('session.auto_start', true); // false
 */
export function ini_set(option: string, value: string | number | boolean | null): string | false;
export function ini_set(...values: unknown[]): string | false {
  return performSync('ini_set', (request) => {
    requireCount(request, values.length, 2, 2);
    const [option = ''] = parseArguments(request, values.slice(0, 1), 1, 'string $option');
    const value = toText(request, values[1] ?? '');
    if (value === undefined) {
      const types = 'string|int|float|bool|null';
      throw new TypeError(`ini_set(): Argument #2 ($value) must be of type ${types}`);
    }
    const before = settingText(request, option);
    if (before === undefined) return false;
    const changed = request.changeSetting(option.slice('session.'.length), value);
    return changed ? before : false;
  });
}

function settingText(request: PhpRequest, option: string): string | undefined {
  if (!option.startsWith('session.')) return undefined;
  return request.settings.text(option.slice('session.'.length), request.version);
}

/**
 * PHP's constant SID, to be made a string: `NAME=ID` for links where the id did not come by a
 * cookie and session.use_only_cookies is off, else `''`. PHP calls it deprecated from 8.4 on.
 *
 * @see {@link https://php.net/session.constants | PHP's manual}; php-src ext/session/session.c
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
      if (request.sid === undefined) throw new Error('Undefined constant "SID"');
      if (request.version >= '8.4') {
        const since = ' since 8.4, as GET/POST sessions were deprecated';
        const text = `Constant SID is deprecated${request.version >= '8.5' ? since : ''}`;
        request.warn('E_DEPRECATED', text, '');
      }
      return request.sid;
    }),
};
