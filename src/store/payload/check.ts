/** Refuses values that the format `json` would give back as other ones, with their place. */
import {
  PhpEnum,
  PhpFloat,
  PhpObject,
  PhpPart,
  PhpReference,
  PhpSerializable,
} from '../../serialize/index.ts';
import { isWellFormed } from '../../serialize/tags.ts';
import { SessionValueError } from '../errors.ts';

/** Deeper values are refused: other languages' parsers stop at 512 as well. */
const DEEPEST = 500;
export const TOO_DEEP: string = 'a value of such depth';

const [INT64_MIN, INT64_MAX] = [-(2n ** 63n), 2n ** 63n - 1n];

/**
 * Checks one value.
 *
 * An application's own values are those of JSON. PHP's are more: an int beyond 2^53 is a bigint, a
 * string of any bytes a Buffer, NAN a number. They are allowed in a value that PHP has written, or
 * that holds one of the classes for PHP's values. Elsewhere they are refused, since some of them
 * would come back as others: 1n as 1, a Buffer with text as that text.
 *
 * @param value - The value.
 * @param path - Its place, for errors.
 * @param isPhp - Whether PHP has written it.
 * @returns Whether an envelope has it in another form than plain JSON. Of a few values that it has in
 *   the same form, this says so as well.
 * @throws SessionValueError.
 */
export function checkJson(value: unknown, path: string, isPhp: boolean): boolean {
  const check = new Check(isPhp);
  check.value(value, path);
  return check.needsTags;
}

class Check {
  /** Whether plain JSON is not enough. */
  needsTags: boolean;
  #isPhp: boolean;
  readonly #ancestors = new Set<object>();
  /** Objects and variables of PHP, which may be at several places. */
  readonly #seen = new Set<object>();
  /** The first value that only PHP has. */
  #refusal: SessionValueError | undefined;

  constructor(isPhp: boolean) {
    this.needsTags = isPhp;
    this.#isPhp = isPhp;
  }

  value(value: unknown, path: string): void {
    this.#visit(value, path);
    if (!this.#isPhp && this.#refusal !== undefined) throw this.#refusal;
  }

  #visit(value: unknown, path: string): void {
    if (value === null || typeof value === 'boolean') return;
    if (typeof value === 'string') {
      if (!isWellFormed(value)) throw new SessionValueError(path, 'half a surrogate pair');
      if (value.includes('\0')) this.needsTags = true;
      return;
    }
    if (typeof value === 'number') {
      const isMinusZero = Object.is(value, -0);
      if (Math.abs(value) > Number.MAX_SAFE_INTEGER) this.needsTags = true;
      if (Number.isFinite(value) && !isMinusZero) return;
      this.#onlyPhp(path, `the number ${isMinusZero ? '-0' : value}`);
      return;
    }
    if (typeof value === 'bigint' && value >= INT64_MIN && value <= INT64_MAX) {
      this.#onlyPhp(path, 'a bigint');
      return;
    }
    if (typeof value !== 'object') throw new SessionValueError(path, kindOf(value));
    if (this.#ancestors.has(value) && !this.#seen.has(value)) {
      throw new SessionValueError(path, 'a value that contains itself');
    }
    if (this.#ancestors.size >= DEEPEST) throw new SessionValueError(path, TOO_DEEP);
    if (this.#isOfPhp(value, path)) return;
    this.#ancestors.add(value);
    if (Array.isArray(value)) this.#list(value, path);
    else this.#object(value, path);
    this.#ancestors.delete(value);
  }

  #list(list: readonly unknown[], path: string): void {
    if (!isPlainList(list)) throw new SessionValueError(path, 'a list with other properties');
    // A hole is visited as undefined, and is refused as such.
    for (const [index, element] of list.entries()) this.#visit(element, `${path}[${index}]`);
  }

  #object(object: object, path: string): void {
    if (!isPlain(object)) throw new SessionValueError(path, kindOf(object));
    for (const key of Reflect.ownKeys(object)) {
      if (typeof key === 'symbol') throw new SessionValueError(path, 'a key that is a symbol');
      if (!isWellFormed(key)) throw new SessionValueError(path, 'a key with half a surrogate pair');
      if (mayBeOdd(key)) this.needsTags = true;
      const { get, value } = Object.getOwnPropertyDescriptor(object, key) ?? {};
      if (get !== undefined) throw new SessionValueError(pathOf(path, key), 'a getter');
      // JSON leaves such a property out: it reads as undefined then, too.
      if (value !== undefined) this.#visit(value, pathOf(path, key));
    }
  }

  /** Visits the values of PHP that are objects here. */
  #isOfPhp(value: object, path: string): boolean {
    // Most objects are plain, and cost no more than this comparison.
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === Array.prototype) return false;
    if (value instanceof Uint8Array) {
      this.#onlyPhp(path, kindOf(value));
      return true;
    }
    if (value instanceof Map) {
      this.#onlyPhp(path, kindOf(value));
      this.#entries(value, value, path);
      return true;
    }
    const isLeaf = PHP_LEAVES.some((kind) => value instanceof kind);
    const isPhp = isLeaf || value instanceof PhpObject || value instanceof PhpReference;
    if (isPhp) this.#isPhp = this.needsTags = true;
    if (!isPhp || isLeaf || this.#seen.has(value)) return isPhp;
    this.#seen.add(value);
    if (value instanceof PhpObject) this.#entries(value, value.properties, path);
    if (value instanceof PhpReference) this.#visit(value.value, `${path}.value`);
    return true;
  }

  #entries(owner: object, entries: ReadonlyMap<unknown, unknown>, path: string): void {
    this.#ancestors.add(owner);
    for (const [key, value] of entries) {
      const name = key instanceof Uint8Array ? 'bytes' : String(key);
      const isKey =
        key instanceof Uint8Array || ['string', 'number', 'bigint'].includes(typeof key);
      if (!isKey) throw new SessionValueError(path, 'a Map with such a key');
      this.#visit(key, path);
      this.#visit(value, pathOf(path, name));
    }
    this.#ancestors.delete(owner);
  }

  #onlyPhp(path: string, kind: string): void {
    this.#refusal ??= new SessionValueError(path, kind);
  }
}

/** A key that may be an int, the name of the tag, or hold a NUL. */
function mayBeOdd(key: string): boolean {
  const first = key.charCodeAt(0);
  return (first >= 0x24 && first <= 0x39) || key.includes('\0');
}

const PHP_LEAVES = [PhpFloat, PhpEnum, PhpSerializable, PhpPart];

/**
 * Returns the path of a property.
 *
 * @param path - The path of its object.
 */
export function pathOf(path: string, key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

/** Whether a value is an object of no class. */
export function isRecord(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isPlain(value: object): boolean {
  return isRecord(value) && typeof (value as { toJSON?: unknown }).toJSON !== 'function';
}

/** JSON writes the elements of a list and none of its other properties. */
export function isPlainList(value: readonly unknown[]): boolean {
  const { length } = Reflect.ownKeys(value);
  // The length is a property as well; a list with holes has fewer, and is refused for its holes.
  return Object.getPrototypeOf(value) === Array.prototype && length <= value.length + 1;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (typeof value !== 'object') return `a ${typeof value}`;
  const name = (value as object).constructor?.name;
  return name && name !== 'Object' ? `an object of the class ${name}` : 'an object with toJSON()';
}
