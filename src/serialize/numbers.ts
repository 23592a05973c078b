import * as codes from './bytes.ts';

const { COLON, INT, MINUS, NINE, SEMICOLON, ZERO } = codes;

export const INT64_MAX: bigint = 2n ** 63n - 1n;
export const INT64_MIN: bigint = -(2n ** 63n);

/**
 * Returns the integer that PHP makes of an array key written as a string: `'5'` is 5, `'-5'` is -5,
 * but `'05'`, `'-0'`, `'+1'` and `'9223372036854775808'` stay strings.
 *
 * @param text - The key.
 * @returns The integer, or `undefined` where PHP keeps the string.
 */
export function integerKey(text: string): number | bigint | undefined {
  const first = text.charCodeAt(0);
  // Most keys are words and end here.
  if (first > NINE || (first < ZERO && first !== MINUS)) return undefined;
  if (!/^(?:0|-?[1-9][0-9]{0,18})$/.test(text)) return undefined;
  if (text.length < 16) return Number(text);
  const value = BigInt(text);
  if (value > INT64_MAX || value < INT64_MIN) return undefined;
  return compact(value);
}

/**
 * Returns a 64-bit integer as a number if no digit is lost, else as the bigint.
 *
 * @param value - An int of PHP.
 */
export function compact(value: bigint): number | bigint {
  return value <= 9007199254740991n && value >= -9007199254740991n ? Number(value) : value;
}

/** The digits that distinguish every float, and the largest `precision` of PHP. */
const MOST_DIGITS = 17;

/**
 * Writes a float as PHP does.
 *
 * @param value - Any float.
 * @param precision - How many digits PHP writes at most: 14 is the default of `precision`, which
 *   `(string)` uses. With -1, the default of `serialize_precision`, the fewest digits that read
 *   back as the same float.
 * @see smart_str_append_double in php-src Zend/zend_smart_str.c; zend_gcvt in main/snprintf.c
 * @example
 * floatText(1e21); // '1.0E+21'
 * floatText(0.1 + 0.2); // '0.30000000000000004'
 * floatText(0.1 + 0.2, 14); // '0.3'
 */
export function floatText(value: number, precision = -1): string {
  if (Number.isNaN(value)) return 'NAN';
  if (!Number.isFinite(value)) return value > 0 ? 'INF' : '-INF';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const size = Math.abs(value);
  if (precision < 0 && size >= 1e-4 && size < 1e17) return String(value);
  const [mantissa = '', power = ''] = scientific(size, precision).split('e');
  const digits = mantissa.replace('.', '').replace(/(?!^)0+$/, '');
  const exponent = Number(power);
  const sign = value < 0 ? '-' : '';
  // zend_gcvt: plain from 0.0001 up to as many digits before the point as there may be.
  if (exponent >= -4 && exponent < (precision < 0 ? MOST_DIGITS : precision)) {
    if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
    const point = exponent + 1;
    const fraction = digits.slice(point);
    return sign + digits.slice(0, point).padEnd(point, '0') + (fraction && `.${fraction}`);
  }
  return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${power}`;
}

/** Rounds a positive float to a number of digits: halves to even, as `zend_dtoa` does and `toExponential` does not. */
function scientific(value: number, precision: number): string {
  if (precision < 0) return value.toExponential();
  const text = value.toExponential(precision - 1);
  const [exact = '', power = ''] = value.toExponential(100).split('e');
  const rest = exact.replace('.', '').slice(precision);
  const isHalf = /^50*$/.test(rest);
  if (!isHalf || !/[13579](?=e)/.test(text)) return text;
  // A half was rounded away from zero to an odd digit: the even digit is one less.
  return `${exact.slice(0, exact.length - rest.length)}e${power}`;
}

/**
 * Returns whether a number is an int of PHP from -2^31 + 1 to 2^31 - 1. The functions below take no
 * other numbers, so that the engine computes with machine words in them. -0 is a float to PHP.
 *
 * @param value - Any number.
 */
export function isSmallInt(value: number): boolean {
  return (value | 0) === value && value > -0x80000000 && (value !== 0 || 1 / value > 0);
}

/**
 * Writes `i:5;`.
 *
 * @param bytes - Has at least 13 bytes of room.
 * @param start - The offset.
 * @param value - A small int.
 * @returns The offset behind the `;`.
 */
export function putInt(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  bytes[at] = INT;
  bytes[at + 1] = COLON;
  at += 2;
  let rest = value;
  if (rest < 0) {
    bytes[at++] = MINUS;
    rest = -rest;
  }
  at = putDigits(bytes, at, rest);
  bytes[at] = SEMICOLON;
  return at + 1;
}

/**
 * Writes the digits of a number.
 *
 * @param bytes - Has at least 10 bytes of room.
 * @param start - The offset.
 * @param value - A small int, 0 or more.
 * @returns The offset behind the digits.
 */
export function putDigits(bytes: Uint8Array, start: number, value: number): number {
  if (value < 10) {
    bytes[start] = ZERO + value;
    return start + 1;
  }
  if (value < 100) {
    const tens = (value * 205) >> 11;
    bytes[start] = ZERO + tens;
    bytes[start + 1] = ZERO + value - tens * 10;
    return start + 2;
  }
  let rest = value;
  const end = start + countDigits(rest);
  let at = end;
  while (rest >= 10) {
    const next = (rest / 10) | 0;
    bytes[--at] = ZERO + rest - next * 10;
    rest = next;
  }
  bytes[start] = ZERO + rest;
  return end;
}

/**
 * Counts the digits of a number.
 *
 * @param value - A small int, 0 or more.
 */
export function digitsOf(value: number): number {
  return value < 100 ? (value < 10 ? 1 : 2) : countDigits(value);
}

function countDigits(value: number): number {
  if (value < 1e5) return value < 1e3 ? 3 : value < 1e4 ? 4 : 5;
  if (value < 1e7) return value < 1e6 ? 6 : 7;
  return value < 1e8 ? 8 : value < 1e9 ? 9 : 10;
}
