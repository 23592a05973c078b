/** The `session.*` settings: PHP's defaults, php.ini's values, and changes at run time. */
import type { PhpVersion } from '../../serialize/index.ts';
import type {
  RuntimeSettings,
  SettingNumber,
  SettingSwitch,
  StartupSettings,
} from '../setting-types.ts';
import { phpString, typeName } from '../zend/conversions.ts';
import { Reporter } from '../zend/reporter.ts';
import { nearestName } from './nearest-name.ts';
import { ENTRIES, type Entry, type Parsed, type SettingName } from './setting-rules.ts';

type AllSettings = RuntimeSettings & StartupSettings;

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
/** The defaults that differ from PHP 8.6 on. */
const SECURE_DEFAULTS: Readonly<Record<string, string>> = {
  use_strict_mode: '1',
  cookie_httponly: '1',
  cookie_samesite: 'Lax',
};

/** @returns undefined for a name that PHP's session extension does not have. */
function entryOf(key: string): Entry | undefined {
  return Object.hasOwn(ENTRIES, key) ? ENTRIES[key as SettingName] : undefined;
}

/** A setting as it was written, and as the session works with it. */
interface Setting {
  readonly text: string;
  readonly value: Parsed;
}

/** The settings of one request, or those that requests begin with. */
export class Settings {
  /** The settings that differ from those below; undefined until there is one. */
  #own: Map<string, Setting> | undefined;
  readonly #below: Settings | undefined;

  /** @param from - The settings to begin with, or the PHP release whose defaults are wanted. */
  constructor(from: Settings | PhpVersion = '8.4') {
    if (from instanceof Settings) {
      this.#below = from;
      return;
    }
    const silent = new Reporter(from, () => {});
    for (const [key, { initial, rule }] of Object.entries(ENTRIES)) {
      const text = (from >= '8.6' ? SECURE_DEFAULTS[key] : undefined) ?? initial;
      const value = rule(text, silent, `session.${key}`) as Parsed;
      this.#set(key, { text, value });
    }
  }

  /** @returns The setting as the session works with it. */
  get<Key extends keyof SettingValues>(key: Key): SettingValues[Key] {
    const value = this.#find(key)?.value;
    return (typeof value === 'bigint' ? Number(value) : value) as SettingValues[Key];
  }

  /** @returns All digits of a setting that a number can be too small for. */
  exact(key: 'cookie_lifetime' | 'cache_expire'): bigint {
    return this.#find(key)?.value as bigint;
  }

  /** @returns The setting's text; undefined for a setting that this PHP release does not have. */
  text(key: string, version: PhpVersion): string | undefined {
    return key === 'cookie_partitioned' && version < '8.5' ? undefined : this.#find(key)?.text;
  }

  #find(key: string): Setting | undefined {
    const below = this.#below;
    return this.#own?.get(key) ?? (below ? below.#find(key) : undefined);
  }

  #set(key: string, setting: Setting): void {
    this.#own ??= new Map();
    this.#own.set(key, setting);
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
    const initial = this.#find(short)?.text;
    let reason: string | undefined;
    const reporter = new Reporter(version, ({ level, message }) => {
      if (level === 'E_WARNING') reason ??= message.replace(/^PHP Request Startup: /, '');
    });
    const isStored = this.#store(short, entry, phpString(value), reporter);
    if (isStored && reason === undefined) return;
    reason ??= `"${value}" is not a value for ${key}`;
    throw new RangeError(`${reason}; leave ${key} out for PHP's default, "${initial}"`);
  }

  /** session_set_save_handler(): the only way to the module "user". */
  useCallbacks(): void {
    this.#set('save_handler', { text: 'user', value: 'user' });
  }

  #store(key: string, entry: Entry, value: string, reporter: Reporter): boolean {
    const parsed = entry.rule(value, reporter, `session.${key}`, this.#find(key)?.value);
    if (parsed === undefined) return false;
    this.#set(key, { text: value, value: parsed });
    return true;
  }
}

function isScalar(value: unknown): value is string | number | bigint | boolean | null {
  return value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
}
