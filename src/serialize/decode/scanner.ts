import { isAscii } from 'node:buffer';
import * as codes from '../bytes.ts';
import type { PhpMessage, PhpMessageLevel, PhpVersion } from '../messages.ts';
import { textOf } from '../text.ts';
import type { PhpString, PhpValue } from '../values.ts';
import { PhpFloat } from '../values.ts';
import {
  FLOAT,
  floatOf,
  INTEGER,
  matchAt,
  saturatingInteger,
  shortFloat,
  wrappingLength,
} from './grammar.ts';

const {
  BACKSLASH,
  BOOL,
  CLOSE,
  COLON,
  DOUBLE,
  MINUS,
  NINE,
  NULL,
  ONE,
  OPEN,
  QUOTE,
  SEMICOLON,
  ZERO,
} = codes;

/** The methods behind `Buffer.toString`: calling them directly saves looking up the encoding by name. */
interface FastBuffer extends Buffer {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
}

/** Shorter inputs are copied into a buffer that already has a DataView; creating one costs more. */
const COPIED = 1024;
const copied = Buffer.alloc(COPIED + 8) as FastBuffer;
const copiedView = new DataView(copied.buffer, copied.byteOffset, copied.length);
/** The empty message list, shared by inputs that produced no message. */
const SILENCE: readonly PhpMessage[] = Object.freeze([]);

/** Thrown where PHP stops reading. */
export class Refusal {
  /** PHP's offset of the fault. */
  readonly offset: number;
  constructor(offset: number) {
    this.offset = offset;
  }
}

/**
 * Reads values without parts as the rules of PHP's `var_unserializer.re` do. Each method starts at
 * the position and moves it behind the value, or throws a Refusal with PHP's offset.
 */
export class Scanner {
  messages: PhpMessage[] = [];
  position = 0;
  bytes: FastBuffer = copied;
  /** The bytes as Latin-1: a slice of this text costs no copy. */
  text = '';
  #view: DataView = copiedView;
  isAscii = true;
  end = 0;
  version: PhpVersion = '8.4';
  /** The PHP function whose name the messages begin with. */
  caller = '';
  /** The second result of `length` and `shortFloat`: the offset behind the bytes read. */
  cursor = 0;

  /** Takes new input. */
  load(input: Buffer, version: PhpVersion, caller: string): void {
    const { length } = input;
    if (this.messages.length > 0) this.messages = [];
    this.position = 0;
    this.end = length;
    this.version = version;
    this.caller = caller;
    if (length < COPIED) {
      copied.set(input);
      // No rule reads further behind the end than these zeros, and no rule accepts one.
      copiedView.setFloat64(length, 0);
      this.bytes = copied;
      this.#view = copiedView;
    } else {
      this.bytes = input as FastBuffer;
      this.#view = new DataView(input.buffer, input.byteOffset, length);
    }
    this.text = this.bytes.latin1Slice(0, length);
    // The few strings of a short input are tested one by one.
    this.isAscii = length > 256 && isAscii(input);
  }

  /** Returns the messages since `load`, and clears the list. */
  takeMessages(): readonly PhpMessage[] {
    if (this.messages.length === 0) return SILENCE;
    const taken = this.messages;
    this.messages = [];
    return taken;
  }

  /** Releases the input. */
  unload(): void {
    this.bytes = copied;
    this.#view = copiedView;
    this.text = '';
  }

  /** Compares four bytes or more at an offset, four at a time. */
  matchesAt(expected: DataView, start: number, length: number): boolean {
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
    const negative = bytes[at] === MINUS;
    if (negative) at++;
    const digits = at;
    let value = 0;
    let code = bytes[at] as number;
    while (code >= ZERO && code <= NINE) {
      value = value * 10 + code - ZERO;
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
    if (first === BOOL && text.charCodeAt(start + 1) === COLON) {
      const digit = text.charCodeAt(start + 2);
      if ((digit === ZERO || digit === ONE) && text.charCodeAt(start + 3) === SEMICOLON) {
        this.position = start + 4;
        return digit === ONE;
      }
    } else if (first === NULL && text.charCodeAt(start + 1) === SEMICOLON) {
      this.position = start + 2;
      return null;
    } else if (first === DOUBLE) {
      const short = text.charCodeAt(start + 1) === COLON ? shortFloat(this, start + 2) : 0;
      if (!Number.isInteger(short) && !Number.isNaN(short)) {
        this.position = this.cursor;
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
      this.report(level, 'Unexpected end of serialized data');
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
    while (code >= ZERO && code <= NINE) {
      value = value * 10 + code - ZERO;
      code = bytes[++at] as number;
    }
    const count = at - start - 2;
    const isHead = code === COLON && bytes[at + 1] === opening && bytes[start + 1] === COLON;
    if (!isHead || count === 0) throw new Refusal(start);
    this.cursor = at + 2;
    return count < 16 ? value : wrappingLength(this.text.slice(start + 2, at));
  }

  /** Reads the `a:3:{` of an array. */
  elementCount(): number {
    const start = this.position;
    let count = this.length(OPEN);
    const inside = this.cursor;
    if (inside - start > 17) {
      // Of all counts only this one saturates on overflow.
      count = Number(this.saturate(this.text.slice(start + 2, inside - 2)));
    }
    this.position = inside;
    if (count > (this.end - inside) >> 1) throw new Refusal(inside);
    return count;
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
        // The replacement character is there if the bytes are not UTF-8, or if they contain it.
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
      if (text.charCodeAt(at) === BACKSLASH) {
        const code = text.slice(at + 1, at + 3);
        if (!/^[0-9A-Fa-f]{2}$/.test(code)) throw new Refusal(start);
        raw[index] = Number.parseInt(code, 16);
        at += 3;
      } else raw[index] = text.charCodeAt(at++);
    }
    this.finishString(start, at, 0);
    if (this.version >= '8.4') {
      this.report('E_DEPRECATED', "Unserializing the 'S' format is deprecated");
    }
    return raw;
  }

  saturate(text: string): number | bigint {
    return saturatingInteger(text, () => this.report('E_WARNING', 'Numerical result out of range'));
  }

  /** Adds a message; PHP puts the name of the called function in front of most. */
  report(level: PhpMessageLevel, text: string, namesCaller = true): void {
    this.messages.push({ level, message: namesCaller ? `${this.caller}: ${text}` : text });
  }
}
