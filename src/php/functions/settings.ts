/** The functions that read and change one setting each, and ini_set() for all. session.c. */

import { warnOf } from '../../serialize/messages.ts';
import { PhpValueError } from '../messages.ts';
import { inTurn, performSync } from '../session/calls.ts';
import type { PhpRequest } from '../session/request.ts';
import type { SettingValues } from '../session/settings.ts';
import type { CacheLimiter, IniSettings, SessionSettings } from '../setting-types.ts';
import { parseArguments, requireCount, toText } from '../zend/arguments.ts';
import { beforeNul } from '../zend/conversions.ts';

/** A function that reads a setting and may change it. */
function settingFunction<Key extends 'name' | 'save_path' | 'cache_limiter'>(
  name: string,
  key: Key,
  subject: string,
  values: readonly unknown[],
  parameter: (request: PhpRequest) => `?${'string' | 'path'} $${string}`,
): SettingValues[Key] | false {
  return performSync(name, (request) => {
    const [value] = parseArguments(request.reporter, values, 0, parameter(request));
    const isChange = value !== undefined && value !== null;
    if (isChange && request.isLocked(subject)) return false;
    const before = request.settings.get(key);
    if (isChange) request.changeSetting(key, value);
    return before;
  });
}

/**
 * Reads or sets the session's name, which is the name of its cookie.
 *
 * @param name - The new name; undefined or null only reads. PHP refuses a number, an empty name,
 *   and characters that a cookie's name cannot have.
 * @returns The name before, also after a warning that the new name is refused; false with a warning
 *   while a session is active, or once the headers have left.
 * @see {@link https://php.net/session_name | PHP's manual}
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
 * Reads or sets the folder of the files handler. It is the first argument of every handler's
 * open().
 *
 * @param path - `[depth;[mode;]]folder`: the depth of its subfolders and the files' octal mode can
 *   precede the folder, as in `2;0640;/folder`. `''` is the system's temporary folder; undefined or
 *   null only reads.
 * @returns The path before; false with a warning while a session is active, or once the headers
 *   have left.
 * @see {@link https://php.net/session_save_path | PHP's manual}
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
 * @param value - `nocache`, `private`, `private_no_expire` or `public`; `''` sends no cache
 *   headers, and neither does an unknown name. Undefined or null only reads.
 * @returns The limiter before; false with a warning while a session is active, or once the headers
 *   have left.
 * @see {@link https://php.net/session_cache_limiter | PHP's manual}
 * @example
 * session_cache_limiter('private'); // 'nocache'
 * session_cache_limiter(); // 'private'
 */
export function session_cache_limiter(
  value?: CacheLimiter | null | undefined,
): CacheLimiter | false;
export function session_cache_limiter(...values: unknown[]): CacheLimiter | false {
  const [name, subject] = ['session_cache_limiter', 'Session cache limiter'];
  return settingFunction(name, 'cache_limiter', subject, values, () => '?string $value');
}

/**
 * Reads or sets for how long a page may be cached, if the cache limiter allows caching.
 *
 * @param value - The new number of minutes; undefined or null only reads.
 * @returns The minutes before. While a session is active they stay, with a warning; once the
 *   headers have left, the warning comes with false.
 * @see {@link https://php.net/session_cache_expire | PHP's manual}
 * @example
 * session_cache_expire(30); // 180
 * session_cache_expire(); // 30
 */
export function session_cache_expire(value?: number | null | undefined): number | false;
export function session_cache_expire(...values: unknown[]): number | false {
  return performSync('session_cache_expire', (request) => {
    const [value] = parseArguments(request.reporter, values, 0, '?int $value');
    const before = request.settings.get('cache_expire');
    if (value === undefined || value === null) return before;
    const isActive = request.session.isActive;
    if (request.isLocked('Session cache expiration')) return isActive ? before : false;
    request.changeSetting('cache_expire', String(value));
    return before;
  });
}

/**
 * Reads or sets the module that stores sessions.
 *
 * @param module - `files`; only session_set_save_handler() sets `user`. Undefined or null only
 *   reads.
 * @returns The module before; false with a warning for an unknown module, while a session is
 *   active, or once the headers have left.
 * @throws PhpValueError for `user`, and from PHP 8.6 on for a name with a NUL.
 * @see {@link https://php.net/session_module_name | PHP's manual}
 * @example
 * session_module_name(); // 'files'
 * session_set_save_handler(new SessionHandler());
 * session_module_name('files'); // 'user'
 */
export function session_module_name(module?: string | null | undefined): string | false;
export function session_module_name(...values: unknown[]): string | false {
  return performSync('session_module_name', (request) => {
    const [kind, verb] =
      request.version >= '8.6' ? (['path', 'must not'] as const) : (['string', 'cannot'] as const);
    const [module] = parseArguments(request.reporter, values, 0, `?${kind} $module`);
    const isChange = module !== undefined && module !== null;
    if (isChange && request.isLocked('Session save handler module')) return false;
    const before = request.session.storage.module.name;
    if (!isChange) return before;
    if (module.toLowerCase() === 'user') {
      throw new PhpValueError(`session_module_name(): Argument #1 ($module) ${verb} be "user"`);
    }
    if (beforeNul(module).toLowerCase() !== 'files') {
      const text = `Session handler module "${beforeNul(module)}" cannot be found`;
      request.reporter.warn('E_WARNING', text);
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
  const { reporter, session } = request;
  if (!session.storage.isOpen) return;
  const { activeFunction } = reporter;
  const close = async (): Promise<void> => {
    await session.storage.abandon();
    reporter.activeFunction = activeFunction;
    reporter.throwPending();
  };
  Promise.resolve(inTurn(request, close)).catch(warnOf);
}

/**
 * Reads a `session.*` setting.
 *
 * @param option - The setting, as php.ini spells it: `session.gc_maxlifetime`.
 * @returns The setting's text: `'1440'`, `'1'` for on, `'0'` or `''` for off. False for an unknown
 *   setting, `session.cookie_partitioned` before PHP 8.5 included.
 * @see {@link https://php.net/ini_get | PHP's manual}; the settings, with their defaults, are those
 *   of {@link https://php.net/session.configuration | its page on configuration}
 * @example
 * ini_get('session.gc_maxlifetime'); // '1440'
 * ini_get('session.cookie_partitioned'); // false
 */
export function ini_get(option: keyof SessionSettings): string | false;
export function ini_get(...values: unknown[]): string | false {
  return performSync('ini_get', (request) => {
    const [option = ''] = parseArguments(request.reporter, values, 1, 'string $option');
    return settingText(request, option) ?? false;
  });
}

/**
 * Changes a `session.*` setting for this request.
 *
 * @param option - The setting, as php.ini spells it.
 * @param value - The new value; true becomes `'1'`, false and null become `''`.
 * @returns The text before; false for an unknown setting, a setting that only php.ini can change,
 *   an invalid value, an active session, and headers that have left.
 * @see {@link https://php.net/ini_set | PHP's manual}
 * @example
 * ini_set('session.use_strict_mode', true); // '0'
 * ini_get('session.use_strict_mode'); // '1'
 * ini_set('session.gc_maxlifetime', '2K'); // '1440'
 */
export function ini_set<Option extends keyof IniSettings>(
  option: Option,
  value: IniSettings[Option] | null,
): string | false;
export function ini_set(...values: unknown[]): string | false {
  return performSync('ini_set', (request) => {
    requireCount(request.reporter, values.length, 2, 2);
    const [option = ''] = parseArguments(request.reporter, values.slice(0, 1), 1, 'string $option');
    const value = toText(request.reporter, values[1] ?? '');
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
