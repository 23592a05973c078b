/** Takes a session's bytes apart: the meaning of every byte in PHP's own format. */

/** The purpose of a run of bytes. */
export type Role = 'key' | 'mark' | 'type' | 'length' | 'value';

export interface Part {
  /** The first byte, counted from 0. */
  offset: number;
  length: number;
  role: Role;
  /** The meaning in a few words, for a reader who is new to the format. */
  meaning: string;
}

/** Bytes that do not follow the format. */
export class NotASession extends RangeError {
  override readonly name: string = 'RangeError';
  /** The first byte that does not follow the format, counted from 0. */
  readonly offset: number;
  /** The format's requirement there, in a few words. */
  readonly expected: string;

  constructor(expected: string, offset: number) {
    super(`Expected ${expected} at byte ${offset} of the session's data`);
    this.expected = expected;
    this.offset = offset;
  }
}

const TYPES: Record<string, string> = {
  N: 'null',
  b: 'a truth value follows',
  i: 'a whole number follows',
  d: 'a number with a fraction follows',
  s: 'a string follows',
  a: 'an array follows',
  O: 'an object follows',
  E: 'a case of an enum follows',
  C: 'an object in its own format follows',
  r: 'the same object as an earlier value',
  R: 'a reference to an earlier value',
};

/**
 * Dissects data of the `php` serialize handler.
 *
 * The decoder in src/serialize has no tokens to offer: it reads values, not the bytes between them.
 *
 * @returns Every byte once, in order.
 * @throws NotASession with the offset of the first byte that does not follow the format.
 */
export function dissect(bytes: Uint8Array): Part[] {
  const { parts, refusal } = dissectSoFar(bytes);
  if (refusal) throw refusal;
  return parts;
}

/** Dissects the readable beginning of data that may be broken; the refusal ends it. */
export function dissectSoFar(bytes: Uint8Array): {
  parts: Part[];
  refusal: NotASession | undefined;
} {
  const dissection = new Dissection(bytes);
  try {
    dissection.read();
    return { parts: dissection.parts, refusal: undefined };
  } catch (error) {
    if (!(error instanceof NotASession)) throw error;
    return { parts: dissection.parts, refusal: error };
  }
}

class Dissection {
  readonly parts: Part[] = [];
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(): void {
    while (this.#at < this.#bytes.length) {
      this.#take(this.#until('|'), 'key', 'the key in $_SESSION');
      this.#mark('|', 'ends the key');
      this.#value(0);
    }
  }

  #value(depth: number): void {
    if (depth > 100) throw this.#refusal('no more than 100 levels');
    const type = this.#text(1);
    const meaning = TYPES[type];
    if (!meaning) throw this.#refusal('a letter for a type');
    this.#take(1, 'type', meaning);
    if (type !== 'N') this.#mark(':', 'separates the type from the rest');
    if (type === 'a') this.#elements(depth);
    else if (type === 'O') this.#object(depth);
    else if (type === 'C') this.#opaque();
    else this.#scalar(type);
  }

  #scalar(type: string): void {
    if (type === 's') this.#string('bytes in the string', 'the string');
    else if (type === 'E') this.#string('bytes in the name', 'the enum and its case');
    else if (type !== 'N') {
      this.#take(this.#until(';'), 'value', type === 'b' ? '1 is true, 0 is false' : 'the number');
    }
    this.#mark(';', 'ends the value');
  }

  #string(lengthMeaning: string, meaning: string): void {
    const length = this.#count(lengthMeaning);
    this.#mark(':"', 'opens');
    this.#take(length, 'value', meaning);
    this.#mark('"', 'closes');
  }

  #elements(depth: number): void {
    const count = this.#count('elements in the array');
    this.#mark(':{', 'opens');
    for (let index = 0; index < 2 * count; index += 1) this.#value(depth + 1);
    this.#mark('}', 'closes the array');
  }

  #object(depth: number): void {
    this.#string('bytes in the class name', 'the class');
    this.#mark(':', 'separates the class from the properties');
    const count = this.#count('properties');
    this.#mark(':{', 'opens');
    for (let index = 0; index < 2 * count; index += 1) this.#value(depth + 1);
    this.#mark('}', 'closes the object');
  }

  #opaque(): void {
    this.#string('bytes in the class name', 'the class');
    this.#mark(':', 'separates the class from its own text');
    const length = this.#count('bytes of its own');
    this.#mark(':{', 'opens');
    this.#take(length, 'value', 'only the class can read this');
    this.#mark('}', 'closes the object');
  }

  #count(meaning: string): number {
    const digits = this.#until(':');
    const text = this.#text(digits);
    if (!/^\d{1,9}$/.test(text)) throw this.#refusal('a count');
    this.#take(digits, 'length', meaning);
    return Number(text);
  }

  #until(end: string): number {
    const found = this.#bytes.indexOf(end, this.#at);
    if (found <= this.#at) throw this.#refusal(`something that ends with "${end}"`);
    return found - this.#at;
  }

  #mark(expected: string, meaning: string): void {
    if (this.#text(expected.length) !== expected) throw this.#refusal(`"${expected}"`);
    this.#take(expected.length, 'mark', meaning);
  }

  #take(length: number, role: Role, meaning: string): void {
    if (this.#at + length > this.#bytes.length) throw this.#refusal(`${length} bytes`);
    if (length > 0) this.parts.push({ offset: this.#at, length, role, meaning });
    this.#at += length;
  }

  #text(length: number): string {
    return this.#bytes.toString('latin1', this.#at, this.#at + length);
  }

  #refusal(expected: string): NotASession {
    return new NotASession(expected, this.#at);
  }
}
