/** A session's bytes, decoded for the eye: the names and values of its top level. */
import {
  decodeSession,
  PhpFloat,
  PhpObject,
  PhpReference,
  type PhpValue,
} from '../../serialize/index.ts';
import { escapeBytes } from './bytes.ts';

export interface DecodedValue {
  key: string;
  /** PHP's name for it: `int`, `string`, `array of 2`. */
  type: string;
  value: string;
}

/**
 * Decodes what PHP's session format holds.
 *
 * @param bytes The row's data.
 * @returns The values in their order, or undefined where the bytes are something else.
 */
export function decodeRow(bytes: Uint8Array): DecodedValue[] | undefined {
  try {
    const { variables, error } = decodeSession('php', Buffer.from(bytes));
    if (error) return undefined;
    const entries = variables instanceof Map ? [...variables] : Object.entries(variables);
    return entries.map(([key, value]) => ({ key: describeText(key), ...describe(value) }));
  } catch {
    return undefined;
  }
}

function describe(value: PhpValue): Omit<DecodedValue, 'key'> {
  if (value instanceof PhpReference) return describe(value.value);
  if (value === null) return { type: 'null', value: 'null' };
  if (typeof value === 'boolean') return { type: 'bool', value: String(value) };
  if (typeof value === 'bigint') return { type: 'int', value: String(value) };
  if (typeof value === 'number') {
    return { type: Number.isInteger(value) ? 'int' : 'float', value: String(value) };
  }
  if (value instanceof PhpFloat) return { type: 'float', value: String(value.value) };
  if (typeof value === 'string') return { type: 'string', value };
  if (value instanceof Uint8Array) return { type: 'bytes', value: describeText(value) };
  if (value instanceof PhpObject) return { type: 'object', value: describeText(value.className) };
  const length = value instanceof Map ? value.size : Object.keys(value).length;
  return { type: `array of ${length}`, value: '[…]' };
}

function describeText(key: unknown): string {
  return key instanceof Uint8Array ? escapeBytes(Buffer.from(key).toString('latin1')) : String(key);
}
