import { decoder, SlotsNeeded } from './decode/decoder.ts';
import { get, LIST, openArray } from './decode/places.ts';
import { Refusal } from './decode/scanner.ts';
import { type PhpMessage, type PhpVersion, UnserializeError } from './messages.ts';
import { root } from './shapes.ts';
import type { PhpValue } from './values.ts';
import { PhpReference } from './values.ts';

/** What `unserialize` may be told. */
export interface UnserializeOptions {
  /** How deep arrays and objects may nest, 4096 by default; 0 for no limit. */
  readonly maxDepth?: number | undefined;
  /** How many bytes are read at most, 256 MiB by default. */
  readonly maxLength?: number | undefined;
  /** Whose messages to give, 8.4 by default. */
  readonly version?: PhpVersion | undefined;
  /** Hears what PHP warns of while it goes on; by default it becomes a warning of the process. */
  readonly onMessage?: ((message: PhpMessage) => void) | undefined;
}

/** PHP's `unserialize_max_depth`. */
export const DEFAULT_DEPTH: number = 4096;
const DEFAULT_LENGTH = 256 * 1024 * 1024;
/** Where the outermost value stands while it is read: one for all calls, as the decoder is. */
const place = openArray(LIST, 0, root);
const values = place.container as PhpValue[];

/**
 * Reads what PHP's `serialize()` wrote, without losing anything: written again it is the same
 * bytes. No class is looked up and no code of the data runs.
 *
 * @param bytes the serialized value; a string stands for its UTF-8 bytes
 * @param options limits, PHP's version, and who hears its warnings
 * @returns the value; `null` where PHP wrote a null, `false` where it wrote false or nothing at all
 * @throws UnserializeError where PHP refuses the bytes, with PHP's text and offset
 * @throws RangeError for more bytes than `maxLength`
 * @see {@link https://php.net/unserialize | PHP's manual}; php-src ext/standard/var_unserializer.re
 * @example
 * unserialize('a:1:{s:5:"count";i:3;}'); // { count: 3 }
 * unserialize('i:3'); // throws UnserializeError: unserialize(): Error at offset 0 of 3 bytes
 */
export function unserialize<Value extends PhpValue = PhpValue>(
  bytes: Uint8Array | string,
  options: UnserializeOptions = {},
): Value {
  const input = inputOf(bytes, options);
  if (input.length === 0) return false as Value;
  const version = options.version ?? '8.4';
  let value: PhpValue;
  let slots = false;
  for (;;) {
    decoder.start(input, options.maxDepth ?? DEFAULT_DEPTH, version, slots);
    try {
      value = get(decoder.read(place), 0);
      break;
    } catch (error) {
      // Most input has no reference: places are kept only where one was met.
      if (error instanceof SlotsNeeded) slots = true;
      else if (error instanceof Refusal) {
        const messages = decoder.takeMessages();
        throw new UnserializeError(error.offset, input.length, version, messages);
      } else throw error;
    } finally {
      decoder.finish();
      values.pop();
    }
  }
  const { position } = decoder;
  if (position < input.length && version >= '8.3') {
    const message = `Extra data starting at offset ${position} of ${input.length} bytes`;
    decoder.say('E_WARNING', message);
  }
  if (decoder.messages.length > 0) {
    for (const message of decoder.takeMessages()) (options.onMessage ?? warn)(message);
  }
  return (value instanceof PhpReference ? value.value : value) as Value;
}

/**
 * Checks the input's size and makes a Buffer of it.
 *
 * @param bytes the input
 * @param options with the limit
 * @returns the same memory as a Buffer
 * @throws RangeError for more bytes than `maxLength`
 */
export function inputOf(bytes: Uint8Array | string, options: UnserializeOptions): Buffer {
  const input =
    typeof bytes === 'string'
      ? Buffer.from(bytes)
      : Buffer.isBuffer(bytes)
        ? bytes
        : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const limit = options.maxLength ?? DEFAULT_LENGTH;
  if (input.length > limit) {
    throw new RangeError(
      `${input.length} bytes are more than the ${limit} that may be read; raise maxLength if they are trusted`,
    );
  }
  return input;
}

function warn({ level, message, namesFunction }: PhpMessage): void {
  process.emitWarning(namesFunction ? `unserialize(): ${message}` : message, { code: level });
}
