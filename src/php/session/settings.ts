/** The `session.*` settings and the rules for changing them. session.c L575–945. */
import { isSessionFormat, type PhpVersion } from '../../serialize/index.ts';
import type {
  RuntimeSettings,
  SettingNumber,
  SettingSwitch,
  StartupSettings,
} from '../setting-types.ts';
import { beforeNul, isNumeric, phpString, typeName } from '../zend/conversions.ts';
import { parseQuantity, parseSwitch } from '../zend/quantity.ts';
import { Reporter } from '../zend/reporter.ts';
import { nearestName } from './nearest-name.ts';

type AllSettings = RuntimeSettings & StartupSettings;
type SettingName = keyof AllSettings;

/** The settings in the form the session works with: switches as booleans, numbers as numbers. */
export type SettingValues = {
  [Key in SettingName]: AllSettings[Key] extends SettingSwitch
    ? boolean
    : AllSettings[Key] extends SettingNumber
      ? number
      : Key extends 'save_handler'
        ? 'files' | 'user'
        : AllSettings[Key];
};
// ZEND_LONG_MAX - INT_MAX - 1.
const LONGEST_LIFETIME = 2n ** 63n - 2n ** 31n - 1n;

type Parsed = string | number | boolean;
type Rule = (
  text: string,
  reporter: Reporter,
  key: string,
  current?: Parsed | undefined,
) => Parsed | undefined;

// SESSION_FORBIDDEN_CHARS; the text is what PHP prints for these characters since 8.3.
const FORBIDDEN_IN_NAME = /[=,;.[ \t\r\n\v\f\0]/;
const FORBIDDEN_SHOWN = '=,;.[ \\t\\r\\n\\013\\014';

// Until 8.4 these are C strings: the session sees them up to a NUL, ini_get() all of them.
const text: Rule = (value, reporter) => (reporter.version < '8.5' ? beforeNul(value) : value);
const flag: Rule = (value) => parseSwitch(value);

const number: Rule = (value, reporter, key) => {
  const { value: parsed, remark } = parseQuantity(value);
  if (remark !== undefined) reporter.warn('E_WARNING', `Invalid "${key}" setting. ${remark}`, '');
  return parsed;
};

/** Since 8.4, a setting that only one value does not deprecate. */
function deprecated(reporter: Reporter, message: string): void {
  if (reporter.version >= '8.4') reporter.warn('E_DEPRECATED', message);
}

function sidRule(key: string, stock: number, lowest: number, highest: number): Rule {
  return (value, reporter) => {
    const parsed = Number.parseInt(value, 10) || 0;
    if (parsed !== stock) deprecated(reporter, `session.${key} INI setting is deprecated`);
    if (/^\s*[+-]?\d+$/.test(value) && parsed >= lowest && parsed <= highest) return parsed;
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

const savePath: Rule = (value) => (value.includes('\0') ? undefined : value);

const name: Rule = (value, reporter) => {
  if (reporter.version >= '8.3') {
    if (value !== '' && !isNumeric(value) && !FORBIDDEN_IN_NAME.test(value)) return value;
    const rule =
      'must not be numeric, empty, contain null bytes or any of the following characters';
    reporter.warn('E_WARNING', `session.name "${beforeNul(value)}" ${rule} "${FORBIDDEN_SHOWN}"`);
    return undefined;
  }
  if (value !== '' && !isNumeric(value)) return beforeNul(value);
  reporter.warn('E_WARNING', `session.name "${beforeNul(value)}" cannot be numeric or empty`);
  return undefined;
};

const cookieLifetime: Rule = (value, reporter, key, current) => {
  // atol() first, the quantity only for what it let through.
  const seconds = BigInt(/^\s*([+-]?\d+)/.exec(value)?.[1]?.replace('+', '') ?? 0);
  if (seconds < 0n) {
    reporter.warn('E_WARNING', 'CookieLifetime cannot be negative');
    return undefined;
  }
  // PHP says yes and leaves the lifetime alone.
  if (seconds > LONGEST_LIFETIME) return current ?? 0;
  const parsed = number(value, reporter, key) as number;
  return parsed < 0 ? undefined : parsed;
};

const gcProbability: Rule = (value, reporter, key) => {
  const parsed = number(value, reporter, key) as number;
  if (reporter.version < '8.4' || parsed >= 0) return parsed;
  reporter.warn('E_WARNING', 'session.gc_probability must be greater than or equal to 0');
  return undefined;
};

const gcDivisor: Rule = (value, reporter, key) => {
  const parsed = number(value, reporter, key) as number;
  if (reporter.version < '8.4' || parsed > 0) return parsed;
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

const refererCheck: Rule = (value, reporter) => {
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

interface Entry {
  readonly initial: string;
  readonly rule: Rule;
  /** Only php.ini may set it, not a running script. */
  readonly perDirectory?: boolean;
  /** May be changed while a session is active, as it is not the session's own. */
  readonly anyTime?: boolean;
}

// PHP_INI_BEGIN(), session.c L899.
const ENTRIES: Readonly<Record<SettingName, Entry>> = {
  save_path: { initial: '', rule: savePath },
  name: { initial: 'PHPSESSID', rule: name },
  save_handler: { initial: 'files', rule: saveHandler },
  auto_start: { initial: '0', rule: flag, perDirectory: true },
  gc_probability: { initial: '1', rule: gcProbability },
  gc_divisor: { initial: '100', rule: gcDivisor },
  gc_maxlifetime: { initial: '1440', rule: number },
  serialize_handler: { initial: 'php', rule: serializeHandler },
  cookie_lifetime: { initial: '0', rule: cookieLifetime },
  cookie_path: { initial: '/', rule: text },
  cookie_domain: { initial: '', rule: text },
  cookie_secure: { initial: '0', rule: flag },
  cookie_partitioned: { initial: '0', rule: flag },
  cookie_httponly: { initial: '0', rule: flag },
  cookie_samesite: { initial: '', rule: text },
  use_cookies: { initial: '1', rule: flag },
  use_only_cookies: { initial: '1', rule: useOnlyCookies },
  use_strict_mode: { initial: '0', rule: flag },
  referer_check: { initial: '', rule: refererCheck },
  cache_limiter: { initial: 'nocache', rule: text },
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
  'upload_progress.freq': { initial: '1%', rule: text, perDirectory: true },
  'upload_progress.min_freq': { initial: '1', rule: text, perDirectory: true },
};

/** @returns undefined for a name that PHP's session extension does not have. */
function entryOf(key: string): Entry | undefined {
  return Object.hasOwn(ENTRIES, key) ? ENTRIES[key as SettingName] : undefined;
}

/** The settings of one request, or those that requests begin with. */
export class Settings {
  readonly #texts: Map<string, string>;
  readonly #values: Map<string, Parsed>;

  /** @param from - The settings to begin with; PHP's own defaults without. */
  constructor(from?: Settings) {
    this.#texts = new Map(from ? from.#texts : []);
    this.#values = new Map(from ? from.#values : []);
    if (from) return;
    const silent = new Reporter('8.2', () => {});
    for (const [key, { initial, rule }] of Object.entries(ENTRIES)) {
      this.#texts.set(key, initial);
      this.#values.set(key, rule(initial, silent, `session.${key}`) as Parsed);
    }
  }

  /** @returns The setting as the session works with it. */
  get<Key extends keyof SettingValues>(key: Key): SettingValues[Key] {
    return this.#values.get(key) as SettingValues[Key];
  }

  /** @returns The setting's text; undefined for a setting that this PHP release has not. */
  text(key: string, version: PhpVersion): string | undefined {
    return key === 'cookie_partitioned' && version < '8.5' ? undefined : this.#texts.get(key);
  }

  /**
   * Changes a setting at run time, as ini_set() may.
   *
   * @param key - The setting without `session.`.
   * @param value - The new text.
   * @param reporter - Receives PHP's warnings.
   * @param isLocked - Whether no setting of the session may change now; it warns.
   * @returns false when the change was refused; the setting is unchanged then.
   */
  change(key: string, value: string, reporter: Reporter, isLocked: () => boolean): boolean {
    const entry = entryOf(key);
    if (!entry || entry.perDirectory || this.text(key, reporter.version) === undefined)
      return false;
    if (!entry.anyTime && isLocked()) return false;
    return this.#store(key, entry, value, reporter);
  }

  /**
   * Sets what php.ini would, before any request. Where PHP warns at its start and goes on with its
   * default, or with the part of a number that it could read, this throws.
   *
   * @param key - The setting with `session.`.
   * @param value - Its value, converted as ini_set() converts it.
   * @param version - The PHP release.
   * @throws RangeError for an unknown setting and for an invalid value.
   */
  configure(key: string, value: unknown, version: PhpVersion): void {
    const short = key.replace(/^session\./, '');
    const entry = entryOf(short);
    if (!entry || short === key || this.text(short, version) === undefined) {
      const names = Object.keys(ENTRIES).filter((name) => this.text(name, version) !== undefined);
      const nearest = nearestName(short, names);
      throw new RangeError(
        `PHP ${version} has no setting "${key}"; the nearest name is "session.${nearest}"`,
      );
    }
    if (!isScalar(value)) {
      const given = typeName(value, version);
      throw new RangeError(`${key} must be a string, a number or a boolean, ${given} given`);
    }
    let reason: string | undefined;
    const reporter = new Reporter(version, ({ level, message }) => {
      if (level === 'E_WARNING') reason ??= message.replace(/^PHP Request Startup: /, '');
    });
    const isStored = this.#store(short, entry, phpString(value), reporter);
    if (isStored && reason === undefined) return;
    reason ??= `"${value}" is not a value for ${key}`;
    throw new RangeError(`${reason}; leave ${key} out for PHP's default, "${entry.initial}"`);
  }

  /** session_set_save_handler(): the only way to the module "user". */
  useCallbacks(): void {
    this.#texts.set('save_handler', 'user');
    this.#values.set('save_handler', 'user');
  }

  #store(key: string, entry: Entry, value: string, reporter: Reporter): boolean {
    const parsed = entry.rule(value, reporter, `session.${key}`, this.#values.get(key));
    if (parsed === undefined) return false;
    this.#texts.set(key, value);
    this.#values.set(key, parsed);
    return true;
  }
}

function isScalar(value: unknown): value is string | number | bigint | boolean | null {
  return value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
}
