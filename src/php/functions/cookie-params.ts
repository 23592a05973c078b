/** session_set_cookie_params() and session_get_cookie_params(). session.c L1790–1935. */

import { PhpValueError } from '../messages.ts';
import { performSync } from '../session/calls.ts';
import type { PhpRequest } from '../session/request.ts';
import type { CookieFlag, CookieSameSite, SettingNumber } from '../setting-types.ts';
import { entriesOf, parseArguments, toText } from '../zend/arguments.ts';
import { beforeNul, phpBoolean, typeName } from '../zend/conversions.ts';

/** The attributes of the session's cookie. */
export interface SessionCookieParams {
  /** Seconds until the cookie expires; 0 until the browser is closed. */
  lifetime: number;
  /** The attribute Path. */
  path: string;
  /** The attribute Domain; `''` is the host that sent the cookie. */
  domain: string;
  /** The attribute Secure: the browser sends the cookie over HTTPS only. */
  secure: boolean;
  /** The attribute Partitioned, from PHP 8.5 on. */
  partitioned?: boolean | undefined;
  /** The attribute HttpOnly: scripts cannot read the cookie. */
  httponly: boolean;
  /** `'Lax'`, `'Strict'`, `'None'`, or `''` for a cookie without the attribute. */
  samesite: CookieSameSite;
}

/** The attributes that session_set_cookie_params() changes; the others stay. */
export interface CookieParamOptions {
  /** Seconds until the cookie expires; 0 until the browser is closed. */
  lifetime?: SettingNumber | undefined;
  /** The attribute Path. */
  path?: string | undefined;
  /** The attribute Domain; `''` is the host that sent the cookie. */
  domain?: string | undefined;
  /** The attribute Secure: the browser sends the cookie over HTTPS only. */
  secure?: CookieFlag | undefined;
  /** The attribute Partitioned; from PHP 8.5 on, and with `secure`. */
  partitioned?: CookieFlag | undefined;
  /** The attribute HttpOnly: scripts cannot read the cookie. */
  httponly?: CookieFlag | undefined;
  /** The attribute SameSite. */
  samesite?: CookieSameSite | undefined;
}

const NAME = 'session_set_cookie_params';
const FLAGS: readonly string[] = ['secure', 'partitioned', 'httponly'];
/** The order in which PHP sets the attributes; it stops at the first invalid value. */
const ORDER = ['lifetime', 'path', 'domain', 'secure', 'partitioned', 'httponly', 'samesite'];

/**
 * Sets the attributes of the session's cookie; call it before session_start().
 *
 * @param options - The attributes to change.
 * @returns true; false with a warning for an active session, headers that have left,
 *   session.use_cookies off, and an invalid value.
 * @throws PhpValueError if `options` names no attribute, or other arguments follow it.
 * @see {@link https://php.net/session_set_cookie_params | PHP's manual}; RFC 6265 on the attributes
 * @example
 * session_set_cookie_params({ lifetime: 86400, httponly: true, samesite: 'Lax' }); // true
 * session_get_cookie_params().lifetime; // 86400
 */
export function session_set_cookie_params(options: CookieParamOptions): boolean;
/**
 * Sets the attributes of the session's cookie by PHP's older list of arguments, which has no
 * SameSite. An argument that is null or missing leaves its attribute as it is.
 *
 * @param lifetime - Seconds until the cookie expires; 0 until the browser is closed.
 * @param path - The attribute Path.
 * @param domain - The attribute Domain; `''` is the host that sent the cookie.
 * @param secure - Whether the browser sends the cookie over HTTPS only.
 * @param httponly - Whether scripts cannot read the cookie.
 * @returns true; false with a warning for an active session, headers that have left,
 *   session.use_cookies off, and an invalid value.
 */
export function session_set_cookie_params(
  lifetime: number,
  path?: string | null | undefined,
  domain?: string | null | undefined,
  secure?: boolean | null | undefined,
  httponly?: boolean | null | undefined,
): boolean;
export function session_set_cookie_params(...values: unknown[]): boolean {
  return performSync(NAME, (request) => {
    const [first = 0, ...rest] = parseArguments(
      request.reporter,
      values,
      1,
      'array|int $lifetime_or_options',
      '?string $path',
      '?string $domain',
      '?bool $secure',
      '?bool $httponly',
    );
    if (!mayChange(request)) return false;
    const wanted =
      typeof first === 'object' ? fromOptions(request, first, rest) : fromArguments(first, rest);
    if (request.reporter.exception) return false;
    return ORDER.every((key) => {
      const value = wanted.get(key);
      return value === undefined || request.changeSetting(`cookie_${key}`, value);
    });
  });
}

function mayChange(request: PhpRequest): boolean {
  if (!request.settings.get('use_cookies')) {
    const text = 'Session cookies cannot be used when session.use_cookies is disabled';
    request.reporter.warn('E_WARNING', text);
    return false;
  }
  return !request.isLocked('Session cookie parameters');
}

function fromArguments(lifetime: number | bigint, rest: readonly unknown[]): Map<string, string> {
  const wanted = new Map([['lifetime', String(lifetime)]]);
  for (const [at, key] of ['path', 'domain', 'secure', 'httponly'].entries()) {
    const value = rest[at];
    if (value === undefined || value === null) continue;
    wanted.set(key, FLAGS.includes(key) ? flagText(value) : String(value));
  }
  return wanted;
}

/** As zval_get_string(): an array warns and becomes "Array"; an object throws after the list. */
function textOf(request: PhpRequest, value: unknown): string {
  const text = toText(request.reporter, value ?? '');
  if (text !== undefined) return text;
  const type = typeName(value, '8.2');
  if (type === 'array') {
    request.reporter.warn('E_WARNING', 'Array to string conversion', '');
    return 'Array';
  }
  if (!request.reporter.exception)
    request.reporter.throwLater(
      new Error(`Object of class ${type} could not be converted to string`),
    );
  return '';
}

function flagText(value: unknown): string {
  return phpBoolean(value) ? '1' : '0';
}

function fromOptions(
  request: PhpRequest,
  options: object,
  rest: readonly unknown[],
): Map<string, string> {
  const extra = rest.findIndex((value) => value !== undefined && value !== null);
  if (extra >= 0) {
    const text = `Argument #${extra + 2} ($${['path', 'domain', 'secure', 'httponly'][extra]})`;
    const rule = 'must be null when argument #1 ($lifetime_or_options) is an array';
    throw new PhpValueError(`${NAME}(): ${text} ${rule}`);
  }
  const wanted = new Map<string, string>();
  for (const [key, value] of entriesOf(options)) {
    if (typeof key !== 'string') {
      const text = 'Argument #1 ($lifetime_or_options) cannot contain numeric keys';
      request.reporter.warn('E_WARNING', text);
      continue;
    }
    const name = key.toLowerCase();
    const isKnown = ORDER.includes(name) && (name !== 'partitioned' || request.version >= '8.5');
    if (isKnown) wanted.set(name, FLAGS.includes(name) ? flagText(value) : textOf(request, value));
    else {
      const shown = beforeNul(key);
      const text = `Argument #1 ($lifetime_or_options) contains an unrecognized key "${shown}"`;
      request.reporter.warn('E_WARNING', text);
    }
  }
  if (wanted.size > 0) return wanted;
  // zend_argument_error() is silent while an exception is pending.
  if (request.reporter.exception) throw request.reporter.exception.error;
  const text = 'Argument #1 ($lifetime_or_options) must contain at least 1 valid key';
  throw new PhpValueError(`${NAME}(): ${text}`);
}

/**
 * Reads the attributes of the session's cookie.
 *
 * @returns The attributes in PHP's order; `partitioned` from PHP 8.5 on.
 * @see {@link https://php.net/session_get_cookie_params | PHP's manual}
 * @example
 * const { lifetime, path, samesite } = session_get_cookie_params();
 * lifetime; // 0
 * path; // '/'
 * samesite; // ''
 */
export function session_get_cookie_params(): SessionCookieParams;
export function session_get_cookie_params(...values: unknown[]): SessionCookieParams {
  return performSync('session_get_cookie_params', (request) => {
    parseArguments(request.reporter, values, 0);
    const { settings, version } = request;
    return {
      lifetime: settings.get('cookie_lifetime'),
      path: settings.get('cookie_path'),
      domain: settings.get('cookie_domain'),
      secure: settings.get('cookie_secure'),
      ...(version >= '8.5' ? { partitioned: settings.get('cookie_partitioned') } : {}),
      httponly: settings.get('cookie_httponly'),
      samesite: settings.get('cookie_samesite'),
    };
  });
}
