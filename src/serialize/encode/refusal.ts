import type { PhpKey } from '../values.ts';

/** Thrown inside the encoder; each container on the way out adds where in it the value stands. */
export class RefusedValue {
  readonly reason: string;
  /** From the inside out. */
  readonly steps: string[] = [];
  constructor(reason: string) {
    this.reason = reason;
  }
}

/**
 * Adds a step to the path of what is refused.
 *
 * @param step the step from the container to the value
 * @param error what was thrown inside; only a refusal has a path
 * @returns the same error, to be thrown on
 */
export function at(step: string, error: unknown): unknown {
  if (error instanceof RefusedValue) error.steps.push(step);
  return error;
}

/**
 * Writes the step to a property as TypeScript would.
 *
 * @param key the name
 * @returns `.user`, or `["not a name"]`
 */
export function step(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/**
 * Writes the step to any key.
 *
 * @param key the key; in a Map that was not made for PHP it may be anything
 * @returns `.user` or `[5]`
 */
export function stepTo(key: PhpKey): string {
  return typeof key === 'number' || typeof key === 'bigint' ? `[${key}]` : step(String(key));
}

/**
 * Refuses the value that is being written.
 *
 * @param reason what it is and what to write instead
 * @throws RefusedValue always
 */
export function refuse(reason: string): never {
  throw new RefusedValue(reason);
}

/**
 * Refuses a key.
 *
 * @throws RefusedValue always
 */
export function refuseKey(): never {
  refuse('the key is neither a 64-bit int nor a string with a UTF-8 form');
}

/**
 * Refuses an object of a class that PHP has no counterpart for.
 *
 * @param value the object
 * @throws RefusedValue always
 */
export function refuseInstance(value: object): never {
  const name = (value.constructor as { name?: string } | undefined)?.name ?? 'object';
  const shown = value instanceof Date ? `Date ${JSON.stringify(value)}` : `instance of ${name}`;
  const remedy =
    value instanceof Date
      ? 'store its getTime() or toISOString()'
      : 'store a plain object, or a PhpObject for an object of PHP';
  refuse(`${shown} is no value of PHP; ${remedy}`);
}
