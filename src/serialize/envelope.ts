import { BACKSLASH, COLON, QUOTE } from './bytes.ts';
import { inputOf } from './decode/options.ts';
import { isObject, type Json, NotPortable } from './envelope/json.ts';
import { JsonReader, type Shape } from './envelope/reader.ts';
import { JsonWriter } from './envelope/writer.ts';
import { EnvelopeError, UnserializableError } from './messages.ts';
import { integerKey } from './numbers.ts';
import { encodeSession, type PhpSessionVariables } from './sessions.ts';

/** The version that this program writes, and the newest that it reads. PHP's own bytes were the first. */
const VERSION = 2;

/** The bytes that every envelope begins with, and that no session of PHP does in practice. */
const START = Buffer.from('{"v":');

/** Options for reading an envelope. */
export interface EnvelopeOptions {
  /** The most bytes that are read. @default 256 MiB */
  readonly maxLength?: number | undefined;
}

/**
 * Returns whether bytes are to be read as an envelope. It looks at the first bytes only: a damaged
 * envelope is still one, and must not be tried as a session of PHP.
 *
 * @param bytes - A session's data, as a row has it.
 * @example
 * isEnvelope('{"v":2,"data":{"count":3}}'); // true
 * isEnvelope('count|i:3;'); // false
 */
export function isEnvelope(bytes: Uint8Array | string): boolean {
  return typeof bytes === 'string'
    ? bytes.startsWith(START.toString())
    : START.equals(bytes.subarray(0, START.length));
}

/**
 * Writes `$_SESSION` as JSON that every language reads and that loses nothing: written again in one
 * of PHP's formats, it gives the same bytes. Values that plain JSON would change are objects with a
 * member `$php`, such as `{"$php":"float","value":"1"}`. The same session always gives the same
 * text.
 *
 * A session that JSON's parsers could not take apart, since it is nested deeper than 511 levels or
 * refers into the payload of a class that writes itself, is carried whole as PHP's bytes, in a
 * member `php` in place of `data`.
 *
 * @param variables - The session's variables.
 * @returns UTF-8 bytes.
 * @throws UnserializableError with the path of a value or key that PHP cannot hold.
 * @see docs/the-format.md, which lists every form
 * @example
 * encodeEnvelope({ count: 3, name: 'Zoë' }).toString(); // '{"v":2,"data":{"count":3,"name":"Zoë"}}'
 * encodeEnvelope({ price: new PhpFloat(1) }).toString();
 * // '{"v":2,"data":{"price":{"$php":"float","value":"1"}}}'
 */
export function encodeEnvelope(variables: PhpSessionVariables): Buffer {
  return writeEnvelope(variables, new JsonWriter());
}

/**
 * Writes an envelope.
 *
 * @param variables - The session's variables.
 * @param writer - Writes the member `data`.
 * @throws UnserializableError, as `encodeEnvelope` does.
 */
export function writeEnvelope(variables: PhpSessionVariables, writer: JsonWriter): Buffer {
  return Buffer.from(JSON.stringify({ v: VERSION, ...contentOf(variables, writer) }));
}

/**
 * Reads an envelope, strictly: a member or tag that this version does not know, a number that JSON
 * has rounded and a key that is there twice are refused, since another program may read them
 * otherwise.
 *
 * @param bytes - The envelope; a string is read as its UTF-8 bytes.
 * @param options - A limit.
 * @returns The variables, as `decodeSession` gives them. Keys such as `__proto__` are ordinary keys.
 * @throws EnvelopeError with the path of the fault, also for an envelope of a newer version.
 * @throws RangeError for more bytes than `maxLength`.
 * @example
 * decodeEnvelope('{"v":2,"data":{"count":3}}'); // { count: 3 }
 * decodeEnvelope('{"data":{}}'); // throws EnvelopeError: v: the version is not 2
 */
export function decodeEnvelope<Variables extends PhpSessionVariables = PhpSessionVariables>(
  bytes: Uint8Array | string,
  options: EnvelopeOptions = {},
): Variables {
  return readEnvelope(inputOf(bytes, options.maxLength), 'php') as Variables;
}

/**
 * Reads an envelope.
 *
 * @param bytes - The envelope.
 * @param shape - The form of arrays.
 * @throws EnvelopeError, as `decodeEnvelope` does.
 */
export function readEnvelope(bytes: Buffer, shape: Shape): PhpSessionVariables {
  const text = textOf(bytes);
  const envelope = parse(text);
  if (!isObject(envelope)) throw new EnvelopeError('', 'the text is not a JSON object');
  const { v, data, php } = envelope;
  if (v !== VERSION) {
    const isNewer = Number.isSafeInteger(v) && (v as number) > VERSION;
    throw new EnvelopeError(
      'v',
      isNewer
        ? `version ${String(v)} is newer than ${VERSION}, which this program reads; update it first`
        : `the version is not ${VERSION}`,
    );
  }
  const content = data === undefined ? 'php' : 'data';
  if (Object.keys(envelope).length !== 2 || envelope[content] === undefined) {
    throw new EnvelopeError('', 'the members are not "v" and either "data" or "php"');
  }
  const reader = new JsonReader(shape);
  const variables =
    data === undefined ? reader.carried(php, 'php') : reader.variables(data, 'data');
  requireDistinct(text, reader.members + 2);
  return variables;
}

/**
 * Refuses JSON with a key that is twice in one object.
 *
 * @param text - The text.
 * @param members - The count of members that were read from it.
 * @throws EnvelopeError.
 */
export function requireDistinct(text: string, members: number): void {
  if (countMembers(text) === members) return;
  throw new EnvelopeError('', 'a key is in the same object twice');
}

function contentOf(
  variables: PhpSessionVariables,
  writer: JsonWriter,
): { data: Json } | { php: string } {
  try {
    return { data: writer.variables(variables) };
  } catch (error) {
    if (!(error instanceof NotPortable)) throw error;
  }
  // With a value that PHP cannot hold, this names its path.
  const { bytes } = encodeSession('php_serialize', variables);
  const lost = [...(variables instanceof Map ? variables.keys() : [])].find(
    (key) => typeof key === 'string' && integerKey(key) !== undefined,
  );
  if (lost !== undefined) {
    const path = `$_SESSION[${JSON.stringify(lost)}]`;
    throw new UnserializableError(path, 'PHP would read the key of such a session as an int');
  }
  return { php: (bytes as Buffer).toString('base64') };
}

/**
 * Returns the text of UTF-8.
 *
 * @param input - The bytes.
 * @throws EnvelopeError for other bytes.
 */
export function textOf(input: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input);
  } catch {
    throw new EnvelopeError('', 'the bytes are not UTF-8');
  }
}

/**
 * Parses JSON.
 *
 * @param text - The text.
 * @throws EnvelopeError, without the data that the parser's message would quote.
 */
export function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new EnvelopeError('', 'the text is not JSON');
  }
}

/** Counts the members of all objects in JSON: of two with the same key, `JSON.parse` drops one. */
function countMembers(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === COLON) count++;
    if (code !== QUOTE) continue;
    for (at++; text.charCodeAt(at) !== QUOTE; at++) {
      if (text.charCodeAt(at) === BACKSLASH) at++;
    }
  }
  return count;
}
