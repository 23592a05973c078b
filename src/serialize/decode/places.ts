import type { Shape } from '../shapes.ts';
import type { PhpArray, PhpKey, PhpObject, PhpRecord, PhpValue } from '../values.ts';
import { PhpReference } from '../values.ts';

export const LIST = 0;
export const RECORD = 1;
export const MAP = 2;

/** An array, or the properties of an object, that is being read. */
export interface Frame {
  kind: typeof LIST | typeof RECORD | typeof MAP;
  container: PhpArray;
  /** How many elements are still to come. */
  remaining: number;
  /** The key that is being read: with the frame, the place of what is read next. */
  key: PhpKey;
  /** The object whose properties these are; an object's map never changes its form. */
  readonly owner: PhpObject | undefined;
  /** Keys that are not UTF-8, by their Latin-1 text: a Map would compare bytes by identity. */
  byteKeys: Map<string, PhpKey> | undefined;
  /** The key that is being read, or before the first one where it is expected from. */
  shape: Shape;
}

/**
 * Begins an array in the form that fits its first key.
 *
 * @param kind the form
 * @param remaining how many elements PHP announced
 * @param shape where its keys are expected from
 * @returns the frame with an empty container
 */
export function openArray(kind: Frame['kind'], remaining: number, shape: Shape): Frame {
  const container: PhpArray = kind === LIST ? [] : kind === RECORD ? {} : new Map();
  return { kind, container, remaining, key: 0, owner: undefined, byteKeys: undefined, shape };
}

/**
 * Begins the properties of an object.
 *
 * @param owner the object
 * @param remaining how many properties PHP announced
 * @param shape where the keys of its records are expected from
 * @returns the frame on the object's own map
 */
export function openObject(owner: PhpObject, remaining: number, shape: Shape): Frame {
  const container = owner.properties;
  return { kind: MAP, container, remaining, key: 0, owner, byteKeys: undefined, shape };
}

/**
 * Reads a place.
 *
 * @param frame the container
 * @param key the key in it
 * @returns what stands there
 */
export function get(frame: Frame, key: PhpKey): PhpValue {
  if (frame.kind === MAP) return (frame.container as Map<PhpKey, PhpValue>).get(key) ?? null;
  return (frame.container as PhpRecord)[key as string] ?? null;
}

/**
 * Fills a place that the container's form has room for.
 *
 * @param frame the container
 * @param key the key in it
 * @param value what shall stand there
 */
export function put(frame: Frame, key: PhpKey, value: PhpValue): void {
  if (frame.kind === LIST) (frame.container as PhpValue[])[key as number] = value;
  else if (frame.kind === MAP) (frame.container as Map<PhpKey, PhpValue>).set(key, value);
  else if (key === '__proto__') {
    // An assignment would reach Object.prototype's setter.
    const plain = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(frame.container, key, plain);
  } else (frame.container as PhpRecord)[key as string] = value;
}

/**
 * Changes the container's form where the next key does not fit it.
 *
 * @param frame the container
 * @param key the key that shall be added
 * @param parent where the container stands
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
  const standing = get(parent, parent.key);
  if (standing instanceof PhpReference) standing.value = frame.container;
  else put(parent, parent.key, frame.container);
}
