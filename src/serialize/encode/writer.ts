import * as codes from '../bytes.ts';
import { digitsOf, floatText, isSmallInt, putDigits, putInt } from '../numbers.ts';
import { isWellFormed } from '../text.ts';

const { ARRAY, BOOL, COLON, DOUBLE, ONE, OPEN, POINT, QUOTE, SEMICOLON, STRING, ZERO } = codes;

/** The method behind `Buffer.write`: calling it directly saves looking up the encoding by name. */
interface FastBuffer extends Buffer {
  utf8Write(text: string, offset: number): number;
}

const FIRST_SIZE = 16 * 1024;
/** A larger buffer is released after the call instead of being kept for the next one. */
const KEPT_SIZE = 1024 * 1024;
/** For shorter strings a loop over the characters is faster than a native call. */
const SHORT_STRING = 40;
/** From this length on, the UTF-8 size is counted first instead of reserving three bytes a unit. */
const COUNTED_STRING = 64 * 1024;

/** The count of ints that one reservation has room for. */
const INTS_AT_ONCE = 128;

/** A growing buffer that knows how PHP writes each scalar. */
export class ByteWriter {
  bytes: FastBuffer = Buffer.allocUnsafeSlow(FIRST_SIZE) as FastBuffer;
  length = 0;
  #view: DataView = new DataView(this.bytes.buffer);

  /** Returns a copy of the bytes written so far. */
  copy(): Buffer {
    const result = Buffer.allocUnsafe(this.length);
    this.bytes.copy(result, 0, 0, this.length);
    return result;
  }

  /** Drops the bytes written so far. Returns false if the buffer is too large to be kept. */
  clear(): boolean {
    this.length = 0;
    return this.bytes.length <= KEPT_SIZE;
  }

  /** Ensures room for more bytes. */
  reserve(count: number): void {
    if (this.length + count > this.bytes.length) this.#grow(count);
  }

  byte(code: number): void {
    this.reserve(1);
    this.bytes[this.length++] = code;
  }

  ascii(text: string): void {
    const { length } = text;
    this.reserve(length);
    const { bytes } = this;
    let at = this.length;
    for (let index = 0; index < length; index++) bytes[at++] = text.charCodeAt(index);
    this.length = at;
  }

  raw(content: Uint8Array): void {
    const { length } = content;
    this.reserve(length);
    if (length > SHORT_STRING) this.bytes.set(content, this.length);
    else {
      const { bytes, length: start } = this;
      for (let index = 0; index < length; index++) bytes[start + index] = content[index] as number;
    }
    this.length += length;
  }

  /**
   * Writes bytes that are stored as 32-bit words: a short loop over words is the fastest copy.
   *
   * @param words - Little-endian; unused bytes of the last word may be anything.
   * @param count - How many bytes of them count.
   */
  words(words: Uint32Array, count: number): void {
    this.reserve(count + 4);
    const view = this.#view;
    const start = this.length;
    for (let index = 0; index < words.length; index++) {
      view.setUint32(start + index * 4, words[index] as number, true);
    }
    this.length = start + count;
  }

  /** Writes `b:1;`. */
  bool(value: boolean): void {
    this.reserve(4);
    const { bytes, length } = this;
    bytes[length] = BOOL;
    bytes[length + 1] = COLON;
    bytes[length + 2] = value ? ONE : ZERO;
    bytes[length + 3] = SEMICOLON;
    this.length = length + 4;
  }

  /** Writes `a:3:{`. */
  openArray(count: number): void {
    this.reserve(24);
    this.bytes[this.length] = ARRAY;
    this.bytes[this.length + 1] = COLON;
    this.length += 2;
    this.open(count);
  }

  /** Writes the `3:{` of `a:3:{`. */
  open(count: number): void {
    this.reserve(20);
    const { bytes } = this;
    const at = putDigits(bytes, this.length, count);
    bytes[at] = COLON;
    bytes[at + 1] = OPEN;
    this.length = at + 2;
  }

  /** Writes `d:0.5;`. */
  float(value: number): void {
    this.reserve(32);
    const { bytes } = this;
    bytes[this.length] = DOUBLE;
    bytes[this.length + 1] = COLON;
    this.length += 2;
    const thousandths = Math.round(value * 1000);
    // At most fifteen digits that read back as the same float are its shortest form.
    if (thousandths / 1000 === value && value > 0 && thousandths < 1e9) {
      let at = putDigits(bytes, this.length, Math.floor(thousandths / 1000) | 0);
      let rest = thousandths % 1000;
      bytes[at++] = POINT;
      for (let place = 100; rest > 0; place /= 10) {
        const digit = Math.floor(rest / place);
        bytes[at++] = ZERO + digit;
        rest -= digit * place;
      }
      this.length = at;
    } else this.ascii(floatText(value));
    this.byte(SEMICOLON);
  }

  /** Writes `i:5;` for a safe integer. */
  int(value: number): void {
    if (isSmallInt(value)) this.smallInt(value);
    else this.ascii(`i:${value};`);
  }

  /** Writes `i:5;` for a small int. */
  smallInt(value: number): void {
    this.reserve(16);
    this.length = putInt(this.bytes, this.length, value);
  }

  /**
   * Writes `i:0;i:5;i:1;i:6;` up to the first element that is not a small int: many lists hold only
   * ids or counts.
   *
   * @param list - The list.
   * @returns How many of its elements were written.
   */
  ints(list: readonly unknown[]): number {
    const { length } = list;
    let index = 0;
    while (index < length) {
      const stop = Math.min(length, index + INTS_AT_ONCE);
      this.reserve((stop - index) * 28);
      const { bytes } = this;
      let at = this.length;
      for (; index < stop; index++) {
        const value = list[index];
        if (typeof value !== 'number' || !isSmallInt(value)) break;
        at = putInt(bytes, putInt(bytes, at, index), value | 0);
      }
      this.length = at;
      if (index < stop) break;
    }
    return index;
  }

  /**
   * Writes `s:3:"abc";`.
   *
   * @returns false, with nothing written, for half a surrogate pair, which has no UTF-8.
   */
  string(text: string): boolean {
    const { length } = text;
    if (length < SHORT_STRING) {
      this.reserve(length + 8);
      const { bytes } = this;
      let at = this.length;
      bytes[at] = STRING;
      bytes[at + 1] = COLON;
      if (length < 10) {
        bytes[at + 2] = ZERO + length;
        at += 3;
      } else {
        const tens = (length * 205) >> 11;
        bytes[at + 2] = ZERO + tens;
        bytes[at + 3] = ZERO + length - tens * 10;
        at += 4;
      }
      bytes[at] = COLON;
      bytes[at + 1] = QUOTE;
      at += 2;
      let index = 0;
      for (; index < length; index++) {
        const code = text.charCodeAt(index);
        if (code > 127) break;
        bytes[at++] = code;
      }
      if (index === length) {
        bytes[at] = QUOTE;
        bytes[at + 1] = SEMICOLON;
        this.length = at + 2;
        return true;
      }
      return this.#shortText(text);
    }
    return this.#longString(text);
  }

  /** Writes `s:3:"abc";` for bytes. */
  byteString(content: Uint8Array): void {
    this.reserve(content.length + 24);
    this.length = this.#stringHead(this.length, content.length);
    this.raw(content);
    this.ascii('";');
  }

  /** Encodes a short text in a loop, which is faster than a native call. */
  #shortText(text: string): boolean {
    let size = 0;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code >= 0xd800 && code < 0xe000) return this.#longString(text);
      size += code < 128 ? 1 : code < 0x800 ? 2 : 3;
    }
    this.reserve(size + 24);
    const { bytes } = this;
    let at = this.#stringHead(this.length, size);
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code < 128) bytes[at++] = code;
      else {
        if (code < 0x800) bytes[at++] = 0xc0 | (code >> 6);
        else {
          bytes[at++] = 0xe0 | (code >> 12);
          bytes[at++] = 0x80 | ((code >> 6) & 63);
        }
        bytes[at++] = 0x80 | (code & 63);
      }
    }
    bytes[at] = QUOTE;
    bytes[at + 1] = SEMICOLON;
    this.length = at + 2;
    return true;
  }

  #longString(text: string): boolean {
    const { length } = text;
    this.reserve((length < COUNTED_STRING ? length * 3 : Buffer.byteLength(text)) + 32);
    const { bytes, length: start } = this;
    // Most strings are ASCII: the head is written for that size, and again if the size differs.
    let at = this.#stringHead(start, length);
    const size = bytes.utf8Write(text, at);
    if (size !== length) {
      if (!isWellFormed(text)) return false;
      const shift = digitsOf(size) - digitsOf(length);
      if (shift > 0) bytes.copyWithin(at + shift, at, at + size);
      at = this.#stringHead(start, size);
    }
    bytes[at + size] = QUOTE;
    bytes[at + size + 1] = SEMICOLON;
    this.length = at + size + 2;
    return true;
  }

  #stringHead(start: number, length: number): number {
    const { bytes } = this;
    bytes[start] = STRING;
    bytes[start + 1] = COLON;
    const at = putDigits(bytes, start + 2, length);
    bytes[at] = COLON;
    bytes[at + 1] = QUOTE;
    return at + 2;
  }

  #grow(count: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + count));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger as FastBuffer;
    this.#view = new DataView(this.bytes.buffer);
  }
}
