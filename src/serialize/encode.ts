import { UnserializableError } from './messages.ts';
import { floatText, INT64_MAX, INT64_MIN, integerKey } from './numbers.ts';
import { slotsInside } from './payload.ts';
import { innerShape, learn, root, type Shape } from './shapes.ts';
import type { PhpKey, PhpString, PhpValue } from './values.ts';
import { PhpEnum, PhpFloat, PhpObject, PhpReference, PhpSerializable } from './values.ts';
import { ByteWriter } from './writer.ts';

const LIST = 0;
const RECORD = 1;
const MAP = 2;
const PROPERTIES = 3;

/** The first depth at which a circle is looked for. */
const FIRST_LOOK = 16;
/** So deep the engine's stack is used, which is quicker; beyond it, the encoder's own. */
const RECURSION = 64;

/** An array or object whose elements are being written. */
interface Frame {
  kind: typeof LIST | typeof RECORD | typeof MAP | typeof PROPERTIES;
  container: object;
  values: readonly PhpValue[];
  keys: readonly string[];
  entries: Iterator<[PhpKey, PhpValue]> | undefined;
  index: number;
  /** The key that is being written, for an error's path. */
  key: PhpKey;
  /** The key of a record before the next one, from which that one is guessed. */
  shape: Shape;
}

/**
 * Writes values as `php_var_serialize` does. One instance is one reference table: the values of a
 * session are written with the same one. It keeps its own stack, so no nesting is too deep for it.
 */
export class Encoder {
  readonly writer: ByteWriter = new ByteWriter();
  readonly #frames: Frame[] = [];
  #depth = 0;
  /** Every value counts from 1, array keys do not; see `php_add_var_hash` in PHP's var.c. */
  #slot = 0;
  #seen: Map<object | string, number> | undefined;
  /** Looked at again at each doubling: an endless circle gets there, and the cost stays linear. */
  #nextLook = FIRST_LOOK;
  #name = '$value';
  #key: PhpKey | undefined;

  /**
   * Writes one value.
   *
   * @param root the value
   * @param name what an error's path begins with
   * @param key where in it the value stands, if it is a part
   * @throws UnserializableError for a value that PHP cannot hold
   */
  write(root: PhpValue, name: string, key?: PhpKey): void {
    this.#name = name;
    this.#key = key;
    if (!this.#value(root)) this.#drain(0);
  }

  /** Writes the open frames above a depth to their ends. */
  #drain(base: number): void {
    while (this.#depth > base) {
      const frame = this.#frames[this.#depth - 1] as Frame;
      if (!this.#elements(frame)) continue;
      this.writer.byte(125);
      this.#depth--;
    }
  }

  /** Writes the elements that are left. Returns false where one of them opened a frame. */
  #elements(frame: Frame): boolean {
    const { writer } = this;
    if (frame.kind === LIST) {
      const { values } = frame;
      for (let index = frame.index; index < values.length; index++) {
        writer.int(index);
        frame.index = index + 1;
        if (!this.#value(values[index] as PhpValue)) return false;
      }
      return true;
    }
    if (frame.kind === RECORD) {
      const { keys } = frame;
      const record = frame.container as Readonly<Record<string, PhpValue>>;
      for (let index = frame.index; index < keys.length; index++) {
        const key = keys[index] as string;
        frame.index = index + 1;
        const guess = frame.shape.next;
        if (guess !== undefined && guess.key === key) {
          writer.raw(guess.written);
          frame.shape = guess;
        } else this.#recordKey(frame, key);
        if (!this.#value(record[key] as PhpValue)) return false;
      }
      return true;
    }
    const entries = frame.entries as Iterator<[PhpKey, PhpValue]>;
    for (let step = entries.next(); step.done !== true; step = entries.next()) {
      const [key, value] = step.value;
      frame.key = key;
      if (typeof key === 'string') {
        const integer = frame.kind === MAP ? integerKey(key) : undefined;
        if (integer !== undefined) writer.ascii(`i:${key};`);
        else if (!writer.string(key)) this.#refuseKey(frame, key);
      } else if (typeof key === 'number' && Number.isSafeInteger(key)) writer.int(key);
      else if (typeof key === 'bigint' && key <= INT64_MAX && key >= INT64_MIN) {
        writer.ascii(`i:${key};`);
      } else if (key instanceof Uint8Array) writer.byteString(key);
      else this.#refuseKey(frame, key);
      if (!this.#value(value)) return false;
    }
    return true;
  }

  /** Writes a record's key and remembers how, for the next record like this. */
  #recordKey(frame: Frame, key: string): void {
    const { writer } = this;
    if (integerKey(key) !== undefined) {
      writer.ascii(`i:${key};`);
      return;
    }
    const start = writer.length;
    if (!writer.string(key)) this.#refuseKey(frame, key);
    frame.shape = learn(frame.shape, key, writer.bytes.subarray(start, writer.length));
  }

  /** Writes a value. Returns false where its elements are still to be written. */
  #value(value: PhpValue): boolean {
    const { writer } = this;
    this.#slot++;
    if (typeof value === 'string') {
      if (!writer.string(value)) this.#refuse('half a surrogate pair has no UTF-8; use a Buffer');
      return true;
    }
    if (typeof value === 'number') {
      // Any int32 but -0, which is a float to PHP.
      if ((value | 0) === value && (value !== 0 || 1 / value > 0)) writer.int(value);
      else this.#number(value);
      return true;
    }
    if (typeof value === 'boolean') {
      writer.bool(value);
      return true;
    }
    if (value === null) {
      writer.ascii('N;');
      return true;
    }
    if (typeof value === 'object') return this.#composite(value);
    if (typeof value === 'bigint') {
      if (value > INT64_MAX || value < INT64_MIN) {
        this.#refuse(`${value} does not fit into PHP's 64-bit int`);
      }
      writer.ascii(`i:${value};`);
      return true;
    }
    return this.#refuse(
      value === undefined
        ? 'PHP has no undefined; write null or leave the key out'
        : `PHP cannot hold a ${typeof value}`,
    );
  }

  #number(value: number): void {
    if (!Number.isInteger(value)) this.writer.float(value);
    else if (value === 0) this.writer.ascii('d:-0;');
    else if (Number.isSafeInteger(value)) this.writer.int(value);
    else {
      this.#refuse(
        `${value} is beyond the safe integers: write a bigint for PHP's int, a PhpFloat for its float`,
      );
    }
  }

  #composite(value: object): boolean {
    if (Array.isArray(value)) return this.#open(LIST, value, value.length, 'a:');
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) return this.#record(value);
    if (value instanceof Map) return this.#open(MAP, value, value.size, 'a:');
    if (value instanceof PhpObject) return this.#object(value);
    if (value instanceof PhpReference) return this.#reference(value);
    if (value instanceof PhpFloat) this.writer.ascii(`d:${floatText(value.value)};`);
    else if (value instanceof Uint8Array) this.writer.byteString(value);
    else if (value instanceof PhpEnum) this.#enum(value);
    else if (value instanceof PhpSerializable) this.#serializable(value);
    // The plain objects of another realm (a vm context, as test runners use them) are plain too.
    else if (Object.getPrototypeOf(prototype) === null) return this.#record(value);
    else this.#refuseInstance(value);
    return true;
  }

  #record(record: object): boolean {
    const keys = Object.keys(record);
    const opened = this.#open(RECORD, record, keys.length, 'a:');
    if (opened) return true;
    const frame = this.#frames[this.#depth - 1] as Frame;
    frame.keys = keys;
    if (this.#depth > RECURSION) return false;
    this.#drain(this.#depth - 1);
    return true;
  }

  #object(object: PhpObject): boolean {
    const known = this.#remember(object);
    if (known !== 0) {
      this.writer.ascii(`r:${known};`);
      return true;
    }
    const { className, properties } = object;
    this.#named('O', className);
    this.writer.byte(58);
    return this.#open(PROPERTIES, properties, properties.size, '');
  }

  #reference(reference: PhpReference): boolean {
    const { value } = reference;
    // PHP looks through a reference to an object: the object is what it remembers.
    const target = isIdentity(value) ? value : reference;
    const known = this.#seen?.get(identityOf(target));
    if (known !== undefined) {
      this.#slot--;
      this.writer.ascii(`R:${known};`);
      return true;
    }
    if (value instanceof PhpReference) this.#refuse('a reference to a reference is one reference');
    if (target === reference) this.#remember(reference);
    this.#slot--;
    return this.#value(value);
  }

  #enum(value: PhpEnum): void {
    const known = this.#remember(value);
    if (known !== 0) this.writer.ascii(`r:${known};`);
    else {
      const name = Buffer.concat([
        bytesOf(value.className),
        Buffer.from(':'),
        bytesOf(value.caseName),
      ]);
      this.#named('E', name);
      this.writer.byte(59);
    }
  }

  #serializable(value: PhpSerializable): void {
    const known = this.#remember(value);
    if (known !== 0) this.writer.ascii(`r:${known};`);
    else {
      this.#named('C', value.className);
      this.writer.ascii(`:${value.payload.length}:{`);
      this.writer.raw(value.payload);
      this.#slot += slotsInside(value.payload);
      this.writer.byte(125);
    }
  }

  /** Writes `O:3:"Foo"`. */
  #named(letter: string, name: PhpString): void {
    const bytes = bytesOf(name);
    this.writer.ascii(`${letter}:${bytes.length}:"`);
    this.writer.raw(bytes);
    this.writer.byte(34);
  }

  /** Gives the slot of an identity that was written before, else notes it and gives 0. */
  #remember(identity: object): number {
    this.#seen ??= new Map();
    const key = identityOf(identity);
    const known = this.#seen.get(key);
    if (known !== undefined) return known;
    this.#seen.set(key, this.#slot);
    return 0;
  }

  #open(kind: Frame['kind'], container: object, count: number, prefix: string): boolean {
    const { writer } = this;
    if (prefix !== '') writer.ascii(prefix);
    writer.open(count);
    if (count === 0) {
      writer.byte(125);
      return true;
    }
    if (this.#depth === this.#nextLook) this.#refuseCircle();
    const shape =
      this.#depth === 0 ? root : innerShape((this.#frames[this.#depth - 1] as Frame).shape);
    let frame = this.#frames[this.#depth];
    if (frame === undefined) {
      frame = {
        kind,
        container,
        values: [],
        keys: [],
        entries: undefined,
        index: 0,
        key: 0,
        shape,
      };
      this.#frames.push(frame);
    }
    frame.kind = kind;
    frame.container = container;
    frame.index = 0;
    frame.shape = shape;
    if (kind === LIST) frame.values = container as PhpValue[];
    else if (kind !== RECORD) frame.entries = (container as Map<PhpKey, PhpValue>).entries();
    this.#depth++;
    if (this.#depth > RECURSION || kind === RECORD) return false;
    this.#drain(this.#depth - 1);
    return true;
  }

  #refuseCircle(): void {
    const above = this.#frames.slice(0, this.#depth);
    if (new Set(above.map((frame) => frame.container)).size < above.length) {
      this.#refuse('an array that contains itself has no end; put a PhpReference where it repeats');
    }
    this.#nextLook *= 2;
  }

  #refuseInstance(value: object): never {
    const name = (value.constructor as { name?: string } | undefined)?.name ?? 'object';
    const shown = value instanceof Date ? `Date ${JSON.stringify(value)}` : `instance of ${name}`;
    const remedy =
      value instanceof Date
        ? 'store its getTime() or toISOString()'
        : 'store a plain object, or a PhpObject for an object of PHP';
    return this.#refuse(`${shown} is no value of PHP; ${remedy}`);
  }

  #refuseKey(frame: Frame, key: unknown): never {
    frame.key = typeof key === 'string' ? key : String(key);
    return this.#refuse('the key is neither a 64-bit int nor a string with a UTF-8 form');
  }

  #refuse(reason: string): never {
    throw new UnserializableError(this.#path(), reason);
  }

  #path(): string {
    let path = this.#key === undefined ? this.#name : this.#name + step(String(this.#key));
    for (const frame of this.#frames.slice(0, this.#depth)) {
      if (frame.kind === LIST) path += `[${frame.index - 1}]`;
      else if (frame.kind === RECORD) path += step(frame.keys[frame.index - 1] ?? '');
      else path += typeof frame.key === 'string' ? step(frame.key) : `[${String(frame.key)}]`;
    }
    return path;
  }
}

function step(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function isIdentity(value: unknown): value is PhpObject | PhpEnum | PhpSerializable {
  return value instanceof PhpObject || value instanceof PhpEnum || value instanceof PhpSerializable;
}

/** PHP has each case of an enum once, however many boxes name it. */
function identityOf(identity: object): object | string {
  if (!(identity instanceof PhpEnum)) return identity;
  return `${bytesOf(identity.className).toString('latin1')}:${bytesOf(identity.caseName).toString('latin1')}`;
}

function bytesOf(text: PhpString): Buffer {
  return typeof text === 'string' ? Buffer.from(text) : Buffer.from(text);
}
