/** Values that a format would give back as other ones. */
import { PhpReference } from '../../serialize/index.ts';
import { isRecord, pathOf } from './check.ts';

/**
 * Returns the place of the first value that has become another one: an empty object, which PHP takes
 * for an empty array; an object with the key 5, which comes back as a Map.
 *
 * @param value - A value as it was written.
 * @param back - The value as it was read again.
 * @param path - The value's place.
 * @returns The place and what was there; undefined if all is as it was.
 */
export function firstChange(
  value: unknown,
  back: unknown,
  path: string,
): { path: string; value: unknown } | undefined {
  // A variable that has one place in this value is written without its box.
  if (Object.is(value, back) || value instanceof PhpReference) return undefined;
  const changed = { path, value };
  if (typeof value !== 'object' || typeof back !== 'object') return changed;
  if (value === null || back === null) return changed;
  if (Array.isArray(value) && Array.isArray(back)) {
    if (value.length !== back.length) return changed;
    return firstOf(value.keys(), (at) => firstChange(value[at], back[at], `${path}[${at}]`));
  }
  if (value instanceof Map && back instanceof Map) {
    const [keys, others] = [[...value.keys()], [...back.keys()]];
    if (keys.length !== others.length) return changed;
    return firstOf(keys.keys(), (at) => {
      const [key, other] = [keys[at], others[at]];
      const place = `${path}[${typeof key === 'object' ? 'bytes' : JSON.stringify(String(key))}]`;
      return firstChange(key, other, place) ?? firstChange(value.get(key), back.get(other), place);
    });
  }
  if (value instanceof Uint8Array && back instanceof Uint8Array) {
    return Buffer.from(value).equals(Buffer.from(back)) ? undefined : changed;
  }
  if (isRecord(value) && isRecord(back)) {
    const keys = Reflect.ownKeys(value);
    if (keys.length !== Reflect.ownKeys(back).length) return changed;
    return firstOf(keys, (key) =>
      firstChange(
        (value as Record<PropertyKey, unknown>)[key],
        (back as Record<PropertyKey, unknown>)[key],
        pathOf(path, String(key)),
      ),
    );
  }
  // PHP's objects, floats and references keep their type in PHP's formats.
  return value.constructor === back.constructor && !isRecord(value) ? undefined : changed;
}

function firstOf<Item, Found>(
  items: Iterable<Item>,
  find: (item: Item) => Found | undefined,
): Found | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
