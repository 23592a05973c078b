export const INT64_MAX: bigint = 2n ** 63n - 1n;
export const INT64_MIN: bigint = -(2n ** 63n);

/**
 * Gives the integer that PHP makes of an array key written as a string: `'5'` is 5, `'-5'` is -5,
 * but `'05'`, `'-0'`, `'+1'` and `'9223372036854775808'` stay strings.
 *
 * @param text the key
 * @returns the integer, or `undefined` where PHP keeps the string
 */
export function integerKey(text: string): number | bigint | undefined {
  const first = text.charCodeAt(0);
  // Most keys are words: this line decides for them.
  if (first > 57 || (first < 48 && first !== 45)) return undefined;
  if (!/^(?:0|-?[1-9][0-9]{0,18})$/.test(text)) return undefined;
  if (text.length < 16) return Number(text);
  const value = BigInt(text);
  if (value > INT64_MAX || value < INT64_MIN) return undefined;
  return compact(value);
}

/**
 * Takes the smaller form of a 64-bit integer.
 *
 * @param value an integer of PHP
 * @returns a number where no digit is lost, else the bigint
 */
export function compact(value: bigint): number | bigint {
  return value <= 9007199254740991n && value >= -9007199254740991n ? Number(value) : value;
}

/**
 * Writes a float as PHP does with `serialize_precision = -1`: the fewest digits that read back as
 * the same float, plain from 1e-4 to below 1e17 and as `1.0E+25` outside.
 *
 * @param value any float
 * @returns the text between `d:` and `;`
 */
export function floatText(value: number): string {
  if (Number.isFinite(value)) {
    const size = Math.abs(value);
    if (size === 0) return Object.is(value, -0) ? '-0' : '0';
    if (size >= 1e-4 && size < 1e17) return String(value);
    const [digits = '', exponent = ''] = value.toExponential().split('e');
    return `${digits.includes('.') ? digits : `${digits}.0`}E${exponent}`;
  }
  if (Number.isNaN(value)) return 'NAN';
  return value > 0 ? 'INF' : '-INF';
}
