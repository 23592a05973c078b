import { floatText } from './numbers.ts';

/** The two methods behind `Buffer.write`, which spare the choice of the encoding by name. */
interface FastBuffer extends Buffer {
  latin1Write(text: string, offset: number): number;
  utf8Write(text: string, offset: number): number;
}

const FIRST_SIZE = 16 * 1024;
/** A larger buffer is given back to the memory instead of being kept for the next call. */
const KEPT_SIZE = 1024 * 1024;
/** Below this a loop over the characters is cheaper than a call into the engine. */
const SHORT_STRING = 40;

let spare: FastBuffer | undefined;

/** Bytes that grow at their end. One buffer serves all calls, so most of them allocate nothing. */
export class ByteWriter {
  bytes: FastBuffer;
  length = 0;

  constructor() {
    // Taken away while in use: a getter in a value being written may serialize something itself.
    this.bytes = spare ?? (Buffer.allocUnsafeSlow(FIRST_SIZE) as FastBuffer);
    spare = undefined;
  }

  /** Copies the result out and gives the buffer to the next writer. */
  finish(): Buffer {
    const result = Buffer.allocUnsafe(this.length);
    this.bytes.copy(result, 0, 0, this.length);
    this.release();
    return result;
  }

  /** Gives the buffer to the next writer. */
  release(): void {
    if (this.bytes.length <= KEPT_SIZE) spare = this.bytes;
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
      let at = putDigits(bytes, this.length, Math.floor(thousandths / 1000));
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

  /** Writes `i:5;`. */
  int(value: number): void {
    this.reserve(24);
    const { bytes } = this;
    let at = this.length;
    bytes[at] = 105;
    bytes[at + 1] = 58;
    at += 2;
    let rest = value;
    if (rest < 0) {
      bytes[at++] = 45;
      rest = -rest;
    }
    at = putDigits(bytes, at, rest);
    bytes[at] = 59;
    this.length = at + 1;
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
    const size = Buffer.byteLength(text);
    const isAscii = size === text.length;
    if (!isAscii && !(text as unknown as WellFormed).isWellFormed()) return false;
    this.reserve(size + 24);
    const { bytes } = this;
    const at = this.#stringHead(this.length, size);
    if (isAscii) bytes.latin1Write(text, at);
    else bytes.utf8Write(text, at);
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
  }
}

/** ES2024, in every Node that this package runs on. */
interface WellFormed {
  isWellFormed(): boolean;
}

function putDigits(bytes: Uint8Array, start: number, value: number): number {
  if (value < 10) {
    bytes[start] = 48 + value;
    return start + 1;
  }
  if (value < 100) {
    const tens = (value * 205) >> 11;
    bytes[start] = 48 + tens;
    bytes[start + 1] = 48 + value - tens * 10;
    return start + 2;
  }
  if (value > 0x7fffffff) return putLargeDigits(bytes, start, value);
  let rest = value | 0;
  const end = start + countDigits(rest);
  let at = end;
  while (rest >= 10) {
    const next = (rest / 10) | 0;
    bytes[--at] = 48 + rest - next * 10;
    rest = next;
  }
  bytes[start] = 48 + rest;
  return end;
}

function countDigits(value: number): number {
  if (value < 1e5) return value < 1e3 ? 3 : value < 1e4 ? 4 : 5;
  if (value < 1e7) return value < 1e6 ? 6 : 7;
  return value < 1e8 ? 8 : value < 1e9 ? 9 : 10;
}

function putLargeDigits(bytes: Uint8Array, start: number, value: number): number {
  const text = String(value);
  for (let index = 0; index < text.length; index++) bytes[start + index] = text.charCodeAt(index);
  return start + text.length;
}
