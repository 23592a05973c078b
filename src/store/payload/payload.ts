/** A session's bytes as top-level keys, in any of the formats. */
import { decodeSession, encodeSession, type PhpKey, type PhpValue } from '../../serialize/index.ts';
import { SessionUnreadable, SessionValueError } from '../errors.ts';
import { decodeJson, encodeJson, joinJson, pathOf, splitJson } from './json.ts';
import {
  decodePhp,
  encodePhp,
  hasReferences,
  joinPhp,
  keyOf,
  nameOf,
  type PhpFormat,
  splitPhp,
} from './php.ts';
import { isSealed } from './seal.ts';

/** `json`, which every language reads, or one of PHP's `session.serialize_handler`. */
export type Format = 'json' | PhpFormat;

/** In the order in which a payload is tried; `php` takes almost anything with a bar. */
const FORMATS: readonly Format[] = ['json', 'php_serialize', 'php', 'php_binary'];

/** A key's new bytes. */
export type Changes = ReadonlyMap<string, Buffer | undefined>;

/**
 * A payload that was read: each key's bytes as they were found.
 *
 * PHP's references count the values of the whole session. A payload with references is decoded and
 * written as a whole, which gives the same bytes for what did not change.
 */
export class Payload {
  readonly format: Format;
  readonly #bytes: Buffer;
  readonly #entries: ReadonlyMap<string, Buffer>;
  /** The decoded values of a payload with references. */
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
      this.#entries = new Map();
      return;
    }
    for (const format of [preferred, ...FORMATS]) {
      const entries = format === 'json' ? splitJson(bytes) : splitPhp(format, bytes);
      if (entries === undefined) continue;
      this.format = format;
      this.#entries = entries;
      if (format !== 'json' && hasReferences(bytes)) this.#values = decodeWhole(format, bytes);
      return;
    }
    if (isSealed(bytes))
      throw new SessionUnreadable('it is sealed: give the store its keys, `seal`');
    throw new SessionUnreadable(
      'it is in none of the formats json, php, php_serialize, php_binary',
    );
  }

  /** The names of the top-level keys. */
  get keys(): Iterable<string> {
    return this.#entries.keys();
  }

  /** Whether there is such a key. */
  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /**
   * Returns a key's bytes, by which it is compared; undefined without such a key.
   *
   * @param format - The format in which the bytes are wanted.
   */
  bytesOf(key: string, format: Format = this.format): Buffer | undefined {
    const bytes = this.#entries.get(key);
    if (bytes === undefined) return undefined;
    if (this.#values === undefined && sameValues(format, this.format)) return bytes;
    return encodeValue(format, this.valueOf(key), key);
  }

  /**
   * Decodes a key's value. Each call gives a value of its own, except with references, where all
   * keys share their variables.
   */
  valueOf(key: string): unknown {
    if (this.#values !== undefined) return this.#values.get(key);
    const bytes = this.#entries.get(key);
    return bytes === undefined ? undefined : decodeValue(this.format, bytes);
  }

  /**
   * Writes the payload with some keys changed; the others keep their bytes.
   *
   * @param changes - New bytes in `format`, or undefined for a key that is deleted.
   * @param format - The format to write.
   * @throws SessionValueError for a key or value that the format cannot hold.
   */
  with(changes: Changes, format: Format): Buffer {
    if (changes.size === 0 && format === this.format) return this.#bytes;
    if (this.#values !== undefined && format !== 'json') return this.#writeWhole(changes, format);
    const entries = new Map<string, Buffer>();
    for (const key of this.#entries.keys()) {
      if (!changes.has(key)) entries.set(key, this.bytesOf(key, format) as Buffer);
      else if (changes.get(key) !== undefined) entries.set(key, changes.get(key) as Buffer);
    }
    for (const [key, bytes] of changes) if (bytes !== undefined) entries.set(key, bytes);
    return format === 'json' ? joinJson(entries) : joinPhp(format, entries);
  }

  #writeWhole(changes: Changes, format: PhpFormat): Buffer {
    const values = new Map(this.#values);
    for (const [key, bytes] of changes) {
      if (bytes === undefined) values.delete(key);
      else values.set(key, decodePhp(bytes));
    }
    const isArray = format === 'php_serialize';
    const variables = [...values].map(
      ([name, value]) => [keyOf(name, isArray), value] as [PhpKey, PhpValue],
    );
    const { bytes } = encodeSession(format, new Map(variables));
    if (bytes === false) throw new SessionValueError('data', 'a key with "|" (format php)');
    return bytes;
  }
}

/**
 * Encodes one value.
 *
 * @param key - Its key, for errors.
 * @throws SessionValueError for a value that would come back as another one.
 */
export function encodeValue(format: Format, value: unknown, key: string): Buffer {
  const path = pathOf('', key).replace(/^\./, '');
  return format === 'json' ? encodeJson(value, path) : encodePhp(value, path);
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

function decodeWhole(format: PhpFormat, bytes: Buffer): ReadonlyMap<string, unknown> {
  const { variables, error } = decodeSession(format, bytes);
  if (error !== undefined) throw new SessionUnreadable("invalid data of PHP's serializer", error);
  const entries = variables instanceof Map ? variables : Object.entries(variables);
  return new Map([...entries].map(([key, value]) => [nameOf(key), value]));
}
