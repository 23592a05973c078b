import type { PhpMessage, PhpVersion } from '../messages.ts';
import { requireBytes } from '../text.ts';

/** Options for reading values. */
export interface UnserializeOptions {
  /** The deepest nesting of arrays and objects; 0 for no limit. @default 4096, PHP's own */
  readonly maxDepth?: number | undefined;
  /** The most bytes that are read. @default 256 MiB */
  readonly maxLength?: number | undefined;
  /** The PHP release whose messages and verdicts to give. @default '8.4' */
  readonly version?: PhpVersion | undefined;
  /**
   * Receives PHP's messages, also those before an error is thrown.
   *
   * @param message - The level, and the text in PHP's words.
   * @default a warning of the process for each
   */
  readonly onMessage?: ((message: PhpMessage) => void) | undefined;
}

/** The checked options of one run. */
export interface DecodeOptions {
  readonly maxDepth: number;
  readonly version: PhpVersion;
  readonly caller: string;
}

const DEFAULT_DEPTH = 4096;
const DEFAULT_LENGTH = 256 * 1024 * 1024;

/**
 * Checks the depth as PHP does.
 *
 * @param depth - The option, or undefined for PHP's default.
 * @throws TypeError for a number that is not an int, RangeError (PHP's ValueError) below 0.
 */
export function depthOf(depth: number | undefined): number {
  if (depth === undefined) return DEFAULT_DEPTH;
  if (!Number.isInteger(depth)) {
    const given = typeof depth === 'number' ? 'float' : typeof depth;
    throw new TypeError(`unserialize(): Option "max_depth" must be of type int, ${given} given`);
  }
  if (depth < 0) {
    throw new RangeError('unserialize(): Option "max_depth" must be greater than or equal to 0');
  }
  return depth;
}

/**
 * Checks the input's size and makes a Buffer of it.
 *
 * @param bytes - The input; a string is read as its UTF-8 bytes.
 * @param limit - The option `maxLength`.
 * @returns The same memory as a Buffer.
 * @throws RangeError for more bytes than the limit, or a limit that is not 0 or more.
 * @throws TypeError for a string without UTF-8 bytes.
 */
export function inputOf(bytes: Uint8Array | string, limit: number = DEFAULT_LENGTH): Buffer {
  if (!(limit >= 0)) throw new RangeError(`maxLength is ${limit}; it must be 0 or more`);
  const input =
    typeof bytes === 'string'
      ? requireBytes(bytes, 'the input')
      : Buffer.isBuffer(bytes)
        ? bytes
        : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (input.length > limit) {
    throw new RangeError(
      `Input is ${input.length} bytes, maxLength is ${limit}; raise maxLength only for trusted input`,
    );
  }
  return input;
}
