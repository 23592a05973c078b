import * as codes from '../bytes.ts';
import { hasReferences } from '../payload.ts';
import { innerShape, learn, root } from '../shapes.ts';
import { textOf } from '../text.ts';
import type { PhpKey, PhpPart, PhpReference, PhpValue } from '../values.ts';
import { PhpObject, PhpSerializable } from '../values.ts';
import { ClassScanner, isKnownClass, namesItsClass, restoreClass } from './classes.ts';
import { type Frame, LIST, makeFit, openArray, openObject, put, RECORD } from './frames.ts';
import { matchAt, SLOT, wrappingLength } from './grammar.ts';
import { readKey } from './keys.ts';
import { countingKey, readSmallInts } from './lists.ts';
import { Refusal } from './scanner.ts';
import { type Slots, SlotsNeeded } from './slots.ts';

const {
  ARRAY,
  CLOSE,
  COLON,
  CUSTOM,
  ENUM,
  ESCAPED,
  INT,
  OBJECT,
  QUOTE,
  REFERENCE,
  SAME_OBJECT,
  STRING,
  ZERO,
} = codes;

/** Up to this depth, recursion (faster); beyond it, an explicit stack. */
const RECURSION = 64;
/** Replaces closed frames, so that the reader keeps no value alive. */
const NO_FRAME = openArray(LIST, 0, root);

/** Reads values with all their elements and references, as `php_var_unserialize` does. */
export class ValueReader extends ClassScanner {
  #maxDepth = 0;
  #slots: Slots | undefined;
  #frames: Frame[] = [];
  #depth = 0;

  /** Sets the depth limit, 0 for none, and the slots, without which a reference throws SlotsNeeded. */
  prepare(maxDepth: number, slots: Slots | undefined): void {
    this.#maxDepth = maxDepth;
    this.#slots = slots;
  }

  /** Releases the values. */
  releaseValues(): void {
    this.#slots = undefined;
    while (this.#depth > 0) this.#frames[--this.#depth] = NO_FRAME;
  }

  /**
   * Reads the value at the position and moves behind it.
   *
   * @param place - An empty list that gets the value.
   * @returns The list: a later value may still turn the one in it into a reference.
   * @throws Refusal where PHP refuses the bytes.
   */
  read(place: Frame = openArray(LIST, 0, root)): Frame {
    place.shape = root;
    this.#frames[0] = place;
    this.#depth = 1;
    const value = this.#value(place);
    if (value !== undefined) put(place, 0, value);
    this.#drain(1);
    return place;
  }

  /** Reads the open frames above a depth to their ends. */
  #drain(base: number): void {
    while (this.#depth > base) {
      const frame = this.#frames[this.#depth - 1] as Frame;
      const isRead =
        frame.kind === RECORD
          ? this.#record(frame)
          : frame.kind === LIST
            ? this.#list(frame)
            : this.#elements(frame);
      if (isRead) this.#close(frame);
    }
  }

  /** Reads the closing brace (`finish_nested_data`). */
  #close(frame: Frame): void {
    if (this.bytes[this.position] !== CLOSE) throw new Refusal(this.position);
    this.position++;
    this.#frames[--this.#depth] = NO_FRAME;
    if (frame.owner === undefined || !namesItsClass(frame.owner)) return;
    if (this.#slots === undefined) restoreClass(frame.owner);
    else this.#slots.unnamed.push(frame.owner);
  }

  /** Reads elements with the keys 0, 1, 2 …. Returns false if a frame was left open. */
  #list(frame: Frame): boolean {
    const list = frame.container as PhpValue[];
    const depth = this.#depth;
    if (this.#slots === undefined) readSmallInts(this, frame, list);
    while (frame.remaining > 0) {
      const key = list.length;
      const start = this.position;
      const behind = countingKey(this.bytes, start, key);
      if (behind === start) return this.#elements(frame);
      this.position = behind;
      frame.remaining--;
      frame.key = key;
      if (this.#slots !== undefined) list.push(null);
      const value = this.#value(frame);
      if (value === undefined) {
        if (this.#depth !== depth) return false;
      } else if (list.length === key) list.push(value);
      else list[key] = value;
    }
    return true;
  }

  /** Reads elements with string keys; predicts each key from the one before. */
  #record(frame: Frame): boolean {
    const record = frame.container as Record<string, PhpValue>;
    const { bytes } = this;
    const depth = this.#depth;
    while (frame.remaining > 0) {
      const start = this.position;
      const guess = frame.shape.next;
      let key: PhpKey;
      if (guess !== undefined && this.matchesAt(guess.view, start, guess.written.length)) {
        this.position = start + guess.written.length;
        frame.shape = guess;
        key = guess.key;
      } else {
        key = readKey(this, frame);
        if (typeof key !== 'string' || key === '__proto__' || bytes[start] !== STRING) {
          if (!this.#element(frame, key)) return false;
          if (frame.kind === RECORD) continue;
          return this.#elements(frame);
        }
        // The encoder writes learned keys: `s:03:`, which PHP reads as well, must not be learned.
        if (bytes[start + 2] !== ZERO || bytes[start + 3] === COLON) {
          frame.shape = learn(frame.shape, key, bytes.subarray(start, this.position));
        }
      }
      frame.remaining--;
      frame.key = key;
      if (this.#slots !== undefined) record[key] = null;
      const value = this.#value(frame);
      if (value !== undefined) record[key] = value;
      else if (this.#depth !== depth) return false;
    }
    return true;
  }

  /** Reads elements with any keys. Returns false if a frame was left open. */
  #elements(frame: Frame): boolean {
    while (frame.remaining > 0) {
      if (!this.#element(frame, readKey(this, frame))) return false;
    }
    return true;
  }

  #element(frame: Frame, key: PhpKey): boolean {
    const depth = this.#depth;
    frame.remaining--;
    frame.key = key;
    if (frame.owner === undefined && (frame.kind === LIST || typeof key !== 'string')) {
      makeFit(frame, key, this.#frames[depth - 2] as Frame);
    }
    if (this.#slots !== undefined) put(frame, key, null);
    const value = this.#value(frame);
    if (value !== undefined) put(frame, key, value);
    return this.#depth === depth;
  }

  /**
   * Reads a value whose place is the frame's key. A container is put there at once, since its
   * elements may refer to it, and undefined is returned; if the depth has grown, its elements are
   * still to be read.
   */
  #value(frame: Frame): PhpValue | undefined {
    const start = this.position;
    const first = this.bytes[start];
    if (this.#slots !== undefined && first !== REFERENCE && start < this.end) {
      this.#slots.add(frame, frame.key);
    }
    switch (first) {
      case STRING: {
        const length = this.length(QUOTE);
        const from = this.cursor;
        this.finishString(start, from, length);
        return this.isAscii
          ? this.text.slice(from, from + length)
          : this.string(from, from + length);
      }
      case INT:
        return this.integer();
      case ARRAY:
        return this.#array(frame);
      case OBJECT:
      case CUSTOM:
        return this.#object(frame);
      case ENUM:
        return this.enum();
      case REFERENCE:
        return this.#reference(frame);
      case SAME_OBJECT:
        return this.#sameObject(frame);
      case ESCAPED:
        return textOf(this.escaped());
      default:
        return this.scalar(first);
    }
  }

  #array(parent: Frame): PhpValue | undefined {
    const count = this.elementCount();
    const first = this.bytes[this.position];
    if (count === 0) {
      if (first !== CLOSE) throw new Refusal(this.position);
      this.position++;
      return [];
    }
    const frame = openArray(first === STRING ? RECORD : LIST, count, innerShape(parent.shape));
    put(parent, parent.key, frame.container);
    this.#enter(frame);
    return undefined;
  }

  #enter(frame: Frame): void {
    const maxDepth = this.#maxDepth;
    if (maxDepth > 0 && this.#depth > maxDepth) {
      this.report(
        'E_WARNING',
        `Maximum depth of ${maxDepth} exceeded. The depth limit can be changed using the max_depth unserialize() option or the unserialize_max_depth ini setting`,
      );
      throw new Refusal(this.position);
    }
    this.#frames[this.#depth++] = frame;
    if (this.#depth < RECURSION) this.#drain(this.#depth - 1);
  }

  #object(parent: Frame): PhpValue | undefined {
    const isCustom = this.bytes[this.position] === CUSTOM;
    const className = this.className();
    if (isCustom) {
      const payload = this.payload();
      if (isKnownClass(className)) {
        this.refuseUnserializer(className, payload.length);
        return new PhpObject(className);
      }
      const custom = new PhpSerializable(className, payload);
      if (this.#slots !== undefined) this.#slots.addPayload(custom);
      else if (hasReferences(payload)) throw new SlotsNeeded();
      return custom;
    }
    const count = this.propertyCount();
    const object = new PhpObject(className);
    put(parent, parent.key, object);
    this.#enter(openObject(object, count, innerShape(parent.shape)));
    return undefined;
  }

  /** Reads `R:2;`: this place and that of slot 2 become one variable. */
  #reference(frame: Frame): PhpReference | PhpPart {
    const number = this.#number(frame);
    return (this.#slots as Slots).variable(number) ?? this.#refuse();
  }

  /** Reads `r:2;`: the object of slot 2 once more. */
  #sameObject(frame: Frame): PhpValue {
    const number = this.#number(frame);
    return (this.#slots as Slots).object(number) ?? this.#refuse();
  }

  #number(here: Frame): number {
    const start = this.position;
    const matched = matchAt(SLOT, this.text, start);
    if (matched === null) throw new Refusal(start);
    if (this.#slots === undefined) throw new SlotsNeeded();
    this.position = start + matched[0].length;
    const number = wrappingLength(matched[1] as string);
    if (this.#slots.isPlace(number, here, here.key)) this.#refuse();
    return number;
  }

  #refuse(): never {
    throw new Refusal(this.position);
  }
}
