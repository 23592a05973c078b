import { keyOf } from './build-value.ts';

/**
 * How to build one value: PHP follows it with its own variables, and so does this program. Bytes
 * are written as hexadecimal, ints as decimal text, so that JSON carries the plan without loss.
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
  /** The object of this number once more. */
  | { readonly kind: 'same'; readonly id: number }
  /** One variable that several places share: the first place says what it holds. */
  | { readonly kind: 'shared'; readonly id: number; readonly value?: Plan };

/** An int as decimal text, or a string's bytes as hexadecimal. */
export type PlanKey = { readonly int: string } | { readonly hex: string };

/** Gives numbers from 0 to below 1, the same ones for the same seed. */
export type Random = () => number;

/**
 * Makes a source of repeatable numbers (mulberry32).
 *
 * @param seed any integer
 * @returns the source
 */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The values at which notations and limits change. */
const INTS =
  '0 1 -1 9 10 99 100 127 128 255 256 999 1000 65535 2147483647 2147483648 -2147483648 -2147483649 4294967295 9007199254740991 9007199254740992 -9007199254740993 9223372036854775807 -9223372036854775808'.split(
    ' ',
  );
const FLOATS = [
  0,
  -0,
  1,
  -1,
  0.1,
  0.5,
  1.5,
  1e-4,
  1e-5,
  0.00012345,
  1e15,
  1e16,
  1e17 - 16,
  1e17,
  2 ** 57 - 32,
  1e21,
  1e22,
  1e25,
  -1e25,
  1.5e-7,
  5e-324,
  2.2250738585072014e-308,
  1.7976931348623157e308,
  Math.PI,
  1 / 3,
  NaN,
  Infinity,
  -Infinity,
  2 ** 53,
  2 ** 63,
  -(2 ** 63),
  100,
  1e100,
];
const STRINGS = [
  '',
  'a',
  'abc',
  'hello world',
  '0',
  '5',
  '-5',
  '05',
  '-0',
  '1.0',
  ' 1',
  '9223372036854775807',
  '9223372036854775808',
  '-9223372036854775808',
  '__proto__',
  'constructor',
  'toString',
  'length',
  '|',
  'a|b',
  '!x',
  '";',
  '}',
  '{',
  'i:0;',
  '\0',
  '\0A\0b',
  'é',
  'naïve café',
  '日本語',
  '😀',
  'ÿ',
  'R:1;',
  'x'.repeat(39),
  'x'.repeat(40),
  'é'.repeat(25),
  'x'.repeat(300),
];
const BYTES = ['ff', 'fffe', 'c3', 'eda080', '61ff62', '80', 'f0288cbc', 'c080', 'f4908080'];
const KEYS = ['a', 'b', 'name', 'id', 'x', 'items'];

/** The properties that the oracle's classes declare, as PHP mangles them. */
const PROPERTIES: Readonly<Record<string, readonly string[]>> = {
  stdClass: ['a', 'b', '0', '5', 'name', '__proto__', 'é'],
  Fuzz_Plain: ['open', '\0*\0guarded', '\0Fuzz_Plain\0hidden'],
  Fuzz_Grown: ['open', '\0*\0guarded', '\0Fuzz_Plain\0hidden', '\0Fuzz_Grown\0hidden'],
};

/**
 * Plans a random value.
 *
 * @param random the source of chance
 * @returns the plan
 */
export function planValue(random: Random): Plan {
  let objects = 0;
  let shared = 0;
  const pick = <Item>(items: readonly Item[]): Item =>
    items[Math.floor(random() * items.length)] as Item;
  const hex = (text: string): string => Buffer.from(text).toString('hex');
  const string = (): string => {
    if (random() < 0.15) return pick(BYTES);
    if (random() < 0.6) return hex(pick(STRINGS));
    const length = Math.floor(random() ** 3 * 90);
    return hex(
      Array.from({ length }, () => pick(['a', 'b', ' ', 'é', '0', ';', '"', '漢'])).join(''),
    );
  };
  const int = (): string => {
    if (random() < 0.4) return pick(INTS);
    const limit = 10 ** Math.ceil(random() * 15);
    return String(Math.floor((random() - 0.4) * limit));
  };
  const key = (): PlanKey => {
    const chance = random();
    if (chance < 0.25) return { int: int() };
    return { hex: chance < 0.5 ? string() : hex(pick(KEYS)) };
  };
  const float = (): string => {
    const bytes = Buffer.alloc(8);
    const chance = random();
    if (chance < 0.5) bytes.writeDoubleBE(pick(FLOATS));
    else if (chance < 0.8)
      bytes.writeDoubleBE((random() - 0.5) * 10 ** Math.floor(random() * 40 - 15));
    else for (let at = 0; at < 8; at++) bytes[at] = Math.floor(random() * 256);
    return bytes.toString('hex');
  };
  const plan = (depth: number): Plan => {
    const chance = random();
    if (depth > 0 && chance < 0.3) {
      const length = Math.floor(random() ** 2 * 8);
      const isList = random() < 0.4;
      const elements = Array.from({ length }, (_, index): [PlanKey, Plan] => [
        isList ? { int: String(index) } : key(),
        plan(depth - 1),
      ]);
      return { kind: 'array', elements: withoutRepeats(elements) };
    }
    if (depth > 0 && chance < 0.4) {
      const id = objects++;
      const name = pick(Object.keys(PROPERTIES));
      const names = PROPERTIES[name] as readonly string[];
      // A declared property is always there; PHP keeps the order of the declaration.
      const chosen = name === 'stdClass' ? names.filter(() => random() < 0.3) : names;
      const properties = chosen.map((property): [string, Plan] => [hex(property), plan(depth - 1)]);
      return { kind: 'object', class: name, id, properties };
    }
    if (chance < 0.44 && objects > 0) return { kind: 'same', id: Math.floor(random() * objects) };
    if (depth > 0 && chance < 0.48) {
      const id = shared++;
      return { kind: 'shared', id, value: plan(depth - 1) };
    }
    if (chance < 0.54 && shared > 0) return { kind: 'shared', id: Math.floor(random() * shared) };
    if (chance < 0.57) return { kind: 'enum', case: pick(['Hearts', 'Spades']) };
    if (chance < 0.62) return { kind: 'null' };
    if (chance < 0.66) return { kind: 'bool', value: random() < 0.5 };
    if (chance < 0.78) return { kind: 'int', value: int() };
    if (chance < 0.86) return { kind: 'float', hex: float() };
    return { kind: 'string', hex: string() };
  };
  return plan(4);
}

/** An array has each key once: assigning to a reference's place would write through it. */
function withoutRepeats(elements: readonly [PlanKey, Plan][]): [PlanKey, Plan][] {
  const name = (key: PlanKey): string =>
    'int' in key ? key.int : typeof keyOf(key.hex) === 'string' ? key.hex : String(keyOf(key.hex));
  return [...new Map(elements.map((element) => [name(element[0]), element])).values()];
}

/**
 * Takes the reference away from a variable that has one place only, as PHP does when it writes.
 *
 * @param plan any plan
 * @returns the plan both sides shall follow
 */
export function settle(plan: Plan): Plan {
  const places = new Map<number, number>();
  const count = (part: Plan): void => {
    if (part.kind === 'shared') {
      const before = places.get(part.id) ?? 0;
      places.set(part.id, before + 1);
      if (before === 0) count(held(part.value));
    } else if (part.kind === 'array') for (const [, element] of part.elements) count(element);
    else if (part.kind === 'object') for (const [, element] of part.properties) count(element);
  };
  const rewrite = (part: Plan): Plan => {
    if (part.kind === 'array') {
      return { ...part, elements: part.elements.map(([key, element]) => [key, rewrite(element)]) };
    }
    if (part.kind === 'object') {
      return { ...part, properties: part.properties.map(([key, value]) => [key, rewrite(value)]) };
    }
    if (part.kind !== 'shared') return part;
    const value = rewrite(held(part.value));
    if (places.get(part.id) === 1) return value;
    return { ...part, value };
  };
  count(plan);
  const settled = rewrite(plan);
  return settled.kind === 'shared' ? (settled.value ?? { kind: 'null' }) : settled;
}

/** What a variable holds: never another one, since PHP has no reference to a reference. */
function held(value: Plan | undefined): Plan {
  return value === undefined || value.kind === 'shared' ? { kind: 'null' } : value;
}
