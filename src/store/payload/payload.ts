/** A session's bytes as top-level keys, in any of the formats. */
import {
  decodeSession,
  encodeSession,
  isEnvelope,
  PhpReference,
  UnserializableError,
} from '../../serialize/index.ts';
import { encodeVariables } from '../../serialize/tags.ts';
import { SessionUnreadable, SessionValueError } from '../errors.ts';
import { pathOf } from './check.ts';
import {
  decodeJson,
  encodeJson,
  isTagged,
  joinEnvelope,
  parsePlain,
  plainTextOf,
  splitEnvelope,
  tagPlain,
  toEnvelope,
  variablesOf,
} from './envelope.ts';
import { splitJson } from './json.ts';
import {
  decodePhp,
  encodePhp,
  hasReferences,
  joinPhp,
  nameOf,
  type PhpFormat,
  requireKey,
  splitPhp,
} from './php.ts';

export { toEnvelope } from './envelope.ts';

/** `json`, which every language reads, or one of PHP's `session.serialize_handler`. */
export type Format = 'json' | PhpFormat;

/** In the order in which a payload is tried; `php` takes almost anything with a bar. */
const FORMATS: readonly Format[] = ['json', 'php_serialize', 'php', 'php_binary'];

/** New bytes by key; undefined deletes the key. */
export type Changes = ReadonlyMap<string, Buffer | undefined>;

/**
 * A payload that was read: each key's bytes as they were found.
 *
 * PHP's references count the values of the whole session, and `same` in an envelope may mean a value
 * of another key. Such a payload is decoded and written as a whole, which gives the same bytes for
 * what did not change.
 *
 * Plain JSON is read as the format `json` as well: the applications that keep sessions as bytes write
 * it, and so did session stores before this one. In it nothing is a tag.
 */
export class Payload {
  readonly format: Format;
  /** Whether the payload is JSON without an envelope, or empty. */
  readonly isPlain: boolean = false;
  readonly #bytes: Buffer;
  /** Whether a value of an envelope has a tag. */
  readonly #hasTags: boolean = false;
  readonly #entries: ReadonlyMap<string, Buffer> = new Map();
  /** The decoded values of a payload whose keys depend on each other. */
  readonly #values: ReadonlyMap<string, unknown> | undefined;

  /**
   * @param bytes - The payload; no bytes are an empty session.
   * @param preferred - The format of an empty session, and the first one that is tried.
   * @throws SessionUnreadable for bytes of no format.
   */
  constructor(bytes: Buffer, preferred: Format) {
    this.#bytes = bytes;
    if (bytes.length === 0) {
      this.format = preferred;
      this.isPlain = true;
      return;
    }
    if (isEnvelope(bytes)) {
      this.format = 'json';
      this.#hasTags = isTagged(bytes);
      const { entries, values } = splitEnvelope(bytes, 'javascript');
      if (entries !== undefined) this.#entries = entries;
      this.#values = values;
      return;
    }
    for (const format of [preferred, ...FORMATS]) {
      const entries = format === 'json' ? splitJson(bytes) : splitPhp(format, bytes);
      if (entries === undefined) continue;
      this.format = format;
      this.isPlain = format === 'json';
      if (format !== 'json' && hasReferences(bytes)) this.#values = decodeWhole(format, bytes);
      else this.#entries = entries;
      return;
    }
    throw new SessionUnreadable(`it is in none of the formats ${FORMATS.join(', ')}`);
  }

  /** A payload of the same bytes, without what readers have changed in place. */
  get pristine(): Payload {
    return this.#values === undefined ? this : new Payload(this.#bytes, this.format);
  }

  /** The names of the top-level keys. */
  get keys(): Iterable<string> {
    return (this.#values ?? this.#entries).keys();
  }

  /** Whether there is such a key. */
  has(key: string): boolean {
    return (this.#values ?? this.#entries).has(key);
  }

  /** Whether a key's value is of PHP's types, which may be others than JSON's. */
  isPhp(key: string): boolean {
    if (this.format !== 'json') return true;
    if (this.isPlain || !this.#hasTags) return false;
    return isTagged(this.bytesOf(key) as Buffer);
  }

  /**
   * Returns a key's bytes, by which it is compared; undefined without such a key.
   *
   * @param format - The format in which the bytes are wanted.
   */
  bytesOf(key: string, format: Format = this.format): Buffer | undefined {
    if (!this.has(key)) return undefined;
    const bytes = this.#entries.get(key);
    if (bytes === undefined)
      return encodeValue(format, this.#valuesFor(format).get(key), key, true);
    if (!sameValues(format, this.format)) return this.#translate(bytes, format, key);
    return this.isPlain ? tagPlain(bytes, key) : bytes;
  }

  /**
   * Decodes a key's value. Each call gives a value of its own, except where all keys share their
   * variables.
   */
  valueOf(key: string): unknown {
    if (this.#values !== undefined) return this.#values.get(key);
    const bytes = this.#entries.get(key);
    if (bytes === undefined) return undefined;
    const isUntagged = this.format === 'json' && !this.#hasTags;
    return isUntagged ? parsePlain(bytes.toString()) : decodeValue(this.format, bytes);
  }

  /**
   * Writes the payload with some keys changed; the others keep their bytes. Plain JSON gets an
   * envelope.
   *
   * @param changes - New bytes in `format`, or undefined for a key that is deleted.
   * @param format - The format to write.
   * @throws SessionValueError for a key or value that the format cannot hold.
   */
  with(changes: Changes, format: Format): Buffer {
    const isWritten = format === this.format && (!this.isPlain || this.#bytes.length === 0);
    if (changes.size === 0 && isWritten) return this.#bytes;
    // In PHP's bytes there may be values that JSON can carry with all the others only.
    const isWhole = this.#values !== undefined || (format === 'json' && this.format !== 'json');
    if (isWhole) return this.#writeWhole(changes, format);
    const entries = new Map<string, Buffer>();
    for (const key of this.keys) {
      if (!changes.has(key)) entries.set(key, this.bytesOf(key, format) as Buffer);
      else if (changes.get(key) !== undefined) entries.set(key, changes.get(key) as Buffer);
    }
    for (const [key, bytes] of changes) if (bytes !== undefined) entries.set(key, bytes);
    return format === 'json' ? joinEnvelope(entries) : joinPhp(format, entries);
  }

  /** Returns the session as JSON without an envelope; PHP's types become those of JSON. */
  toPlainText(): string {
    if (this.#bytes.length === 0) return '{}';
    if (this.isPlain) return this.#bytes.toString();
    const text = plainTextOf(this.#bytes);
    if (text !== undefined) return text;
    return JSON.stringify(
      Object.fromEntries([...this.keys].map((key) => [key, this.valueOf(key)])),
      plainOf,
    );
  }

  #translate(bytes: Buffer, format: Format, key: string): Buffer {
    if (format === 'json') return encodeJson(decodePhp(bytes), key, true);
    const value = this.isPlain ? parsePlain(bytes.toString()) : decodeJson(bytes, 'strict');
    return encodePhp(value, key);
  }

  /** All values, with arrays as the other format has them. */
  #valuesFor(format: Format): ReadonlyMap<string, unknown> {
    const isFromJson = this.format === 'json' && format !== 'json';
    const values = isFromJson ? splitEnvelope(this.#bytes, 'strict').values : this.#values;
    return values ?? decodeWhole(this.format as PhpFormat, this.#bytes);
  }

  #writeWhole(changes: Changes, format: Format): Buffer {
    const values = new Map(this.#valuesFor(format));
    for (const [key, bytes] of changes) {
      if (bytes === undefined) values.delete(key);
      else values.set(key, decodeValue(format, bytes));
    }
    if (format === 'json') return encodeWhole(values);
    for (const key of values.keys()) requireKey(format, key);
    const { bytes } = encodeSession(format, variablesOf(values, format === 'php_serialize'));
    // Without a key there are no bytes.
    return bytes === false ? Buffer.alloc(0) : bytes;
  }
}

/**
 * Encodes one value.
 *
 * @param key - Its key, for errors.
 * @param isPhp - Whether PHP has written it, so that it may have PHP's types.
 * @throws SessionValueError for a value that would come back as another one.
 */
export function encodeValue(format: Format, value: unknown, key: string, isPhp = false): Buffer {
  const path = pathOf('', key).replace(/^\./, '');
  return format === 'json' ? encodeJson(value, path, isPhp) : encodePhp(value, path);
}

/**
 * Returns whether bytes of a value have PHP's types.
 *
 * @param bytes - A value's bytes in `format`.
 */
export function isPhpValue(format: Format, bytes: Buffer | undefined): boolean {
  return format !== 'json' || (bytes !== undefined && isTagged(bytes));
}

/**
 * Decodes one value.
 *
 * @throws SessionUnreadable.
 */
export function decodeValue(format: Format, bytes: Buffer): unknown {
  return format === 'json' ? decodeJson(bytes) : decodePhp(bytes);
}

/** PHP's three formats write a value alike, and differ in the keys only. */
function sameValues(one: Format, other: Format): boolean {
  return (one === 'json') === (other === 'json');
}

function encodeWhole(values: ReadonlyMap<string, unknown>): Buffer {
  try {
    return encodeVariables(variablesOf(values, true));
  } catch (cause) {
    if (!(cause instanceof UnserializableError)) throw cause;
    throw new SessionValueError(cause.path, 'this value', cause);
  }
}

/** The JSON form of a PHP value: a bigint's digits, the variable's value for a reference. */
function plainOf(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof PhpReference) return value.value;
  return value instanceof Map ? Object.fromEntries(value) : value;
}

/**
 * Returns a session with the changes that a session layer has made in its JSON.
 *
 * @param base - The session, perhaps with types of PHP.
 * @param before - The text that `toPlainText()` made of it.
 * @param after - The layer's JSON now.
 * @throws SessionValueError.
 */
export function applyText(base: Buffer, before: string, after: string): Buffer {
  if (toEnvelope(before).equals(base)) return toEnvelope(after);
  const [old, now] = [before, after].map((text) => new Payload(toEnvelope(text), 'json')) as [
    Payload,
    Payload,
  ];
  const changes = new Map<string, Buffer | undefined>();
  for (const key of new Set([...old.keys, ...now.keys])) {
    const [was, is] = [old.bytesOf(key), now.bytesOf(key)];
    if (is === undefined || was?.equals(is) !== true) changes.set(key, is);
  }
  return new Payload(base, 'json').with(changes, 'json');
}

function decodeWhole(format: PhpFormat, bytes: Buffer): ReadonlyMap<string, unknown> {
  const { variables, error } = decodeSession(format, bytes);
  if (error !== undefined) throw new SessionUnreadable("invalid data of PHP's serializer", error);
  const entries = variables instanceof Map ? variables : Object.entries(variables);
  return new Map([...entries].map(([key, value]) => [nameOf(key), value]));
}
