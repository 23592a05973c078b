/** The format `json`: one object, whose top-level values are kept as bytes until they are needed. */
import { SessionUnreadable, SessionValueError } from '../errors.ts';

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Deeper values are refused: other languages' parsers stop at 512 as well. */
const DEEPEST = 500;

/**
 * Finds the top-level values of a JSON object without parsing them.
 *
 * @param bytes - The payload.
 * @returns Each key's bytes; undefined if the payload is not one JSON object.
 */
export function splitJson(bytes: Buffer): Map<string, Buffer> | undefined {
  const entries = new Map<string, Buffer>();
  let at = skipSpace(bytes, 0);
  if (bytes[at] !== OPEN_BRACE) return undefined;
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === CLOSE_BRACE) return isEnd(bytes, at + 1) ? entries : undefined;
  for (;;) {
    if (bytes[at] !== QUOTE) return undefined;
    const keyEnd = skipString(bytes, at);
    const key = parseKey(bytes.toString('utf8', at, keyEnd));
    at = skipSpace(bytes, keyEnd);
    if (key === undefined || bytes[at] !== COLON) return undefined;
    const start = skipSpace(bytes, at + 1);
    const end = skipValue(bytes, start);
    if (end === start) return undefined;
    entries.set(key, bytes.subarray(start, end));
    at = skipSpace(bytes, end);
    if (bytes[at] === CLOSE_BRACE) return isEnd(bytes, at + 1) ? entries : undefined;
    if (bytes[at] !== COMMA) return undefined;
    at = skipSpace(bytes, at + 1);
  }
}

/**
 * Joins top-level values to a JSON object.
 *
 * @param entries - Each key's bytes.
 */
export function joinJson(entries: ReadonlyMap<string, Buffer>): Buffer {
  const parts: Buffer[] = [];
  for (const [key, value] of entries) {
    parts.push(Buffer.from(`${parts.length === 0 ? '{' : ','}${JSON.stringify(key)}:`), value);
  }
  parts.push(Buffer.from(parts.length === 0 ? '{}' : '}'));
  return Buffer.concat(parts);
}

/**
 * Parses one value.
 *
 * @throws SessionUnreadable.
 */
export function decodeJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    // The parser's message quotes the data.
    throw new SessionUnreadable(`invalid JSON (${(cause as Error).name})`);
  }
}

/**
 * Writes one value.
 *
 * @param path - The value's place, for errors.
 * @throws SessionValueError for a value that JSON would give back as another one.
 */
export function encodeJson(value: unknown, path: string): Buffer {
  check(value, path, new Set());
  return Buffer.from(JSON.stringify(value));
}

function check(value: unknown, path: string, ancestors: Set<object>): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number') {
    if (Number.isFinite(value) && !Object.is(value, -0)) return;
    throw new SessionValueError(path, `the number ${Object.is(value, -0) ? '-0' : value}`);
  }
  if (typeof value !== 'object') throw new SessionValueError(path, kindOf(value));
  if (ancestors.has(value)) throw new SessionValueError(path, 'a value that contains itself');
  if (ancestors.size >= DEEPEST) throw new SessionValueError(path, 'a value of such depth');
  ancestors.add(value);
  if (Array.isArray(value)) {
    if (!isPlainList(value)) throw new SessionValueError(path, 'a list with other properties');
    // A hole is visited as undefined, and is refused as such.
    for (const [index, element] of value.entries()) check(element, `${path}[${index}]`, ancestors);
  } else {
    if (!isPlain(value)) throw new SessionValueError(path, kindOf(value));
    for (const key of Reflect.ownKeys(value)) {
      if (typeof key === 'symbol') throw new SessionValueError(path, 'a key that is a symbol');
      const { get, value: element } = Object.getOwnPropertyDescriptor(value, key) ?? {};
      if (get !== undefined) throw new SessionValueError(pathOf(path, key), 'a getter');
      // JSON leaves such a property out: it reads as undefined then, too.
      if (element !== undefined) check(element, pathOf(path, key), ancestors);
    }
  }
  ancestors.delete(value);
}

/**
 * Returns the path of a property.
 *
 * @param path - The path of its object.
 */
export function pathOf(path: string, key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return typeof (value as { toJSON?: unknown }).toJSON !== 'function';
}

/** JSON writes the elements of a list and none of its other properties. */
function isPlainList(value: readonly unknown[]): boolean {
  const { length } = Reflect.ownKeys(value);
  // Its length is a property as well; a list with holes has fewer, and is refused for its holes.
  return Object.getPrototypeOf(value) === Array.prototype && length <= value.length + 1;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const name = (value as object).constructor?.name;
  return name && name !== 'Object' ? `an object of the class ${name}` : 'an object with toJSON()';
}

function parseKey(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at += 1;
  }
}

function isEnd(bytes: Buffer, from: number): boolean {
  return skipSpace(bytes, from) === bytes.length;
}

/**
 * Returns the place behind a string; the payload's end if the string does not end.
 *
 * `indexOf` finds a quote seven times as fast as a loop over the bytes. The quote ends the string
 * unless an odd number of backslashes is in front of it.
 */
function skipString(bytes: Buffer, from: number): number {
  let quote = bytes.indexOf(QUOTE, from + 1);
  while (quote >= 0) {
    let run = quote;
    while (bytes[run - 1] === BACKSLASH) run -= 1;
    if ((quote - run) % 2 === 0) return quote + 1;
    quote = bytes.indexOf(QUOTE, quote + 1);
  }
  return bytes.length;
}

/** Returns the place behind a value, or its own place if there is none. */
function skipValue(bytes: Buffer, from: number): number {
  let depth = 0;
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = skipString(bytes, at);
      if (depth === 0) return at;
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === 0) return at;
      depth -= 1;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && (byte === COMMA || (byte !== undefined && byte <= 0x20))) return at;
    at += 1;
  }
  return at;
}
