/** Texts, numbers and bytes in an envelope, each checked. */
import { EnvelopeError } from '../messages.ts';
import { compact, INT64_MAX, INT64_MIN } from '../numbers.ts';
import { isWellFormed } from '../text.ts';
import { PhpFloat } from '../values.ts';
import type { Json } from './json.ts';

const INT = /^(?:0|-?[1-9][0-9]{0,18})$/;
const FLOAT = /^(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:E[+-]?[0-9]+)?|-?INF|NAN)$/;

/** @throws EnvelopeError for half a surrogate pair. */
export function text(json: string, path: string): string {
  return isWellFormed(json) ? json : fail(path, 'half a surrogate pair has no UTF-8');
}

/** Returns an int, or a float that is not integer-valued; the others need a tag. */
export function number(json: number, path: string): number {
  if (Object.is(json, -0) || !Number.isFinite(json)) fail(path, 'the float needs the tag "float"');
  if (Number.isInteger(json) && !Number.isSafeInteger(json)) {
    fail(path, 'a number beyond 2^53 needs the tag "int" or "float"');
  }
  return json;
}

/** Returns the value of the tag `int`. */
export function int(json: Json | undefined, path: string): number | bigint {
  if (typeof json !== 'string' || !INT.test(json)) fail(path, 'not the digits of an int');
  const value = BigInt(json);
  if (value > INT64_MAX || value < INT64_MIN) fail(path, 'beyond 64 bits');
  return compact(value);
}

/** Returns the value of the tag `float`. */
export function float(json: Json | undefined, path: string): number | PhpFloat {
  if (typeof json !== 'string' || !FLOAT.test(json)) fail(path, 'not a float as PHP writes it');
  const value = Number(json.replace('INF', 'Infinity').replace('NAN', 'NaN'));
  if (!Number.isFinite(value) && !/[FN]$/.test(json)) fail(path, 'beyond the floats');
  return Number.isInteger(value) ? new PhpFloat(value) : value;
}

/** Returns the bytes of strict base64. */
export function base64(json: Json | undefined, path: string): Buffer {
  const bytes = typeof json === 'string' ? Buffer.from(json, 'base64') : undefined;
  if (bytes?.toString('base64') !== json || bytes === undefined) fail(path, 'not base64');
  return bytes;
}

/** Refuses the envelope, with the path of the value. */
export function fail(path: string, reason: string): never {
  throw new EnvelopeError(path, reason);
}
