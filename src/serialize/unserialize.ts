import { decoder } from './decode/decoder.ts';
import { get, LIST, openArray } from './decode/frames.ts';
import { depthOf, inputOf, type UnserializeOptions } from './decode/options.ts';
import { emitAsWarning, UnserializeError } from './messages.ts';
import { root } from './shapes.ts';
import type { PhpValue } from './values.ts';
import { PhpReference } from './values.ts';

/** The place of the outermost value: one for all calls, as the decoder is. */
const place = openArray(LIST, 0, root);
const values = place.container as PhpValue[];

/**
 * Reads bytes that PHP's `serialize()` wrote, without losing anything: written again they are the
 * same. No class is looked up and no code of the data runs.
 *
 * @param bytes - The serialized value; a string is read as its UTF-8 bytes.
 * @param options - Limits, PHP's version, and a handler for its messages.
 * @returns The value; `null` where PHP wrote a null, `false` where it wrote false, or for no bytes.
 * @throws UnserializeError where PHP refuses the bytes, with PHP's text and offset.
 * @throws RangeError for more bytes than `maxLength`, or a negative `maxDepth`.
 * @see {@link https://php.net/unserialize | PHP's manual}; php-src ext/standard/var_unserializer.re
 * @example
 * unserialize('a:1:{s:5:"count";i:3;}'); // { count: 3 }
 * unserialize('i:3'); // throws UnserializeError: unserialize(): Error at offset 0 of 3 bytes
 */
export function unserialize<Value extends PhpValue = PhpValue>(
  bytes: Uint8Array | string,
  options: UnserializeOptions = {},
): Value {
  const input = inputOf(bytes, options.maxLength);
  const maxDepth = depthOf(options.maxDepth);
  if (input.length === 0) return false as Value;
  const { version = '8.4', onMessage = emitAsWarning } = options;
  try {
    const value = decoder.run(input, { maxDepth, version, caller: 'unserialize()' }, readAll);
    if (decoder.messages.length > 0) for (const each of decoder.takeMessages()) onMessage(each);
    return (value instanceof PhpReference ? value.value : value) as Value;
  } catch (error) {
    if (error instanceof UnserializeError) for (const each of error.messages) onMessage(each);
    throw error;
  }
}

function readAll(input: Buffer): PhpValue {
  try {
    const value = get(decoder.read(place), 0);
    const { position, version } = decoder;
    if (position < input.length && version >= '8.3') {
      const text = `Extra data starting at offset ${position} of ${input.length} bytes`;
      decoder.report('E_WARNING', text);
    }
    return value;
  } catch (refusal) {
    throw decoder.errorFor(refusal);
  } finally {
    values.pop();
  }
}
