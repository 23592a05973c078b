import { putInt } from '../digits.ts';
import type { PhpValue } from '../values.ts';
import type { Frame } from './places.ts';
import { COLON, type Scanner, SEMICOLON } from './scanner.ts';

/**
 * Reads `i:0;i:5;i:1;i:6;` as far as it goes: many a list holds ids or counts and nothing else.
 *
 * @param scan where to read; it is moved behind what was read
 * @param frame the array
 * @param list the array's elements so far
 */
export function readSmallInts(scan: Scanner, frame: Frame, list: PhpValue[]): void {
  const { bytes } = scan;
  let start = scan.position;
  let left = frame.remaining;
  let key = list.length;
  expect(key);
  for (; left > 0 && scan.standsAt(expected, start, length); left--) {
    let at = start + length;
    if (bytes[at] !== 105 || bytes[at + 1] !== COLON) break;
    const digits = at + 2;
    at = digits;
    let value = 0;
    let code = bytes[at] as number;
    while (code >= 48 && code <= 57) {
      value = value * 10 + code - 48;
      code = bytes[++at] as number;
    }
    if (code !== SEMICOLON || at === digits || at - digits > 9) break;
    list[key++] = value;
    start = at + 1;
    expectNext(key);
  }
  scan.position = start;
  frame.remaining = left;
}

/** The key that comes next, as PHP writes it: `i:7;`. Comparing it is quicker than reading a number. */
const expectedBytes = new Uint8Array(24);
const expected = new DataView(expectedBytes.buffer);
let length = 0;

function expect(key: number): void {
  length = putInt(expectedBytes, 0, key);
}

/** Counts the key that is expected up by one, in its digits. */
function expectNext(key: number): void {
  let at = length - 2;
  while (expectedBytes[at] === 57) expectedBytes[at--] = 48;
  // Nothing but nines: the number has become longer.
  if (expectedBytes[at] === COLON) expect(key);
  else expectedBytes[at] = (expectedBytes[at] as number) + 1;
}

/**
 * Reads the key that a list goes on with.
 *
 * @param bytes the input
 * @param start where the key begins
 * @param expected how many elements came before
 * @returns the offset behind `i:7;` where that is the key expected, else `start`
 */
export function countingKey(bytes: Uint8Array, start: number, expected: number): number {
  if (bytes[start] !== 105 || bytes[start + 1] !== COLON) return start;
  let at = start + 2;
  let key = 0;
  let code = bytes[at] as number;
  while (code >= 48 && code <= 57 && key <= expected) {
    key = key * 10 + code - 48;
    code = bytes[++at] as number;
  }
  return key === expected && code === SEMICOLON && at > start + 2 ? at + 1 : start;
}
