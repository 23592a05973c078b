/** A value that JSON and all peers can hold as well. */
type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

/** One size of session, and the targets as multiples of JSON's speed. */
export interface Load {
  readonly name: string;
  readonly value: Plain;
  readonly serializeTarget: number;
  readonly unserializeTarget: number;
}

const WORDS =
  'cart user email token address city order price stock colour size note basket café naïve Zürich'.split(
    ' ',
  );

/** A word for a number; 7 and the count of words have no common divisor. */
function word(number: number): string {
  return WORDS[(number * 7) % WORDS.length] as string;
}

/** A number below a million for each index, of all lengths. */
function spread(index: number): number {
  return (index * 479_001_599) % 999_983;
}

function item(id: number): Plain {
  return {
    id: 10_000 + id,
    sku: `SKU-${spread(id)}`,
    name: `${word(id)} ${word(id + 5)}`,
    price: (spread(id) % 10_000) / 100 + 0.005,
    quantity: 1 + (id % 5),
    gift: id % 3 === 0,
    options: { colour: word(id + 9), size: 'XL' },
  };
}

/** Returns the five loads, from a counter's session to a list of 100,000 ints; always the same. */
export function loads(): Load[] {
  const tiny = { count: 3, user: 'ann', seen: 1_763_870_000, csrf: '5f2b9c0e8d7a' };
  const typical = {
    user: { id: 4711, name: 'Ann Müller', email: 'ann@example.org', roles: ['buyer', 'editor'] },
    csrf: 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3',
    flash: [],
    locale: 'de_CH',
    seen: 1_763_870_000,
    cart: Array.from({ length: 13 }, (_, index) => item(index)),
  };
  const big = { ...typical, cart: Array.from({ length: 1050 }, (_, index) => item(index)) };
  const strings = Array.from({ length: 400 }, (_, index) =>
    index % 4 === 0
      ? `${word(index)} – ${'ü'.repeat(40)}${index}`
      : `${word(index)} `.repeat(30) + index,
  );
  const ints = Array.from({ length: 100_000 }, (_, index) => spread(index));
  return [
    { name: 'tiny', value: tiny, serializeTarget: 1.3, unserializeTarget: 1.1 },
    { name: 'typical', value: typical, serializeTarget: 1.3, unserializeTarget: 1.1 },
    { name: 'big', value: big, serializeTarget: 1.15, unserializeTarget: 1.05 },
    { name: 'strings', value: strings, serializeTarget: 1.3, unserializeTarget: 1.0 },
    { name: '100k ints', value: ints, serializeTarget: 0.65, unserializeTarget: 0.6 },
  ];
}
