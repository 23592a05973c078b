import { decoder, SlotsNeeded } from './decode/decoder.ts';
import { type Frame, get } from './decode/places.ts';
import { Refusal } from './decode/scanner.ts';
import { openEncoder } from './encode/encoder.ts';
import { type PhpMessage, type PhpVersion, UnserializeError } from './messages.ts';
import { integerKey } from './numbers.ts';
import type { UnserializeOptions } from './unserialize.ts';
import { DEFAULT_DEPTH, inputOf } from './unserialize.ts';
import type { PhpKey, PhpRecord, PhpValue } from './values.ts';
import { PhpReference } from './values.ts';

/** What `session.serialize_handler` may name. */
export type SessionFormat = 'php' | 'php_binary' | 'php_serialize';

/** `$_SESSION`: a plain object, or a Map where PHP has an integer among the keys. */
export type PhpSessionVariables = PhpRecord | Map<PhpKey, PhpValue>;

/** What may be told to the session codecs. */
export type SessionOptions = Omit<UnserializeOptions, 'onMessage'>;

/** What `session_encode()` came to. */
export interface EncodedSession {
  /** The bytes; `false` where there is nothing to write or a key cannot be written. */
  readonly bytes: Buffer | false;
  /** PHP's warnings, in the order of the keys. */
  readonly messages: readonly PhpMessage[];
}

/** What `session_decode()` came to. */
export interface DecodedSession<Variables extends PhpSessionVariables = PhpSessionVariables> {
  /** The variables; with an error, those that came before it (PHP destroys the session). */
  readonly variables: Variables;
  /** What `$_SESSION` becomes where `php_serialize` holds no array, as PHP lets it. */
  readonly scalar?: PhpValue | undefined;
  /** PHP's warnings other than the one that a failure ends with. */
  readonly messages: readonly PhpMessage[];
  /** Where the bytes are not what the format says; `undefined` if all were read. */
  readonly error: UnserializeError | undefined;
}

const DELIMITER = 124;
const LONGEST_BINARY_KEY = 127;

/**
 * Tells whether PHP has a session format of this name.
 *
 * @param name what `session.serialize_handler` is to be, in lower case
 * @returns true for the three that PHP brings
 * @see {@link https://php.net/session.configuration | PHP's manual}, session.serialize_handler
 * @example
 * isSessionFormat('php_binary'); // true
 * isSessionFormat('wddx'); // false
 */
export function isSessionFormat(name: string): name is SessionFormat {
  return name === 'php' || name === 'php_binary' || name === 'php_serialize';
}

/**
 * Writes `$_SESSION` as `session_encode()` does, with one reference table over all keys.
 *
 * @param format the name of PHP's serialize handler
 * @param variables the session's variables
 * @param options PHP's version
 * @returns the bytes and PHP's warnings; `false` in place of bytes where there is nothing to write,
 *   and where a `|` in a key fails all of it. Integer keys are skipped with a warning.
 * @throws UnserializableError with the path of a value that PHP cannot hold
 * @see PS_SERIALIZER_ENCODE_FUNC in php-src ext/session/session.c
 * @example
 * encodeSession('php', { count: 3 }).bytes.toString(); // 'count|i:3;'
 * encodeSession('php', { 'a|b': 3 }).bytes; // false
 */
export function encodeSession(
  format: SessionFormat,
  variables: PhpSessionVariables,
  options: { readonly version?: PhpVersion | undefined } = {},
): EncodedSession {
  const encoder = openEncoder();
  const messages: PhpMessage[] = [];
  if (format === 'php_serialize') {
    encoder.write(variables, '$_SESSION');
    return { bytes: encoder.finish(), messages };
  }
  const entries = variables instanceof Map ? variables : Object.entries(variables);
  for (const [key, value] of entries) {
    const integer = integerOf(key, variables instanceof Map);
    if (integer !== undefined) {
      messages.push(warning(`Skipping numeric key ${integer}`));
      continue;
    }
    const name = Buffer.from(key as string);
    if (format === 'php_binary') {
      if (name.length > LONGEST_BINARY_KEY) continue;
      encoder.byte(name.length);
      encoder.raw(name);
    } else {
      if (name.includes(DELIMITER)) {
        if (options.version !== undefined && options.version >= '8.5') {
          const shown = name.toString().replace(/\0.*$/s, '');
          const text = `Failed to write session data. Data contains invalid key "${shown}"`;
          messages.push(warning(text));
        }
        encoder.release();
        return { bytes: false, messages };
      }
      encoder.raw(name);
      encoder.byte(DELIMITER);
    }
    encoder.write(value, '$_SESSION', key);
  }
  const bytes = encoder.finish();
  return { bytes: bytes.length > 0 && bytes, messages };
}

/**
 * Reads what a session holds, as `session_decode()` does.
 *
 * @param format the name of PHP's serialize handler
 * @param bytes the session's data; a string stands for its UTF-8 bytes
 * @param options limits and PHP's version
 * @returns the variables, PHP's warnings, and the error PHP would destroy the session for
 * @throws RangeError for more bytes than `maxLength`
 * @see PS_SERIALIZER_DECODE_FUNC in php-src ext/session/session.c
 * @example
 * decodeSession('php', 'count|i:3;').variables; // { count: 3 }
 * decodeSession('php', 'count|i:3').error?.offset; // 6
 */
export function decodeSession<Variables extends PhpSessionVariables = PhpSessionVariables>(
  format: SessionFormat,
  bytes: Uint8Array | string,
  options: SessionOptions = {},
): DecodedSession<Variables> {
  const input = inputOf(bytes, options);
  const version = options.version ?? '8.4';
  const maxDepth = options.maxDepth ?? DEFAULT_DEPTH;
  let slots = false;
  for (;;) {
    decoder.start(input, maxDepth, version, slots);
    try {
      const decoded = format === 'php_serialize' ? readWhole(input) : readKeys(format, input);
      return decoded as DecodedSession<Variables>;
    } catch (error) {
      if (!(error instanceof SlotsNeeded)) throw error;
      slots = true;
    } finally {
      decoder.finish();
    }
  }
}

function readWhole(input: Buffer): DecodedSession {
  if (input.length === 0) return { variables: {}, messages: [], error: undefined };
  const { value: read, error } = readOne(input);
  if (error !== undefined) return { variables: {}, messages: error.messages, error };
  const messages = decoder.takeMessages();
  const standing = get(read, 0);
  const value = standing instanceof PhpReference ? standing.value : standing;
  if (value === null) return { variables: {}, messages, error };
  if (value instanceof Map || isRecord(value)) return { variables: value, messages, error };
  if (Array.isArray(value)) {
    const variables = value.length === 0 ? {} : new Map<PhpKey, PhpValue>(value.entries());
    return { variables, messages, error };
  }
  return { variables: {}, scalar: value, messages, error };
}

function readKeys(format: SessionFormat, input: Buffer): DecodedSession {
  const places = new Map<string, Frame>();
  const isBinary = format === 'php_binary';
  while (decoder.position < input.length) {
    const start = decoder.position;
    const from = isBinary ? start + 1 : start;
    const to = isBinary ? from + ((input[start] as number) & 127) : input.indexOf(DELIMITER, start);
    // A name that reaches to the end leaves no room for a value.
    if (to < 0 || (isBinary && to > input.length)) {
      const messages = decoder.takeMessages();
      const error = new UnserializeError(start, input.length, decoder.version, messages);
      return { variables: collect(places), messages, error };
    }
    const name = input.toString('latin1', from, to);
    decoder.position = isBinary ? to : to + 1;
    const { value, error } = readOne(input);
    if (error !== undefined) {
      return { variables: collect(places), messages: error.messages, error };
    }
    places.set(name, value);
  }
  const messages = decoder.takeMessages();
  return { variables: collect(places), messages, error: undefined };
}

/** Reads the value at the decoder's position into a place of its own. */
function readOne(
  input: Buffer,
): { value: Frame; error: undefined } | { value: undefined; error: UnserializeError } {
  try {
    return { value: decoder.read(), error: undefined };
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal;
    const error = new UnserializeError(
      refusal.offset,
      input.length,
      decoder.version,
      decoder.takeMessages(),
    );
    return { value: undefined, error };
  }
}

/** Takes the values out of their places once no later one can change them. */
function collect(places: ReadonlyMap<string, Frame>): PhpSessionVariables {
  const entries = [...places].map(([latin1, place]): [PhpKey, PhpValue] => {
    const bytes = Buffer.from(latin1, 'latin1');
    const text = bytes.toString();
    return [Buffer.from(text).equals(bytes) ? text : bytes, get(place, 0)];
  });
  const isPlain = entries.every(
    ([key]) => typeof key === 'string' && integerOf(key, false) === undefined,
  );
  // Object.fromEntries defines its properties, `__proto__` too, and assigns none.
  return isPlain ? Object.fromEntries(entries) : new Map(entries);
}

/**
 * The integer that PHP has as this key. In a Map the string `'5'` stays the string that a session
 * written with such a key reads back as.
 */
function integerOf(key: PhpKey, isMap: boolean): number | bigint | undefined {
  if (typeof key === 'number' || typeof key === 'bigint') return key;
  return typeof key === 'string' && !isMap ? integerKey(key) : undefined;
}

function isRecord(value: PhpValue): value is PhpRecord {
  if (typeof value !== 'object' || value === null) return false;
  return Object.getPrototypeOf(value) === Object.prototype;
}

function warning(message: string): PhpMessage {
  return { level: 'E_WARNING', message, namesFunction: true };
}
