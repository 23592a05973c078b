/**
 * Writes out what cannot be printed, so that two texts that differ never look alike.
 *
 * @param text Any text.
 * @example
 * escapeBytes('a\0b'); // a\x00b
 */
export function escapeBytes(text: string): string {
  return [...text]
    .map((character) => {
      const code = character.codePointAt(0) ?? 0;
      if (code >= 0x20 && code !== 0x7f && !(code >= 0x80 && code < 0xa0)) return character;
      return `\\x${code.toString(16).padStart(2, '0')}`;
    })
    .join('');
}
