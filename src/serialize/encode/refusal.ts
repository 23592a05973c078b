import type { PhpKey } from '../values.ts';

/** Thrown inside the encoder; each container on the way out adds its step of the path. */
export class RefusedValue {
  readonly reason: string;
  /** The path's steps, innermost first. */
  readonly steps: string[] = [];
  constructor(reason: string) {
    this.reason = reason;
  }
}

/**
 * Adds a step to the path of a refusal.
 *
 * @param step - The step from the container to the value.
 * @param error - Anything that was thrown; only a refusal has a path.
 * @returns The same error, to be thrown again.
 */
export function at(step: string, error: unknown): unknown {
  if (error instanceof RefusedValue) error.steps.push(step);
  return error;
}

/**
 * Returns the step to a property as TypeScript writes it: `.user`, or `["not a name"]`.
 *
 * @param key - The property's name.
 */
export function step(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/**
 * Returns the step to any key: `.user` or `[5]`.
 *
 * @param key - The key; in a Map that was not made for PHP it may be of any type.
 */
export function stepTo(key: PhpKey): string {
  return typeof key === 'number' || typeof key === 'bigint' ? `[${key}]` : step(String(key));
}

/**
 * Refuses the current value.
 *
 * @param reason - Why PHP cannot hold the value, and what to write instead.
 * @throws RefusedValue always.
 */
export function refuse(reason: string): never {
  throw new RefusedValue(reason);
}

/**
 * Refuses the current key.
 *
 * @throws RefusedValue always.
 */
export function refuseKey(): never {
  refuse('the key is neither a 64-bit int nor a string with a UTF-8 form');
}

/**
 * Refuses an instance of a class that PHP has no counterpart for.
 *
 * @param value - The instance.
 * @throws RefusedValue always.
 */
export function refuseInstance(value: object): never {
  const name = (value.constructor as { name?: string } | undefined)?.name ?? 'object';
  const shown = value instanceof Date ? `Date ${JSON.stringify(value)}` : `instance of ${name}`;
  const remedy =
    value instanceof Date
      ? 'store its getTime() or toISOString()'
      : 'store a plain object, or a PhpObject for an object of PHP';
  refuse(`${shown} is not a value of PHP; ${remedy}`);
}

/**
 * Refuses a property that was assigned to a Map or to an empty list, where `set()` or an object was
 * meant: it is no element, and would be lost. A longer list is not searched, for speed.
 *
 * @param array - A Map, or an empty list.
 * @throws RefusedValue for the first property.
 */
export function refuseProperties(array: object): void {
  const [key] = Object.keys(array);
  if (key === undefined) return;
  const remedy = Array.isArray(array) ? 'an empty list: use an object' : 'a Map: use set()';
  throw at(step(key), new RefusedValue(`a property of ${remedy}`));
}
