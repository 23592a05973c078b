/**
 * Converts a function's arguments before the function runs, as zend_parse_parameters() does in its
 * weak mode, which turns 5 into '5' and refuses an array. Zend/zend_API.c.
 */
import { PhpFloat, type PhpKey } from '../../serialize/index.ts';
import { floatText, integerKey } from '../../serialize/numbers.ts';
import { PhpArgumentCountError, PhpValueError } from '../messages.ts';
import {
  bytesOf,
  integerIn,
  isInteger64,
  isNumeric,
  phpBoolean,
  textOf,
  typeName,
} from './conversions.ts';
import type { Reporter } from './reporter.ts';

/**
 * A parameter as PHP's manual writes it: `?string $id`. `path` is a string without NUL, `bytes` one
 * that the function takes as bytes.
 */
export type Parameter = `${'?' | ''}${keyof Conversions} $${string}`;

/** The type that each parameter type converts to. */
interface Conversions {
  string: string;
  path: string;
  bytes: Buffer;
  int: number | bigint;
  bool: boolean;
  array: object;
  'array|int': object | number | bigint;
}

type Converted<Spec> = Spec extends `?${infer Type extends keyof Conversions} $${string}`
  ? Conversions[Type] | null
  : Spec extends `${infer Type extends keyof Conversions} $${string}`
    ? Conversions[Type]
    : never;

/** The converted arguments of a parameter list; undefined for each argument left out. */
export type Parsed<Specs extends readonly Parameter[]> = {
  [At in keyof Specs]: Converted<Specs[At]> | undefined;
};

/**
 * Returns whether a value is an array in PHP: a list, a Map or an object literal.
 *
 * @param value - Any value.
 * @returns false for class instances, PhpObject among them.
 */
export function isArrayLike(value: unknown): value is object {
  return typeName(value, '8.4') === 'array';
}

/**
 * An array's elements, with the keys that PHP has for them: `'5'` is the integer 5.
 *
 * @param array - A value that `isArrayLike()` accepts.
 * @returns Keys and values in order.
 */
export function entriesOf(array: object): [key: PhpKey, value: unknown][] {
  const entries = array instanceof Map ? [...array] : Object.entries(array);
  return entries.map(([key, value]) => [
    typeof key === 'string' ? (integerKey(key) ?? key) : (key as PhpKey),
    value,
  ]);
}

/** The default of php.ini's `precision`, which `(string)` uses. */
const PRECISION = 14;

/** PHP's `(string)` for a float (zend_double_to_str()). */
function floatToText(reporter: Reporter, value: number): string {
  if (Number.isNaN(value) && reporter.version >= '8.5') {
    reporter.warn('E_WARNING', 'unexpected NAN value was coerced to string', '');
  }
  return floatText(value, PRECISION);
}

/**
 * PHP's `(string)` for a scalar argument (zend_parse_arg_str_weak()).
 *
 * @param reporter - Receives the warning about a NAN, from 8.5 on.
 * @param value - Any value.
 * @returns undefined for an array or an object, which PHP refuses.
 */
export function toText(reporter: Reporter, value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return textOf(Buffer.from(value));
  if (value instanceof PhpFloat) return floatToText(reporter, value.value);
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && !Object.is(value, -0)
      ? String(value)
      : floatToText(reporter, value);
  }
  if (typeof value === 'bigint') {
    return isInteger64(value) ? String(value) : floatToText(reporter, Number(value));
  }
  if (typeof value === 'boolean') return value ? '1' : '';
  return undefined;
}

function toBytes(reporter: Reporter, value: unknown): Buffer | undefined {
  if (value instanceof Uint8Array) return Buffer.from(value);
  const text = toText(reporter, value);
  return text === undefined ? undefined : bytesOf(text);
}

/** zend_parse_arg_long_weak(). */
function toInteger(reporter: Reporter, value: unknown): number | bigint | undefined {
  if (typeof value === 'boolean') return Number(value);
  if (value instanceof Uint8Array) return toInteger(reporter, textOf(Buffer.from(value)));
  if (typeof value === 'string') {
    if (!isNumeric(value)) return undefined;
    const integer = integerIn(value);
    if (integer !== undefined) return exactly(integer);
    return wholeNumber(reporter, Number(value), `float-string "${value}"`);
  }
  if (typeof value === 'bigint') return isInteger64(value) ? exactly(value) : undefined;
  const number = value instanceof PhpFloat ? value.value : value;
  if (typeof number !== 'number') return undefined;
  return wholeNumber(reporter, number, `float ${floatText(number)}`);
}

/** A number, or a bigint where a number would lose digits. */
function exactly(integer: bigint): number | bigint {
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
}

function wholeNumber(
  reporter: Reporter,
  value: number,
  shown: string,
): number | bigint | undefined {
  // ZEND_DOUBLE_FITS_LONG().
  if (!(value >= -(2 ** 63) && value < 2 ** 63)) return undefined;
  if (!Number.isInteger(value)) {
    const text = `Implicit conversion from ${shown} to int loses precision`;
    reporter.warn('E_DEPRECATED', text, '');
  }
  return exactly(BigInt(Math.trunc(value)));
}

/** zend_parse_arg_bool_weak(). */
function toBoolean(value: unknown): boolean | undefined {
  const isScalar =
    ['string', 'number', 'bigint', 'boolean'].includes(typeof value) ||
    value instanceof Uint8Array ||
    value instanceof PhpFloat;
  return isScalar ? phpBoolean(value) : undefined;
}

function convert(reporter: Reporter, type: string, value: unknown): unknown {
  switch (type) {
    case 'string':
    case 'path':
      return toText(reporter, value);
    case 'bytes':
      return toBytes(reporter, value);
    case 'int':
      return toInteger(reporter, value);
    case 'bool':
      return toBoolean(value);
    case 'array':
      return isArrayLike(value) ? value : undefined;
    default:
      return isArrayLike(value) ? value : toInteger(reporter, value);
  }
}

function shownType(type: string): string {
  return type === 'path' || type === 'bytes' ? 'string' : type;
}

/** null for a scalar that may not be null: since 8.1 deprecated, and its empty value. */
function emptyFor(reporter: Reporter, type: string, at: string): unknown {
  if (type === 'array') return undefined;
  const text = `Passing null to parameter ${at} of type ${shownType(type)} is deprecated`;
  reporter.warn('E_DEPRECATED', text);
  if (reporter.exception) throw reporter.exception.error;
  if (type === 'bytes') return Buffer.alloc(0);
  return { string: '', path: '', int: 0, bool: false, 'array|int': 0 }[type];
}

/**
 * Refuses a wrong number of arguments (zend_wrong_parameters_count_error()).
 *
 * @param reporter - The request's; the message names its active function.
 * @param given - How many there are.
 * @param least - How many there must be.
 * @param most - How many there may be.
 * @throws PhpArgumentCountError for too few and for too many.
 */
export function requireCount(reporter: Reporter, given: number, least: number, most: number): void {
  if (given >= least && given <= most) return;
  const bound = least === most ? 'exactly' : given < least ? 'at least' : 'at most';
  const limit = given < least ? least : most;
  const noun = limit === 1 ? 'argument' : 'arguments';
  throw new PhpArgumentCountError(
    `${reporter.prefix} expects ${bound} ${limit} ${noun}, ${given} given`,
  );
}

/**
 * Reads a function's arguments as PHP does.
 *
 * @param reporter - The request's; messages name its active function.
 * @param values - The arguments; undefined at the end counts as not given.
 * @param least - How many there must be.
 * @param parameters - The parameters, as PHP's manual writes them.
 * @returns The arguments, each of its parameter's type.
 * @throws PhpArgumentCountError, TypeError or PhpValueError in PHP's words.
 */
export function parseArguments<const Specs extends readonly Parameter[]>(
  reporter: Reporter,
  values: readonly unknown[],
  least: number,
  ...parameters: Specs
): Parsed<Specs> {
  const given = values.findLastIndex((value) => value !== undefined) + 1;
  requireCount(reporter, given, least, parameters.length);
  const parsed = parameters.map((parameter, at) => {
    if (at >= given) return undefined;
    const [, nullable, type, name] = /^(\?)?(\S+) \$(.*)$/.exec(parameter) as RegExpExecArray;
    return parseOne(reporter, values[at] ?? null, {
      type: type as string,
      isNullable: nullable !== undefined,
      at: `#${at + 1} ($${name})`,
    });
  });
  return parsed as Parsed<Specs>;
}

function parseOne(
  reporter: Reporter,
  value: unknown,
  { type, isNullable, at }: { type: string; isNullable: boolean; at: string },
): unknown {
  if (value === null && isNullable) return null;
  const parsed = value === null ? emptyFor(reporter, type, at) : convert(reporter, type, value);
  if (parsed === undefined) {
    const shown = `${isNullable ? '?' : ''}${shownType(type)}`;
    const given = typeName(value, reporter.version);
    throw new TypeError(
      `${reporter.prefix}: Argument ${at} must be of type ${shown}, ${given} given`,
    );
  }
  if (type === 'path' && bytesOf(parsed as string).includes(0)) {
    throw new PhpValueError(`${reporter.prefix}: Argument ${at} must not contain any null bytes`);
  }
  return parsed;
}
