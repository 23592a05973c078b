import type { Frame } from './places.ts';
import { COLON, type Scanner, SEMICOLON } from './scan.ts';
import type { PhpValue } from './values.ts';

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
  for (let key = list.length; left > 0; left--, key++) {
    const behind = countingKey(bytes, start, key);
    if (behind === start || bytes[behind] !== 105 || bytes[behind + 1] !== COLON) break;
    let at = behind + 2;
    let value = 0;
    let code = bytes[at] as number;
    while (code >= 48 && code <= 57) {
      value = value * 10 + code - 48;
      code = bytes[++at] as number;
    }
    const digits = at - behind - 2;
    if (code !== SEMICOLON || digits === 0 || digits > 9) break;
    list[key] = value;
    start = at + 1;
  }
  scan.position = start;
  frame.remaining = left;
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
