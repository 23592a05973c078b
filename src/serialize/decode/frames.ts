import type { Shape } from '../shapes.ts';
import type { PhpArray, PhpKey, PhpObject, PhpRecord, PhpValue } from '../values.ts';
import { PhpReference } from '../values.ts';

export const LIST = 0;
export const RECORD = 1;
const MAP = 2;

/** An array, or the properties of an object, while it is read. */
export interface Frame {
  kind: typeof LIST | typeof RECORD | typeof MAP;
  container: PhpArray;
  /** The count of elements that are not read yet. */
  remaining: number;
  /** The current key: frame and key together are the place of the next value. */
  key: PhpKey;
  /** The object, if these are properties; its map never changes its form. */
  readonly owner: PhpObject | undefined;
  /** Keys that are not UTF-8, by their Latin-1 text, since a Map compares Buffers by identity. */
  byteKeys: Map<string, PhpKey> | undefined;
  /** The current key's shape; before the first key, the one that predicts it. */
  shape: Shape;
}

/**
 * Opens an array in the form that fits its first key.
 *
 * @param kind - The form.
 * @param remaining - The count that PHP wrote.
 * @param shape - Predicts its keys.
 * @returns The frame with an empty container.
 */
export function openArray(kind: Frame['kind'], remaining: number, shape: Shape): Frame {
  const container: PhpArray = kind === LIST ? [] : kind === RECORD ? {} : new Map();
  return { kind, container, remaining, key: 0, owner: undefined, byteKeys: undefined, shape };
}

/**
 * Opens the properties of an object.
 *
 * @param owner - The object.
 * @param remaining - The count that PHP wrote.
 * @param shape - Predicts the keys of the records in it.
 * @returns The frame on the object's own map.
 */
export function openObject(owner: PhpObject, remaining: number, shape: Shape): Frame {
  const container = owner.properties;
  return { kind: MAP, container, remaining, key: 0, owner, byteKeys: undefined, shape };
}

/**
 * Returns the value of a place.
 *
 * @param frame - The container.
 * @param key - The key in it.
 */
export function get(frame: Frame, key: PhpKey): PhpValue {
  if (frame.kind === MAP) return (frame.container as Map<PhpKey, PhpValue>).get(key) ?? null;
  return (frame.container as PhpRecord)[key as string] ?? null;
}

/**
 * Stores a value in a place that the container's form has room for.
 *
 * @param frame - The container.
 * @param key - The key in it.
 * @param value - The value to store.
 */
export function put(frame: Frame, key: PhpKey, value: PhpValue): void {
  if (frame.kind === LIST) (frame.container as PhpValue[])[key as number] = value;
  else if (frame.kind === MAP) (frame.container as Map<PhpKey, PhpValue>).set(key, value);
  else if (key === '__proto__') {
    // An assignment would call Object.prototype's setter.
    const plain = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(frame.container, key, plain);
  } else (frame.container as PhpRecord)[key as string] = value;
}

/**
 * Changes the container's form if the next key does not fit it.
 *
 * @param frame - The container.
 * @param key - The next key.
 * @param parent - The container's own container, which gets the new one.
 */
export function makeFit(frame: Frame, key: PhpKey, parent: Frame): void {
  const { container } = frame;
  if (frame.kind === LIST) {
    const list = container as PhpValue[];
    if (typeof key === 'number' && key >= 0 && key <= list.length) return;
    if (list.length === 0 && typeof key === 'string') {
      frame.kind = RECORD;
      frame.container = {};
    } else {
      frame.kind = MAP;
      frame.container = new Map(list.entries());
    }
  } else if (frame.kind === RECORD && typeof key !== 'string') {
    frame.kind = MAP;
    frame.container = new Map(Object.entries(container as PhpRecord));
  } else return;
  const current = get(parent, parent.key);
  if (current instanceof PhpReference) current.value = frame.container;
  else put(parent, parent.key, frame.container);
}
