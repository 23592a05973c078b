/** Values between a scenario's JSON and the port; sequence.php has the same two functions. */
import { isUtf8 } from 'node:buffer';
import { bytesOf, textOf } from '../../../src/php/zend/conversions.ts';
import { PhpFloat, PhpObject } from '../../../src/serialize/index.ts';

// An invalid UTF-8 byte is a lone surrogate in an id and in a message.
const LONE = /(?<![\uD800-\uDBFF])[\uDC80-\uDCFF]/;

/** A value of the port as JSON. */
export function freeze(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string') {
    return LONE.test(value) ? { $: 'bytes', hex: bytesOf(value).toString('hex') } : value;
  }
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value);
    return isUtf8(bytes) ? bytes.toString() : { $: 'bytes', hex: bytes.toString('hex') };
  }
  if (typeof value === 'number' && !Number.isInteger(value)) {
    return { $: 'float', text: String(value) };
  }
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(freeze);
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  if (entries.length === 0) return [];
  return {
    $: 'array',
    pairs: entries.map(([key, each]) => [freeze(String(key)), freeze(each)]),
  };
}

/** An argument or an answer of a scenario. */
export function thaw(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(thaw);
  const special = value as { $?: string; hex?: string; text?: string; class?: string };
  if (special.$ === 'bytes') return Buffer.from(special.hex ?? '', 'hex');
  if (special.$ === 'float') {
    const number = Number(special.text);
    return Number.isInteger(number) ? new PhpFloat(number) : number;
  }
  if (special.$ === 'object') return new PhpObject(special.class ?? '');
  if (special.$ === 'function') return () => true;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, thaw(each)]));
}

/** A string of a scenario as a browser's request has it: bytes as lone surrogates. */
export function sent(value: unknown): string | false {
  if (typeof value === 'string' || value === false) return value;
  return textOf(thaw(value) as Buffer);
}
