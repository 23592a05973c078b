/** Numbers and switches in settings, as php.ini spells them. Zend/zend_ini.c. */
import { bytesOf } from './conversions.ts';

const FACTORS: Record<string, bigint> = { k: 2n ** 10n, m: 2n ** 20n, g: 2n ** 30n };
const BASES: Record<string, number> = { x: 16, o: 8, b: 2 };
const DIGITS: Record<number, RegExp> = {
  2: /^[01]*/,
  8: /^[0-7]*/,
  10: /^[0-9]*/,
  16: /^[0-9a-f]*/i,
};
const LITERALS: Record<number, string> = { 2: '0b', 8: '0o', 10: '', 16: '0x' };
const ESCAPES: Record<string, string> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\f': '\\f',
  '\v': '\\v',
  '\x1b': '\\e',
  '\\': '\\\\',
};
const TOO_LONG = 2n ** 63n;
const LARGEST_UNSIGNED = 2n ** 64n - 1n;
const LEADING_INTEGERS = {
  8: /^[ \t\n\v\f\r]*([+-]?)([0-7]+)/,
  10: /^[ \t\n\v\f\r]*([+-]?)(\d+)/,
};
const BLANKS = /^[ \t\n\r\v\f]+|[ \t\n\r\v\f]+$/g;

/** A number, and PHP's remark about its spelling. */
export interface Quantity {
  readonly value: bigint;
  readonly remark?: string | undefined;
}

/** smart_str_append_escaped(): what cannot be printed, in backslashes. */
function escaped(text: string): string {
  let shown = '';
  for (const byte of bytesOf(text)) {
    const character = String.fromCharCode(byte);
    const isPlain = byte >= 0x20 && byte <= 0x7e && character !== '\\';
    const hex = byte.toString(16).toUpperCase().padStart(2, '0');
    shown += isPlain ? character : (ESCAPES[character] ?? `\\x${hex}`);
  }
  return shown;
}

/** strtoul(), and its result as a signed number: one that is too long keeps no sign of its own. */
function wholeOf(digits: bigint, isNegative: boolean): { whole: bigint; isTooLong: boolean } {
  if (digits < TOO_LONG) return { whole: isNegative ? -digits : digits, isTooLong: false };
  if (digits === TOO_LONG && isNegative) return { whole: -digits, isTooLong: false };
  const read = digits > LARGEST_UNSIGNED ? LARGEST_UNSIGNED : digits;
  return { whole: BigInt.asIntN(64, read), isTooLong: true };
}

/**
 * Reads a number such as `1440`, `0x10` or `2K` (zend_ini_parse_quantity()).
 *
 * @param text - The setting's text.
 * @returns The number; never fails, but remarks.
 */
export function parseQuantity(text: string): Quantity {
  const trimmed = text.replace(BLANKS, '');
  if (trimmed === '') return { value: 0n };
  const negative = trimmed.startsWith('-');
  let rest = /^[+-]/.test(trimmed) ? trimmed.slice(1) : trimmed;
  const remark = (reason: string, shown: string): string =>
    `Invalid quantity "${escaped(text)}"${reason}, interpreting as "${escaped(shown)}" ` +
    'for backwards compatibility';
  if (!/^[0-9]/.test(rest)) return { value: 0n, remark: remark(': no valid leading digits', '0') };

  let base = 10;
  let prefix = '';
  if (/^0[0-9]/.test(rest)) base = 8;
  else if (/^0[^0-9]/.test(rest) && !FACTORS[(rest[1] as string).toLowerCase()]) {
    prefix = rest.slice(0, 2);
    const named = BASES[(rest[1] as string).toLowerCase()];
    if (named === undefined) {
      const reason = `Invalid prefix "${prefix}"`;
      return { value: 0n, remark: `${reason}, interpreting as "0" for backwards compatibility` };
    }
    base = named;
    rest = rest.slice(2);
  }
  const digits = (DIGITS[base] as RegExp).exec(rest)?.[0] ?? '';
  if (digits === '') {
    const isCut = rest === '' || /^([ \t\n\r\v\f+-]|0[xob])/i.test(rest);
    const reason = isCut ? ': no digits after base prefix' : ': no valid leading digits';
    return { value: 0n, remark: remark(reason, '0') };
  }
  const sign = negative ? '-' : '';
  const { whole, isTooLong } = wholeOf(
    BigInt(LITERALS[base] + (digits.replace(/^0+/, '') || '0')),
    negative,
  );
  const blanks = /^[ \t\n\r\v\f]*/.exec(rest.slice(digits.length))?.[0] ?? '';
  const tail = rest.slice(digits.length + blanks.length);
  const multiplier = tail.slice(-1);
  const factor = tail === '' ? 1n : FACTORS[multiplier.toLowerCase()];
  const exact = whole * (factor ?? 1n);
  // The value that C reads from a number that is too long for it.
  const value = BigInt.asIntN(64, exact);

  const shown = `${sign}${prefix}${digits}${blanks}`;
  if (factor === undefined) {
    return { value, remark: remark(`: unknown multiplier "${escaped(multiplier)}"`, shown) };
  }
  if (tail.length > 1) return { value, remark: remark('', `${shown}${multiplier}`) };
  if (!isTooLong && value === exact) return { value };
  const text64 = `Invalid quantity "${escaped(text)}": value is out of range`;
  return { value, remark: `${text64}, using overflow result for backwards compatibility` };
}

/**
 * The integer that a text begins with, as C's strtol() finds it.
 *
 * @param text - Any string.
 * @param base - The base of its digits.
 * @returns 0 where there is none; not limited to 64 bits.
 */
export function leadingInteger(text: string, base: 8 | 10 = 10): bigint {
  const [, sign, digits = '0'] = LEADING_INTEGERS[base].exec(text) ?? [];
  const integer = BigInt(LITERALS[base] + digits);
  return sign === '-' ? -integer : integer;
}

/**
 * Reads a switch (zend_ini_parse_bool()): `1`, `on`, `yes` and `true` are on.
 *
 * @param text - The setting's text.
 * @returns Whether it is on.
 */
export function parseSwitch(text: string): boolean {
  if (/^(true|yes|on)$/i.test(text)) return true;
  // atoi(): strtol() limits the number to 64 bits, of which an int keeps 32.
  const integer = leadingInteger(text);
  const limited = integer >= TOO_LONG ? TOO_LONG - 1n : integer < -TOO_LONG ? -TOO_LONG : integer;
  return BigInt.asIntN(32, limited) !== 0n;
}
