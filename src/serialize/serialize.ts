import { openEncoder } from './encode/encoder.ts';
import type { PhpValue } from './values.ts';

/**
 * Writes a value as PHP's `serialize()` does, to the byte.
 *
 * @param value - The value.
 * @returns The bytes, at least two.
 * @throws UnserializableError with the path of a value that PHP cannot hold.
 * @see {@link https://php.net/serialize | PHP's manual}; php_var_serialize in php-src
 *   ext/standard/var.c
 * @example
 * serialize(['tea', true]).toString(); // 'a:2:{i:0;s:3:"tea";i:1;b:1;}'
 * serialize({ visits: 3 }).toString(); // 'a:1:{s:6:"visits";i:3;}'
 */
export function serialize(value: PhpValue): Buffer {
  const encoder = openEncoder();
  encoder.write(value, '$value');
  return encoder.finish();
}
