/** PHP's conversions between types, as far as the session functions need them. */
import { isUtf8 } from 'node:buffer';
import { PhpEnum, PhpFloat, PhpObject, type PhpVersion } from '../../serialize/index.ts';

/**
 * Returns a PHP string as text, or as bytes if it is not UTF-8.
 *
 * @param bytes - The bytes of a PHP string.
 * @returns A string for valid UTF-8, else the bytes.
 */
export function textOrBytes(bytes: Buffer): string | Uint8Array {
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes;
}

// Like Python's surrogateescape: an invalid byte maps to U+DC80–U+DCFF and back, so every id is a
// string and distinct ids stay distinct.
const BEYOND_ASCII = /[^\0-\x7f]/;
const LONE_SURROGATE = /(?<![\uD800-\uDBFF])[\uDC80-\uDCFF]/;

/**
 * Reads bytes as text without losing any.
 *
 * @param bytes - Bytes as they arrived.
 * @returns The text; invalid bytes as lone surrogates.
 */
export function textOf(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let text = '';
  let start = 0;
  while (start < bytes.length) {
    const length = [1, 2, 3, 4].find((n) => isCharacter(bytes.subarray(start, start + n)));
    text +=
      length === undefined
        ? String.fromCharCode(0xdc00 + (bytes[start] as number))
        : bytes.toString('utf8', start, start + length);
    start += length ?? 1;
  }
  return text;
}

/**
 * Whether a text is the same in ASCII, Latin-1 and UTF-8, as ids, names and most headers are.
 *
 * @param text - Any string.
 */
export function isAscii(text: string): boolean {
  return !BEYOND_ASCII.test(text);
}

/**
 * A text as node:http and Fetch have it in headers: each byte of its UTF-8 as one character.
 *
 * @param text - A JavaScript string.
 */
export function headerText(text: string): string {
  return isAscii(text) ? text : bytesOf(text).toString('latin1');
}

/** Whether bytes are one whole character; the shortest valid prefix is one. */
function isCharacter(bytes: Buffer): boolean {
  return bytes.length > 0 && isUtf8(bytes);
}

/**
 * Encodes text as UTF-8; the inverse of `textOf`.
 *
 * @param text - A JavaScript string.
 * @returns Its UTF-8; lone surrogates as the invalid bytes they encode.
 */
export function bytesOf(text: string): Buffer {
  if (isAscii(text) || !LONE_SURROGATE.test(text)) return Buffer.from(text, 'utf8');
  return Buffer.concat(
    [...text].map((character) => {
      const code = character.codePointAt(0) as number;
      return code >= 0xdc80 && code <= 0xdcff
        ? Buffer.from([code - 0xdc00])
        : Buffer.from(character, 'utf8');
    }),
  );
}

/**
 * Names a value's type as PHP's messages do (zend_zval_value_name(), 8.2: zend_zval_type_name()).
 *
 * @param value - Any value of a TypeScript program.
 * @param version - The PHP release whose words are wanted.
 * @returns `null`, `true`, `int`, `string`, `array`, a class name …
 */
export function typeName(value: unknown, version: PhpVersion): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'boolean') return version === '8.2' ? 'bool' : String(value);
  if (typeof value === 'number') return isInteger(value) ? 'int' : 'float';
  if (typeof value === 'bigint') return isInteger64(value) ? 'int' : 'float';
  if (typeof value === 'string' || value instanceof Uint8Array) return 'string';
  if (typeof value === 'function') return 'Closure';
  if (typeof value === 'symbol') return 'symbol';
  if (Array.isArray(value) || value instanceof Map || isPlain(value)) return 'array';
  if (value instanceof PhpFloat) return 'float';
  if (value instanceof PhpObject || value instanceof PhpEnum) return String(value.className);
  return value.constructor.name;
}

/**
 * Returns whether PHP would call a value an array with string keys.
 *
 * @param value - Any value.
 * @returns true for an object literal.
 */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * A string as C's `%s` prints it, and as C reads its own settings: up to a NUL.
 *
 * @param text - Any string.
 * @returns The part before the first NUL.
 */
export function beforeNul(text: string): string {
  const at = text.indexOf('\0');
  return at < 0 ? text : text.slice(0, at);
}

/**
 * PHP's `(string)`, for the scalars that a setting may be.
 *
 * @param value - A scalar.
 * @returns `''` for false and null, `'1'` for true.
 */
export function phpString(value: string | number | bigint | boolean | null): string {
  if (value === null || value === false) return '';
  if (value === true) return '1';
  return String(value);
}

/**
 * PHP's `(bool)`.
 *
 * @param value - Any value.
 * @returns false for `''`, `'0'`, 0, 0.0, an empty array, null and false.
 */
export function phpBoolean(value: unknown): boolean {
  if (value instanceof PhpFloat) return value.value !== 0;
  if (value instanceof Uint8Array) return phpBoolean(Buffer.from(value).toString('latin1'));
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  if (isPlain(value)) return Object.keys(value).length > 0;
  return value !== '0' && (Boolean(value) || Number.isNaN(value));
}

// is_numeric_string(): leading and trailing white space, a sign, digits with or without a point
// and an exponent.
const NUMERIC = /^[ \t\n\r\v\f]*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?[ \t\n\r\v\f]*$/;
const LEADING_NUMBER = /^[ \t\n\r\v\f]*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?/;
const INTEGER = /^[ \t\n\r\v\f]*[+-]?\d+[ \t\n\r\v\f]*$/;

/**
 * Returns whether PHP calls a string numeric.
 *
 * @param text - Any string.
 * @returns true for `'12'`, `' 1.5'`, `'1e3'`.
 */
export function isNumeric(text: string): boolean {
  return NUMERIC.test(text);
}

/**
 * The number that a text begins with, as PHP's `(float)` finds it.
 *
 * @param text - Any string.
 * @returns 0 where there is none.
 */
export function leadingNumber(text: string): number {
  return Number(LEADING_NUMBER.exec(text)?.[0] ?? 0);
}

/**
 * Returns whether PHP has an integer for a bigint, and not a float.
 *
 * @param value - Any bigint.
 */
export function isInteger64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

function isInteger(value: number): boolean {
  return Number.isInteger(value) && isInteger64(BigInt(value));
}

/**
 * Reads an integer out of a numeric string.
 *
 * @param text - Any string.
 * @returns The integer, or undefined where PHP would read a float or nothing.
 */
export function integerIn(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const integer = BigInt(text.replace('+', ''));
  return isInteger64(integer) ? integer : undefined;
}
