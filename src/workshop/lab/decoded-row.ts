/** A session's bytes, decoded for a reader: the names and values of the top level. */
import {
  decodeEnvelope,
  decodeSession,
  isEnvelope,
  PhpFloat,
  PhpObject,
  PhpReference,
  type PhpValue,
} from '../../serialize/index.ts';
import { escapeBytes } from './text.ts';

interface DecodedValue {
  key: string;
  /** PHP's name for it: `int`, `string`, `array of 2`. */
  type: string;
  value: string;
}

/** Decodes a row's data; undefined for bytes that are neither PHP's notation nor an envelope. */
export function decodeRow(bytes: Uint8Array): DecodedValue[] | undefined {
  try {
    const { variables, error } = isEnvelope(bytes)
      ? { variables: decodeEnvelope(bytes), error: undefined }
      : decodeSession('php', bytes);
    if (error) return undefined;
    const entries = variables instanceof Map ? [...variables] : Object.entries(variables);
    return entries.map(([key, value]) => ({ key: readable(key), ...typeAndText(value) }));
  } catch {
    return undefined;
  }
}

function typeAndText(value: PhpValue): Omit<DecodedValue, 'key'> {
  if (value instanceof PhpReference) return typeAndText(value.value);
  if (value === null) return { type: 'null', value: 'null' };
  if (typeof value === 'boolean') return { type: 'bool', value: String(value) };
  if (typeof value === 'bigint') return { type: 'int', value: String(value) };
  if (typeof value === 'number') {
    return { type: Number.isInteger(value) ? 'int' : 'float', value: String(value) };
  }
  if (value instanceof PhpFloat) return { type: 'float', value: String(value.value) };
  if (typeof value === 'string') return { type: 'string', value };
  if (value instanceof Uint8Array) return { type: 'bytes', value: readable(value) };
  if (value instanceof PhpObject) return { type: 'object', value: readable(value.className) };
  const length = value instanceof Map ? value.size : Object.keys(value).length;
  return { type: `array of ${length}`, value: '[…]' };
}

function readable(key: unknown): string {
  return key instanceof Uint8Array ? escapeBytes(Buffer.from(key).toString('latin1')) : String(key);
}
