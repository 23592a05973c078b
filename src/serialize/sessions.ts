import { BAR } from './bytes.ts';
import { decoder } from './decode/decoder.ts';
import { type Frame, get } from './decode/frames.ts';
import { depthOf, inputOf, type UnserializeOptions } from './decode/options.ts';
import { openEncoder } from './encode/encoder.ts';
import { step } from './encode/refusal.ts';
import { type PhpMessage, UnserializableError, type UnserializeError } from './messages.ts';
import { integerKey } from './numbers.ts';
import { bytesOf, NO_UTF8, textOf } from './text.ts';
import type { PhpKey, PhpRecord, PhpString, PhpValue } from './values.ts';
import { PhpReference } from './values.ts';

/** The names that `session.serialize_handler` takes. */
export type SessionFormat = 'php' | 'php_binary' | 'php_serialize';

/** `$_SESSION`: a plain object, or a Map where PHP has an integer among the keys. */
export type PhpSessionVariables = PhpRecord | Map<PhpKey, PhpValue>;

/** Options of the session codecs. */
export interface SessionOptions extends Omit<UnserializeOptions, 'onMessage'> {
  /**
   * The PHP function whose name the messages begin with: `session_start()`.
   *
   * @default 'session_encode()' and 'session_decode()'
   */
  readonly caller?: string | undefined;
}

/** The result of `session_encode()`. */
export interface EncodedSession {
  /** The bytes; `false` if there is nothing to write or a key cannot be written. */
  readonly bytes: Buffer | false;
  /** PHP's warnings, in the order of the keys. */
  readonly messages: readonly PhpMessage[];
}

/** The result of `session_decode()`. */
export interface DecodedSession<Variables extends PhpSessionVariables = PhpSessionVariables> {
  /** The variables; with an error, those before it (PHP destroys the session). */
  readonly variables: Variables;
  /** The value that `$_SESSION` itself gets if `php_serialize` data is not an array. */
  readonly scalar?: PhpValue | undefined;
  /** PHP's warnings, also those before an error, but not the one about destroying the session. */
  readonly messages: readonly PhpMessage[];
  /** Why the bytes are not a session in this format; `undefined` if all of them were read. */
  readonly error: UnserializeError | undefined;
  /** True if `php_binary` data ends within a key; PHP then skips its warnings of integer keys. */
  readonly endsInKey?: true;
}

const LONGEST_BINARY_KEY = 127;

/**
 * Returns whether PHP has a session format of this name.
 *
 * @param name - A value for `session.serialize_handler`, in lower case.
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
 * @param format - The name of PHP's serialize handler.
 * @param variables - The session's variables. Integer keys are skipped with a warning.
 * @param options - PHP's version, and the function that its messages name.
 * @returns The bytes and PHP's warnings; `false` instead of bytes if a key has a `|`, and, up to
 *   PHP 8.5, if there is nothing to write.
 * @throws UnserializableError with the path of a value or key that PHP cannot hold.
 * @see PS_SERIALIZER_ENCODE_FUNC in php-src ext/session/session.c
 * @example
 * encodeSession('php', { count: 3 }).bytes.toString(); // 'count|i:3;'
 * encodeSession('php', { 'a|b': 3 }).bytes; // false
 */
export function encodeSession(
  format: SessionFormat,
  variables: PhpSessionVariables,
  options: Pick<SessionOptions, 'version' | 'caller'> = {},
): EncodedSession {
  const encoder = openEncoder();
  const { version = '8.4', caller = 'session_encode()' } = options;
  const messages: PhpMessage[] = [];
  const warn = (text: string): void => {
    messages.push({ level: 'E_WARNING', message: `${caller}: ${text}` });
  };
  if (format === 'php_serialize') {
    encoder.write(variables, '$_SESSION');
    return { bytes: encoder.finish(), messages };
  }
  const entries = variables instanceof Map ? variables : Object.entries(variables);
  for (const [key, value] of entries) {
    const integer = integerOf(key, variables instanceof Map);
    if (integer !== undefined) {
      warn(`Skipping numeric key ${integer}`);
      continue;
    }
    const name = bytesOf(key as PhpString);
    if (name === undefined) {
      throw new UnserializableError(`$_SESSION${step(key as string)}`, `the key: ${NO_UTF8}`);
    }
    if (format === 'php_binary') {
      if (name.length > LONGEST_BINARY_KEY) continue;
      encoder.byte(name.length);
      encoder.raw(name);
    } else {
      if (name.includes(BAR)) {
        if (version >= '8.5') {
          const shown = name.toString().replace(/\0.*$/s, '');
          warn(`Failed to write session data. Data contains invalid key "${shown}"`);
        }
        encoder.release();
        return { bytes: false, messages };
      }
      encoder.raw(name);
      encoder.byte(BAR);
    }
    encoder.write(value, '$_SESSION', key);
  }
  const bytes = encoder.finish();
  return { bytes: bytes.length === 0 && version < '8.6' ? false : bytes, messages };
}

/**
 * Reads a session's data as `session_decode()` does.
 *
 * @param format - The name of PHP's serialize handler.
 * @param bytes - The session's data; a string is read as its UTF-8 bytes.
 * @param options - Limits, PHP's version, and the function that its messages name.
 * @returns The variables, PHP's warnings, and the error for which PHP would destroy the session.
 * @throws RangeError for more bytes than `maxLength`, or a negative `maxDepth`.
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
  const input = inputOf(bytes, options.maxLength);
  const maxDepth = depthOf(options.maxDepth);
  const { version = '8.4', caller = 'session_decode()' } = options;
  const decoded = decoder.run(input, { maxDepth, version, caller }, (input) =>
    format === 'php_serialize' ? readWhole(input) : readKeys(format, input),
  );
  return decoded as DecodedSession<Variables>;
}

function readWhole(input: Buffer): DecodedSession {
  if (input.length === 0) return { variables: {}, messages: [], error: undefined };
  const { value: read, error } = readOne();
  if (error !== undefined) return { variables: {}, messages: error.messages, error };
  const messages = decoder.takeMessages();
  const whole = get(read, 0);
  const value = whole instanceof PhpReference ? whole.value : whole;
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
    const to = isBinary ? from + ((input[start] as number) & 127) : input.indexOf(BAR, start);
    // PHP needs a byte behind the name, for the value.
    if (to < 0 || (isBinary && to > input.length)) {
      const error = decoder.errorAt(start);
      const variables = collect(places);
      const { messages } = error;
      return { variables, messages, error, ...(isBinary ? { endsInKey: true } : {}) };
    }
    const name = input.toString('latin1', from, to);
    decoder.position = isBinary ? to : to + 1;
    const { value, error } = readOne();
    if (error !== undefined) {
      return { variables: collect(places), messages: error.messages, error };
    }
    places.set(name, value);
  }
  const messages = decoder.takeMessages();
  return { variables: collect(places), messages, error: undefined };
}

/** Reads the value at the decoder's position into a new place. */
function readOne():
  | { value: Frame; error: undefined }
  | { value: undefined; error: UnserializeError } {
  try {
    return { value: decoder.read(), error: undefined };
  } catch (refusal) {
    return { value: undefined, error: decoder.errorFor(refusal) };
  }
}

/** Takes the values out of their places, after the last reference to one was read. */
function collect(places: ReadonlyMap<string, Frame>): PhpSessionVariables {
  const entries = [...places].map(([latin1, place]): [PhpKey, PhpValue] => {
    const key = isAscii(latin1) ? latin1 : textOf(Buffer.from(latin1, 'latin1'));
    return [key, get(place, 0)];
  });
  const isPlain = entries.every(
    ([key]) => typeof key === 'string' && integerOf(key, false) === undefined,
  );
  // Object.fromEntries defines properties, `__proto__` included, and never assigns.
  return isPlain ? Object.fromEntries(entries) : new Map(entries);
}

/**
 * Returns the integer that PHP has for a key. In a Map the string `'5'` stays a string, as in data
 * that was decoded.
 */
function integerOf(key: PhpKey, isMap: boolean): number | bigint | undefined {
  if (typeof key === 'number' || typeof key === 'bigint') return key;
  return typeof key === 'string' && !isMap ? integerKey(key) : undefined;
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}

function isRecord(value: PhpValue): value is PhpRecord {
  if (typeof value !== 'object' || value === null) return false;
  return Object.getPrototypeOf(value) === Object.prototype;
}
