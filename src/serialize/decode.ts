import { isAscii, isUtf8 } from 'node:buffer';
import {
  FLOAT,
  floatOf,
  INTEGER,
  isClassName,
  matchAt,
  SLOT,
  saturatingInteger,
  shortFloat,
  shortFloatEnd,
  wrappingLength,
} from './grammar.ts';
import { asciiKey } from './key-cache.ts';
import type { PhpMessage, PhpMessageLevel, PhpVersion } from './messages.ts';
import { integerKey } from './numbers.ts';
import type { Frame } from './places.ts';
import { get, LIST, makeFit, openArray, openObject, put, RECORD } from './places.ts';
import { innerShape, learn, root } from './shapes.ts';
import type { PhpKey, PhpString, PhpValue } from './values.ts';
import { PhpEnum, PhpFloat, PhpObject, PhpReference, PhpSerializable } from './values.ts';

/** The methods behind `Buffer.toString`, which spare the choice of the encoding by name. */
interface FastBuffer extends Buffer {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
}

const EMPTY = Buffer.alloc(0) as FastBuffer;
const QUOTE = 34;
const COLON = 58;
const SEMICOLON = 59;
const OPEN = 123;
const CLOSE = 125;

/** PHP's own classes here: they are known by any case and are no incomplete class. */
const KNOWN_CLASSES: ReadonlyMap<string, string> = new Map([
  ['stdclass', 'stdClass'],
  ['__php_incomplete_class', '__PHP_Incomplete_Class'],
]);
const INCOMPLETE_NAME = '__PHP_Incomplete_Class_Name';

/** Where in the bytes PHP gives up. */
export class Refusal {
  readonly offset: number;
  constructor(offset: number) {
    this.offset = offset;
  }
}

/** Thrown by a reader without slots at the first `r:` or `R:`: begin again and keep them. */
export class SlotsNeeded {}

/**
 * Reads values as `php_var_unserialize` does, up to the offset at which it would give up. It keeps
 * its own stack, so no nesting is too deep; it looks no class up and no name reaches a prototype.
 */
class Decoder {
  messages: PhpMessage[] = [];
  position = 0;
  #bytes: FastBuffer = EMPTY;
  /** The bytes as Latin-1, a character a byte: a substring of it costs no copy. */
  #text = '';
  #isAscii = true;
  #end = 0;
  #maxDepth = 0;
  #version: PhpVersion = '8.4';
  #slots: { readonly frame: Frame; readonly key: PhpKey }[] | undefined;
  #frames: Frame[] = [];
  #depth = 0;
  /** The second result of #length: the offset behind what it read. */
  #cursor = 0;

  /**
   * Takes new input. No code of a caller runs while it is read: one decoder serves everyone.
   *
   * @param input the bytes
   * @param maxDepth how deep they may nest, 0 for no limit
   * @param version whose messages to give
   * @param keepSlots whether to keep every value's place, as `var_push` does
   */
  start(input: Buffer, maxDepth: number, version: PhpVersion, keepSlots: boolean): void {
    const bytes = input as FastBuffer;
    this.messages = [];
    this.position = 0;
    this.#bytes = bytes;
    this.#text = bytes.latin1Slice(0, bytes.length);
    // A short input's few strings are looked at one by one, as any other input's are.
    this.#isAscii = bytes.length > 256 && isAscii(bytes);
    this.#end = bytes.length;
    this.#maxDepth = maxDepth;
    this.#version = version;
    this.#slots = keepSlots ? [] : undefined;
  }

  /** Lets go of the input and of what was read. */
  finish(): void {
    this.#bytes = EMPTY;
    this.#text = '';
    this.#slots = undefined;
    this.#frames.length = 0;
  }

  /**
   * Reads the value at the position and moves behind it.
   *
   * @returns the value's place, for a later value may still turn it into a reference
   * @throws Refusal where PHP refuses the bytes
   */
  read(): Frame {
    const place = openArray(LIST, 0, root);
    this.#frames[0] = place;
    this.#depth = 1;
    const value = this.#value(place);
    if (this.#depth === 1) put(place, 0, value);
    while (this.#depth > 1) {
      const frame = this.#frames[this.#depth - 1] as Frame;
      const isRead =
        frame.kind === RECORD
          ? this.#record(frame)
          : frame.kind === LIST
            ? this.#list(frame)
            : this.#elements(frame);
      if (isRead) this.#close(frame);
    }
    return place;
  }

  /** Moves behind the `}` of `finish_nested_data`. */
  #close(frame: Frame): void {
    if (this.#bytes[this.position] !== CLOSE) throw new Refusal(this.position);
    this.position++;
    this.#depth--;
    const { owner } = frame;
    if (owner?.properties.has(INCOMPLETE_NAME) === true && owner.className !== 'stdClass') {
      const name = owner.properties.get(INCOMPLETE_NAME);
      const isName = typeof name === 'string' || name instanceof Uint8Array;
      owner.className = isName ? name : '__PHP_Incomplete_Class';
      owner.properties.delete(INCOMPLETE_NAME);
    }
  }

  /** Reads elements whose keys go on counting. Returns false where a frame was opened. */
  #list(frame: Frame): boolean {
    const list = frame.container as PhpValue[];
    const bytes = this.#bytes;
    const depth = this.#depth;
    while (frame.remaining > 0) {
      const expected = list.length;
      let at = this.position;
      let key = -1;
      if (bytes[at] === 105 && bytes[at + 1] === COLON) {
        at += 2;
        let code = bytes[at] as number;
        key = 0;
        while (code >= 48 && code <= 57 && key <= expected) {
          key = key * 10 + code - 48;
          code = bytes[++at] as number;
        }
        if (code !== SEMICOLON || at - this.position < 3) key = -1;
      }
      if (key !== expected) return this.#elements(frame);
      at++;
      frame.remaining--;
      if (bytes[at] === 105 && bytes[at + 1] === COLON && this.#slots === undefined) {
        // A small int, as ids and counts are; #integer reads all others.
        const digits = at + 2;
        let end = digits;
        let value = 0;
        let code = bytes[end] as number;
        while (code >= 48 && code <= 57) {
          value = value * 10 + code - 48;
          code = bytes[++end] as number;
        }
        if (code === SEMICOLON && end > digits && end - digits < 10) {
          this.position = end + 1;
          list.push(value);
          continue;
        }
      }
      this.position = at;
      frame.key = key;
      if (this.#slots !== undefined) put(frame, key, null);
      const value = this.#value(frame);
      if (this.#depth !== depth) return false;
      if (list.length === key) list.push(value);
      else list[key] = value;
    }
    return true;
  }

  /** Reads elements whose keys were all strings so far, guessing each from the one before. */
  #record(frame: Frame): boolean {
    const record = frame.container as Record<string, PhpValue>;
    const bytes = this.#bytes;
    const depth = this.#depth;
    while (frame.remaining > 0) {
      const guess = frame.shape.next;
      if (guess === undefined) return this.#elements(frame);
      const { written } = guess;
      const { length } = written;
      const start = this.position;
      let index = 0;
      while (index < length && bytes[start + index] === written[index]) index++;
      if (index < length) return this.#elements(frame);
      this.position = start + length;
      frame.remaining--;
      frame.shape = guess;
      const { key } = guess;
      frame.key = key;
      if (this.#slots !== undefined) record[key] = null;
      const value = this.#value(frame);
      if (this.#depth !== depth) return false;
      record[key] = value;
    }
    return true;
  }

  /** Reads elements with any keys. Returns false where a frame was opened. */
  #elements(frame: Frame): boolean {
    const depth = this.#depth;
    while (frame.remaining > 0) {
      const start = this.position;
      const key = this.#key(frame);
      frame.remaining--;
      frame.key = key;
      if (frame.owner === undefined && (frame.kind === LIST || typeof key !== 'string')) {
        makeFit(frame, key, this.#frames[depth - 2] as Frame);
      }
      const isLearned = frame.kind === RECORD && key !== '__proto__' && this.#bytes[start] === 115;
      if (isLearned) {
        const written = this.#bytes.subarray(start, this.position);
        frame.shape = learn(frame.shape, key as string, written);
      }
      if (this.#slots !== undefined) put(frame, key, null);
      const value = this.#value(frame);
      if (this.#depth !== depth) return false;
      put(frame, key, value);
      // From here on the keys may be the ones that followed the last time.
      if (isLearned) return this.#record(frame);
    }
    return true;
  }

  /** Reads a key of an array or the name of a property. */
  #key(frame: Frame): PhpKey {
    const start = this.position;
    const first = this.#bytes[start];
    if (first === 115) {
      const length = this.#length(QUOTE);
      const from = this.#cursor;
      this.#finishString(start, from, length);
      return this.#stringKey(frame, from, from + length);
    }
    if (first === 105) {
      const key = this.#integer();
      return frame.owner?.className === 'stdClass' ? String(key) : key;
    }
    if (first === 83) {
      const raw = this.#escaped();
      const text = raw.toString('latin1');
      if (frame.owner === undefined) return integerKey(text) ?? bytesKey(frame, raw, text);
      return bytesKey(frame, raw, text);
    }
    return this.#refuseKey(first);
  }

  #stringKey(frame: Frame, start: number, end: number): PhpKey {
    const key = asciiKey(this.#bytes, this.#text, start, end) ?? this.#string(start, end);
    if (typeof key !== 'string') return bytesKey(frame, key, this.#text.slice(start, end));
    if (frame.owner !== undefined) return key;
    return integerKey(key) ?? key;
  }

  /** PHP reads a key as it reads a value, and then finds that it is none. */
  #refuseKey(first: number | undefined): never {
    const start = this.position;
    const text = this.#text;
    const slot = matchAt(SLOT, text, start);
    if (slot !== null) throw new Refusal(start + slot[0].length);
    if (first === 97) {
      const header = /a:[0-9]+:\{/y;
      const matched = matchAt(header, text, start);
      throw new Refusal(start + (matched?.[0].length ?? 0));
    }
    if (first === 79 || first === 67 || first === 69) throw new Refusal(start);
    this.#scalar(first);
    throw new Refusal(this.position);
  }

  /**
   * Reads a value whose place is the frame's key. Where it is a container, that container already
   * stands in its place and its frame is open: its elements follow.
   */
  #value(frame: Frame): PhpValue {
    const start = this.position;
    const first = this.#bytes[start];
    if (this.#slots !== undefined && first !== 82 && start < this.#end) {
      this.#slots.push({ frame, key: frame.key });
    }
    switch (first) {
      case 115: {
        const length = this.#length(QUOTE);
        const from = this.#cursor;
        this.#finishString(start, from, length);
        return this.#isAscii
          ? this.#text.slice(from, from + length)
          : this.#string(from, from + length);
      }
      case 105:
        return this.#integer();
      case 97:
        return this.#array(frame);
      case 79:
      case 67:
        return this.#object(frame);
      case 69:
        return this.#enum();
      case 82:
        return this.#reference(frame);
      case 114:
        return this.#sameObject(frame);
      case 83:
        return textOf(this.#escaped());
      default:
        return this.#scalar(first);
    }
  }

  #scalar(first: number | undefined): PhpValue {
    const start = this.position;
    const text = this.#text;
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
      const short = text.charCodeAt(start + 1) === COLON ? shortFloat(this.#bytes, start + 2) : 0;
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
    } else if (first === CLOSE) this.#say('E_WARNING', 'Unexpected end of serialized data');
    throw new Refusal(start);
  }

  /** Reads `i:5;`. */
  #integer(): number | bigint {
    const start = this.position;
    const bytes = this.#bytes;
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
    const matched = matchAt(INTEGER, this.#text, start);
    if (matched === null) throw new Refusal(start);
    this.position = start + matched[0].length;
    return this.#saturate(matched[1] as string);
  }

  #saturate(text: string): number | bigint {
    return saturatingInteger(text, () => this.#say('E_WARNING', 'Numerical result out of range'));
  }

  /** Reads the `3:"` of `s:3:"`; the cursor is then behind the opening character. */
  #length(opening: number): number {
    const start = this.position;
    const bytes = this.#bytes;
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
    this.#cursor = at + 2;
    return count < 16 ? value : wrappingLength(this.#text.slice(start + 2, at));
  }

  /** Moves behind the `";` of a string that begins at `from`. */
  #finishString(start: number, from: number, length: number): void {
    if (length > this.#end - from) throw new Refusal(start + 2);
    const end = from + length;
    if (this.#bytes[end] !== QUOTE) throw new Refusal(end);
    if (this.#bytes[end + 1] !== SEMICOLON) throw new Refusal(end + 1);
    this.position = end + 2;
  }

  #string(start: number, end: number): PhpString {
    if (!this.#isAscii) {
      const bytes = this.#bytes;
      let at = start;
      const stop = Math.min(end, start + 64);
      while (at < stop && (bytes[at] as number) < 128) at++;
      if (at < end && (at < stop || !isAscii(bytes.subarray(at, end)))) {
        const text = bytes.utf8Slice(start, end);
        // Only what is no UTF-8, or has this very character, is looked at again.
        return text.includes('\ufffd') ? textOf(bytes.subarray(start, end)) : text;
      }
    }
    return this.#text.slice(start, end);
  }

  /** Reads `S:2:"\61b";`, a form of PHP 6 that PHP still reads. */
  #escaped(): Buffer {
    const start = this.position;
    const length = this.#length(QUOTE);
    const text = this.#text;
    let at = this.#cursor;
    if (length > this.#end - at) throw new Refusal(start + 2);
    const raw = Buffer.allocUnsafe(length);
    for (let index = 0; index < length; index++) {
      if (at >= this.#end) throw new Refusal(start);
      if (text.charCodeAt(at) === 92) {
        const code = text.slice(at + 1, at + 3);
        if (!/^[0-9A-Fa-f]{2}$/.test(code)) throw new Refusal(start);
        raw[index] = Number.parseInt(code, 16);
        at += 3;
      } else raw[index] = text.charCodeAt(at++);
    }
    this.#finishString(start, at, 0);
    if (this.#version >= '8.4') {
      this.#say('E_DEPRECATED', "Unserializing the 'S' format is deprecated");
    }
    return raw;
  }

  #array(parent: Frame): PhpValue {
    const start = this.position;
    let count = this.#length(OPEN);
    const inside = this.#cursor;
    if (inside - start > 17) {
      // Only this count is read with a sign and its limits.
      const exact = this.#saturate(this.#text.slice(start + 2, inside - 2));
      count = Number(exact);
    }
    this.position = inside;
    if (count > (this.#end - inside) >> 1) throw new Refusal(inside);
    if (count === 0) {
      if (this.#bytes[inside] !== CLOSE) throw new Refusal(inside);
      this.position = inside + 1;
      return [];
    }
    const frame = openArray(
      this.#bytes[inside] === 115 ? RECORD : LIST,
      count,
      innerShape(parent.shape),
    );
    put(parent, parent.key, frame.container);
    this.#enter(frame);
    return frame.container;
  }

  #enter(frame: Frame): void {
    const maxDepth = this.#maxDepth;
    if (maxDepth > 0 && this.#depth > maxDepth) {
      this.#say(
        'E_WARNING',
        `Maximum depth of ${maxDepth} exceeded. The depth limit can be changed using the max_depth unserialize() option or the unserialize_max_depth ini setting`,
      );
      throw new Refusal(this.position);
    }
    this.#frames[this.#depth++] = frame;
  }

  /** Reads `O:3:"Foo":1:{…}` and `C:3:"Foo":4:{…}`. */
  #object(parent: Frame): PhpValue {
    const start = this.position;
    const isCustom = this.#bytes[start] === 67;
    const length = this.#length(QUOTE);
    const from = this.#cursor;
    if (length === 0 || length > this.#end - from) throw new Refusal(start + 2);
    const quote = from + length;
    if (this.#bytes[quote] !== QUOTE) throw new Refusal(quote);
    if (this.#bytes[quote + 1] !== COLON) throw new Refusal(quote + 1);
    const latin1 = this.#text.slice(from, quote);
    if (!isClassName(latin1)) throw new Refusal(start);
    const className = KNOWN_CLASSES.get(latin1.toLowerCase()) ?? this.#string(from, quote);
    this.position = quote;
    if (isCustom) return this.#custom(className, quote);
    if (quote >= this.#end - 2) {
      this.#say('E_WARNING', 'Bad unserialize data', false);
      throw new Refusal(quote);
    }
    const count = this.#signedCount(quote + 2);
    const at = this.position;
    if (count < 0 || count > (this.#end - quote) >> 1) throw new Refusal(at);
    if (this.#bytes[at] !== COLON) throw new Refusal(at);
    if (this.#bytes[at + 1] !== OPEN) throw new Refusal(at + 1);
    this.position = at + 2;
    const object = new PhpObject(className);
    put(parent, parent.key, object);
    this.#enter(openObject(object, count, innerShape(parent.shape)));
    return object;
  }

  #custom(className: PhpString, quote: number): PhpSerializable {
    const length = this.#signedCount(quote + 2);
    const at = this.position;
    if (this.#end - at < 2 || this.#bytes[at] !== COLON) throw new Refusal(at);
    if (this.#bytes[at + 1] !== OPEN) throw new Refusal(at + 1);
    const from = at + 2;
    const present = this.#end - from;
    if (length < 0 || present <= length) {
      const text = `Insufficient data for unserializing - ${length} required, ${present} present`;
      this.#say('E_WARNING', text, false);
      throw new Refusal(from);
    }
    if (this.#bytes[from + length] !== CLOSE) throw new Refusal(from + length);
    this.position = from + length + 1;
    return new PhpSerializable(className, Buffer.from(this.#bytes.subarray(from, from + length)));
  }

  /** Reads the count behind a class's name: a sign is allowed, and so is nothing at all. */
  #signedCount(start: number): number {
    const bytes = this.#bytes;
    let at = start;
    let value = 0;
    let code = bytes[at] as number;
    while (code >= 48 && code <= 57) {
      value = value * 10 + code - 48;
      code = bytes[++at] as number;
    }
    if (at > start && at - start < 16) {
      this.position = at;
      return value;
    }
    const matched = matchAt(/[+-]?[0-9]*/y, this.#text, start)?.[0] ?? '';
    this.position = start + matched.length;
    return Number(this.#saturate(matched));
  }

  /** Reads `E:11:"Suit:Hearts";`. */
  #enum(): PhpEnum {
    const start = this.position;
    const length = this.#length(QUOTE);
    const from = this.#cursor;
    if (length === 0) throw new Refusal(start + 2);
    this.#finishString(start, from, length);
    const colon = this.#text.indexOf(':', from);
    if (colon < 0 || colon >= from + length) {
      const name = Buffer.from(this.#bytes.subarray(from, from + length)).toString();
      this.position = start;
      this.#say('E_WARNING', `Invalid enum name '${name.replace(/\0.*$/s, '')}' (missing colon)`);
      throw new Refusal(start);
    }
    const className = this.#text.slice(from, colon);
    if (!/^[0-9A-Za-z_\\\x80-\xff]+$/.test(className)) throw new Refusal(start);
    if (KNOWN_CLASSES.has(className.toLowerCase())) {
      this.#say('E_WARNING', `Class '${className}' is not an enum`);
      throw new Refusal(start);
    }
    return new PhpEnum(this.#string(from, colon), this.#string(colon + 1, from + length));
  }

  /** Reads `R:2;`: this place and that of slot 2 become one variable. */
  #reference(frame: Frame): PhpReference {
    const place = this.#place(frame);
    const value = get(place.frame, place.key);
    if (value instanceof PhpReference) return value;
    const reference = new PhpReference(value);
    put(place.frame, place.key, reference);
    return reference;
  }

  /** Reads `r:2;`: the object of slot 2 once more. */
  #sameObject(frame: Frame): PhpValue {
    const place = this.#place(frame);
    const standing = get(place.frame, place.key);
    const value = standing instanceof PhpReference ? standing.value : standing;
    const isObject =
      value instanceof PhpObject || value instanceof PhpEnum || value instanceof PhpSerializable;
    if (!isObject) throw new Refusal(this.position);
    return value;
  }

  #place(here: Frame): { readonly frame: Frame; readonly key: PhpKey } {
    const start = this.position;
    const matched = matchAt(SLOT, this.#text, start);
    if (matched === null) throw new Refusal(start);
    if (this.#slots === undefined) throw new SlotsNeeded();
    this.position = start + matched[0].length;
    const place = this.#slots[wrappingLength(matched[1] as string) - 1];
    if (place === undefined || (place.frame === here && place.key === here.key)) {
      throw new Refusal(this.position);
    }
    return place;
  }

  #say(level: PhpMessageLevel, message: string, namesFunction = true): void {
    this.messages.push({ level, message, namesFunction });
  }
}

/** The decoder: it keeps its working memory from one call to the next. */
export const decoder: Decoder = new Decoder();

/** Text where the bytes are UTF-8, else a copy of the bytes. */
function textOf(bytes: Uint8Array): PhpString {
  const copy = Buffer.from(bytes);
  return isUtf8(bytes) ? copy.toString() : copy;
}

/** One key for equal bytes, as text where they are UTF-8. */
function bytesKey(frame: Frame, bytes: Uint8Array, latin1: string): PhpKey {
  if (isUtf8(bytes)) return Buffer.from(bytes).toString();
  frame.byteKeys ??= new Map();
  const known = frame.byteKeys.get(latin1);
  if (known !== undefined) return known;
  const key = Buffer.from(bytes);
  frame.byteKeys.set(latin1, key);
  return key;
}
