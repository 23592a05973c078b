/** The names of a session's variables, read as the crawlers in C, Python and PHP read them. */
import { isUtf8 } from 'node:buffer';

/** Arrays and objects inside one another, as in PHP's json_decode(). */
const deepest = 512;

// After y, a pattern fits only at the given place.
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/.source;
const phpScalar = new RegExp(`N;|b:[01];|i:-?[0-9]+;|d:(?:${number}|-?INF|NAN);|[rR]:[0-9]+;`, 'y');
const phpString = /[sE]:([0-9]{1,7}):"/y;
const phpKey = /i:-?[0-9]+;|s:[0-9]{1,7}:"/y;
const phpArray = /a:([0-9]{1,7}):\{/y;
const phpClass = /[OC]:([0-9]{1,7}):"/y;
const phpBody = /":([0-9]{1,7}):\{/y;
const jsonScalar = new RegExp(`true|false|null|${number}`, 'y');
const jsonString = /"((?:[ !#-[\]-\xff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"/y;
const jsonSpace = /[ \t\n\r]*/y;

/** Thrown for bytes that are not a session. The message has none of them. */
export class Malformed extends Error {
  override readonly name = 'Malformed';

  constructor() {
    super('the bytes are not a session');
  }
}

/** One session's bytes, each as one character, and the place up to which they are read. */
class Scanner {
  at = 0;
  readonly #d: string;

  constructor(bytes: Buffer) {
    this.#d = bytes.toString('latin1');
  }

  get isAtEnd(): boolean {
    return this.at === this.#d.length;
  }

  /** Moves behind a pattern; undefined if it does not fit here. */
  scan(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#d);
    if (!found) return undefined;
    this.at = pattern.lastIndex;
    return found;
  }

  /** Moves behind a pattern that must fit here, and returns what its parentheses hold. */
  demand(pattern: RegExp): string {
    const found = this.scan(pattern);
    if (!found) throw new Malformed();
    return found[1] ?? '';
  }

  /** Whether a text begins here. */
  sees(text: string): boolean {
    return this.#d.startsWith(text, this.at);
  }

  /** Moves behind a text that must be here. */
  after(text: string): void {
    if (!this.sees(text)) throw new Malformed();
    this.at += text.length;
  }

  /** Moves behind the first of these characters, and returns what is before it. */
  until(character: string): string {
    const end = this.#d.indexOf(character, this.at);
    if (end < 0) throw new Malformed();
    const before = this.#d.slice(this.at, end);
    this.at = end + 1;
    return before;
  }
}

function skipPhpValue(from: Scanner, depth = 0): void {
  if (from.scan(phpScalar)) return;
  const string = from.scan(phpString);
  if (string) {
    from.at += Number(string[1]); // Its length counts bytes; they may be any bytes
    from.after('";');
    return;
  }
  if (depth === deepest) throw new Malformed();
  const isPrivate = from.sees('C');
  let length = from.scan(phpArray)?.[1];
  if (length === undefined) {
    const name = Number(from.demand(phpClass));
    from.at += name;
    length = from.demand(phpBody);
  }
  if (isPrivate) from.at += Number(length); // Bytes that only the class can read
  for (let left = isPrivate ? 0 : Number(length); left > 0; left--) {
    const key = from.at;
    from.demand(phpKey);
    from.at = key;
    skipPhpValue(from, depth + 1);
    skipPhpValue(from, depth + 1);
  }
  from.after('}');
}

/** `count|i:1;user|s:3:"Ann";` with any bytes in a value, bars too. */
function phpNames(from: Scanner): string[] {
  const names: string[] = [];
  while (!from.isAtEnd) {
    names.push(from.until('|'));
    skipPhpValue(from);
  }
  return names;
}

type Member = [name: string, place: number];

/** Moves behind the JSON that begins here, and returns the members of an object or a list. */
function skipJson(from: Scanner, depth: number): Member[] {
  const members: Member[] = [];
  if (from.scan(jsonString) ?? from.scan(jsonScalar)) return members;
  const close = from.sees('{') ? '}' : ']';
  if (depth === deepest || !(close === '}' || from.sees('['))) throw new Malformed();
  from.at += 1;
  from.demand(jsonSpace);
  if (!from.sees(close)) {
    for (;;) {
      let name = '';
      if (close === '}') {
        name = from.demand(jsonString);
        from.demand(jsonSpace);
        from.after(':');
        from.demand(jsonSpace);
      }
      members.push([name, from.at]);
      skipJson(from, depth + 1);
      from.demand(jsonSpace);
      if (from.sees(close)) break;
      from.after(',');
      from.demand(jsonSpace);
    }
  }
  from.after(close);
  return members;
}

/** `{"v":2,"data":{"count":1}}`, or `php` in place of `data` for PHP's bytes. */
function jsonNames(from: Scanner): string[] {
  const members = skipJson(from, 0);
  from.demand(jsonSpace);
  if (!from.isAtEnd || members.length !== 2) throw new Malformed();
  const { v = 0, data = 0, php = 0 } = Object.fromEntries(members);
  from.at = v;
  if (from.scan(jsonScalar)?.[0] !== '2') throw new Malformed();
  from.at = php || data;
  if (php > 0) {
    from.demand(jsonString);
    return ['$php'];
  }
  if (data === 0 || !(from.sees('{') || from.sees('['))) throw new Malformed();
  return skipJson(from, 1).map(([name]) => name);
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
  const from = new Scanner(bytes);
  if (!from.sees('{"v":')) {
    return { format: bytes.length > 0 ? 'php' : 'empty', names: phpNames(from) };
  }
  if (!isUtf8(bytes)) throw new Malformed();
  return { format: 'json', names: jsonNames(from) };
}
