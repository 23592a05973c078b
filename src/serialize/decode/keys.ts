import { isUtf8 } from 'node:buffer';
import * as codes from '../bytes.ts';
import { integerKey } from '../numbers.ts';
import type { PhpKey } from '../values.ts';
import type { Frame } from './frames.ts';
import { matchAt, SLOT } from './grammar.ts';
import { Refusal, type Scanner } from './scanner.ts';

const { ARRAY, CUSTOM, ENUM, ESCAPED, INT, OBJECT, QUOTE, STRING } = codes;

const CACHED = 1024;
const LONGEST_CACHED = 32;
/**
 * Recently read keys, by their hash. The keys of sessions repeat, within one and between requests;
 * a hit returns a string that the engine has interned already, as it needs for a property's name.
 */
const recent: string[] = new Array<string>(CACHED).fill('');

/**
 * Reads a key of an array or the name of a property.
 *
 * @param scan - Is moved behind the key.
 * @param frame - The array or object.
 * @returns The key as PHP stores it.
 * @throws Refusal for a value that is neither an int nor a string.
 */
export function readKey(scan: Scanner, frame: Frame): PhpKey {
  const start = scan.position;
  const first = scan.bytes[start];
  if (first === STRING) {
    const length = scan.length(QUOTE);
    const from = scan.cursor;
    scan.finishString(start, from, length);
    return stringKey(scan, frame, from, from + length);
  }
  if (first === INT) {
    const key = scan.integer();
    return frame.owner?.className === 'stdClass' ? String(key) : key;
  }
  if (first === ESCAPED) {
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

/** PHP reads a key as a value, and then refuses every other type: the offset is behind the value. */
function refuseKey(scan: Scanner, first: number | undefined): never {
  const start = scan.position;
  const text = scan.text;
  const slot = matchAt(SLOT, text, start);
  if (slot !== null) throw new Refusal(start + slot[0].length);
  if (first === ARRAY) {
    const header = /a:([0-9]+):\{/y;
    const matched = matchAt(header, text, start);
    // PHP reads the count, and may warn of it, before it refuses an array as a key.
    if (matched !== null) scan.saturate(matched[1] as string);
    throw new Refusal(start + (matched?.[0].length ?? 0));
  }
  if (first === OBJECT || first === CUSTOM || first === ENUM) throw new Refusal(start);
  scan.scalar(first);
  throw new Refusal(scan.position);
}

/** Returns the same key for equal bytes; text where they are UTF-8. */
function bytesKey(frame: Frame, bytes: Uint8Array, latin1: string): PhpKey {
  if (isUtf8(bytes)) return Buffer.from(bytes).toString();
  frame.byteKeys ??= new Map();
  const known = frame.byteKeys.get(latin1);
  if (known !== undefined) return known;
  const key = Buffer.from(bytes);
  frame.byteKeys.set(latin1, key);
  return key;
}

/**
 * Returns an ASCII key as an interned string; `undefined` if it is long or not ASCII.
 */
function asciiKey(bytes: Uint8Array, text: string, start: number, end: number): string | undefined {
  const length = end - start;
  if (length > LONGEST_CACHED) return undefined;
  if (length === 0) return '';
  let hash = length;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte > 127) return undefined;
    hash = (hash * 31 + byte) | 0;
  }
  const place = (hash ^ (hash >>> 15)) & (CACHED - 1);
  const known = recent[place] as string;
  if (known.length === length) {
    let index = 0;
    while (index < length && known.charCodeAt(index) === bytes[start + index]) index++;
    if (index === length) return known;
  }
  const key = Object.keys({ [text.slice(start, end)]: 0 })[0] as string;
  recent[place] = key;
  return key;
}
