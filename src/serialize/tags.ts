/**
 * The door for the store: an envelope whose variables are written and read one by one, in the forms
 * that a program in JavaScript has given them.
 */

import { NotPortable } from './envelope/json.ts';
import { JsonReader, type Shape } from './envelope/reader.ts';
import { JsonWriter } from './envelope/writer.ts';
import { parse, readEnvelope, requireDistinct, textOf, writeEnvelope } from './envelope.ts';
import type { PhpSessionVariables } from './sessions.ts';
import type { PhpValue } from './values.ts';

export type { Shape } from './envelope/reader.ts';
export { isWellFormed } from './text.ts';

/**
 * Writes one value as an envelope has it.
 *
 * @param value - Any value; a plain object stays one.
 * @returns UTF-8 bytes; undefined for a value that has no form in JSON.
 */
export function encodeTagged(value: PhpValue): Buffer | undefined {
  try {
    return Buffer.from(JSON.stringify(new JsonWriter(true).value(value)));
  } catch (error) {
    if (error instanceof NotPortable) return undefined;
    throw error;
  }
}

/**
 * Reads one value of an envelope, strictly.
 *
 * @param bytes - The value.
 * @param shape - The form of arrays.
 * @throws EnvelopeError.
 */
export function decodeTagged(bytes: Buffer, shape: Shape): PhpValue {
  const text = textOf(bytes);
  const reader = new JsonReader(shape);
  const value = reader.value(parse(text), 'value');
  requireDistinct(text, reader.members);
  return value;
}

/**
 * Writes an envelope whose plain objects stay plain objects.
 *
 * @param variables - The session's variables.
 * @throws UnserializableError, as `encodeEnvelope` does.
 */
export function encodeVariables(variables: PhpSessionVariables): Buffer {
  return writeEnvelope(variables, new JsonWriter(true));
}

/**
 * Reads an envelope.
 *
 * @param bytes - The envelope.
 * @param shape - The form of arrays.
 * @throws EnvelopeError.
 */
export function decodeVariables(bytes: Buffer, shape: Shape): PhpSessionVariables {
  return readEnvelope(bytes, shape);
}
