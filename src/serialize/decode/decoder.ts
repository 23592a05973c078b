import type { PhpVersion } from '../messages.ts';
import { slotsInside } from '../payload.ts';
import { innerShape, learn, root } from '../shapes.ts';
import type { PhpKey, PhpValue } from '../values.ts';
import { PhpEnum, PhpObject, PhpReference, PhpSerializable } from '../values.ts';
import { isClassName, matchAt, SLOT, wrappingLength } from './grammar.ts';
import { readKey } from './keys.ts';
import { countingKey, readSmallInts } from './lists.ts';
import { type Frame, get, LIST, makeFit, openArray, openObject, put, RECORD } from './places.ts';
import { CLOSE, COLON, KNOWN_CLASSES, OPEN, QUOTE, Refusal, Scanner, textOf } from './scanner.ts';

/** So deep the engine's stack is used, which is quicker; beyond it, the decoder's own. */
const RECURSION = 64;
/** Stands where a frame was: the decoder keeps nothing of what it read. */
const NO_FRAME = openArray(LIST, 0, root);
const INCOMPLETE_NAME = '__PHP_Incomplete_Class_Name';

/** Thrown by a reader without slots at the first `r:` or `R:`: begin again and keep them. */
export class SlotsNeeded {}

/**
 * Reads values as `php_var_unserialize` does, up to the offset at which it would give up. It keeps
 * its own stack, so no nesting is too deep; it looks no class up and no name reaches a prototype.
 */
class Decoder extends Scanner {
  #maxDepth = 0;
  #slots: { readonly frame: Frame; readonly key: PhpKey }[] | undefined;
  #frames: Frame[] = [];
  #depth = 0;

  /**
   * Takes new input. No code of a caller runs while it is read: one decoder serves everyone.
   *
   * @param input the bytes
   * @param maxDepth how deep they may nest, 0 for no limit
   * @param version whose messages to give
   * @param keepSlots whether to keep every value's place, as `var_push` does
   */
  start(input: Buffer, maxDepth: number, version: PhpVersion, keepSlots: boolean): void {
    this.load(input, version);
    this.#maxDepth = maxDepth;
    this.#slots = keepSlots ? [] : undefined;
  }

  /** Lets go of the input and of what was read. */
  finish(): void {
    this.unload();
    this.#slots = undefined;
    while (this.#depth > 0) this.#frames[--this.#depth] = NO_FRAME;
  }

  /**
   * Reads the value at the position and moves behind it.
   *
   * @param place an empty list that the value is put into; a new one unless the caller has one
   * @returns the value's place, for a later value may still turn it into a reference
   * @throws Refusal where PHP refuses the bytes
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

  /** Moves behind the `}` of `finish_nested_data`. */
  #close(frame: Frame): void {
    if (this.bytes[this.position] !== CLOSE) throw new Refusal(this.position);
    this.position++;
    this.#frames[--this.#depth] = NO_FRAME;
    const { owner } = frame;
    if (owner?.properties.has(INCOMPLETE_NAME) === true && owner.className !== 'stdClass') {
      const name = owner.properties.get(INCOMPLETE_NAME);
      const isName = typeof name === 'string' || name instanceof Uint8Array;
      owner.className = isName ? name : '__PHP_Incomplete_Class';
      owner.properties.delete(INCOMPLETE_NAME);
    }
  }

  /** Reads elements whose keys go on counting. Returns false where a frame was left open. */
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

  /** Reads elements whose keys were all strings so far, guessing each from the one before. */
  #record(frame: Frame): boolean {
    const record = frame.container as Record<string, PhpValue>;
    const { bytes } = this;
    const depth = this.#depth;
    while (frame.remaining > 0) {
      const start = this.position;
      const guess = frame.shape.next;
      let key: PhpKey;
      if (guess !== undefined && this.standsAt(guess.view, start, guess.written.length)) {
        this.position = start + guess.written.length;
        frame.shape = guess;
        key = guess.key;
      } else {
        key = readKey(this, frame);
        if (typeof key !== 'string' || key === '__proto__' || bytes[start] !== 115) {
          if (!this.#element(frame, key)) return false;
          if (frame.kind === RECORD) continue;
          return this.#elements(frame);
        }
        // The encoder writes from what is learned here: not the `s:03:` that PHP reads as well.
        if (bytes[start + 2] !== 48 || bytes[start + 3] === COLON) {
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

  /** Reads elements with any keys. Returns false where a frame was left open. */
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
   * Reads a value whose place is the frame's key. A container is put there at once, since what it
   * holds may refer to it: then there is nothing to return, and unless the depth is the old one
   * its elements are still to be read.
   */
  #value(frame: Frame): PhpValue | undefined {
    const start = this.position;
    const first = this.bytes[start];
    if (this.#slots !== undefined && first !== 82 && start < this.end) {
      this.#slots.push({ frame, key: frame.key });
    }
    switch (first) {
      case 115: {
        const length = this.length(QUOTE);
        const from = this.cursor;
        this.finishString(start, from, length);
        return this.isAscii
          ? this.text.slice(from, from + length)
          : this.string(from, from + length);
      }
      case 105:
        return this.integer();
      case 97:
        return this.#array(frame);
      case 79:
      case 67:
        return this.#object(frame);
      case 69:
        return this.enum();
      case 82:
        return this.#reference(frame);
      case 114:
        return this.#sameObject(frame);
      case 83:
        return textOf(this.escaped());
      default:
        return this.scalar(first);
    }
  }

  #array(parent: Frame): PhpValue | undefined {
    const start = this.position;
    let count = this.length(OPEN);
    const inside = this.cursor;
    if (inside - start > 17) {
      // Only this count is read with a sign and its limits.
      const exact = this.saturate(this.text.slice(start + 2, inside - 2));
      count = Number(exact);
    }
    this.position = inside;
    if (count > (this.end - inside) >> 1) throw new Refusal(inside);
    if (count === 0) {
      if (this.bytes[inside] !== CLOSE) throw new Refusal(inside);
      this.position = inside + 1;
      return [];
    }
    const frame = openArray(
      this.bytes[inside] === 115 ? RECORD : LIST,
      count,
      innerShape(parent.shape),
    );
    put(parent, parent.key, frame.container);
    this.#enter(frame);
    return undefined;
  }

  #enter(frame: Frame): void {
    const maxDepth = this.#maxDepth;
    if (maxDepth > 0 && this.#depth > maxDepth) {
      this.say(
        'E_WARNING',
        `Maximum depth of ${maxDepth} exceeded. The depth limit can be changed using the max_depth unserialize() option or the unserialize_max_depth ini setting`,
      );
      throw new Refusal(this.position);
    }
    this.#frames[this.#depth++] = frame;
    if (this.#depth < RECURSION) this.#drain(this.#depth - 1);
  }

  /** Reads `O:3:"Foo":1:{…}` and `C:3:"Foo":4:{…}`. */
  #object(parent: Frame): PhpValue | undefined {
    const start = this.position;
    const isCustom = this.bytes[start] === 67;
    const length = this.length(QUOTE);
    const from = this.cursor;
    if (length === 0 || length > this.end - from) throw new Refusal(start + 2);
    const quote = from + length;
    if (this.bytes[quote] !== QUOTE) throw new Refusal(quote);
    if (this.bytes[quote + 1] !== COLON) throw new Refusal(quote + 1);
    const latin1 = this.text.slice(from, quote);
    if (!isClassName(latin1)) throw new Refusal(start);
    const known = KNOWN_CLASSES.get(latin1.toLowerCase());
    const className = known ?? this.string(from, quote);
    this.position = quote;
    if (isCustom) {
      const payload = this.payload(quote);
      if (known !== undefined) return this.#withoutUnserializer(known, payload.length);
      if (this.#slots !== undefined) {
        // No place outside the class can share these: an `r:` to one finds no object.
        const inside = openArray(LIST, 0, root);
        const count = slotsInside(payload);
        for (let key = 0; key < count; key++) this.#slots.push({ frame: inside, key });
      }
      return new PhpSerializable(className, payload);
    }
    if (quote >= this.end - 2) {
      this.say('E_WARNING', 'Bad unserialize data', false);
      throw new Refusal(quote);
    }
    const count = Number(this.signedCount(quote + 2));
    const at = this.position;
    if (count < 0 || count > (this.end - quote) >> 1) throw new Refusal(at);
    if (this.bytes[at] !== COLON) throw new Refusal(at);
    if (this.bytes[at + 1] !== OPEN) throw new Refusal(at + 1);
    this.position = at + 2;
    const object = new PhpObject(className);
    put(parent, parent.key, object);
    this.#enter(openObject(object, count, innerShape(parent.shape)));
    return undefined;
  }

  /** `C:8:"stdClass":0:{}`: PHP drops the payload of a class that cannot read it; 8.6 refuses it. */
  #withoutUnserializer(className: string, length: number): PhpObject {
    this.say('E_WARNING', `Class ${className} has no unserializer`, false);
    if (this.version >= '8.6') throw new Refusal(this.position - length - 1);
    return new PhpObject(className);
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
    const matched = matchAt(SLOT, this.text, start);
    if (matched === null) throw new Refusal(start);
    if (this.#slots === undefined) throw new SlotsNeeded();
    this.position = start + matched[0].length;
    const place = this.#slots[wrappingLength(matched[1] as string) - 1];
    if (place === undefined || (place.frame === here && place.key === here.key)) {
      throw new Refusal(this.position);
    }
    return place;
  }
}

/** The decoder: it keeps its working memory from one call to the next. */
export const decoder: Decoder = new Decoder();
