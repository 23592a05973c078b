/** PHP's session formats, split into top-level keys whose bytes stay as PHP wrote them. */
import { isUtf8 } from 'node:buffer';
import { type PhpKey, serialize, UnserializableError, unserialize } from '../../serialize/index.ts';
import { integerKey } from '../../serialize/numbers.ts';
import { isWellFormed } from '../../serialize/tags.ts';
import { SessionUnreadable, SessionValueError } from '../errors.ts';
import { firstChange } from './changes.ts';
import { TOO_DEEP } from './check.ts';

/** The names of PHP's serialize handlers. */
export type PhpFormat = 'php' | 'php_serialize' | 'php_binary';

const BAR = 0x7c;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const QUOTE = 0x22;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const LONGEST_BINARY_KEY = 127;

/** A reference counts the values before it, in other keys as well: such a payload is kept whole. */
const REFERENCE = /[rR]:[0-9]+;/;

/**
 * Whether a payload may hold references. A string that only looks like one is taken for one.
 *
 * @param bytes - The payload.
 */
export function hasReferences(bytes: Buffer): boolean {
  return REFERENCE.test(bytes.toString('latin1'));
}

/**
 * Finds the values of the top-level keys without decoding them.
 *
 * @returns Each key's bytes; undefined if the payload is not of this format.
 */
export function splitPhp(format: PhpFormat, bytes: Buffer): Map<string, Buffer> | undefined {
  return format === 'php_serialize' ? splitArray(bytes) : splitKeys(format, bytes);
}

function splitKeys(format: 'php' | 'php_binary', bytes: Buffer): Map<string, Buffer> | undefined {
  const entries = new Map<string, Buffer>();
  let at = 0;
  while (at < bytes.length) {
    const start = format === 'php' ? at : at + 1;
    const end = format === 'php' ? bytes.indexOf(BAR, at) : start + ((bytes[at] as number) & 127);
    if (end < 0 || end >= bytes.length) return undefined;
    const from = format === 'php' ? end + 1 : end;
    const to = skipValue(bytes, from);
    if (to === undefined) return undefined;
    entries.set(nameOf(bytes.subarray(start, end)), bytes.subarray(from, to));
    at = to;
  }
  return entries;
}

function splitArray(bytes: Buffer): Map<string, Buffer> | undefined {
  const head = /^a:([0-9]+):\{/.exec(bytes.toString('latin1', 0, 32));
  if (head === null) return undefined;
  const entries = new Map<string, Buffer>();
  let at = head[0].length;
  for (let left = Number(head[1]); left > 0; left -= 1) {
    // PHP has keys that are ints or strings, and no others.
    if (!'is'.includes(letterAt(bytes, at))) return undefined;
    const keyEnd = skipValue(bytes, at);
    const to = keyEnd === undefined ? undefined : skipValue(bytes, keyEnd);
    if (keyEnd === undefined || to === undefined) return undefined;
    const key = decodePhp(bytes.subarray(at, keyEnd));
    entries.set(nameOf(key as PhpKey), bytes.subarray(keyEnd, to));
    at = to;
  }
  return at === bytes.length - 1 && bytes[at] === CLOSE ? entries : undefined;
}

/**
 * Returns a key's name in `data`. A key that is not UTF-8 becomes a NUL and a character for each
 * byte, so that distinct keys stay distinct.
 *
 * @param key - The key as PHP has it.
 */
export function nameOf(key: PhpKey): string {
  if (typeof key !== 'object') return String(key);
  const bytes = Buffer.from(key);
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : `\0${bytes.toString('latin1')}`;
}

/**
 * Returns the key that a name stands for.
 *
 * @param isArray - Whether PHP reads numeric keys as integers, as in any array of its own.
 */
export function keyOf(name: string, isArray: boolean): PhpKey {
  const bytes = Buffer.from(name.slice(1), 'latin1');
  const isOfBytes = name.startsWith('\0') && bytes.toString('latin1') === name.slice(1);
  if (isOfBytes && !isUtf8(bytes)) return bytes;
  return (isArray ? integerKey(name) : undefined) ?? name;
}

function bytesOfKey(name: string): Buffer {
  return Buffer.from(keyOf(name, false) as string);
}

/**
 * Joins top-level values to a payload.
 *
 * @throws SessionValueError for a key that the format cannot hold.
 */
export function joinPhp(format: PhpFormat, entries: ReadonlyMap<string, Buffer>): Buffer {
  const parts: Buffer[] = [];
  if (format === 'php_serialize') parts.push(Buffer.from(`a:${entries.size}:{`));
  for (const [name, value] of entries) {
    requireKey(format, name);
    const key = bytesOfKey(name);
    if (format === 'php_serialize') parts.push(serialize(keyOf(name, true)), value);
    else if (format === 'php') parts.push(key, Buffer.from('|'), value);
    else parts.push(Buffer.from([key.length]), key, value);
  }
  if (format === 'php_serialize') parts.push(Buffer.from('}'));
  return Buffer.concat(parts);
}

/**
 * Refuses a key that a format cannot hold; PHP leaves such a key out, or all of the session.
 *
 * @throws SessionValueError.
 */
export function requireKey(format: PhpFormat, name: string): void {
  if (!isWellFormed(name)) throw new SessionValueError(name, 'a key with half a surrogate pair');
  if (format === 'php_serialize') return;
  const key = bytesOfKey(name);
  if (format === 'php' && key.includes(BAR)) {
    throw new SessionValueError(name, 'a key with "|" (format php)');
  }
  if (format === 'php_binary' && key.length > LONGEST_BINARY_KEY) {
    throw new SessionValueError(name, 'a key of over 127 bytes (format php_binary)');
  }
}

/**
 * Decodes one value.
 *
 * @throws SessionUnreadable.
 */
export function decodePhp(bytes: Buffer): unknown {
  try {
    return unserialize(bytes, { onMessage() {} });
  } catch (cause) {
    throw new SessionUnreadable(`invalid data of PHP's serializer`, cause);
  }
}

/**
 * Encodes one value.
 *
 * @throws SessionValueError for a value that PHP cannot hold, or could not read: its limit is a depth of
 *   4,096.
 */
export function encodePhp(value: unknown, path: string): Buffer {
  let bytes: Buffer;
  let back: unknown;
  try {
    bytes = serialize(value as Parameters<typeof serialize>[0]);
    back = decodePhp(bytes);
  } catch (cause) {
    if (cause instanceof SessionUnreadable) throw new SessionValueError(path, TOO_DEEP, cause);
    if (!(cause instanceof UnserializableError)) throw cause;
    throw new SessionValueError(`${path}${cause.path.replace(/^[^.[]*/, '')}`, 'this value', cause);
  }
  const change = firstChange(value, back, path);
  if (change === undefined) return bytes;
  throw new SessionValueError(change.path, `${kindIn(change.value)}, which PHP does not have,`);
}

/** Names a value's kind; the value itself is the session's data. */
function kindIn(value: unknown): string {
  if (typeof value === 'number') return Object.is(value, -0) ? 'the number -0' : 'such a number';
  if (value instanceof Uint8Array) return 'a Buffer with text';
  if (typeof value !== 'object' || value === null) return `a ${typeof value} of this kind`;
  const isEmpty = Object.keys(value).length === 0 && !(value instanceof Map);
  return isEmpty
    ? 'an empty object'
    : `${value instanceof Map ? 'a Map' : 'an object'} with such keys`;
}

/** Returns the place behind a value; undefined if there is none, or one of an unusual form. */
function skipValue(bytes: Buffer, from: number): number | undefined {
  /** How many keys and values each open container still needs. */
  const open: number[] = [];
  let at = from;
  do {
    if (open.length > 0) open.push((open.pop() as number) - 1);
    const letter = letterAt(bytes, at);
    if ('NbidrR'.includes(letter)) {
      at = bytes.indexOf(SEMICOLON, at) + 1;
      if (at === 0) return undefined;
    } else if ('sE'.includes(letter)) {
      const [length, start] = numberAt(bytes, at + 2);
      at = start + length + 3;
      if (bytes[start] !== QUOTE || bytes[at - 2] !== QUOTE || bytes[at - 1] !== SEMICOLON)
        return undefined;
    } else if ('aOC'.includes(letter)) {
      const [count, start] = numberAt(bytes, letter === 'a' ? at + 2 : skipName(bytes, at + 2));
      if (bytes[start] !== OPEN) return undefined;
      // `C:` has bytes of its class in place of keys and values.
      const isOpaque = letter === 'C';
      open.push(isOpaque ? 0 : count * 2);
      at = start + 1 + (isOpaque ? count : 0);
    } else return undefined;
    while (open.at(-1) === 0) {
      if (bytes[at] !== CLOSE) return undefined;
      at += 1;
      open.pop();
    }
  } while (open.length > 0);
  return at;
}

/** Returns the letter that a value begins with; behind the end, none that a value has. */
function letterAt(bytes: Buffer, at: number): string {
  return String.fromCharCode(bytes[at] ?? 0);
}

/** Reads `12:`; returns the number and the place behind the colon. NaN, and no place, without one. */
function numberAt(bytes: Buffer, from: number): [number: number, at: number] {
  let at = from;
  let number = 0;
  for (; at - from < 10; at += 1) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    number = number * 10 + digit;
  }
  return at > from && bytes[at] === COLON ? [number, at + 1] : [Number.NaN, Number.NaN];
}

/** Skips `4:"User":`; returns the place behind it, or NaN. */
function skipName(bytes: Buffer, from: number): number {
  const [length, start] = numberAt(bytes, from);
  const end = start + length + 1;
  const isName = bytes[start] === QUOTE && bytes[end] === QUOTE && bytes[end + 1] === COLON;
  return isName ? end + 2 : Number.NaN;
}
