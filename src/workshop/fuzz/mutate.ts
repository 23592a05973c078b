import fc from 'fast-check';

/** Pieces at which PHP's scanner takes a decision. */
const PIECES =
  'i:1; i:0; i:-1; N; b:1; d:1; d:.5; d:1e3; d:NAN; s:1:"a"; s:0:""; S:1:"\\41"; a:0:{} a:1:{i:0;i:1;} O:8:"stdClass":0:{} O:3:"Foo":1:{s:1:"a";i:1;} r:1; r:2; R:1; R:2; R:3; E:16:"Fuzz_Suit:Hearts"; } { ; : " + - 0 9 99999999999999999999 \0 \xff | i: s: a:'.split(
    ' ',
  );

type Edit = (bytes: Buffer) => Buffer;

/** A place in bytes of any length, all with the same chance. */
const place = fc.noBias(fc.nat(2 ** 31 - 1)).map((part) => part / 2 ** 31);
const size = fc.integer({ min: 1, max: 12 });
const piece = fc.constantFrom(...PIECES).map((text) => Buffer.from(text, 'latin1'));
const digits = fc.nat(11).map((value) => Buffer.from(String(value)));
const byte = fc.nat(255).map((code) => Buffer.of(code));

/** Puts bytes at a place, over so many of the old ones. */
function put(at: number, replaced: number, content: (bytes: Buffer, from: number) => Buffer): Edit {
  return (bytes) => {
    const from = Math.floor(at * (bytes.length + 1));
    const after = bytes.subarray(from + replaced);
    return Buffer.concat([bytes.subarray(0, from), content(bytes, from), after]);
  };
}

/** Replaces one of the matches, if there is any. */
function rewrite(at: number, rule: RegExp, change: (match: string) => string): Edit {
  return (bytes) => {
    const text = bytes.toString('latin1');
    const matches = [...text.matchAll(rule)];
    const match = matches[Math.floor(at * matches.length)];
    if (match === undefined) return bytes;
    const after = text.slice(match.index + match[0].length);
    return Buffer.from(text.slice(0, match.index) + change(match[0]) + after, 'latin1');
  };
}

/**
 * An int, or a count that PHP reads as one. The lengths of strings are left out, since they wrap at
 * 2^32 in this build of PHP, where `size_t` has 32 bits.
 */
const NUMBER = /(?<=[ia]:|":)[+-]?[0-9]+(?=[;:])/g;

/** Numbers about which PHP's scanner saturates, wraps, or makes a key a string. */
const extreme = fc
  .tuple(
    fc.constantFrom('', '', '-', '-', '+'),
    fc.constantFrom('', '', '', '0', '000'),
    fc.oneof(
      { weight: 3, arbitrary: fc.constant(2n ** 63n) },
      {
        weight: 2,
        arbitrary: fc.constantFrom(2n ** 53n, 2n ** 64n, 10n ** 15n, 10n ** 18n, 10n ** 19n),
      },
    ),
    fc.bigInt({ min: -2n, max: 2n }),
  )
  .map(([sign, zeros, limit, step]) => sign + zeros + String(limit + step));

function quoted(text: string): string {
  return `s:${text.length}:"${text}";`;
}

const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(place, extreme).map(([at, text]) => rewrite(at, NUMBER, () => text)),
  },
  {
    // An array's key in this form is an int again, if it has an int's usual notation.
    weight: 3,
    arbitrary: fc
      .tuple(place, fc.option(extreme))
      .map(([at, text]) =>
        rewrite(at, /i:[+-]?[0-9]+;/g, (int) => quoted(text ?? int.slice(2, -1))),
      ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(place, size).map(([at, count]) => put(at, count, () => NOTHING)),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(place, piece, fc.boolean())
      .map(([at, text, replaces]) => put(at, replaces ? text.length : 0, () => text)),
  },
  {
    weight: 7,
    arbitrary: fc.tuple(place, fc.oneof(digits, byte)).map(([at, text]) => put(at, 1, () => text)),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(place, place, size).map(([at, other, count]) =>
      put(at, 0, (bytes) => {
        const from = Math.floor(other * bytes.length);
        return bytes.subarray(from, from + count * 2);
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: place.map(
      (at): Edit =>
        (bytes) =>
          bytes.subarray(0, Math.floor(at * (bytes.length + 1))),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(place, size)
      .map(([at, count]) => put(at, 0, (bytes, from) => bytes.subarray(from - count, from))),
  },
);

const NOTHING = Buffer.alloc(0);

/** Returns serialized bytes that are spoiled in one to three places. */
export function mutations(whole: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const edits = fc.array(edit, { minLength: 1, maxLength: 3 });
  return fc
    .tuple(whole, edits)
    .map(([bytes, list]) => list.reduce((result, change) => change(result), bytes));
}
