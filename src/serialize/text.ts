/** The one way between bytes and text: nothing is replaced, nothing is lost. */
import { isUtf8 } from 'node:buffer';

/** Text where the bytes are valid UTF-8, the bytes themselves where they are not. */
export type PhpString = string | Uint8Array;

/** The reason for refusing a string; the caller adds where the string is. */
export const NO_UTF8 = 'half a surrogate pair has no UTF-8; use a Buffer';

/**
 * Returns text where the bytes are UTF-8, else a copy of the bytes.
 *
 * @param bytes - A string of PHP.
 */
export function textOf(bytes: Uint8Array): PhpString {
  const copy = Buffer.from(bytes);
  return isUtf8(bytes) ? copy.toString() : copy;
}

/**
 * Returns the bytes of a string, or undefined for text with half a surrogate pair.
 *
 * @param text - Text becomes its UTF-8; bytes are copied.
 */
export function bytesOf(text: PhpString): Buffer | undefined {
  if (typeof text !== 'string') return Buffer.from(text);
  return isWellFormed(text) ? Buffer.from(text) : undefined;
}

/**
 * Returns the bytes of text that is not part of a value, so that no path leads to it.
 *
 * @param text - The text.
 * @param name - The text's role, for the error.
 * @throws TypeError for half a surrogate pair.
 */
export function requireBytes(text: string, name: string): Buffer {
  const bytes = bytesOf(text);
  if (bytes === undefined) throw new TypeError(`${name}: ${NO_UTF8}`);
  return bytes;
}

/**
 * Returns whether text has a UTF-8 form.
 *
 * @param text - Any text.
 */
export function isWellFormed(text: string): boolean {
  return (text as unknown as WellFormed).isWellFormed();
}

/** ES2024, in every Node that this package runs on. */
interface WellFormed {
  isWellFormed(): boolean;
}
