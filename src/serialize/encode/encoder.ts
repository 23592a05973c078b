import * as codes from '../bytes.ts';
import { UnserializableError } from '../messages.ts';
import { floatText, INT64_MAX, INT64_MIN, integerKey, isSmallInt } from '../numbers.ts';
import { innerShape, learn, root, type Shape } from '../shapes.ts';
import { NO_UTF8 } from '../text.ts';
import type { PhpKey, PhpRecord, PhpValue } from '../values.ts';
import {
  isIdentity,
  PhpEnum,
  PhpFloat,
  PhpObject,
  PhpPart,
  PhpReference,
  PhpSerializable,
} from '../values.ts';
import { Ancestors, SHALLOW } from './ancestors.ts';
import { IdentityWriter, nameBytes } from './references.ts';
import {
  at,
  RefusedValue,
  refuse,
  refuseInstance,
  refuseKey,
  refuseProperties,
  step,
  stepTo,
} from './refusal.ts';

const { CLOSE, STRING } = codes;

/** Up to this depth, recursion (faster); beyond it, an explicit stack. */
const RECURSION = 64;
/** An array or object beyond {@link RECURSION}, while its elements are written. */
interface Frame {
  readonly entries: Iterator<[PhpKey, PhpValue]>;
  readonly isObject: boolean;
  key: PhpKey;
}

/** The encoder of the last call, so that most calls allocate only their result. */
let spare: Encoder | undefined;

/**
 * Returns an empty encoder. Until its `finish` or `release` no other call gets it, since a getter in
 * a value may call `serialize` itself.
 */
export function openEncoder(): Encoder {
  const encoder = spare ?? new Encoder();
  spare = undefined;
  return encoder;
}

/**
 * Writes values as `php_var_serialize` does, of any depth. Values that are written between
 * `openEncoder` and `finish` share one reference table, as those of a session do.
 */
class Encoder extends IdentityWriter {
  readonly #deep: Frame[] = [];
  readonly #ancestors = new Ancestors();

  /**
   * Writes one value.
   *
   * @param value - The value.
   * @param name - The start of an error's path.
   * @param key - The first step of the path, if the value is a part of that name.
   * @throws UnserializableError for a value that PHP cannot hold.
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

  /** Returns the result and releases the encoder. */
  finish(): Buffer {
    const result = this.copy();
    this.release();
    return result;
  }

  /** Drops the bytes and makes the encoder available again. */
  release(): void {
    this.forget();
    this.#ancestors.clear();
    if (this.clear()) spare = this;
  }

  #value(value: PhpValue, shape: Shape, depth: number): void {
    this.slot++;
    if (typeof value === 'string') {
      if (!this.string(value)) refuse(NO_UTF8);
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
    else if (value instanceof PhpPart) this.part(value);
    // Plain objects of another realm (a vm context, as test runners use) have another prototype.
    else if (Object.getPrototypeOf(prototype) === null) {
      this.#record(value as PhpRecord, shape, depth);
    } else refuseInstance(value);
  }

  #list(list: readonly PhpValue[], shape: Shape, depth: number): void {
    const { length } = list;
    if (length === 0) refuseProperties(list);
    this.openArray(length);
    if (depth >= SHALLOW) this.#ancestors.enter(list, depth);
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
    if (depth >= SHALLOW) this.#ancestors.enter(record, depth);
    if (depth >= RECURSION) {
      this.#defer(Object.entries(record).values(), false);
      return;
    }
    let before = innerShape(shape);
    let index = 0;
    try {
      // With for-in the engine finds the values without a look-up. Keys of a prototype come last,
      // and a getter may have deleted a key, hence the comparison with the counted keys.
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

  /** Writes a record's key and learns it for the next record of this shape. */
  #recordKey(before: Shape, key: string): Shape {
    const start = this.length;
    this.#key(key, false);
    // An integer key.
    if (this.bytes[start] !== STRING) return before;
    return learn(before, key, this.bytes.subarray(start, this.length));
  }

  /** Writes an array with any keys, or the properties of an object. */
  #map(map: ReadonlyMap<PhpKey, PhpValue>, shape: Shape, depth: number, isObject: boolean): void {
    refuseProperties(map);
    if (isObject) this.open(map.size);
    else this.openArray(map.size);
    if (depth >= SHALLOW) this.#ancestors.enter(map, depth);
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
      // A property name stays a string, even `5`.
      if (!isObject && integerKey(key) !== undefined) this.ascii(`i:${key};`);
      else if (!this.string(key)) refuseKey();
    } else if (typeof key === 'number' && Number.isSafeInteger(key)) this.int(key);
    else if (typeof key === 'bigint' && key <= INT64_MAX && key >= INT64_MIN) {
      this.ascii(`i:${key};`);
    } else if (key instanceof Uint8Array) this.byteString(key);
    else refuseKey();
  }

  /** Queues the elements of a container for the loop below, which needs no recursion. */
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

  #object(object: PhpObject, shape: Shape, depth: number): void {
    if (this.writeKnown(object)) return;
    this.named('O', nameBytes(object.className, 'class'));
    this.ascii(':');
    this.#map(object.properties, shape, depth, true);
  }

  #reference(reference: PhpReference, shape: Shape, depth: number): void {
    const { value } = reference;
    // For a reference to an object, PHP's table has the object.
    const target = isIdentity(value) ? value : reference;
    const known = this.known(target);
    if (known !== undefined) {
      this.slot--;
      this.ascii(`R:${this.certain(known)};`);
      return;
    }
    if (value instanceof PhpReference) refuse('a reference to a reference is one reference');
    if (target === reference) this.remember(reference);
    this.slot--;
    this.#value(value, shape, depth);
  }
}
