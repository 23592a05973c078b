import * as codes from '../bytes.ts';
import { putInt } from '../numbers.ts';
import type { PhpValue } from '../values.ts';
import type { Frame } from './frames.ts';
import type { Scanner } from './scanner.ts';

const { COLON, INT, NINE, SEMICOLON, ZERO } = codes;

/**
 * Reads `i:0;i:5;i:1;i:6;` up to the first element that is not a short int: many lists hold only
 * ids or counts.
 *
 * @param scan - Is moved behind the elements that were read.
 * @param frame - The array.
 * @param list - Its elements so far; the new ones are appended.
 */
export function readSmallInts(scan: Scanner, frame: Frame, list: PhpValue[]): void {
  const { bytes } = scan;
  let start = scan.position;
  let left = frame.remaining;
  let key = list.length;
  expect(key);
  for (; left > 0 && scan.matchesAt(expected, start, length); left--) {
    let at = start + length;
    if (bytes[at] !== INT || bytes[at + 1] !== COLON) break;
    const digits = at + 2;
    at = digits;
    let value = 0;
    let code = bytes[at] as number;
    while (code >= ZERO && code <= NINE) {
      value = value * 10 + code - ZERO;
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

/** The next key as PHP writes it, `i:7;`: comparing bytes is faster than reading a number. */
const expectedBytes = new Uint8Array(24);
const expected = new DataView(expectedBytes.buffer);
let length = 0;

function expect(key: number): void {
  length = putInt(expectedBytes, 0, key);
}

/** Increments the expected key, digit by digit. */
function expectNext(key: number): void {
  let at = length - 2;
  while (expectedBytes[at] === NINE) expectedBytes[at--] = ZERO;
  // All digits were nines: the number becomes longer.
  if (expectedBytes[at] === COLON) expect(key);
  else expectedBytes[at] = (expectedBytes[at] as number) + 1;
}

/**
 * Reads the next key of a list.
 *
 * @param bytes - The input.
 * @param start - The offset of the key.
 * @param expected - How many elements came before.
 * @returns The offset behind `i:7;` if that is the expected key, else `start`.
 */
export function countingKey(bytes: Uint8Array, start: number, expected: number): number {
  if (bytes[start] !== INT || bytes[start + 1] !== COLON) return start;
  let at = start + 2;
  let key = 0;
  let code = bytes[at] as number;
  while (code >= ZERO && code <= NINE && key <= expected) {
    key = key * 10 + code - ZERO;
    code = bytes[++at] as number;
  }
  return key === expected && code === SEMICOLON && at > start + 2 ? at + 1 : start;
}
