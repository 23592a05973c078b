/** The names of a session's variables, read as the crawlers in C, Python and PHP read them. */
import { isUtf8 } from 'node:buffer';

/** Arrays and objects inside one another. */
const deepest = 512;

// After y, a pattern fits only at the given place.
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/.source;
const scalar = new RegExp(`N;|b:[01];|i:-?\\d+;|[rR]:\\d+;|d:(?:${number}|-?INF|NAN);`, 'y');
const kind = /([sEaOC]):/y;
const text = /(\d{1,7}):"/y;
const array = /(\d{1,7}):\{/y;

/** Thrown for bytes that are not a session. The message has none of them. */
export class Malformed extends Error {
  override readonly name = 'Malformed';

  constructor() {
    super('the bytes are not a session');
  }
}

/** One session's bytes, each as one character, and the place up to which they are read. */
class Scanner {
  #at = 0;
  readonly #d: string;

  constructor(bytes: Buffer) {
    this.#d = bytes.toString('latin1');
  }

  /** Moves behind a pattern, and returns what its parentheses hold; undefined if it does not fit. */
  scan(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#d);
    if (found) this.#at = pattern.lastIndex;
    return found?.[1] ?? found?.[0];
  }

  /** Moves behind a pattern that must fit here. */
  expect(pattern: RegExp): string {
    const found = this.scan(pattern);
    if (found === undefined) throw new Malformed();
    return found;
  }

  /** Moves behind as many bytes, of any kind. */
  skip(count: number): void {
    this.#at += count;
  }

  /** Moves behind the value of PHP that begins here. */
  skipValue(depth = 0): void {
    if (this.scan(scalar) !== undefined) return;
    const type = this.expect(kind);
    const isText = type === 's' || type === 'E';
    if (type !== 'a') {
      this.skip(Number(this.expect(text)));
      this.expect(isText ? /";/y : /":/y);
    }
    if (isText) return;
    const length = Number(this.expect(array));
    if (depth === deepest) throw new Malformed();
    if (type === 'C') this.skip(length); // Bytes that only the class can read
    for (let left = type === 'C' ? 0 : length; left > 0; left -= 1) {
      this.expect(/(?=[is])/y);
      this.skipValue(depth + 1);
      this.skipValue(depth + 1);
    }
    this.expect(/\}/y);
  }

  /** `count|i:1;user|s:3:"Ann";` with any bytes in a value, bars too. */
  readNames(): string[] {
    const names: string[] = [];
    while (this.#at < this.#d.length) {
      names.push(this.expect(/([^|]*)\|/y));
      this.skipValue();
    }
    return names;
  }
}

/** `{"v":2,"data":{"count":1}}`, or `php` in place of `data` for PHP's bytes. */
function jsonNames(bytes: Buffer): string[] {
  // Names count as they are written: an escape must not turn into a letter.
  const json = bytes.toString().replaceAll(/\\(?:\\|u[0-9a-fA-F]{4})/g, '\\\\');
  const brackets = json.replaceAll(/\\./g, '').replaceAll(/"[^"]*"|[^"[\]{}]+/g, '');
  let depth = 0;
  for (const bracket of brackets) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    if (depth > deepest) throw new Malformed();
  }
  const envelope = parse(json);
  const { v, data, php } = envelope;
  if (v !== 2 || Object.keys(envelope).length !== 2) throw new Malformed();
  if (typeof php === 'string') return ['$php'];
  if (typeof data !== 'object' || data === null) throw new Malformed();
  return Object.keys(data);
}

function parse(json: string): Record<string, unknown> {
  try {
    return JSON.parse(json);
  } catch {
    throw new Malformed(); // Without the bytes that the parser's message would quote
  }
}

/** A session as a census counts it. */
export interface Payload {
  /** The format of its bytes; `empty` for none. */
  format: 'php' | 'json' | 'empty';
  /** The names of its variables, as they are written. */
  names: string[];
}

/**
 * Reads the names of a session's variables, and none of the values.
 *
 * @param bytes - A row's data; null where it is too large to be read.
 * @throws Malformed
 */
export function readPayload(bytes: Buffer | null): Payload {
  if (bytes === null) throw new Malformed();
  if (bytes.length === 0) return { format: 'empty', names: [] };
  if (!bytes.toString('latin1', 0, 5).startsWith('{"v":')) {
    return { format: 'php', names: new Scanner(bytes).readNames() };
  }
  if (!isUtf8(bytes)) throw new Malformed();
  return { format: 'json', names: jsonNames(bytes) };
}
