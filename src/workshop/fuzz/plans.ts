import fc from 'fast-check';
import { keyOf, type Plan, type PlanKey } from './build-value.ts';

/** Ints at which notations and limits change. */
const INTS =
  '0 1 -1 9 10 99 100 127 128 255 256 999 1000 65535 2147483647 2147483648 -2147483648 -2147483649 4294967295 9007199254740991 9007199254740992 -9007199254740993 9223372036854775807 -9223372036854775808'.split(
    ' ',
  );
const FLOATS =
  '0 -0 1 -1 0.1 0.5 1.5 1e-4 1e-5 0.00012345 1e15 1e16 99999999999999984 1e17 144115188075855840 1e21 1e22 1e25 -1e25 1.5e-7 5e-324 2.2250738585072014e-308 1.7976931348623157e308 3.141592653589793 0.3333333333333333 NaN Infinity -Infinity 9007199254740992 9223372036854775808 -9223372036854775808 100 1e100'
    .split(' ')
    .map(Number);
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

const hexOf = (text: string): string => Buffer.from(text).toString('hex');

const int = fc.oneof(
  fc.constantFrom(...INTS),
  fc.integer().map(String),
  fc.maxSafeInteger().map(String),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
);
const float = fc
  .oneof(
    fc.constantFrom(...FLOATS),
    fc.double(),
    fc.tuple(fc.double({ min: -0.5, max: 0.5 }), fc.integer({ min: -15, max: 24 })).map(scaled),
  )
  .map((value) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return bytes.toString('hex');
  });
const unit = fc.constantFrom('a', 'b', ' ', 'é', '0', ';', '"', '漢');
const string = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...STRINGS).map(hexOf) },
  { weight: 2, arbitrary: fc.string({ unit, maxLength: 90, size: 'max' }).map(hexOf) },
  { weight: 1, arbitrary: fc.constantFrom(...BYTES) },
);
const stringKey: fc.Arbitrary<PlanKey> = fc
  .oneof(fc.constantFrom(...KEYS).map(hexOf), string)
  .map((hex) => ({ hex }));
const key = fc.oneof(
  { weight: 3, arbitrary: stringKey },
  { weight: 1, arbitrary: int.map((text): PlanKey => ({ int: text })) },
);

function scaled([size, power]: [number, number]): number {
  return size * 10 ** power;
}

/** Objects and variables have no numbers yet; `id` of another place is any number. */
const { draft } = fc.letrec<{ draft: Plan; leaf: Plan; elements: Plan[] }>((tie) => ({
  leaf: fc.oneof(
    { weight: 1, arbitrary: fc.constant<Plan>({ kind: 'null' }) },
    { weight: 1, arbitrary: fc.boolean().map((value): Plan => ({ kind: 'bool', value })) },
    { weight: 3, arbitrary: int.map((value): Plan => ({ kind: 'int', value })) },
    { weight: 2, arbitrary: float.map((hex): Plan => ({ kind: 'float', hex })) },
    { weight: 3, arbitrary: string.map((hex): Plan => ({ kind: 'string', hex })) },
    { weight: 1, arbitrary: fc.constantFrom('Hearts', 'Spades').map(enumCase) },
    { weight: 2, arbitrary: fc.nat(50).map((id): Plan => ({ kind: 'same', id })) },
    { weight: 2, arbitrary: fc.nat(50).map((id): Plan => ({ kind: 'shared', id })) },
  ),
  elements: fc.array(tie('draft'), { maxLength: 5 }),
  draft: fc.oneof(
    { maxDepth: 4, depthSize: 'max', withCrossShrink: true },
    { weight: 14, arbitrary: tie('leaf') },
    { weight: 2, arbitrary: tie('elements').map(listOf) },
    {
      weight: 4,
      arbitrary: fc
        .uniqueArray(fc.tuple(key, tie('draft')), { selector: nameOf, maxLength: 4 })
        .map((elements): Plan => ({ kind: 'array', elements })),
    },
    ...Object.entries(PROPERTIES).map(([name, names]) => ({
      weight: 1,
      arbitrary: objectOf(name, names, tie('draft')),
    })),
    {
      weight: 2,
      arbitrary: tie('draft').map((value): Plan => ({ kind: 'shared', id: 0, value })),
    },
  ),
}));

/** Random plans. */
export const plans: fc.Arbitrary<Plan> = draft.map((plan) => settled(numbered(plan)));

/** Random plans of arrays. */
export const arrayPlans: fc.Arbitrary<Plan> = fc
  .uniqueArray(fc.tuple(key, draft), { selector: nameOf, maxLength: 8 })
  .map((elements) => settled(numbered({ kind: 'array', elements })));

function enumCase(name: string): Plan {
  return { kind: 'enum', case: name };
}

function listOf(values: readonly Plan[]): Plan {
  return {
    kind: 'array',
    elements: values.map((value, at): [PlanKey, Plan] => [{ int: String(at) }, value]),
  };
}

/** PHP has each key once: a second value for it would be written through a reference. */
function nameOf([key]: readonly [PlanKey, Plan]): string {
  if ('int' in key) return key.int;
  const found = keyOf(key.hex);
  return typeof found === 'string' ? key.hex : String(found);
}

function objectOf(
  name: string,
  names: readonly string[],
  value: fc.Arbitrary<Plan>,
): fc.Arbitrary<Plan> {
  // PHP has every declared property, in the order of the declaration.
  const properties =
    name === 'stdClass'
      ? fc.uniqueArray(fc.tuple(fc.constantFrom(...names.map(hexOf)), value), {
          selector: ([hex]) => hex,
        })
      : fc.tuple(...names.map((each) => fc.tuple(fc.constant(hexOf(each)), value)));
  return properties.map((list): Plan => ({ kind: 'object', class: name, id: 0, properties: list }));
}

/** Numbers objects and variables in their order, and makes other places refer to earlier ones. */
function numbered(plan: Plan): Plan {
  let objects = 0;
  let variables = 0;
  const visit = (part: Plan): Plan => {
    switch (part.kind) {
      case 'object':
        return withParts({ ...part, id: objects++ }, visit);
      case 'same':
        return objects > 0 ? { ...part, id: part.id % objects } : { kind: 'null' };
      case 'shared': {
        if (part.value === undefined) {
          return variables > 0 ? { ...part, id: part.id % variables } : { kind: 'null' };
        }
        const id = variables++;
        return { ...part, id, value: visit(part.value) };
      }
      default:
        return withParts(part, visit);
    }
  };
  return visit(plan);
}

/** Removes the reference from a variable that has one place only, as PHP does when it writes. */
function settled(plan: Plan): Plan {
  const places = new Map<number, number>();
  const count = (part: Plan): Plan => {
    if (part.kind !== 'shared') return withParts(part, count);
    const before = places.get(part.id) ?? 0;
    places.set(part.id, before + 1);
    if (before === 0) count(held(part.value));
    return part;
  };
  const rewrite = (part: Plan): Plan => {
    if (part.kind !== 'shared') return withParts(part, rewrite);
    const value = rewrite(held(part.value));
    return places.get(part.id) === 1 ? value : { ...part, value };
  };
  count(plan);
  const whole = rewrite(plan);
  return whole.kind === 'shared' ? (whole.value ?? { kind: 'null' }) : whole;
}

/** Applies a function to each element of an array and each property of an object. */
function withParts(plan: Plan, visit: (part: Plan) => Plan): Plan {
  switch (plan.kind) {
    case 'array':
      return { ...plan, elements: plan.elements.map(([key, part]) => [key, visit(part)]) };
    case 'object':
      return { ...plan, properties: plan.properties.map(([key, part]) => [key, visit(part)]) };
    default:
      return plan;
  }
}

/** Returns the value of a variable; PHP has no reference to a reference. */
function held(value: Plan | undefined): Plan {
  return value === undefined || value.kind === 'shared' ? { kind: 'null' } : value;
}
