import { Encoder } from './encode.ts';
import type { PhpValue } from './values.ts';

/**
 * Writes a value as PHP's `serialize()` does, to the byte.
 *
 * @param value what PHP shall read
 * @returns the bytes
 * @throws UnserializableError with the path of a value that PHP cannot hold
 * @example
 * serialize({ user: 'ann', visits: 3 }).toString();
 * // a:2:{s:4:"user";s:3:"ann";s:6:"visits";i:3;}
 */
export function serialize(value: PhpValue): Buffer {
  const encoder = new Encoder();
  encoder.write(value, '$value');
  return encoder.writer.finish();
}
