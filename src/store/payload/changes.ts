/** Values that a format would give back as other ones. */
import { PhpReference } from '../../serialize/index.ts';
import { isPlainList, isRecord, pathOf } from './check.ts';

/** A value as it was written and as it was read again, and its place. */
interface Pair {
  readonly value: unknown;
  readonly back: unknown;
  readonly path: string;
}

/**
 * Returns the outermost value that has become another one: an empty object, which PHP takes for an
 * empty array; an object with the key 5, which comes back as a Map; a list with other properties.
 *
 * @param value - A value as it was written.
 * @param back - The value as it was read again.
 * @param path - The value's place.
 * @returns The place and what was there; undefined if all is as it was.
 */
export function firstChange(value: unknown, back: unknown, path: string): Pair | undefined {
  const pairs: Pair[] = [];
  const compare = (value: unknown, back: unknown, path: string): void => {
    // A variable that has one place in this value is written without its box.
    if (!Object.is(value, back) && !(value instanceof PhpReference)) {
      pairs.push({ value, back, path });
    }
  };
  compare(value, back, path);
  // The list grows meanwhile. Not by recursion: PHP's values may be 4,096 deep.
  for (const pair of pairs) {
    const { value, back, path } = pair;
    if (typeof value !== 'object' || typeof back !== 'object') return pair;
    if (value === null || back === null) return pair;
    if (Array.isArray(value) && Array.isArray(back)) {
      if (value.length !== back.length || !isPlainList(value)) return pair;
      for (const [at, element] of value.entries()) compare(element, back[at], `${path}[${at}]`);
    } else if (value instanceof Map && back instanceof Map) {
      if (value.size !== back.size) return pair;
      const others = back.entries();
      for (const [key, element] of value) {
        const [other, found] = others.next().value as [unknown, unknown];
        const place = pathOf(path, key instanceof Uint8Array ? 'bytes' : String(key));
        compare(key, other, place);
        compare(element, found, place);
      }
    } else if (value instanceof Uint8Array && back instanceof Uint8Array) {
      if (!Buffer.from(value).equals(back)) return pair;
    } else if (isRecord(value) && isRecord(back)) {
      const keys = Reflect.ownKeys(value);
      if (keys.length !== Reflect.ownKeys(back).length) return pair;
      for (const key of keys) {
        compare(Reflect.get(value, key), Reflect.get(back, key), pathOf(path, String(key)));
      }
      // PHP's objects, floats and references keep their type in PHP's formats.
    } else if (value.constructor !== back.constructor || isRecord(value)) return pair;
  }
  return undefined;
}
