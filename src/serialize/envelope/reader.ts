import { isClassName } from '../decode/grammar.ts';
import { step } from '../encode/refusal.ts';
import { integerKey } from '../numbers.ts';
import { decodeSession, type PhpSessionVariables } from '../sessions.ts';
import { textOf } from '../text.ts';
import type { PhpArray, PhpKey, PhpString, PhpValue } from '../values.ts';
import { PhpEnum, type PhpFloat, PhpObject, PhpReference, PhpSerializable } from '../values.ts';
import { DEEPEST, isObject, type Json, TAG } from './json.ts';
import { mangledName } from './properties.ts';
import { base64, fail, float, int, number, text } from './scalars.ts';

type Members = { readonly [key: string]: Json };
type Entry = [PhpKey, PhpValue];

/**
 * The form of arrays:
 *
 * - `php`: as PHP's own bytes are decoded. `{}` is `[]`, and an array with ints as keys is a Map.
 * - `javascript`: as `JsonWriter` with `keepsObjects` was given them. `{}` is an object, and so is an
 *   array with ints as keys, unless an object would have them in another order. A float beyond 2^53
 *   is a number.
 * - `strict`: as `php`, but `{}` stays an object, which PHP's formats then refuse.
 */
export type Shape = 'php' | 'javascript' | 'strict';

/** Reads the variables of one session; numbers in `depth` count JSON's objects and lists. */
export class JsonReader {
  /** The count of members in all objects that were read. */
  members = 0;
  readonly #known = new Map<number, PhpValue>();
  readonly #shape: Shape;

  /** @param shape - The form of arrays. */
  constructor(shape: Shape = 'php') {
    this.#shape = shape;
  }

  /**
   * Returns one value.
   *
   * @param json - The value as it was parsed.
   * @param path - Its path, for errors.
   * @throws EnvelopeError.
   */
  value(json: Json, path: string): PhpValue {
    return this.#value(json, path, 3);
  }

  /**
   * Returns the session's variables.
   *
   * @param json - The member `data`.
   * @param path - Its path, for errors.
   * @throws EnvelopeError.
   */
  variables(json: Json, path: string): PhpSessionVariables {
    const isTagged = isObject(json) && Object.hasOwn(json, TAG);
    if (isTagged && json[TAG] !== 'array') fail(path, 'the variables are not an array of PHP');
    if (typeof json !== 'object' || json === null) fail(path, 'the variables are not an object');
    const entries = Array.isArray(json)
      ? this.#list(json, path, 2).entries()
      : this.#entries(json, path, 2);
    return recordOrMap([...entries]);
  }

  /**
   * Returns the variables of a session that is carried as PHP's bytes.
   *
   * @param json - The member `php`.
   * @param path - Its path, for errors.
   * @throws EnvelopeError.
   */
  carried(json: Json | undefined, path: string): PhpSessionVariables {
    const { variables, error, scalar } = decodeSession('php_serialize', base64(json, path));
    if (error !== undefined || scalar !== undefined) fail(path, 'PHP cannot read these bytes');
    return variables;
  }

  #value(json: Json, path: string, depth: number): PhpValue {
    if (json === null || typeof json === 'boolean') return json;
    if (typeof json === 'string') return text(json, path);
    if (typeof json === 'number') return number(json, path);
    if (depth > DEEPEST) fail(path, `nested deeper than ${DEEPEST} levels`);
    if (Array.isArray(json)) return this.#list(json, path, depth);
    if (Object.hasOwn(json, TAG)) return this.#tagged(json, path, depth);
    const entries = this.#entries(json, path, depth);
    return this.#shape !== 'php' && entries.length === 0 ? {} : arrayOf(entries);
  }

  #list(json: readonly Json[], path: string, depth: number): PhpValue[] {
    return json.map((element, index) => this.#value(element, `${path}[${index}]`, depth + 1));
  }

  #tagged(json: Members, path: string, depth: number): PhpValue {
    switch (json[TAG]) {
      case 'int':
        return int(this.#members(json, path, 'value')['value'], `${path}.value`);
      case 'float':
        return this.#float(this.#members(json, path, 'value')['value'], `${path}.value`);
      case 'bytes':
        return textOf(base64(this.#members(json, path, 'base64')['base64'], `${path}.base64`));
      case 'array': {
        const entries = this.#entries(json, path, depth);
        for (const [key] of entries) {
          if (typeof key === 'string' && integerKey(key) !== undefined) {
            fail(path, 'a key of an array is a numeric string, which is an int to PHP');
          }
        }
        return (this.#shape === 'javascript' && objectOf(entries)) || arrayOf(entries);
      }
      case 'object':
        return this.#object(json, path, depth);
      case 'serializable': {
        const { class: name, payload } = this.#members(json, path, 'class', 'payload', 'id?');
        const className = this.#className(name, `${path}.class`);
        const bytes = Buffer.from(this.#string(payload, `${path}.payload`));
        return this.#remember(json, path, new PhpSerializable(className, bytes));
      }
      case 'enum': {
        const { class: name, case: caseName } = this.#members(json, path, 'class', 'case');
        return new PhpEnum(
          this.#className(name, `${path}.class`),
          this.#string(caseName, `${path}.case`),
        );
      }
      case 'reference': {
        const { value = null } = this.#members(json, path, 'value', 'id');
        const box = this.#remember(json, path, new PhpReference<PhpValue>(null));
        box.value = this.#value(value, `${path}.value`, depth + 1);
        if (box.value instanceof PhpReference) fail(path, 'a reference to a reference');
        return box;
      }
      case 'same': {
        const known = this.#known.get(this.#members(json, path, 'id')['id'] as number);
        return known ?? fail(`${path}.id`, 'the id is of no object before this place');
      }
      default:
        return fail(`${path}.${TAG}`, 'the tag is unknown');
    }
  }

  #object(json: Members, path: string, depth: number): PhpObject {
    const { class: name, properties } = this.#members(json, path, 'class', 'properties', 'id?');
    const className = this.#className(name, `${path}.class`);
    const map = new Map<PhpKey, PhpValue>();
    const object = this.#remember(json, path, new PhpObject(className, map));
    const place = `${path}.properties`;
    if (typeof properties !== 'object' || properties === null) fail(place, 'not an object');
    const entries = Array.isArray(properties)
      ? this.#list(properties, place, depth + 1).entries()
      : this.#entries(properties, place, depth + 1);
    for (const [key, value] of entries) {
      const mangled = mangledName(key);
      if (mangled === undefined || map.has(mangled)) {
        fail(place, 'a property without a name, or with that of another');
      }
      map.set(mangled, value);
    }
    return object;
  }

  /** Reads an object of JSON, or the tag `array`, as keys and values. */
  #entries(json: Members, path: string, depth: number): Entry[] {
    if (!Object.hasOwn(json, TAG)) {
      return Object.entries(this.#count(json)).map(([key, value]) => {
        const place = path + step(key);
        // JSON.parse has moved it to the front.
        if (integerKey(key) !== undefined) fail(place, 'an int as a key needs the tag "array"');
        return [text(key, place), this.#value(value, place, depth + 1)];
      });
    }
    if (json[TAG] !== 'array') fail(path, 'the tag is not "array"');
    const { entries } = this.#members(json, path, 'entries');
    if (!Array.isArray(entries)) fail(`${path}.entries`, 'not a list');
    const seen = new Set<string>();
    return entries.map((pair, index): Entry => {
      const place = `${path}.entries[${index}]`;
      if (!Array.isArray(pair) || pair.length !== 2) fail(place, 'not a key and a value');
      const key = this.#key(pair[0] as Json, `${place}[0]`, depth + 3);
      const name = typeof key === 'object' ? Buffer.from(key).toString('latin1') : String(key);
      const unique = `${typeof key === 'object' ? 'bytes' : typeof key} ${name}`;
      if (seen.has(unique)) fail(place, 'the key is there twice');
      seen.add(unique);
      return [key, this.#value(pair[1] as Json, `${place}[1]`, depth + 3)];
    });
  }

  #float(json: Json | undefined, path: string): number | PhpFloat {
    const value = float(json, path);
    const isBeyond = typeof value === 'object' && !Number.isSafeInteger(value.value);
    return isBeyond && this.#shape === 'javascript' ? value.value : value;
  }

  #key(json: Json, path: string, depth: number): PhpKey {
    const key = this.#value(json, path, depth);
    if (typeof key === 'number' && Number.isInteger(key)) return key;
    if (typeof key === 'string' || typeof key === 'bigint' || key instanceof Uint8Array) return key;
    return fail(path, 'neither an int nor a string');
  }

  #string(json: Json | undefined, path: string): PhpString {
    const value = json === undefined ? null : this.#value(json, path, 1);
    if (typeof value === 'string' || value instanceof Uint8Array) return value;
    return fail(path, 'not a string');
  }

  #className(json: Json | undefined, path: string): PhpString {
    const name = this.#string(json, path);
    // Of another name PHP would refuse the whole session.
    if (!isClassName(Buffer.from(name).toString('latin1'))) fail(path, 'not the name of a class');
    return name;
  }

  #remember<Value extends PhpObject | PhpSerializable | PhpReference>(
    { id }: Members,
    path: string,
    value: Value,
  ): Value {
    if (id === undefined) return value;
    if (!Number.isSafeInteger(id) || (id as number) < 1) fail(`${path}.id`, 'not an id');
    if (this.#known.has(id as number)) fail(`${path}.id`, 'the id is there twice');
    this.#known.set(id as number, value);
    return value;
  }

  /** Checks that a tag has the members of its kind and no others. `id?` may be missing. */
  #members(json: Members, path: string, ...names: readonly string[]): Members {
    const wanted = names.filter((name) => !name.endsWith('?') || Object.hasOwn(json, 'id'));
    const missing = wanted.find((name) => !Object.hasOwn(json, name.replace('?', '')));
    if (missing !== undefined) fail(path, `the tag has no ${missing}`);
    if (Object.keys(json).length !== wanted.length + 1) fail(path, 'the tag has unknown members');
    return this.#count(json);
  }

  #count(json: Members): Members {
    this.members += Object.keys(json).length;
    return json;
  }
}

/** Gives an array the form in which PHP's bytes are decoded. */
function arrayOf(entries: readonly Entry[]): PhpArray {
  if (entries.every(([key], index) => key === index)) return entries.map(([, value]) => value);
  return recordOrMap(entries);
}

/** Returns an object if it has the same keys in the same order. */
function objectOf(entries: readonly Entry[]): PhpArray | undefined {
  if (entries.some(([key]) => typeof key === 'object')) return undefined;
  const object = Object.fromEntries(entries.map(([key, value]) => [String(key), value]));
  const keys = Object.keys(object);
  const isSame =
    keys.length === entries.length && keys.every((key, at) => key === String(entries[at]?.[0]));
  return isSame ? object : undefined;
}

function recordOrMap(entries: readonly Entry[]): PhpSessionVariables {
  const isPlain = entries.every(
    ([key]) => typeof key === 'string' && integerKey(key) === undefined,
  );
  // Object.fromEntries defines properties, `__proto__` included, and never assigns.
  return isPlain ? Object.fromEntries(entries) : new Map(entries);
}
