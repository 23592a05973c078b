import { compact, floatText, INT64_MAX, INT64_MIN, integerKey } from '../numbers.ts';
import { contentsOf } from '../payload.ts';
import type { PhpSessionVariables } from '../sessions.ts';
import { isWellFormed, textOf } from '../text.ts';
import type { PhpArray, PhpKey, PhpString, PhpValue } from '../values.ts';
import { PhpEnum, PhpFloat, PhpObject, PhpReference, PhpSerializable } from '../values.ts';
import { type Json, NotPortable, PORTABLE, TAG } from './json.ts';
import { readableName } from './properties.ts';

/** The form of an object or a variable that may be met again; with its id only if it was. */
type Node = { [TAG]: string; id: Json; [key: string]: Json };

/** A variable's form, which needs a tag only if the variable has a second place. */
class ReferenceNode {
  id: Json | undefined;
  value: Json = null;

  toJSON(): Json {
    if (this.id === undefined) return this.value;
    return { [TAG]: 'reference', id: this.id, value: this.value };
  }
}

/** Writes the variables of one session; numbers in `depth` count JSON's objects and lists. */
export class JsonWriter {
  readonly #nodes = new Map<object, Node | ReferenceNode>();
  readonly #keepsObjects: boolean;
  #ids = 0;

  /**
   * @param keepsObjects - Whether objects of JavaScript stay distinct from lists: `{}` is not `[]`,
   *   and `{ 0: 'a' }` is not `['a']`. To PHP both are one array.
   */
  constructor(keepsObjects: boolean = false) {
    this.#keepsObjects = keepsObjects;
  }

  /**
   * Returns one value as JSON.
   *
   * @param value - Any value.
   * @throws NotPortable, as for variables.
   */
  value(value: PhpValue): Json {
    return this.#value(value, 3);
  }

  /**
   * Returns the session's variables as JSON.
   *
   * @param variables - Any variables.
   * @throws NotPortable for a value that has no form, or that PHP cannot hold.
   */
  variables(variables: PhpSessionVariables): Json {
    // As in PHP's formats, a numeric string stays one in a Map, and is an int in a record.
    if (variables instanceof Map) return this.#entries([...variables], 2);
    return this.#entries(phpKeys(Object.entries(variables)), 2);
  }

  #value(value: PhpValue, depth: number): Json {
    if (value === null || typeof value === 'boolean') return value;
    if (typeof value === 'string') return this.#string(value, depth);
    if (typeof value === 'number') return this.#number(value, depth);
    if (typeof value === 'bigint') return this.#int(value, depth);
    if (typeof value !== 'object' || depth > PORTABLE) throw new NotPortable();
    if (value instanceof Uint8Array) return this.#string(value, depth);
    if (value instanceof PhpFloat) return this.#float(value.value, depth);
    if (value instanceof PhpReference) return this.#reference(value, depth);
    if (value instanceof PhpObject) return this.#object(value, depth);
    if (value instanceof PhpSerializable) return this.#serializable(value, depth);
    if (value instanceof PhpEnum) return this.#enum(value, depth);
    return this.#array(value as PhpArray, depth);
  }

  #tag(depth: number, kind: string, members: { [key: string]: Json }): { [key: string]: Json } {
    if (depth > PORTABLE) throw new NotPortable();
    return { [TAG]: kind, ...members };
  }

  #string(string: PhpString, depth: number): Json {
    const text = typeof string === 'string' ? string : textOf(string);
    if (typeof text === 'string') {
      if (!isWellFormed(text)) throw new NotPortable();
      // To a program in C, text would end at the NUL.
      if (!text.includes('\0')) return text;
    }
    return this.#tag(depth, 'bytes', { base64: Buffer.from(text).toString('base64') });
  }

  #number(value: number, depth: number): Json {
    if (!Number.isInteger(value) || Object.is(value, -0)) return this.#float(value, depth);
    if (Number.isSafeInteger(value)) return value;
    if (this.#keepsObjects) return this.#float(value, depth);
    throw new NotPortable();
  }

  #int(value: bigint, depth: number): Json {
    if (value > INT64_MAX || value < INT64_MIN) throw new NotPortable();
    const int = compact(value);
    return typeof int === 'number' ? int : this.#tag(depth, 'int', { value: String(int) });
  }

  #float(value: number, depth: number): Json {
    if (Number.isFinite(value) && !Number.isInteger(value)) return value;
    return this.#tag(depth, 'float', { value: floatText(value) });
  }

  #array(array: PhpArray, depth: number): Json {
    const isMap = array instanceof Map;
    const isList = Array.isArray(array);
    // The encoder names such a property: see refuseProperties.
    if ((isMap || (isList && array.length === 0)) && Object.keys(array).length > 0) {
      throw new NotPortable();
    }
    if (isList) return Array.from(array, (each) => this.#value(each, depth + 1));
    const prototype: unknown = isMap ? null : Object.getPrototypeOf(array);
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) throw new NotPortable();
    const isObject = this.#keepsObjects && !isMap;
    const entries = phpKeys(isMap ? [...array] : Object.entries(array));
    // PHP has one empty array.
    if (entries.length === 0) return isObject ? {} : [];
    if (!isObject) return this.#entries(entries, depth);
    // JSON has no undefined, and leaves out a property that is.
    const present = entries.filter(([, value]) => value !== undefined);
    return this.#entries(present, depth, false);
  }

  /** An object of JSON where it keeps the keys and their order, else a list of pairs. */
  #entries(entries: [PhpKey, PhpValue][], depth: number, mayBeList: boolean = true): Json {
    if (depth > PORTABLE) throw new NotPortable();
    const isList = mayBeList && entries.length > 0;
    if (isList && entries.every(([key], index) => key === index)) {
      return entries.map(([, value]) => this.#value(value, depth + 1));
    }
    if (entries.every(([key]) => isPlainKey(key))) {
      // Object.fromEntries defines properties, `__proto__` included, and never assigns.
      return Object.fromEntries(
        entries.map(([key, value]) => [key as string, this.#value(value, depth + 1)]),
      );
    }
    const pairs = entries.map(([key, value]) => [
      typeof key === 'object' ? this.#string(key, depth + 3) : this.#value(key, depth + 3),
      this.#value(value, depth + 3),
    ]);
    return this.#tag(depth, 'array', { entries: pairs });
  }

  #object(object: PhpObject, depth: number): Json {
    return this.#once(object, depth, 'object', (node) => {
      node['class'] = this.#string(object.className, depth + 1);
      const properties = [...object.properties].map(([key, value]): [PhpKey, PhpValue] => [
        readableName(key),
        value,
      ]);
      node['properties'] = this.#entries(properties, depth + 1);
    });
  }

  #serializable(value: PhpSerializable, depth: number): Json {
    const { candidates, hasReferences } = contentsOf(value.payload);
    // Only PHP's own bytes keep the numbers that such a payload adds to the table of references.
    if (hasReferences || candidates.length !== 1) throw new NotPortable();
    return this.#once(value, depth, 'serializable', (node) => {
      node['class'] = this.#string(value.className, depth + 1);
      node['payload'] = this.#string(value.payload, depth + 1);
    });
  }

  #enum(value: PhpEnum, depth: number): Json {
    const className = this.#string(value.className, depth + 1);
    return this.#tag(depth, 'enum', {
      class: className,
      case: this.#string(value.caseName, depth + 1),
    });
  }

  #reference(reference: PhpReference, depth: number): Json {
    const known = this.#same(reference);
    if (known !== undefined) return known;
    if (reference.value instanceof PhpReference) throw new NotPortable();
    const node = new ReferenceNode();
    this.#nodes.set(reference, node);
    node.value = this.#value(reference.value, depth + 1);
    // JSON.stringify calls its toJSON.
    return node as unknown as Json;
  }

  /** Writes an object at its first place, and a pointer to it at every other. */
  #once(object: object, depth: number, kind: string, fill: (node: Node) => void): Json {
    const known = this.#same(object);
    if (known !== undefined) return known;
    // JSON.stringify leaves an id out that is still undefined, and keeps the order of the members.
    const node = this.#tag(depth, kind, { id: undefined as unknown as Json }) as Node;
    this.#nodes.set(object, node);
    fill(node);
    return node;
  }

  #same(object: object): Json | undefined {
    const node = this.#nodes.get(object);
    if (node === undefined) return undefined;
    node.id ??= ++this.#ids;
    return { [TAG]: 'same', id: node.id };
  }
}

/** Makes the keys of an array what PHP makes of them. */
function phpKeys(entries: [PhpKey, PhpValue][]): [PhpKey, PhpValue][] {
  return entries.map(([key, value]) => [
    typeof key === 'string' ? (integerKey(key) ?? key) : key,
    value,
  ]);
}

/** Returns whether an object of JSON can have the key, in every language, and keeps its place. */
function isPlainKey(key: PhpKey): key is string {
  if (typeof key !== 'string' || key === TAG || key.includes('\0')) return false;
  return isWellFormed(key) && integerKey(key) === undefined;
}
