/** The parts that the envelope's reader and writer share. */

/** A value of JSON. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The member that marks a value which plain JSON would change. */
export const TAG = '$php';

/** The levels of objects and lists that are read. */
export const DEEPEST = 512;

/** The levels that are written: `json_decode` takes 512 by default, and counts the innermost value. */
export const PORTABLE = 511;

/** Thrown inside the writer for a value without a form in JSON. */
export class NotPortable {}

/**
 * Returns whether a value is an object of JSON.
 *
 * @param json - Any value that was parsed.
 */
export function isObject(json: Json | undefined): json is { [key: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
