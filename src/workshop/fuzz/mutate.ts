import type { Random } from './plans.ts';

/** Pieces at which PHP's scanner decides something. */
const PIECES = [
  'i:1;',
  'i:0;',
  'i:-1;',
  'N;',
  'b:1;',
  'd:1;',
  'd:.5;',
  'd:1e3;',
  'd:NAN;',
  's:1:"a";',
  's:0:"";',
  'S:1:"\\41";',
  'a:0:{}',
  'a:1:{i:0;i:1;}',
  'O:8:"stdClass":0:{}',
  'O:3:"Foo":1:{s:1:"a";i:1;}',
  'r:1;',
  'r:2;',
  'R:1;',
  'R:2;',
  'R:3;',
  'E:16:"Fuzz_Suit:Hearts";',
  '}',
  '{',
  ';',
  ':',
  '"',
  '+',
  '-',
  '0',
  '9',
  '99999999999999999999',
  '\0',
  '\xff',
  '|',
  'i:',
  's:',
  'a:',
];

/**
 * Spoils serialized bytes in one to three places.
 *
 * @param bytes what PHP wrote
 * @param random the source of chance
 * @returns other bytes
 */
export function mutate(bytes: Buffer, random: Random): Buffer {
  let result: Buffer = bytes;
  const times = 1 + Math.floor(random() * 3);
  for (let time = 0; time < times; time++) {
    const at = Math.floor(random() * (result.length + 1));
    const length = Math.floor(random() ** 3 * 12) + 1;
    const before = result.subarray(0, at);
    const chance = random();
    let middle: Buffer = Buffer.alloc(0);
    let after = at;
    if (chance < 0.2) after = at + length;
    else if (chance < 0.45) {
      middle = Buffer.from(PIECES[Math.floor(random() * PIECES.length)] as string, 'latin1');
      if (random() < 0.5) after = at + middle.length;
    } else if (chance < 0.65) {
      middle = Buffer.from(`${Math.floor(random() * 12)}`);
      after = at + 1;
    } else if (chance < 0.8) {
      middle = Buffer.from([Math.floor(random() * 256)]);
      after = at + 1;
    } else if (chance < 0.9) {
      const from = Math.floor(random() * result.length);
      middle = result.subarray(from, from + length * 2);
    } else if (chance < 0.95) return result.subarray(0, at);
    else middle = Buffer.from(before.subarray(-length));
    result = Buffer.concat([before, middle, result.subarray(after)]);
  }
  return result;
}
