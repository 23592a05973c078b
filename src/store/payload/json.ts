/** Finds and joins the top-level values of a JSON object, which stay bytes until they are needed. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Finds the top-level values of a JSON object without parsing them.
 *
 * @param bytes - The payload.
 * @returns Each key's bytes; undefined if the payload is not one JSON object, or has a key twice:
 *   parsers of JSON differ in which of the two they take.
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
    if (key === undefined || entries.has(key) || bytes[at] !== COLON) return undefined;
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
