/** `$_SESSION`, and its way to and from bytes. session.c L220–283. */
import {
  decodeSession,
  encodeSession,
  type PhpKey,
  PhpReference,
  type PhpValue,
  type SessionFormat,
} from '../../serialize/index.ts';
import type { Reporter } from '../zend/reporter.ts';

/** The variables of one request's session. */
export class Variables {
  /** `$_SESSION` as a program sees it; undefined before the first session_start(). */
  all: Map<PhpKey, PhpValue> | undefined;
  /** `$_SESSION` when `php_serialize` data held no array. */
  scalar: PhpValue | undefined;
  /** PS(http_session_vars): whether the session still knows `$_SESSION`. */
  #isTracked = false;

  /** php_session_track_init(): a new, empty `$_SESSION`. */
  track(): void {
    this.all = new Map();
    this.scalar = undefined;
    this.#isTracked = true;
  }

  /** The session ends; `$_SESSION` stays readable and is not saved again. */
  untrack(): void {
    this.#isTracked = false;
  }

  /** IF_SESSION_VARS(): the variables that would be saved. */
  get saved(): Map<PhpKey, PhpValue> | undefined {
    return this.#isTracked && this.scalar === undefined ? this.all : undefined;
  }

  /** php_session_encode(), L243: undefined where C has NULL. */
  encode(format: SessionFormat, reporter: Reporter): Buffer | undefined {
    const variables = this.saved;
    if (!variables) {
      reporter.warn('E_WARNING', 'Cannot encode non-existent session');
      return undefined;
    }
    const { version, prefix: caller } = reporter;
    const { bytes, messages } = encodeSession(format, variables, { version, caller });
    for (const { level, message } of messages) reporter.warn(level, message, '');
    return bytes === false ? undefined : bytes;
  }

  /** The first part of php_session_decode(), L267. @returns false for data that is invalid. */
  decode(format: SessionFormat, data: Buffer, reporter: Reporter): boolean {
    const { version, prefix: caller } = reporter;
    const decoded = decodeSession(format, data, { version, caller });
    for (const { level, message } of decoded.messages) reporter.warn(level, message, '');
    if (format === 'php_serialize') {
      this.track();
      this.scalar = decoded.scalar;
    }
    const entries: Iterable<[PhpKey, PhpValue]> =
      decoded.variables instanceof Map ? decoded.variables : Object.entries(decoded.variables);
    // A session that was destroyed while it was read has no variables to fill.
    const variables = this.saved;
    if (variables) {
      for (const [key, value] of entries) variables.set(presentKey(variables, key), value);
    }
    if (format !== 'php_serialize' && !decoded.endsInKey) this.#warnOfNumericKeys(reporter);
    return !decoded.error;
  }

  /** php_session_normalize_vars() runs the encoder's loop, which warns of the keys it skips. */
  #warnOfNumericKeys(reporter: Reporter): void {
    for (const key of this.saved?.keys() ?? []) {
      if (typeof key !== 'number' && typeof key !== 'bigint') continue;
      reporter.warn('E_WARNING', `Skipping numeric key ${key}`);
    }
  }
}

/** The keys of bytes of each Map, by their Latin-1 text: a Map compares them by identity. */
const byteKeys = new WeakMap<ReadonlyMap<PhpKey, PhpValue>, Map<string, Uint8Array>>();

/**
 * The key of a variable in a Map: one object for equal bytes, if each key that is set comes from here.
 *
 * @param variables - The variables.
 * @param key - A key.
 * @returns The key to use in the Map.
 */
export function presentKey(variables: ReadonlyMap<PhpKey, PhpValue>, key: PhpKey): PhpKey {
  if (!(key instanceof Uint8Array)) return key;
  const known = byteKeys.get(variables) ?? new Map<string, Uint8Array>();
  byteKeys.set(variables, known);
  const text = Buffer.from(key).toString('latin1');
  const present = known.get(text) ?? key;
  known.set(text, present);
  return present;
}

/** Follows a reference, as PHP does whenever it reads a variable. */
export function followReference(value: PhpValue | undefined): PhpValue | undefined {
  return value instanceof PhpReference ? value.value : value;
}
