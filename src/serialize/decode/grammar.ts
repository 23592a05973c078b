import * as codes from '../bytes.ts';
import { compact, INT64_MAX } from '../numbers.ts';

const { MINUS, NINE, POINT, SEMICOLON, ZERO } = codes;

/** `R:` and `r:` with a slot number. */
export const SLOT: RegExp = /[Rr]:([0-9]+);/y;
/** `iv` of PHP's scanner. */
export const INTEGER: RegExp = /i:([+-]?[0-9]+);/y;
/** `iv | nv | nvexp` of PHP's scanner, and its three words. */
export const FLOAT: RegExp =
  /d:(NAN|-?INF|[+-]?(?:[0-9]*\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][+-]?[0-9]+)?);/y;

/**
 * Matches a rule of the scanner exactly at an offset.
 *
 * @param rule - A sticky expression.
 * @param text - The input.
 * @param offset - The offset at which the rule must begin.
 */
export function matchAt(rule: RegExp, text: string, offset: number): RegExpExecArray | null {
  rule.lastIndex = offset;
  return rule.exec(text);
}

/**
 * Reads the text of a float; JavaScript and `zend_strtod` both round to the nearest.
 *
 * @param text - A match of {@link FLOAT}, without `d:` and `;`.
 */
export function floatOf(text: string): number {
  if (text === 'INF') return Number.POSITIVE_INFINITY;
  if (text === '-INF') return Number.NEGATIVE_INFINITY;
  return Number(text);
}

const POWERS: readonly number[] = Array.from({ length: 16 }, (_, power) => 10 ** power);

/**
 * Reads a float of at most fifteen digits without an exponent. Both the digits and the power of
 * ten are exact then, so their quotient is the nearest float (Clinger's fast path).
 *
 * @param scan - Its cursor is moved behind the `;`.
 * @param start - The offset of the number.
 * @returns The float; NaN for every other notation.
 */
export function shortFloat(
  scan: { readonly bytes: Uint8Array; cursor: number },
  start: number,
): number {
  const { bytes } = scan;
  let at = start;
  const isNegative = bytes[at] === MINUS;
  if (isNegative) at++;
  const first = at;
  let digits = 0;
  let code = bytes[at] as number;
  while (code >= ZERO && code <= NINE) {
    digits = digits * 10 + code - ZERO;
    code = bytes[++at] as number;
  }
  if (code !== POINT || at === first) return Number.NaN;
  const point = at;
  code = bytes[++at] as number;
  while (code >= ZERO && code <= NINE) {
    digits = digits * 10 + code - ZERO;
    code = bytes[++at] as number;
  }
  if (code !== SEMICOLON || at - first > 16) return Number.NaN;
  scan.cursor = at + 1;
  const size = digits / (POWERS[at - point - 1] as number);
  return isNegative ? -size : size;
}

/**
 * Reads an unsigned length as `parse_uiv` does, which wraps on overflow.
 *
 * @param digits - Decimal digits.
 * @returns The length; rounded beyond 2^53.
 */
export function wrappingLength(digits: string): number {
  if (digits.length < 16) return Number(digits);
  // 10^64 is a multiple of 2^64: earlier digits change nothing.
  return Number(BigInt.asUintN(64, BigInt(digits.slice(-64))));
}

/**
 * Reads a signed integer as `parse_iv2` does, which saturates on overflow.
 *
 * @param text - An optional sign and digits.
 * @param outOfRange - Called where PHP warns `Numerical result out of range`.
 */
export function saturatingInteger(text: string, outOfRange: () => void): number | bigint {
  const negative = text.startsWith('-');
  const digits = text.replace(/^[+-]?0*/, '');
  if (digits.length < 16) return negative ? 0 - Number(digits) : Number(digits);
  const limit = negative ? INT64_MAX + 1n : INT64_MAX;
  const size = digits.length > 19 ? limit + 1n : BigInt(digits);
  if (size > limit) outOfRange();
  const kept = size > limit ? limit : size;
  return compact(negative ? -kept : kept);
}

/**
 * Returns whether PHP would look up a class of this name; it refuses all others at once.
 *
 * @param name - The name as Latin-1.
 */
export function isClassName(name: string): boolean {
  return /^(?!\\)[0-9A-Za-z_\\\x80-\xff]+$/.test(name);
}
