import { isAscii, isUtf8 } from 'node:buffer';
import type { PhpMessage, PhpMessageLevel, PhpVersion } from '../messages.ts';
import type { PhpString, PhpValue } from '../values.ts';
import { PhpEnum, PhpFloat } from '../values.ts';
import {
  FLOAT,
  floatOf,
  INTEGER,
  matchAt,
  saturatingInteger,
  shortFloat,
  shortFloatEnd,
  wrappingLength,
} from './grammar.ts';

/** The methods behind `Buffer.toString`, which spare the choice of the encoding by name. */
interface FastBuffer extends Buffer {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
}

/** A shorter input is copied to where a view stands ready: to make one costs more than the copy. */
const COPIED = 1024;
const copied = Buffer.alloc(COPIED + 8) as FastBuffer;
const copiedView = new DataView(copied.buffer, copied.byteOffset, copied.length);
/** Shared by all inputs of which there is nothing to say. */
const SILENCE: readonly PhpMessage[] = Object.freeze([]);
export const QUOTE = 34;
export const COLON = 58;
export const SEMICOLON = 59;
export const OPEN = 123;
export const CLOSE = 125;

/** PHP's own classes here: they are known by any case and are no incomplete class. */
export const KNOWN_CLASSES: ReadonlyMap<string, string> = new Map([
  ['stdclass', 'stdClass'],
  ['__php_incomplete_class', '__PHP_Incomplete_Class'],
]);

/** Where in the bytes PHP gives up. */
export class Refusal {
  readonly offset: number;
  constructor(offset: number) {
    this.offset = offset;
  }
}

/**
 * Reads what has no parts, from the position on, as the rules of PHP's `var_unserializer.re` do.
 * Each method moves behind what it read or throws a Refusal with the offset at which PHP stands.
 */
export class Scanner {
  messages: PhpMessage[] = [];
  position = 0;
  bytes: FastBuffer = copied;
  /** The bytes as Latin-1, a character a byte: a substring of it costs no copy. */
  text = '';
  #view: DataView = copiedView;
  isAscii = true;
  end = 0;
  version: PhpVersion = '8.4';
  /** The second result of `length`: the offset behind what it read. */
  cursor = 0;

  /** Takes new input. */
  load(input: Buffer, version: PhpVersion): void {
    const { length } = input;
    if (this.messages.length > 0) this.messages = [];
    this.position = 0;
    this.end = length;
    this.version = version;
    if (length < COPIED) {
      copied.set(input);
      // No rule looks further than this behind the end, and none has a NUL.
      copiedView.setFloat64(length, 0);
      this.bytes = copied;
      this.#view = copiedView;
    } else {
      this.bytes = input as FastBuffer;
      this.#view = new DataView(input.buffer, input.byteOffset, length);
    }
    this.text = this.bytes.latin1Slice(0, length);
    // A short input's few strings are looked at one by one, as any other input's are.
    this.isAscii = length > 256 && isAscii(input);
  }

  /** Gives what was said since the input was taken. */
  takeMessages(): readonly PhpMessage[] {
    if (this.messages.length === 0) return SILENCE;
    const taken = this.messages;
    this.messages = [];
    return taken;
  }

  /** Lets go of the input. */
  unload(): void {
    this.bytes = copied;
    this.#view = copiedView;
    this.text = '';
  }

  /** Tells whether four bytes or more stand at an offset, looking at four at a time. */
  standsAt(expected: DataView, start: number, length: number): boolean {
    const view = this.#view;
    if (start + length > this.end) return false;
    const last = length - 4;
    for (let at = 0; at < last; at += 4) {
      if (view.getUint32(start + at, true) !== expected.getUint32(at, true)) return false;
    }
    return view.getUint32(start + last, true) === expected.getUint32(last, true);
  }

  /** Reads `i:5;`. */
  integer(): number | bigint {
    const start = this.position;
    const bytes = this.bytes;
    let at = start + 2;
    const negative = bytes[at] === 45;
    if (negative) at++;
    const digits = at;
    let value = 0;
    let code = bytes[at] as number;
    while (code >= 48 && code <= 57) {
      value = value * 10 + code - 48;
      code = bytes[++at] as number;
    }
    const count = at - digits;
    if (code === SEMICOLON && count > 0 && count < 16 && bytes[start + 1] === COLON) {
      this.position = at + 1;
      return negative ? 0 - value : value;
    }
    const matched = matchAt(INTEGER, this.text, start);
    if (matched === null) throw new Refusal(start);
    this.position = start + matched[0].length;
    return this.saturate(matched[1] as string);
  }

  scalar(first: number | undefined): PhpValue {
    const start = this.position;
    const text = this.text;
    if (first === 98 && text.charCodeAt(start + 1) === COLON) {
      const digit = text.charCodeAt(start + 2);
      if ((digit === 48 || digit === 49) && text.charCodeAt(start + 3) === SEMICOLON) {
        this.position = start + 4;
        return digit === 49;
      }
    } else if (first === 78 && text.charCodeAt(start + 1) === SEMICOLON) {
      this.position = start + 2;
      return null;
    } else if (first === 100) {
      const short = text.charCodeAt(start + 1) === COLON ? shortFloat(this.bytes, start + 2) : 0;
      if (!Number.isInteger(short) && !Number.isNaN(short)) {
        this.position = shortFloatEnd + 1;
        return short;
      }
      const matched = matchAt(FLOAT, text, start);
      if (matched !== null) {
        this.position = start + matched[0].length;
        const value = floatOf(matched[1] as string);
        return Number.isInteger(value) ? new PhpFloat(value) : value;
      }
    } else if (first === CLOSE) {
      const level = this.version < '8.3' ? 'E_NOTICE' : 'E_WARNING';
      this.say(level, 'Unexpected end of serialized data');
    }
    throw new Refusal(start);
  }

  /** Reads the `3:"` of `s:3:"`; the cursor is then behind the opening character. */
  length(opening: number): number {
    const start = this.position;
    const bytes = this.bytes;
    let at = start + 2;
    let value = 0;
    let code = bytes[at] as number;
    while (code >= 48 && code <= 57) {
      value = value * 10 + code - 48;
      code = bytes[++at] as number;
    }
    const count = at - start - 2;
    const isHead = code === COLON && bytes[at + 1] === opening && bytes[start + 1] === COLON;
    if (!isHead || count === 0) throw new Refusal(start);
    this.cursor = at + 2;
    return count < 16 ? value : wrappingLength(this.text.slice(start + 2, at));
  }

  /** Moves behind the `";` of a string that begins at `from`. */
  finishString(start: number, from: number, length: number): void {
    if (length > this.end - from) throw new Refusal(start + 2);
    const end = from + length;
    if (this.bytes[end] !== QUOTE) throw new Refusal(end);
    if (this.bytes[end + 1] !== SEMICOLON) throw new Refusal(end + 1);
    this.position = end + 2;
  }

  string(start: number, end: number): PhpString {
    if (!this.isAscii) {
      const bytes = this.bytes;
      let at = start;
      const stop = Math.min(end, start + 64);
      while (at < stop && (bytes[at] as number) < 128) at++;
      if (at < end && (at < stop || !isAscii(bytes.subarray(at, end)))) {
        const text = bytes.utf8Slice(start, end);
        // Only what is no UTF-8, or has this very character, is looked at again.
        return text.includes('\ufffd') ? textOf(bytes.subarray(start, end)) : text;
      }
    }
    return this.text.slice(start, end);
  }

  /** Reads `S:2:"\61b";`, a form of PHP 6 that PHP still reads. */
  escaped(): Buffer {
    const start = this.position;
    const length = this.length(QUOTE);
    const text = this.text;
    let at = this.cursor;
    if (length > this.end - at) throw new Refusal(start + 2);
    const raw = Buffer.allocUnsafe(length);
    for (let index = 0; index < length; index++) {
      if (at >= this.end) throw new Refusal(start);
      if (text.charCodeAt(at) === 92) {
        const code = text.slice(at + 1, at + 3);
        if (!/^[0-9A-Fa-f]{2}$/.test(code)) throw new Refusal(start);
        raw[index] = Number.parseInt(code, 16);
        at += 3;
      } else raw[index] = text.charCodeAt(at++);
    }
    this.finishString(start, at, 0);
    if (this.version >= '8.4') {
      this.say('E_DEPRECATED', "Unserializing the 'S' format is deprecated");
    }
    return raw;
  }

  /** Reads the payload of `C:3:"Foo":4:{…}`, from the quote behind the name on. */
  payload(quote: number): Buffer {
    const required = this.signedCount(quote + 2);
    const length = Number(required);
    const at = this.position;
    if (this.end - at < 2 || this.bytes[at] !== COLON) throw new Refusal(at);
    if (this.bytes[at + 1] !== OPEN) throw new Refusal(at + 1);
    const from = at + 2;
    const present = this.end - from;
    if (length < 0 || present <= length) {
      const text = `Insufficient data for unserializing - ${required} required, ${present} present`;
      this.say('E_WARNING', text, false);
      throw new Refusal(from);
    }
    if (this.bytes[from + length] !== CLOSE) throw new Refusal(from + length);
    this.position = from + length + 1;
    return Buffer.from(this.bytes.subarray(from, from + length));
  }

  /** Reads `E:11:"Suit:Hearts";`. */
  enum(): PhpEnum {
    const start = this.position;
    const length = this.length(QUOTE);
    const from = this.cursor;
    if (length === 0) throw new Refusal(start + 2);
    this.finishString(start, from, length);
    const colon = this.text.indexOf(':', from);
    if (colon < 0 || colon >= from + length) {
      const name = Buffer.from(this.bytes.subarray(from, from + length)).toString();
      this.position = start;
      this.say('E_WARNING', `Invalid enum name '${name.replace(/\0.*$/s, '')}' (missing colon)`);
      throw new Refusal(start);
    }
    const className = this.text.slice(from, colon);
    if (!/^[0-9A-Za-z_\\\x80-\xff]+$/.test(className)) throw new Refusal(start);
    if (KNOWN_CLASSES.has(className.toLowerCase())) {
      this.say('E_WARNING', `Class '${className}' is not an enum`);
      throw new Refusal(start);
    }
    return new PhpEnum(this.string(from, colon), this.string(colon + 1, from + length));
  }

  /** Reads the count behind a class's name: a sign is allowed, and so is nothing at all. */
  signedCount(start: number): number | bigint {
    const matched = matchAt(/[+-]?[0-9]*/y, this.text, start)?.[0] ?? '';
    this.position = start + matched.length;
    return this.saturate(matched);
  }

  saturate(text: string): number | bigint {
    return saturatingInteger(text, () => this.say('E_WARNING', 'Numerical result out of range'));
  }

  say(level: PhpMessageLevel, message: string, namesFunction = true): void {
    this.messages.push({ level, message, namesFunction });
  }
}

/**
 * Gives text where the bytes are UTF-8, else a copy of the bytes.
 *
 * @param bytes a PHP string
 * @returns the form that loses nothing
 */
export function textOf(bytes: Uint8Array): PhpString {
  const copy = Buffer.from(bytes);
  return isUtf8(bytes) ? copy.toString() : copy;
}
