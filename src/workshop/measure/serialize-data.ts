import { seeded } from '../fuzz/plans.ts';

/** What both JSON and PHP can hold: the peers must be able to take part. */
export type Plain = null | boolean | number | string | Plain[] | { [key: string]: Plain };

/** One size of session and the figures PERFORMANCE.md asks for, as multiples of JSON's speed. */
export interface Load {
  readonly name: string;
  readonly value: Plain;
  readonly serializeTarget: number;
  readonly unserializeTarget: number;
}

const random = seeded(20_26);
const WORDS =
  'cart user email token address city order price stock colour size note basket café naïve Zürich'.split(
    ' ',
  );

function word(): string {
  return WORDS[Math.floor(random() * WORDS.length)] as string;
}

function item(id: number): Plain {
  return {
    id: 10_000 + id,
    sku: `SKU-${Math.floor(random() * 1e6)}`,
    name: `${word()} ${word()}`,
    price: Math.round(random() * 10_000) / 100 + 0.005,
    quantity: 1 + Math.floor(random() * 5),
    gift: random() < 0.3,
    options: { colour: word(), size: 'XL' },
  };
}

/**
 * Makes the five loads; the same ones each time.
 *
 * @returns from a counter's session to a list of 100,000 ints
 */
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
    index % 4 === 0 ? `${word()} – ${'ü'.repeat(40)}${index}` : `${word()} `.repeat(30) + index,
  );
  const ints = Array.from({ length: 100_000 }, () => Math.floor(random() * 1e6));
  return [
    { name: 'tiny', value: tiny, serializeTarget: 1.3, unserializeTarget: 1.1 },
    { name: 'typical', value: typical, serializeTarget: 1.3, unserializeTarget: 1.1 },
    { name: 'big', value: big, serializeTarget: 1.15, unserializeTarget: 1.05 },
    { name: 'strings', value: strings, serializeTarget: 1.3, unserializeTarget: 1.0 },
    { name: '100k ints', value: ints, serializeTarget: 0.65, unserializeTarget: 0.6 },
  ];
}
