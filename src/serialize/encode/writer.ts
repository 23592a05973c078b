import { digitsOf, isSmallInt, putDigits, putInt } from '../digits.ts';
import { floatText } from '../numbers.ts';

/** The method behind `Buffer.write`, which spares the choice of the encoding by name. */
interface FastBuffer extends Buffer {
  utf8Write(text: string, offset: number): number;
}

const FIRST_SIZE = 16 * 1024;
/** A larger buffer is given back to the memory instead of being kept for the next call. */
const KEPT_SIZE = 1024 * 1024;
/** Below this a loop over the characters is cheaper than a call into the engine. */
const SHORT_STRING = 40;
/** From this length on, a string's bytes are counted first instead of making room for the most. */
const COUNTED_STRING = 64 * 1024;

/** How many ints of a list get their room at once. */
const INTS_AT_ONCE = 128;
/** What every array and object ends with. */
export const CLOSE = 125;

/** Bytes that grow at their end. */
export class ByteWriter {
  bytes: FastBuffer = Buffer.allocUnsafeSlow(FIRST_SIZE) as FastBuffer;
  length = 0;
  #view: DataView = new DataView(this.bytes.buffer);

  /** Copies out what was written. */
  copy(): Buffer {
    const result = Buffer.allocUnsafe(this.length);
    this.bytes.copy(result, 0, 0, this.length);
    return result;
  }

  /** Begins again. Returns false where the buffer has become too large to be kept. */
  clear(): boolean {
    this.length = 0;
    return this.bytes.length <= KEPT_SIZE;
  }

  /** Makes room for more bytes. */
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
   * Writes bytes that are kept four to a word: a short loop over words is the quickest copy.
   *
   * @param words little-endian, the last one filled up with anything
   * @param count how many bytes they hold
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
    bytes[length] = 98;
    bytes[length + 1] = 58;
    bytes[length + 2] = value ? 49 : 48;
    bytes[length + 3] = 59;
    this.length = length + 4;
  }

  /** Writes `a:3:{`. */
  openArray(count: number): void {
    this.reserve(24);
    this.bytes[this.length] = 97;
    this.bytes[this.length + 1] = 58;
    this.length += 2;
    this.open(count);
  }

  /** Writes the `3:{` of `a:3:{`. */
  open(count: number): void {
    this.reserve(20);
    const { bytes } = this;
    const at = putDigits(bytes, this.length, count);
    bytes[at] = 58;
    bytes[at + 1] = 123;
    this.length = at + 2;
  }

  /** Writes `d:0.5;`. */
  float(value: number): void {
    this.reserve(32);
    const { bytes } = this;
    bytes[this.length] = 100;
    bytes[this.length + 1] = 58;
    this.length += 2;
    const thousandths = Math.round(value * 1000);
    // Fifteen digits that read back as the same float are its shortest: no other such float is near.
    if (thousandths / 1000 === value && value > 0 && thousandths < 1e9) {
      let at = putDigits(bytes, this.length, Math.floor(thousandths / 1000) | 0);
      let rest = thousandths % 1000;
      bytes[at++] = 46;
      for (let place = 100; rest > 0; place /= 10) {
        const digit = Math.floor(rest / place);
        bytes[at++] = 48 + digit;
        rest -= digit * place;
      }
      this.length = at;
    } else this.ascii(floatText(value));
    this.byte(59);
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
   * Writes `i:0;i:5;i:1;i:6;` as far as it goes: many a list holds ids or counts and nothing else.
   *
   * @param list the list
   * @returns how many of its elements were written
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
   * @returns false, and nothing is written, for half a surrogate pair, which has no UTF-8
   */
  string(text: string): boolean {
    const { length } = text;
    if (length < SHORT_STRING) {
      this.reserve(length + 8);
      const { bytes } = this;
      let at = this.length;
      bytes[at] = 115;
      bytes[at + 1] = 58;
      if (length < 10) {
        bytes[at + 2] = 48 + length;
        at += 3;
      } else {
        const tens = (length * 205) >> 11;
        bytes[at + 2] = 48 + tens;
        bytes[at + 3] = 48 + length - tens * 10;
        at += 4;
      }
      bytes[at] = 58;
      bytes[at + 1] = 34;
      at += 2;
      let index = 0;
      for (; index < length; index++) {
        const code = text.charCodeAt(index);
        if (code > 127) break;
        bytes[at++] = code;
      }
      if (index === length) {
        bytes[at] = 34;
        bytes[at + 1] = 59;
        this.length = at + 2;
        return true;
      }
      return this.#shortText(text);
    }
    return this.#longString(text);
  }

  /** Writes `s:3:"abc";` for bytes that are no text. */
  byteString(content: Uint8Array): void {
    this.reserve(content.length + 24);
    this.length = this.#stringHead(this.length, content.length);
    this.raw(content);
    this.ascii('";');
  }

  /** Encodes a short text by hand: a call into the engine costs more than its few characters. */
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
    bytes[at] = 34;
    bytes[at + 1] = 59;
    this.length = at + 2;
    return true;
  }

  #longString(text: string): boolean {
    const { length } = text;
    this.reserve((length < COUNTED_STRING ? length * 3 : Buffer.byteLength(text)) + 32);
    const { bytes, length: start } = this;
    // Most strings are ASCII: the head is written as if, and again where that was wrong.
    let at = this.#stringHead(start, length);
    const size = bytes.utf8Write(text, at);
    if (size !== length) {
      if (!(text as unknown as WellFormed).isWellFormed()) return false;
      const shift = digitsOf(size) - digitsOf(length);
      if (shift > 0) bytes.copyWithin(at + shift, at, at + size);
      at = this.#stringHead(start, size);
    }
    bytes[at + size] = 34;
    bytes[at + size + 1] = 59;
    this.length = at + size + 2;
    return true;
  }

  #stringHead(start: number, length: number): number {
    const { bytes } = this;
    bytes[start] = 115;
    bytes[start + 1] = 58;
    const at = putDigits(bytes, start + 2, length);
    bytes[at] = 58;
    bytes[at + 1] = 34;
    return at + 2;
  }

  #grow(count: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + count));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger as FastBuffer;
    this.#view = new DataView(this.bytes.buffer);
  }
}

/** ES2024, in every Node that this package runs on. */
interface WellFormed {
  isWellFormed(): boolean;
}
