/** The rules for changing each `session.*` setting. session.c L575–945. */
import { isSessionFormat } from '../../serialize/index.ts';
import type { RuntimeSettings, StartupSettings } from '../setting-types.ts';
import { beforeNul, isNumeric } from '../zend/conversions.ts';
import { leadingInteger, parseQuantity, parseSwitch } from '../zend/quantity.ts';
import type { Reporter } from '../zend/reporter.ts';

/** The names of all settings, without their `session.`. */
export type SettingName = keyof (RuntimeSettings & StartupSettings);

// ZEND_LONG_MAX - INT_MAX - 1.
const LONGEST_LIFETIME = 2n ** 63n - 2n ** 31n - 1n;

/** A setting as the session works with it. */
export type Parsed = string | number | bigint | boolean;
type Rule = (
  text: string,
  reporter: Reporter,
  key: string,
  current?: Parsed | undefined,
) => Parsed | undefined;

const INTEGER = /^[ \t\n\v\f\r]*[+-]?\d+$/;
// is_numeric_string() also allows white space at the end.
const WHOLE_INTEGER = /^[ \t\n\v\f\r]*[+-]?\d+[ \t\n\v\f\r]*$/;

// SESSION_FORBIDDEN_CHARS; the text is what PHP prints for these characters since 8.3.
const FORBIDDEN_IN_NAME = /[=,;.[ \t\r\n\v\f\0]/;
const FORBIDDEN_SHOWN = '=,;.[ \\t\\r\\n\\013\\014';

// Until 8.4 these are C strings: the session sees them up to a NUL, ini_get() all of them.
const text: Rule = (value, reporter) => (reporter.version < '8.5' ? beforeNul(value) : value);

/** Warns of a NUL, from 8.6 on: most settings that are C strings refuse it there. */
function refusesNul(value: string, reporter: Reporter, key: string): boolean {
  if (reporter.version < '8.6' || !value.includes('\0')) return false;
  reporter.warn('E_WARNING', `"${key}" must not contain null bytes`);
  return true;
}

const textWithoutNul: Rule = (value, reporter, key) =>
  refusesNul(value, reporter, key) ? undefined : text(value, reporter, key);
const flag: Rule = (value) => parseSwitch(value);

const number: Rule = (value, reporter, key) => {
  const { value: parsed, remark } = parseQuantity(value);
  if (remark !== undefined) reporter.warn('E_WARNING', `Invalid "${key}" setting. ${remark}`, '');
  return parsed;
};

/** Warns of a value other than the default, from 8.4 on: those settings are deprecated. */
function deprecated(reporter: Reporter, message: string): void {
  if (reporter.version >= '8.4') reporter.warn('E_DEPRECATED', message);
}

function sidRule(key: string, stock: number, lowest: number, highest: number): Rule {
  return (value, reporter) => {
    const parsed = Number(leadingInteger(value));
    if (parsed !== stock) deprecated(reporter, `session.${key} INI setting is deprecated`);
    // strtol() reads up to a NUL.
    if (INTEGER.test(beforeNul(value)) && parsed >= lowest && parsed <= highest) return parsed;
    const range = `must be between ${lowest} and ${highest}`;
    reporter.warn('E_WARNING', `session.configuration "session.${key}" ${range}`);
    return undefined;
  };
}

const saveHandler: Rule = (value, reporter) => {
  const module = beforeNul(value).toLowerCase();
  if (module === 'files') return module;
  const text =
    module === 'user'
      ? 'Session save handler "user" cannot be set by ini_set()'
      : `Session save handler "${beforeNul(value)}" cannot be found`;
  reporter.warn('E_WARNING', text);
  return undefined;
};

const serializeHandler: Rule = (value, reporter) => {
  const format = beforeNul(value).toLowerCase();
  if (isSessionFormat(format)) return format;
  reporter.warn('E_WARNING', `Serialization handler "${beforeNul(value)}" cannot be found`);
  return undefined;
};

const savePath: Rule = (value, reporter, key) =>
  refusesNul(value, reporter, key) || value.includes('\0') ? undefined : value;

// php_is_valid_samesite_value().
const sameSite: Rule = (value, reporter, key) => {
  if (reporter.version < '8.6' || /^(strict|lax|none)?$/i.test(value)) {
    return text(value, reporter, key);
  }
  reporter.warn('E_WARNING', `${key} must be "Strict", "Lax", "None", or ""`);
  return undefined;
};

const name: Rule = (value, reporter) => {
  if (reporter.version >= '8.3') {
    if (value !== '' && !isNumeric(value) && !FORBIDDEN_IN_NAME.test(value)) return value;
    const rule =
      'must not be numeric, empty, contain null bytes or any of the following characters';
    reporter.warn('E_WARNING', `session.name "${beforeNul(value)}" ${rule} "${FORBIDDEN_SHOWN}"`);
    return undefined;
  }
  // OnUpdateStringUnempty() refuses a value that is empty up to its NUL, without a message.
  if (value !== '' && !isNumeric(value)) return beforeNul(value) || undefined;
  reporter.warn('E_WARNING', `session.name "${beforeNul(value)}" cannot be numeric or empty`);
  return undefined;
};

const cookieLifetime: Rule = (value, reporter, key, current) => {
  if (reporter.version >= '8.6') return strictLifetime(value, reporter, key);
  // As in PHP, atol() looks for a negative number first, and only then the value is read as a quantity.
  const seconds = leadingInteger(value);
  if (seconds < 0n) {
    reporter.warn('E_WARNING', 'CookieLifetime cannot be negative');
    return undefined;
  }
  // PHP returns true and leaves the lifetime alone.
  if (seconds > LONGEST_LIFETIME) return current ?? 0n;
  const parsed = number(value, reporter, key) as bigint;
  return parsed < 0n ? undefined : parsed;
};

/** Refuses text that is no integer, and integers out of range; up to 8.5 PHP reads what it can. */
const strictLifetime: Rule = (value, reporter, key) => {
  const isInteger = WHOLE_INTEGER.test(value);
  const seconds = isInteger ? BigInt(value.trim().replace('+', '')) : 0n;
  if (isInteger && seconds >= 0n && seconds <= LONGEST_LIFETIME)
    return number(value, reporter, key);
  const rule = isInteger ? `between 0 and ${LONGEST_LIFETIME}` : 'of type int';
  reporter.warn('E_WARNING', `${key} must be ${rule}`);
  return undefined;
};

const gcProbability: Rule = (value, reporter, key) => {
  const parsed = number(value, reporter, key) as bigint;
  if (reporter.version < '8.4' || parsed >= 0n) return parsed;
  reporter.warn('E_WARNING', 'session.gc_probability must be greater than or equal to 0');
  return undefined;
};

const gcDivisor: Rule = (value, reporter, key) => {
  const parsed = number(value, reporter, key) as bigint;
  if (reporter.version < '8.4' || parsed > 0n) return parsed;
  reporter.warn('E_WARNING', 'session.gc_divisor must be greater than 0');
  return undefined;
};

const useOnlyCookies: Rule = (value, reporter) => {
  const parsed = parseSwitch(value);
  if (!parsed) deprecated(reporter, 'Disabling session.use_only_cookies INI setting is deprecated');
  return parsed;
};

const useTransSid: Rule = (value, reporter) => {
  const parsed = parseSwitch(value);
  if (parsed) deprecated(reporter, 'Enabling session.use_trans_sid INI setting is deprecated');
  return parsed;
};

const refererCheck: Rule = (value, reporter, key) => {
  if (refusesNul(value, reporter, key)) return undefined;
  if (value !== '')
    deprecated(reporter, 'Usage of session.referer_check INI setting is deprecated');
  return beforeNul(value);
};

const transSid =
  (setting: 'trans_sid_tags' | 'trans_sid_hosts'): Rule =>
  (value, reporter) => {
    const isStock = value === ENTRIES[setting].initial;
    if (!isStock) deprecated(reporter, `Usage of session.${setting} INI setting is deprecated`);
    return value;
  };

const uploadFrequency: Rule = (value, reporter, key) => {
  const parsed = leadingInteger(value);
  const wrong =
    parsed < 0n
      ? 'greater than or equal to 0'
      : value.endsWith('%') && parsed > 100n
        ? 'less than or equal to 100%'
        : undefined;
  if (wrong === undefined) return value;
  reporter.warn('E_WARNING', `${key} must be ${wrong}`);
  return undefined;
};

/** One line of PHP_INI_BEGIN(). */
export interface Entry {
  readonly initial: string;
  readonly rule: Rule;
  /** Whether only php.ini may set the setting, not a running script. */
  readonly perDirectory?: boolean;
  /** Whether the setting may change while a session is active: only PHP's URL rewriter reads it. */
  readonly anyTime?: boolean;
}

// PHP_INI_BEGIN(), session.c L899.
export const ENTRIES: Readonly<Record<SettingName, Entry>> = {
  save_path: { initial: '', rule: savePath },
  name: { initial: 'PHPSESSID', rule: name },
  save_handler: { initial: 'files', rule: saveHandler },
  auto_start: { initial: '0', rule: flag, perDirectory: true },
  gc_probability: { initial: '1', rule: gcProbability },
  gc_divisor: { initial: '100', rule: gcDivisor },
  gc_maxlifetime: { initial: '1440', rule: number },
  serialize_handler: { initial: 'php', rule: serializeHandler },
  cookie_lifetime: { initial: '0', rule: cookieLifetime },
  cookie_path: { initial: '/', rule: textWithoutNul },
  cookie_domain: { initial: '', rule: textWithoutNul },
  cookie_secure: { initial: '0', rule: flag },
  cookie_partitioned: { initial: '0', rule: flag },
  cookie_httponly: { initial: '0', rule: flag },
  cookie_samesite: { initial: '', rule: sameSite },
  use_cookies: { initial: '1', rule: flag },
  use_only_cookies: { initial: '1', rule: useOnlyCookies },
  use_strict_mode: { initial: '0', rule: flag },
  referer_check: { initial: '', rule: refererCheck },
  cache_limiter: { initial: 'nocache', rule: textWithoutNul },
  cache_expire: { initial: '180', rule: number },
  use_trans_sid: { initial: '0', rule: useTransSid },
  trans_sid_tags: {
    initial: 'a=href,area=href,frame=src,form=',
    rule: transSid('trans_sid_tags'),
    anyTime: true,
  },
  trans_sid_hosts: { initial: '', rule: transSid('trans_sid_hosts'), anyTime: true },
  sid_length: { initial: '32', rule: sidRule('sid_length', 32, 22, 256) },
  sid_bits_per_character: { initial: '4', rule: sidRule('sid_bits_per_character', 4, 4, 6) },
  lazy_write: { initial: '1', rule: flag },
  'upload_progress.enabled': { initial: '1', rule: flag, perDirectory: true },
  'upload_progress.cleanup': { initial: '1', rule: flag, perDirectory: true },
  'upload_progress.prefix': { initial: 'upload_progress_', rule: text, perDirectory: true },
  'upload_progress.name': {
    initial: 'PHP_SESSION_UPLOAD_PROGRESS',
    rule: text,
    perDirectory: true,
  },
  'upload_progress.freq': { initial: '1%', rule: uploadFrequency, perDirectory: true },
  'upload_progress.min_freq': { initial: '1', rule: text, perDirectory: true },
};
