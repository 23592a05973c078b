/** PHP's session settings as types: their names, and the values that each of them takes. */
import type { SessionFormat } from '../serialize/index.ts';

/** A switch that is on, as php.ini spells it. */
export type SettingOn = true | 1 | '1' | 'on' | 'On' | 'yes' | 'true';

/** A switch of php.ini. */
export type SettingSwitch = SettingOn | false | 0 | '0' | '' | 'off' | 'Off' | 'no' | 'false';

/** A switch as PHP converts an argument: every string but `''` and `'0'` is on, `'off'` too. */
export type CookieFlag = boolean | 0 | 1 | '' | '0' | '1';

/** A number of php.ini: `1440`, `'1440'`, `'0x10'`, or `'2K'` with one of the suffixes K, M, G. */
export type SettingNumber = number | `${number}` | `${number}${'k' | 'K' | 'm' | 'M' | 'g' | 'G'}`;

/** The cookie attribute SameSite; `''` sends a cookie without the attribute. */
export type CookieSameSite = '' | 'Lax' | 'Strict' | 'None';

/** A cache limiter of session_cache_limiter(); `''` sends no cache headers. */
export type CacheLimiter = '' | 'nocache' | 'private' | 'private_no_expire' | 'public';

/** Settings that a running program can change, without their `session.`. */
export interface RuntimeSettings {
  /** The folder of the files handler: `[depth;[mode;]]path`. @default '' */
  save_path: string;
  /** The name of the session, and so of its cookie. @default 'PHPSESSID' */
  name: string;
  /** The save handler; session_set_save_handler() sets PHP's other one, `user`. @default 'files' */
  save_handler: 'files';
  /** The format of the stored data. @default 'php' */
  serialize_handler: SessionFormat;
  /** In how many of gc_divisor starts expired sessions are deleted. @default 1 */
  gc_probability: SettingNumber;
  /** The number of starts that gc_probability refers to. @default 100 */
  gc_divisor: SettingNumber;
  /** Seconds without a write after which a session has expired. @default 1440 */
  gc_maxlifetime: SettingNumber;
  /** Seconds until the cookie expires; 0 until the browser is closed. @default 0 */
  cookie_lifetime: SettingNumber;
  /** The cookie's attribute Path. @default '/' */
  cookie_path: string;
  /** The cookie's attribute Domain; `''` is the host that sent the cookie. @default '' */
  cookie_domain: string;
  /** The cookie's attribute Secure: the browser sends it over HTTPS only. @default 0 */
  cookie_secure: SettingSwitch;
  /** The cookie's attribute Partitioned; from PHP 8.5 on, and with `cookie_secure`. @default 0 */
  cookie_partitioned: SettingSwitch;
  /** The cookie's attribute HttpOnly: scripts cannot read it. @default 0; 1 from PHP 8.6 on */
  cookie_httponly: SettingSwitch;
  /** The cookie's attribute SameSite. @default ''; 'Lax' from PHP 8.6 on */
  cookie_samesite: CookieSameSite;
  /** Whether the id is kept in a cookie. @default 1 */
  use_cookies: SettingSwitch;
  /** Whether an id in the query or in a form is ignored. @default 1 */
  use_only_cookies: SettingSwitch;
  /** Whether an id unknown to the handler is replaced. @default 0; 1 from PHP 8.6 on */
  use_strict_mode: SettingSwitch;
  /** In PHP, whether ids are added to links; the pages of Node are not rewritten. @default 0 */
  use_trans_sid: SettingSwitch;
  /** The tags that use_trans_sid rewrites. @default 'a=href,area=href,frame=src,form=' */
  trans_sid_tags: string;
  /** The hosts whose links use_trans_sid rewrites. @default '' */
  trans_sid_hosts: string;
  /** A text that the Referer must hold, or an id in the query is ignored. @default '' */
  referer_check: string;
  /** The cache headers of a page with a session. @default 'nocache' */
  cache_limiter: CacheLimiter;
  /** Minutes for which the limiters other than `nocache` let a page be cached. @default 180 */
  cache_expire: SettingNumber;
  /** The length of a new id, 22 to 256 characters. @default 32 */
  sid_length: SettingNumber;
  /** Number of bits in each character of a new id. @default 4 */
  sid_bits_per_character: 4 | 5 | 6 | '4' | '5' | '6';
  /** Whether an unchanged session is touched rather than written. @default 1 */
  lazy_write: SettingSwitch;
}

/** Settings that only php.ini can change; here, the options of an adapter. */
export interface StartupSettings {
  /** Whether each request starts a session before the program runs. @default 0 */
  auto_start: SettingSwitch;
  /** Accepted without effect, as the other settings of upload progress are. @default 1 */
  'upload_progress.enabled': SettingSwitch;
  /** Accepted without effect. @default 1 */
  'upload_progress.cleanup': SettingSwitch;
  /** Accepted without effect. @default 'upload_progress_' */
  'upload_progress.prefix': string;
  /** Accepted without effect. @default 'PHP_SESSION_UPLOAD_PROGRESS' */
  'upload_progress.name': string;
  /** Accepted without effect. @default '1%' */
  'upload_progress.freq': SettingNumber | `${number}%`;
  /** Accepted without effect. @default 1 */
  'upload_progress.min_freq': SettingNumber;
}

/**
 * The attributes without which browsers drop a cookie whose name begins with `__Host-` or
 * `__Secure-`.
 *
 * @see {@link https://datatracker.ietf.org/doc/draft-ietf-httpbis-rfc6265bis/ | RFC 6265bis, 4.1.3}
 */
export type CookiePrefixRule<Name extends string> =
  Lowercase<Name> extends `__host-${string}`
    ? { cookie_secure: SettingOn; cookie_path?: '/' | undefined; cookie_domain?: '' | undefined }
    : Lowercase<Name> extends `__secure-${string}`
      ? { cookie_secure: SettingOn }
      : { cookie_secure?: SettingSwitch | undefined };

/** Settings by the names that php.ini has for them. */
export type WithPrefix<Settings> = {
  [Key in keyof Settings as Key extends string ? `session.${Key}` : never]: Settings[Key];
};

/** The names and values that ini_set() takes. */
export type IniSettings = WithPrefix<RuntimeSettings>;

/**
 * The settings of php.ini. A name that begins with `__Host-` needs `session.cookie_secure`, and
 * admits neither another path than `/` nor a domain.
 *
 * @example
 * const settings: SessionSettings<'__Host-id'> = {
 *   'session.name': '__Host-id',
 *   'session.cookie_secure': true,
 *   'session.gc_maxlifetime': 3600,
 * };
 * await withPhpRequest({ settings }, () => session_name()); // '__Host-id'
 */
export type SessionSettings<Name extends string = string> = {
  [Key in keyof WithPrefix<RuntimeSettings & StartupSettings>]?:
    | WithPrefix<RuntimeSettings & StartupSettings>[Key]
    | undefined;
} & {
  /** The name of the session, and so of its cookie. @default 'PHPSESSID' */
  'session.name'?: Name | undefined;
} & WithPrefix<CookiePrefixRule<Name>>;

/**
 * The options of session_start(): settings without their `session.`, and `read_and_close`.
 *
 * @example
 * const options: SessionStartOptions = { cookie_lifetime: 3600, read_and_close: true };
 * await session_start(options); // true
 */
export type SessionStartOptions<Name extends string = string> = {
  [Key in keyof RuntimeSettings]?: RuntimeSettings[Key] | undefined;
} & {
  /** The name of the session, and so of its cookie. */
  name?: Name | undefined;
  /** Reads the session and closes it at once, without writing. */
  read_and_close?: SettingSwitch | number | undefined;
} & Partial<CookiePrefixRule<Name>>;
