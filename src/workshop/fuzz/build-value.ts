import {
  type PhpArray,
  PhpEnum,
  PhpFloat,
  type PhpKey,
  PhpObject,
  PhpReference,
  type PhpValue,
} from '../../serialize/index.ts';

/**
 * Instructions for building one value, in PHP's variables and in this library's. Bytes are hexadecimal and ints
 * decimal text, so that JSON carries a plan without loss.
 */
export type Plan =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: string }
  | { readonly kind: 'float'; readonly hex: string }
  | { readonly kind: 'string'; readonly hex: string }
  | { readonly kind: 'array'; readonly elements: readonly (readonly [PlanKey, Plan])[] }
  | {
      readonly kind: 'object';
      readonly class: string;
      readonly id: number;
      readonly properties: readonly (readonly [string, Plan])[];
    }
  | { readonly kind: 'enum'; readonly case: string }
  /** One more place of the object with this number. */
  | { readonly kind: 'same'; readonly id: number }
  /** A variable that several places share: the first place has the value. */
  | { readonly kind: 'shared'; readonly id: number; readonly value?: Plan };

/** An int as decimal text, or a string's bytes as hexadecimal. */
export type PlanKey = { readonly int: string } | { readonly hex: string };

/** Builds a planned value in this library's types. */
export function buildValue(plan: Plan): PhpValue {
  const objects = new Map<number, PhpObject>();
  const shared = new Map<number, PhpReference>();
  const build = (part: Plan): PhpValue => {
    switch (part.kind) {
      case 'null':
        return null;
      case 'bool':
        return part.value;
      case 'int':
        return intOf(part.value);
      case 'float': {
        const value = Buffer.from(part.hex, 'hex').readDoubleBE();
        return Number.isInteger(value) ? new PhpFloat(value) : value;
      }
      case 'string':
        return textOf(part.hex);
      case 'enum':
        return new PhpEnum('Fuzz_Suit', part.case);
      case 'array': {
        const map = new Map<PhpKey, PhpValue>();
        const byteKeys = new Map<string, PhpKey>();
        for (const [key, element] of part.elements) {
          let found = 'int' in key ? intOf(key.int) : keyOf(key.hex);
          if (typeof found === 'object' && 'hex' in key) {
            const known = byteKeys.get(key.hex);
            if (known === undefined) byteKeys.set(key.hex, found);
            else found = known;
          }
          map.set(found, build(element));
        }
        return inUsualForm(map);
      }
      case 'object': {
        const object = new PhpObject(part.class);
        objects.set(part.id, object);
        for (const [name, value] of part.properties)
          object.properties.set(textOf(name), build(value));
        return object;
      }
      case 'same':
        return objects.get(part.id) ?? null;
      case 'shared': {
        const known = shared.get(part.id);
        if (known !== undefined) return known;
        const box = new PhpReference<PhpValue>(null);
        shared.set(part.id, box);
        const value = part.value === undefined ? null : build(part.value);
        box.value = value instanceof PhpReference ? value.value : value;
        return box;
      }
    }
  };
  const value = build(plan);
  return value instanceof PhpReference ? value.value : value;
}

/** Returns the form that a program would use; arrays of even sizes stay Maps, as any array may. */
function inUsualForm(map: Map<PhpKey, PhpValue>): PhpArray {
  const keys = [...map.keys()];
  if (keys.length % 2 === 0) return map;
  if (keys.every((key, index) => key === index)) return [...map.values()];
  return keys.every(keepsItsPlace) ? Object.fromEntries(map) : map;
}

/** Returns whether an object keeps a key in insertion order: objects sort array indexes first. */
function keepsItsPlace(key: PhpKey): boolean {
  return typeof key === 'string' || (typeof key !== 'object' && (key < 0 || key >= 2 ** 32 - 1));
}

function intOf(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number + 0 : BigInt(text);
}

function textOf(hex: string): string | Uint8Array {
  const bytes = Buffer.from(hex, 'hex');
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : bytes;
}

/**
 * Returns the key that PHP makes of a string. Calls nothing of the library, with which the result is
 * compared.
 */
export function keyOf(hex: string): PhpKey {
  const text = textOf(hex);
  if (typeof text !== 'string' || !/^(0|-?[1-9]\d*)$/.test(text)) return text;
  const value = BigInt(text);
  return value < 2n ** 63n && value >= -(2n ** 63n) ? intOf(text) : text;
}
