/**
 * The format `json`: the envelope `{"v":2,"data":{…}}` of `phpsessid/serialize`, taken apart by its
 * top-level keys. A value without a tag is plain JSON, and is read and written as such.
 */
import { EnvelopeError, type PhpKey, type PhpValue } from '../../serialize/index.ts';
import { decodeTagged, decodeVariables, encodeTagged, type Shape } from '../../serialize/tags.ts';
import { SessionUnreadable, SessionValueError } from '../errors.ts';
import { checkJson } from './check.ts';
import { joinJson, splitJson } from './json.ts';
import { keyOf, nameOf } from './php.ts';

/** The start of every envelope that this program writes. */
const HEAD = Buffer.from('{"v":2,"data":');
const TAIL = Buffer.from('}');

const TAG = Buffer.from('"$php"');
/** Other languages may write a character of the tag as an escape. */
const ESCAPED = /\\u00[267]/;

/**
 * The output of JSON.stringify that an envelope has in another form: a key that is an int or the
 * tag's name, a NUL, half a surrogate pair, a number of 16 digits or with an exponent. A few more are
 * taken for one, and come out as plain JSON.
 */
const UNLIKE = /"\$php":|\\u(?:0000|d)|[{,]"-?\d+":|\d{16}|\de\+/;

/** The top-level values of an envelope: bytes by key, or decoded if they depend on each other. */
export type Parts =
  | { readonly entries: Map<string, Buffer>; readonly values?: undefined }
  | { readonly entries?: undefined; readonly values: Map<string, unknown> };

/**
 * Takes an envelope apart.
 *
 * @param bytes - The envelope.
 * @param shape - The form of arrays, where the values are decoded.
 * @throws SessionUnreadable for a damaged envelope and for one of a newer version.
 */
export function splitEnvelope(bytes: Buffer, shape: Shape): Parts {
  const isUsual = bytes.subarray(0, HEAD.length).equals(HEAD) && bytes.at(-1) === TAIL[0];
  const entries = isUsual ? splitJson(bytes.subarray(HEAD.length, -TAIL.length)) : undefined;
  // `same` is a second place of a value, which may have its first one in another key, and so may the
  // case of an enum, which PHP writes once.
  const isWhole = entries?.has('$php') || bytes.includes('"same"') || bytes.includes('"enum"');
  if (entries !== undefined && !isWhole) return { entries };
  const variables = readable(() => decodeVariables(bytes, shape));
  const pairs = variables instanceof Map ? [...variables] : Object.entries(variables);
  return { values: new Map(pairs.map(([key, value]) => [nameOf(key), value])) };
}

/**
 * Joins top-level values to an envelope.
 *
 * @param entries - Each key's bytes.
 * @throws SessionValueError for a key with half a surrogate pair beside one that needs a tag.
 */
export function joinEnvelope(entries: ReadonlyMap<string, Buffer>): Buffer {
  const isPlain = [...entries.keys()].every((name) => name !== '$php' && !/^-?\d|\0/.test(name));
  if (isPlain) return Buffer.concat([HEAD, joinJson(entries), TAIL]);
  const parts: Buffer[] = [];
  for (const [name, value] of entries) {
    const key = encodeTagged(keyOf(name, true));
    if (key === undefined) throw new SessionValueError(name, 'a key that has no form in JSON');
    parts.push(Buffer.from(parts.length === 0 ? '[' : ',['), key, Buffer.from(','), value);
    parts.push(Buffer.from(']'));
  }
  const head = Buffer.from('{"$php":"array","entries":[');
  return Buffer.concat([HEAD, head, ...parts, Buffer.from(']}'), TAIL]);
}

/**
 * Decodes one value.
 *
 * @param shape - The form of arrays.
 * @throws SessionUnreadable.
 */
export function decodeJson(bytes: Buffer, shape: Shape = 'javascript'): unknown {
  if (shape === 'javascript' && !isTagged(bytes)) return parsePlain(bytes.toString('utf8'));
  return readable(() => decodeTagged(bytes, shape));
}

/**
 * Encodes one value.
 *
 * @param path - The value's place, for errors.
 * @param isPhp - Whether PHP has written it, so that it may have PHP's types.
 * @throws SessionValueError for a value that JSON would give back as another one.
 */
export function encodeJson(value: unknown, path: string, isPhp = false): Buffer {
  if (!checkJson(value, path, isPhp)) return Buffer.from(JSON.stringify(value));
  const bytes = encodeTagged(value as PhpValue);
  if (bytes !== undefined) return bytes;
  throw new SessionValueError(path, 'a value that has no form in JSON');
}

/**
 * Returns whether a value's bytes have a tag.
 *
 * @param bytes - A value of an envelope.
 */
export function isTagged(bytes: Buffer): boolean {
  return bytes.includes(TAG) || (bytes.includes('\\u00') && ESCAPED.test(bytes.toString('latin1')));
}

/**
 * Returns a value of plain JSON as an envelope has it: the same bytes, unless it needs a tag. What
 * looks like a tag in plain JSON is data.
 *
 * @param path - The value's place, for errors.
 */
export function tagPlain(bytes: Buffer, path: string): Buffer {
  const written = encodeJson(parsePlain(bytes.toString('utf8')), path);
  return isTagged(written) ? written : bytes;
}

/**
 * Decodes one value of plain JSON.
 *
 * @throws SessionUnreadable.
 */
export function parsePlain(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The parser's message quotes the data.
    throw new SessionUnreadable(`invalid JSON (${(cause as Error).name})`);
  }
}

/**
 * Puts the JSON of a session layer into an envelope.
 *
 * @param text - An object, as JSON.stringify has written it.
 * @throws SessionUnreadable for other text; SessionValueError.
 */
export function toEnvelope(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (!UNLIKE.test(text)) return Buffer.concat([HEAD, bytes, TAIL]);
  const entries = splitJson(bytes);
  if (entries === undefined) throw new SessionUnreadable('it is not an object of JSON');
  return joinEnvelope(new Map([...entries].map(([key, value]) => [key, tagPlain(value, key)])));
}

/**
 * Returns the JSON in an envelope, if none of its values has a tag.
 *
 * @param bytes - A session in any format.
 */
export function plainTextOf(bytes: Buffer): string | undefined {
  if (!bytes.subarray(0, HEAD.length).equals(HEAD) || bytes.at(-1) !== TAIL[0]) return undefined;
  return isTagged(bytes)
    ? undefined
    : bytes.toString('utf8', HEAD.length, bytes.length - TAIL.length);
}

/** Turns an error about an envelope into one about the session. */
function readable<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof EnvelopeError)) throw cause;
    throw new SessionUnreadable(`invalid envelope: ${cause.message}`, cause);
  }
}

/** The keys of variables in the form in which they are written. */
export function variablesOf(
  values: ReadonlyMap<string, unknown>,
  isArray: boolean,
): Map<PhpKey, PhpValue> {
  return new Map(
    [...values].map(([name, value]) => [keyOf(name, isArray), value] as [PhpKey, PhpValue]),
  );
}
