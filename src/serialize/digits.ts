/**
 * Tells whether a number can be written without a look at its digits.
 *
 * @param value any number
 * @returns true for an int32, but not for -0, which is a float to PHP
 */
export function isInt32(value: number): boolean {
  return (value | 0) === value && (value !== 0 || 1 / value > 0);
}

/**
 * Writes `i:5;`.
 *
 * @param bytes where, with room enough
 * @param start the offset
 * @param value a safe integer
 * @returns the offset behind it
 */
export function putInt(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  bytes[at] = 105;
  bytes[at + 1] = 58;
  at += 2;
  let rest = value;
  if (rest < 0) {
    bytes[at++] = 45;
    rest = -rest;
  }
  at = putDigits(bytes, at, rest);
  bytes[at] = 59;
  return at + 1;
}

/**
 * Writes the digits of a number.
 *
 * @param bytes where, with room enough
 * @param start the offset
 * @param value a safe integer, 0 or more
 * @returns the offset behind them
 */
export function putDigits(bytes: Uint8Array, start: number, value: number): number {
  if (value < 10) {
    bytes[start] = 48 + value;
    return start + 1;
  }
  if (value < 100) {
    const tens = (value * 205) >> 11;
    bytes[start] = 48 + tens;
    bytes[start + 1] = 48 + value - tens * 10;
    return start + 2;
  }
  if (value > 0x7fffffff) return putLargeDigits(bytes, start, value);
  let rest = value | 0;
  const end = start + countDigits(rest);
  let at = end;
  while (rest >= 10) {
    const next = (rest / 10) | 0;
    bytes[--at] = 48 + rest - next * 10;
    rest = next;
  }
  bytes[start] = 48 + rest;
  return end;
}

/**
 * Counts the digits of a number.
 *
 * @param value an integer from 0 to below 2^32
 * @returns how many there are
 */
export function digitsOf(value: number): number {
  return value < 100 ? (value < 10 ? 1 : 2) : countDigits(value);
}

function countDigits(value: number): number {
  if (value < 1e5) return value < 1e3 ? 3 : value < 1e4 ? 4 : 5;
  if (value < 1e7) return value < 1e6 ? 6 : 7;
  return value < 1e8 ? 8 : value < 1e9 ? 9 : 10;
}

function putLargeDigits(bytes: Uint8Array, start: number, value: number): number {
  const text = String(value);
  for (let index = 0; index < text.length; index++) bytes[start + index] = text.charCodeAt(index);
  return start + text.length;
}
