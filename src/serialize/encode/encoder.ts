import { isSmallInt } from '../digits.ts';
import { UnserializableError } from '../messages.ts';
import { floatText, INT64_MAX, INT64_MIN, integerKey } from '../numbers.ts';
import { innerShape, learn, root, type Shape } from '../shapes.ts';
import type { PhpKey, PhpRecord, PhpValue } from '../values.ts';
import { PhpEnum, PhpFloat, PhpObject, PhpReference, PhpSerializable } from '../values.ts';
import { IdentityWriter, isIdentity } from './references.ts';
import { at, RefusedValue, refuse, refuseInstance, refuseKey, step, stepTo } from './refusal.ts';
import { CLOSE } from './writer.ts';

/** So deep the engine's stack is used, which is quicker; beyond it, the encoder's own. */
const RECURSION = 64;
/** No circle is looked for above this depth: most sessions end before it. */
const SHALLOW = 8;
/** The first look for a circle, counted from there; then at each doubling, so that it stays linear. */
const FIRST_LOOK = 8;

/** An array or object beyond {@link RECURSION} whose elements are being written. */
interface Frame {
  readonly entries: Iterator<[PhpKey, PhpValue]>;
  readonly isObject: boolean;
  key: PhpKey;
}

/** Kept from one call to the next, so that most of them allocate nothing but their result. */
let spare: Encoder | undefined;

/**
 * Gives an encoder with nothing written.
 *
 * @returns one that nobody else has until its `finish` or `release`: a getter in a value that is
 *   being written may serialize something itself
 */
export function openEncoder(): Encoder {
  const encoder = spare ?? new Encoder();
  spare = undefined;
  return encoder;
}

/**
 * Writes values as `php_var_serialize` does. From one `openEncoder` to its `finish` is one
 * reference table: the values of a session are written with the same one. No nesting is too deep.
 */
export class Encoder extends IdentityWriter {
  readonly #deep: Frame[] = [];
  /** The containers around the one that is being written, from {@link SHALLOW} on. */
  readonly #around: object[] = [];
  #nextLook = FIRST_LOOK;

  /**
   * Writes one value.
   *
   * @param value the value
   * @param name what an error's path begins with
   * @param key where in it the value stands, if it is a part
   * @throws UnserializableError for a value that PHP cannot hold
   */
  write(value: PhpValue, name: string, key?: PhpKey): void {
    try {
      this.#value(value, root, 0);
    } catch (error) {
      if (!(error instanceof RefusedValue)) throw error;
      if (key !== undefined) error.steps.push(step(String(key)));
      throw new UnserializableError(name + error.steps.reverse().join(''), error.reason);
    }
  }

  /** Copies the result out and lets the encoder be used again. */
  finish(): Buffer {
    const result = this.copy();
    this.release();
    return result;
  }

  /** Drops what was written and lets the encoder be used again. */
  release(): void {
    this.forget();
    if (this.#around.length > 0) this.#around.length = 0;
    this.#nextLook = FIRST_LOOK;
    if (this.clear()) spare = this;
  }

  #value(value: PhpValue, shape: Shape, depth: number): void {
    this.slot++;
    if (typeof value === 'string') {
      if (!this.string(value)) refuse('half a surrogate pair has no UTF-8; use a Buffer');
    } else if (typeof value === 'number') {
      if (isSmallInt(value)) this.smallInt(value);
      else this.#number(value);
    } else if (typeof value === 'boolean') this.bool(value);
    else if (value === null) this.ascii('N;');
    else if (typeof value === 'object') this.#composite(value, shape, depth);
    else if (typeof value === 'bigint') {
      if (value > INT64_MAX || value < INT64_MIN) {
        refuse(`${value} does not fit into PHP's 64-bit int`);
      }
      this.ascii(`i:${value};`);
    } else {
      refuse(
        value === undefined
          ? 'PHP has no undefined; write null or leave the key out'
          : `PHP cannot hold a ${typeof value}`,
      );
    }
  }

  #number(value: number): void {
    if (!Number.isInteger(value)) this.float(value);
    else if (value === 0) this.ascii('d:-0;');
    else if (Number.isSafeInteger(value)) this.int(value);
    else {
      refuse(
        `${value} is beyond the safe integers: write a bigint for PHP's int, a PhpFloat for its float`,
      );
    }
  }

  #composite(value: object, shape: Shape, depth: number): void {
    if (Array.isArray(value)) {
      this.#list(value, shape, depth);
      return;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) {
      this.#record(value as PhpRecord, shape, depth);
    } else if (value instanceof Map) this.#map(value, shape, depth, false);
    else if (value instanceof PhpObject) this.#object(value, shape, depth);
    else if (value instanceof PhpReference) this.#reference(value, shape, depth);
    else if (value instanceof PhpFloat) this.ascii(`d:${floatText(value.value)};`);
    else if (value instanceof Uint8Array) this.byteString(value);
    else if (value instanceof PhpEnum) this.enum(value);
    else if (value instanceof PhpSerializable) this.serializable(value);
    // The plain objects of another realm (a vm context, as test runners use them) are plain too.
    else if (Object.getPrototypeOf(prototype) === null) {
      this.#record(value as PhpRecord, shape, depth);
    } else refuseInstance(value);
  }

  #list(list: readonly PhpValue[], shape: Shape, depth: number): void {
    const { length } = list;
    this.openArray(length);
    if (depth >= SHALLOW) this.#enter(list, depth);
    if (depth >= RECURSION) {
      this.#defer(list.entries(), false);
      return;
    }
    const inner = innerShape(shape);
    let index = this.ints(list);
    this.slot += index;
    try {
      for (; index < length; index++) {
        this.smallInt(index);
        this.#value(list[index] as PhpValue, inner, depth + 1);
      }
    } catch (error) {
      throw at(`[${index}]`, error);
    }
    this.byte(CLOSE);
  }

  #record(record: PhpRecord, shape: Shape, depth: number): void {
    const keys = Object.keys(record);
    const { length } = keys;
    this.openArray(length);
    if (depth >= SHALLOW) this.#enter(record, depth);
    if (depth >= RECURSION) {
      this.#defer(Object.entries(record).values(), false);
      return;
    }
    let before = innerShape(shape);
    let index = 0;
    try {
      // With for-in the engine finds the values without a look-up. It must bring the very keys that
      // were counted: a prototype's come after them, and a getter may have deleted one.
      for (const key in record) {
        if (key !== keys[index]) break;
        const guess = before.next;
        if (guess !== undefined && guess.key === key) {
          this.words(guess.words, guess.written.length);
          before = guess;
        } else before = this.#recordKey(before, key);
        this.#value(record[key] as PhpValue, before, depth + 1);
        index++;
      }
      if (index < length) refuse('the object lost a key while it was being written');
    } catch (error) {
      throw at(step(keys[index] as string), error);
    }
    this.byte(CLOSE);
  }

  /** Writes a record's key and remembers how, for the next record like this. */
  #recordKey(before: Shape, key: string): Shape {
    const start = this.length;
    this.#key(key, false);
    // What begins with `i` was no name.
    if (this.bytes[start] !== 115) return before;
    return learn(before, key, this.bytes.subarray(start, this.length));
  }

  /** Writes an array with any keys, or the properties of an object. */
  #map(map: ReadonlyMap<PhpKey, PhpValue>, shape: Shape, depth: number, isObject: boolean): void {
    if (isObject) this.open(map.size);
    else this.openArray(map.size);
    if (depth >= SHALLOW) this.#enter(map, depth);
    if (depth >= RECURSION) {
      this.#defer(map.entries(), isObject);
      return;
    }
    const inner = innerShape(shape);
    let current: PhpKey = 0;
    try {
      for (const [key, value] of map) {
        current = key;
        this.#key(key, isObject);
        this.#value(value, inner, depth + 1);
      }
    } catch (error) {
      throw at(stepTo(current), error);
    }
    this.byte(CLOSE);
  }

  #key(key: PhpKey, isObject: boolean): void {
    if (typeof key === 'string') {
      // The name of a property stays a string, whatever it looks like.
      if (!isObject && integerKey(key) !== undefined) this.ascii(`i:${key};`);
      else if (!this.string(key)) refuseKey();
    } else if (typeof key === 'number' && Number.isSafeInteger(key)) this.int(key);
    else if (typeof key === 'bigint' && key <= INT64_MAX && key >= INT64_MIN) {
      this.ascii(`i:${key};`);
    } else if (key instanceof Uint8Array) this.byteString(key);
    else refuseKey();
  }

  /** Leaves the elements of a container to the loop below, which is not deeper for it. */
  #defer(entries: Iterator<[PhpKey, PhpValue]>, isObject: boolean): void {
    const frames = this.#deep;
    frames.push({ entries, isObject, key: 0 });
    if (frames.length > 1) return;
    try {
      for (let frame = frames[0]; frame !== undefined; frame = frames[frames.length - 1]) {
        const next = frame.entries.next();
        if (next.done === true) {
          this.byte(CLOSE);
          frames.pop();
        } else {
          const [key, value] = next.value;
          frame.key = key;
          this.#key(key, frame.isObject);
          this.#value(value, root, RECURSION + frames.length);
        }
      }
    } catch (error) {
      throw frames.reduceRight((thrown, { key }) => at(stepTo(key), thrown), error);
    }
  }

  /** Notes a container that has others around it, and looks whether it is one of them. */
  #enter(container: object, depth: number): void {
    const around = this.#around;
    around.length = depth - SHALLOW;
    around.push(container);
    if (around.length < this.#nextLook) return;
    if (new Set(around).size < around.length) {
      refuse('an array that contains itself has no end; put a PhpReference where it repeats');
    }
    this.#nextLook *= 2;
  }

  #object(object: PhpObject, shape: Shape, depth: number): void {
    if (this.writeKnown(object)) return;
    this.named('O', object.className);
    this.ascii(':');
    this.#map(object.properties, shape, depth, true);
  }

  #reference(reference: PhpReference, shape: Shape, depth: number): void {
    const { value } = reference;
    // PHP looks through a reference to an object: the object is what it remembers.
    const target = isIdentity(value) ? value : reference;
    const known = this.known(target);
    if (known !== undefined) {
      this.slot--;
      this.ascii(`R:${known};`);
      return;
    }
    if (value instanceof PhpReference) refuse('a reference to a reference is one reference');
    if (target === reference) this.remember(reference);
    this.slot--;
    this.#value(value, shape, depth);
  }
}
