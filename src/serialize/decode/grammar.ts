import { compact, INT64_MAX } from '../numbers.ts';

/** `R:` and `r:` with the number of a slot. */
export const SLOT: RegExp = /[Rr]:([0-9]+);/y;
/** `iv` of PHP's scanner. */
export const INTEGER: RegExp = /i:([+-]?[0-9]+);/y;
/** `iv | nv | nvexp` of PHP's scanner, and its three words. */
export const FLOAT: RegExp =
  /d:(NAN|-?INF|[+-]?(?:[0-9]*\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][+-]?[0-9]+)?);/y;

/**
 * Matches a rule of the scanner exactly at an offset.
 *
 * @param rule a sticky expression
 * @param text the input
 * @param offset where the rule must begin
 * @returns the match, or null
 */
export function matchAt(rule: RegExp, text: string, offset: number): RegExpExecArray | null {
  rule.lastIndex = offset;
  return rule.exec(text);
}

/**
 * Reads the text of a float; JavaScript and `zend_strtod` both round to the nearest.
 *
 * @param text what {@link FLOAT} matched
 * @returns the float
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
 * @param bytes the input
 * @param start where the number begins
 * @returns the float, with its `;` at {@link shortFloatEnd}; NaN where it is no such number
 */
export function shortFloat(bytes: Uint8Array, start: number): number {
  let at = start;
  const isNegative = bytes[at] === 45;
  if (isNegative) at++;
  const first = at;
  let digits = 0;
  let code = bytes[at] as number;
  while (code >= 48 && code <= 57) {
    digits = digits * 10 + code - 48;
    code = bytes[++at] as number;
  }
  if (code !== 46 || at === first) return Number.NaN;
  const point = at;
  code = bytes[++at] as number;
  while (code >= 48 && code <= 57) {
    digits = digits * 10 + code - 48;
    code = bytes[++at] as number;
  }
  if (code !== 59 || at - first > 16) return Number.NaN;
  shortFloatEnd = at;
  const size = digits / (POWERS[at - point - 1] as number);
  return isNegative ? -size : size;
}

/** Where the last {@link shortFloat} ended. */
export let shortFloatEnd = 0;

/**
 * Reads an unsigned length as `parse_uiv` does: it never looks for an overflow, so it wraps.
 *
 * @param digits decimal digits
 * @returns the length, beyond 2^53 only roughly
 */
export function wrappingLength(digits: string): number {
  if (digits.length < 16) return Number(digits);
  // 10^64 is a multiple of 2^64: earlier digits change nothing.
  return Number(BigInt.asUintN(64, BigInt(digits.slice(-64))));
}

/**
 * Reads a signed integer as `parse_iv2` does.
 *
 * @param text an optional sign and digits
 * @param outOfRange called where PHP warns `Numerical result out of range`
 * @returns the integer, the nearest one where it was out of range
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
 * Tells whether PHP would look for a class of this name.
 *
 * @param name the name, a character a byte
 * @returns false where `unserialize` refuses the name without looking
 */
export function isClassName(name: string): boolean {
  return /^(?!\\)[0-9A-Za-z_\\\x80-\xff]+$/.test(name);
}
