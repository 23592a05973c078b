import { NUL } from './bytes.ts';
import { type PhpString, requireBytes, textOf } from './text.ts';

export type { PhpString } from './text.ts';

/** A key of a PHP array: an integer, or a string that does not look like one. */
export type PhpKey = number | bigint | PhpString;

/** A PHP array whose keys are 0, 1, 2 … in order. */
export type PhpList = PhpValue[];

/** A PHP array whose keys are all strings, in PHP's order. `__proto__` is an ordinary key. */
export interface PhpRecord {
  [key: string]: PhpValue;
}

/** Any other PHP array: integer keys in another order, mixed keys, keys that are not UTF-8. */
export type PhpMap = Map<PhpKey, PhpValue>;

/** A PHP array in the form that fits its keys. */
export type PhpArray = PhpList | PhpRecord | PhpMap;

/**
 * Everything that PHP's serializer can write.
 *
 * | PHP | here |
 * | --- | --- |
 * | null, bool | `null`, `boolean` |
 * | int | `number` where safe, else `bigint` |
 * | float | `number`; {@link PhpFloat} where its value is an integer (`1.0`, `-0.0`, `1e25`) |
 * | string | `string` where the bytes are valid UTF-8, else `Uint8Array` |
 * | array | array, plain object or `Map`, whichever fits the keys |
 * | object | {@link PhpObject}, {@link PhpSerializable}, {@link PhpEnum}; one object is one identity |
 * | `&$reference` | {@link PhpReference}; the places that share one box share one variable |
 * | a value inside a `C:` payload, once more outside it | {@link PhpPart} |
 */
export type PhpValue =
  | null
  | boolean
  | number
  | bigint
  | PhpString
  | PhpFloat
  | PhpArray
  | PhpObject
  | PhpSerializable
  | PhpEnum
  | PhpReference
  | PhpPart;

/**
 * A float with an integer as its value. As a JavaScript number it would be written as an int.
 *
 * @example
 * serialize(new PhpFloat(1)).toString(); // 'd:1;'
 * serialize(1).toString(); // 'i:1;'
 */
export class PhpFloat {
  /** The float as JavaScript calculates with it. */
  readonly value: number;

  /**
   * Marks a number as a float.
   *
   * @param value - Any number, also `NaN`, `Infinity` and `-0`.
   */
  constructor(value: number) {
    this.value = value;
  }

  /** Returns the number, for calculations. */
  valueOf(): number {
    return this.value;
  }

  /** Returns the number, since JSON has one kind only. */
  toJSON(): number {
    return this.value;
  }
}

/**
 * One PHP variable that several places share (`$a = &$b`): each place holds the same box.
 *
 * @example
 * const counter = new PhpReference(1);
 * serialize([counter, counter]).toString(); // 'a:2:{i:0;i:1;i:1;R:2;}'
 */
export class PhpReference<Value extends PhpValue = PhpValue> {
  /** The variable's value; an assignment changes it at every place. */
  value: Value;

  /**
   * Puts a value into a box of its own.
   *
   * @param value - The variable's value.
   */
  constructor(value: Value) {
    this.value = value;
  }
}

/** The visibility of a PHP property. */
export type PhpVisibility = 'public' | 'protected' | 'private';

/** A property, with PHP's mangled name split into its parts. */
export interface PhpProperty {
  /** The name as PHP code writes it. */
  readonly name: PhpString;
  /** The visibility that the class declares. */
  readonly visibility: PhpVisibility;
  /** The class that declared a private property. */
  readonly declaredBy?: PhpString | undefined;
  /** The value; for a reference its box. */
  readonly value: PhpValue;
}

/**
 * An object of any PHP class: its name and its properties. The class itself is never looked up.
 *
 * @example
 * const user = new PhpObject('User', { name: 'Ann' });
 * user.set('email', 'ann@example.org', 'private');
 * user.get('email'); // 'ann@example.org'
 */
export class PhpObject {
  /** The class, with its namespace. */
  className: PhpString;
  /**
   * The properties in PHP's order under PHP's own names: `name` is public, `\0*\0name` protected,
   * `\0Class\0name` private. A number is an element of what the class's `__serialize()` returned.
   */
  readonly properties: Map<PhpKey, PhpValue>;

  /**
   * Describes an object of any class of PHP; none has to exist here.
   *
   * @param className - The class, with its namespace.
   * @param properties - Public properties, or a map with PHP's mangled names, which is not copied.
   */
  constructor(
    className: PhpString,
    properties: Readonly<Record<string, PhpValue>> | Map<PhpKey, PhpValue> = {},
  ) {
    this.className = className;
    this.properties = properties instanceof Map ? properties : new Map(Object.entries(properties));
  }

  /**
   * Returns a property of any visibility: a public one first, then protected, then private.
   *
   * @param name - The name as PHP code writes it.
   * @param declaredBy - The class of a private property, if it is not the object's own.
   * @returns The value with references followed, or `undefined` without such a property.
   */
  get(name: PhpString, declaredBy: PhpString = this.className): PhpValue | undefined {
    const { properties } = this;
    for (const visibility of ['public', 'protected', 'private'] as const) {
      const value = properties.get(presentKey(properties, mangle(name, visibility, declaredBy)));
      if (value !== undefined) return value instanceof PhpReference ? value.value : value;
    }
    return undefined;
  }

  /**
   * Sets a property; a reference keeps its box and gets the value.
   *
   * @param name - The name as PHP code writes it.
   * @param value - The new value.
   * @param visibility - The visibility that the class declares.
   * @param declaredBy - The class of a private property, if it is not the object's own.
   * @returns This object, for further calls.
   */
  set(
    name: PhpString,
    value: PhpValue,
    visibility: PhpVisibility = 'public',
    declaredBy: PhpString = this.className,
  ): this {
    const key = presentKey(this.properties, mangle(name, visibility, declaredBy));
    const present = this.properties.get(key);
    if (present instanceof PhpReference && !(value instanceof PhpReference)) present.value = value;
    else this.properties.set(key, value);
    return this;
  }

  /** Lists the properties, with their names unmangled. */
  *[Symbol.iterator](): Generator<PhpProperty> {
    for (const [key, value] of this.properties) {
      const text = typeof key === 'object' ? Buffer.from(key).toString('latin1') : String(key);
      const end = text.charCodeAt(0) === 0 ? text.indexOf('\0', 1) : -1;
      if (end < 0) {
        yield { name: typeof key === 'object' ? key : text, visibility: 'public', value };
        continue;
      }
      const name = typeof key === 'object' ? key.subarray(end + 1) : text.slice(end + 1);
      const scope = typeof key === 'object' ? key.subarray(1, end) : text.slice(1, end);
      if (text.slice(1, end) === '*') yield { name, visibility: 'protected', value };
      else yield { name, visibility: 'private', declaredBy: scope, value };
    }
  }
}

/**
 * An object of a class that implements `Serializable`: the bytes its `serialize()` returned.
 *
 * @see {@link https://php.net/class.serializable | PHP's manual}; deprecated since PHP 8.1, still
 *   read
 * @example
 * const point = new PhpSerializable('Point', Buffer.from('3,4'));
 * serialize(point).toString(); // 'C:5:"Point":3:{3,4}'
 */
export class PhpSerializable {
  /** The class, with its namespace. */
  className: PhpString;
  /** The bytes, which only the class itself can read. */
  payload: Uint8Array;

  /**
   * Keeps the bytes of an object as they are.
   *
   * @param className - The class, with its namespace.
   * @param payload - The bytes that the class's `serialize()` returned; they are not copied.
   */
  constructor(className: PhpString, payload: Uint8Array) {
    this.className = className;
    this.payload = payload;
  }
}

/**
 * One more place of a value that a `C:` payload holds: the class alone can read that value, and PHP
 * gives its object or variable to this place as well. It is written as the same reference, wherever
 * the payload is written now.
 *
 * @example
 * const bytes = 'a:2:{i:0;C:3:"Box":19:{O:8:"stdClass":0:{}}i:1;r:3;}';
 * const [box, part] = unserialize<[PhpSerializable, PhpPart]>(bytes);
 * part.owner === box; // true
 */
export class PhpPart {
  /** The object whose payload holds the value. It must be written before this place. */
  readonly owner: PhpSerializable;
  /** The value's number, counted from the owner's: 1 is the first value of the payload. */
  readonly offset: number;
  /** True if both places are one variable (`R:`), false if they hold one object (`r:`). */
  readonly isReference: boolean;

  /**
   * Names the place of a value inside a payload.
   *
   * @param owner - The object whose payload holds the value.
   * @param offset - The value's number, counted from the owner's: 1 is the first value of the payload.
   * @param isReference - True for one variable (`R:`), false for one object (`r:`).
   */
  constructor(owner: PhpSerializable, offset: number, isReference: boolean) {
    this.owner = owner;
    this.offset = offset;
    this.isReference = isReference;
  }
}

/**
 * A case of a PHP enum. PHP has each case once, so two boxes with the same names are one object.
 *
 * @see {@link https://php.net/language.enumerations | PHP's manual}
 * @example
 * serialize(new PhpEnum('Suit', 'Hearts')).toString(); // 'E:11:"Suit:Hearts";'
 */
export class PhpEnum {
  /** The enum, with its namespace. */
  readonly className: PhpString;
  /** The case's name. */
  readonly caseName: PhpString;

  /**
   * Names a case.
   *
   * @param className - The enum, with its namespace.
   * @param caseName - The case's name.
   */
  constructor(className: PhpString, caseName: PhpString) {
    this.className = className;
    this.caseName = caseName;
  }
}

/**
 * Returns whether PHP refers to a value by its identity even without a `&`.
 *
 * @param value - Any value.
 */
export function isIdentity(value: unknown): value is PhpObject | PhpEnum | PhpSerializable {
  return value instanceof PhpObject || value instanceof PhpEnum || value instanceof PhpSerializable;
}

function mangle(name: PhpString, visibility: PhpVisibility, declaredBy: PhpString): PhpString {
  if (visibility === 'public') return typeof name === 'string' ? name : textOf(name);
  const scope = visibility === 'protected' ? '*' : declaredBy;
  if (typeof name === 'string' && typeof scope === 'string') return `\0${scope}\0${name}`;
  const parts = [asBytes(scope, 'the class name'), asBytes(name, 'the property name')];
  return textOf(Buffer.concat(parts.flatMap((part) => [Buffer.from([NUL]), part])));
}

function asBytes(text: PhpString, role: string): Uint8Array {
  return typeof text === 'string' ? requireBytes(text, role) : text;
}

/** The key of a Map with the same bytes, if there is one: a Map compares bytes by identity. */
function presentKey(properties: ReadonlyMap<PhpKey, PhpValue>, key: PhpString): PhpKey {
  if (typeof key === 'string') return key;
  for (const present of properties.keys()) {
    if (present instanceof Uint8Array && Buffer.compare(present, key) === 0) return present;
  }
  return key;
}
