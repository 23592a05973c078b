import { isUtf8 } from 'node:buffer';
import { integerKey } from '../numbers.ts';
import type { PhpKey } from '../values.ts';
import { matchAt, SLOT } from './grammar.ts';
import { asciiKey } from './key-cache.ts';
import type { Frame } from './places.ts';
import { QUOTE, Refusal, type Scanner } from './scanner.ts';

/**
 * Reads a key of an array or the name of a property.
 *
 * @param scan where to read
 * @param frame the array or object
 * @returns the key as PHP keeps it
 * @throws Refusal for what is neither an int nor a string
 */
export function readKey(scan: Scanner, frame: Frame): PhpKey {
  const start = scan.position;
  const first = scan.bytes[start];
  if (first === 115) {
    const length = scan.length(QUOTE);
    const from = scan.cursor;
    scan.finishString(start, from, length);
    return stringKey(scan, frame, from, from + length);
  }
  if (first === 105) {
    const key = scan.integer();
    return frame.owner?.className === 'stdClass' ? String(key) : key;
  }
  if (first === 83) {
    const raw = scan.escaped();
    const text = raw.toString('latin1');
    if (frame.owner === undefined) return integerKey(text) ?? bytesKey(frame, raw, text);
    return bytesKey(frame, raw, text);
  }
  return refuseKey(scan, first);
}

function stringKey(scan: Scanner, frame: Frame, start: number, end: number): PhpKey {
  const key = asciiKey(scan.bytes, scan.text, start, end) ?? scan.string(start, end);
  if (typeof key !== 'string') return bytesKey(frame, key, scan.text.slice(start, end));
  if (frame.owner !== undefined) return key;
  return integerKey(key) ?? key;
}

/** PHP reads a key as it reads a value, and then finds that it is none. */
function refuseKey(scan: Scanner, first: number | undefined): never {
  const start = scan.position;
  const text = scan.text;
  const slot = matchAt(SLOT, text, start);
  if (slot !== null) throw new Refusal(start + slot[0].length);
  if (first === 97) {
    const header = /a:([0-9]+):\{/y;
    const matched = matchAt(header, text, start);
    // The count is read, and remarked on, before PHP finds that a key is no array.
    if (matched !== null) scan.saturate(matched[1] as string);
    throw new Refusal(start + (matched?.[0].length ?? 0));
  }
  if (first === 79 || first === 67 || first === 69) throw new Refusal(start);
  scan.scalar(first);
  throw new Refusal(scan.position);
}

/** One key for equal bytes, as text where they are UTF-8. */
function bytesKey(frame: Frame, bytes: Uint8Array, latin1: string): PhpKey {
  if (isUtf8(bytes)) return Buffer.from(bytes).toString();
  frame.byteKeys ??= new Map();
  const known = frame.byteKeys.get(latin1);
  if (known !== undefined) return known;
  const key = Buffer.from(bytes);
  frame.byteKeys.set(latin1, key);
  return key;
}
