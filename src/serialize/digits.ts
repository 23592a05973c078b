/**
 * Tells whether a number is an int of PHP that is small enough for the functions here. They are
 * given nothing else, so that the engine computes with machine words in them.
 *
 * @param value any number
 * @returns true from -2^31 + 1 to 2^31 - 1, but not for -0, which is a float to PHP
 */
export function isSmallInt(value: number): boolean {
  return (value | 0) === value && value > -0x80000000 && (value !== 0 || 1 / value > 0);
}

/**
 * Writes `i:5;`.
 *
 * @param bytes where, with room enough
 * @param start the offset
 * @param value a small int
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
 * @param value a small int, 0 or more
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
  let rest = value;
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
 * @param value a small int, 0 or more
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
