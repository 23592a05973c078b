/** Bytes, numbers and long texts as the pages write them. */

/**
 * Writes control characters as escapes, so that two texts that differ never look alike.
 *
 * @example
 * escapeBytes('a\0b'); // a\x00b
 */
export function escapeBytes(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => `\\x${hex(Buffer.from(control, 'latin1'))}`);
}

/** Decodes bytes as UTF-8, or one character a byte where they are not UTF-8; `''` for NULL. */
export function asText(bytes: Uint8Array | null | undefined): string {
  if (!bytes) return '';
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}

/** Two hexadecimal digits a byte, with a space between bytes: `c3 ab`. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/..(?=.)/g, '$& ');
}

/** `2 rows`, `1 row`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** Milliseconds with one decimal below 100. */
export function milliseconds(value: number): string {
  return value >= 100 ? `${Math.round(value)} ms` : `${value.toFixed(1)} ms`;
}

/** Cuts a text after so many characters and marks the cut with `…`. */
export function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
