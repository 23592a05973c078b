import { contentsOf, kept, type Origin, origins, renumber } from '../payload.ts';
import type { PhpKey, PhpObject, PhpSerializable, PhpValue } from '../values.ts';
import { isIdentity, PhpPart, PhpReference } from '../values.ts';
import { type Frame, get, put } from './frames.ts';

/** Thrown at the first `r:` or `R:` by an attempt without slots. */
export class SlotsNeeded {}

/**
 * The count of the values in `C:` payloads that a class may or may not read: `all` of them, `none`,
 * or `unknown`, so that numbers behind such a payload are kept as they are.
 */
export type Count = 'all' | 'none' | 'unknown';

/** One way of reading an input. */
export interface Attempt<Result> {
  readonly slots: Slots;
  /** True if PHP would accept the input with this count. */
  readonly isRead: boolean;
  /** Returns the result or throws the error. */
  end(): Result;
}

/**
 * Chooses the attempt whose count is right. The references that PHP has written are valid with the
 * true count; if both counts make them valid, or neither does, no number is taken for an object.
 *
 * @param attempt - Reads the input with a count.
 */
export function decisive<Result>(attempt: (count: Count) => Attempt<Result>): Attempt<Result> {
  const all = attempt('all');
  if (!all.slots.isDoubtful) return all;
  if (!all.slots.isUnknown) {
    const none = attempt('none');
    if (all.isRead !== none.isRead) {
      const right = all.isRead ? all : none;
      right.slots.keepCounts();
      return right;
    }
  }
  return attempt('unknown');
}

interface Slot {
  readonly frame: Frame | undefined;
  readonly key: PhpKey;
  /** The object whose payload holds the value; the key is then its offset. */
  readonly owner: PhpSerializable | undefined;
  readonly isObject: boolean;
}

/** Every value by its number, as `var_push` in php-src keeps them. */
export class Slots {
  /** True after a reference whose meaning depends on the count. */
  isDoubtful = false;
  /** True after a payload whose values cannot be counted at all. */
  isUnknown = false;
  /** The objects with their class's name in a property, to which a later value can refer. */
  readonly unnamed: PhpObject[] = [];
  readonly #count: Count;
  readonly #slots: Slot[] = [];
  readonly #counted = new Map<PhpSerializable, number>();
  /** The first payload with more than one possible count, and its number. */
  #doubt: { readonly owner: PhpSerializable; readonly slot: number } | undefined;
  /** The objects of the first slots, up to {@link #scanned}. */
  readonly #objects = new Set<object>();
  /** The objects that came first behind the doubtful payload, with their distances from it. */
  readonly #behind: (readonly [object: object, distance: number])[] = [];
  #scanned = 0;

  constructor(count: Count) {
    this.#count = count;
  }

  /**
   * Adds the value that is read next.
   *
   * @param frame - Its container.
   * @param key - Its key.
   */
  add(frame: Frame, key: PhpKey): void {
    this.#slots.push({ frame, key, owner: undefined, isObject: true });
  }

  /**
   * Adds the values inside a payload.
   *
   * @param owner - The object, whose own slot is the last one.
   */
  addPayload(owner: PhpSerializable): void {
    const slot = this.#slots.length;
    const { candidates, hasReferences } = contentsOf(owner.payload);
    const isCertain = candidates.length === 1;
    if (!isCertain) {
      this.#doubt ??= { owner, slot };
      if (candidates.length === 0) this.isUnknown = true;
    }
    const targets = hasReferences ? this.#targets(owner, slot) : new Map<number, object>();
    origins.set(owner, { payload: owner.payload, slot, count: undefined, targets });
    const values = candidates[this.#count === 'none' ? candidates.length - 1 : 0] ?? [];
    if (!isCertain) this.#counted.set(owner, values.length);
    for (const [index, isObject] of values.entries()) {
      // A class may have written these in another order than it reads them: any may be an object.
      const mayBeObject = isObject || !isCertain;
      this.#slots.push({ frame: undefined, key: index + 1, owner, isObject: mayBeObject });
    }
  }

  /** Remembers the counts of this attempt, for the encoder. */
  keepCounts(): void {
    for (const [owner, count] of this.#counted) {
      origins.set(owner, { ...(origins.get(owner) as Origin), count });
    }
  }

  /** Returns whether a number means the place that is being read. */
  isPlace(number: number, frame: Frame, key: PhpKey): boolean {
    const slot = this.#slots[number - 1];
    return slot !== undefined && slot.frame === frame && slot.key === key;
  }

  /** Returns the variable of a slot, or undefined where PHP refuses the number. */
  variable(number: number): PhpReference | PhpPart | undefined {
    const unresolved = this.#unresolved(number, true);
    if (unresolved !== undefined) return unresolved;
    const slot = this.#slots[number - 1];
    if (slot === undefined) return undefined;
    if (slot.owner !== undefined) return new PhpPart(slot.owner, slot.key as number, true);
    const value = get(slot.frame as Frame, slot.key);
    if (value instanceof PhpReference || (value instanceof PhpPart && value.isReference)) {
      return value;
    }
    const reference = new PhpReference(value);
    put(slot.frame as Frame, slot.key, reference);
    return reference;
  }

  /** Returns the object of a slot, or undefined where PHP refuses the number. */
  object(number: number): PhpValue | undefined {
    const unresolved = this.#unresolved(number, false);
    if (unresolved !== undefined) return unresolved;
    const slot = this.#slots[number - 1];
    if (slot === undefined || !slot.isObject) return undefined;
    if (slot.owner !== undefined) return new PhpPart(slot.owner, slot.key as number, false);
    const value = get(slot.frame as Frame, slot.key);
    const object = value instanceof PhpReference ? value.value : value;
    const isObject = isIdentity(object) || object instanceof PhpPart;
    return isObject ? object : undefined;
  }

  #unresolved(number: number, isReference: boolean): PhpPart | undefined {
    const doubt = this.#doubt;
    if (doubt === undefined || number <= doubt.slot) return undefined;
    this.isDoubtful = true;
    if (this.#count !== 'unknown') return undefined;
    const part = new PhpPart(doubt.owner, number - doubt.slot, isReference);
    this.#scan(doubt.slot);
    const distance = this.#slots.length - doubt.slot;
    kept.set(part, { distance, objects: this.#behind, count: this.#behind.length });
    return part;
  }

  /** Looks for objects in the slots that were added since the last time. */
  #scan(behind: number): void {
    for (; this.#scanned < this.#slots.length; this.#scanned++) {
      const { frame, key } = this.#slots[this.#scanned] as Slot;
      const value = frame === undefined ? undefined : get(frame, key);
      // A value that is still being read has its place, and is not there.
      if (value === null && this.#scanned === this.#slots.length - 1) return;
      const object = value instanceof PhpReference ? value.value : value;
      if (!isIdentity(object) || this.#objects.has(object)) continue;
      this.#objects.add(object);
      const number = this.#scanned + 1;
      if (number > behind) this.#behind.push([object, number - behind]);
    }
  }

  /** Finds the objects and variables outside that a payload refers to. */
  #targets(owner: PhpSerializable, slot: number): Map<number, object> {
    const targets = new Map<number, object>();
    renumber(owner.payload, (number, letter) => {
      if (number === slot) targets.set(number, owner);
      else if (number < slot) {
        const target = letter === 'R' ? this.variable(number) : this.object(number);
        if (typeof target === 'object' && target !== null) targets.set(number, target);
      }
      return number;
    });
    return targets;
  }
}
