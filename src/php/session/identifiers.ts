/** Session ids: how they are made and which the files handler accepts. session.c L288–383. */

/** Gives random bytes; `node:crypto`'s randomBytes unless a test wants to know them beforehand. */
export type RandomBytes = (size: number) => Uint8Array;

export const MAX_SID_LENGTH = 256;

// session.c L297: not BASE64's alphabet, because "/" and "+" are unfit for a URL.
const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,-';

/**
 * Makes an id as `php_session_create_id()` does (session.c L333).
 *
 * @param length - session.sid_length.
 * @param bits - session.sid_bits_per_character: 4 (0-9a-f), 5 (0-9a-v) or 6.
 * @param random - Where the bytes come from; one byte a character is asked for, as PHP does.
 * @returns The id.
 */
export function createId(length: number, bits: number, random: RandomBytes): string {
  const bytes = random(length);
  const mask = (1 << bits) - 1;
  let id = '';
  let word = 0;
  let have = 0;
  let next = 0;
  while (id.length < length) {
    if (have < bits) {
      word |= (bytes[next] as number) << have;
      next += 1;
      have += 8;
    }
    id += ALPHABET[word & mask];
    word >>= bits;
    have -= bits;
  }
  return id;
}

// php_session_valid_key(), session.c L359.
const VALID = /^[a-zA-Z0-9,-]{1,256}$/;

/**
 * Whether an id is one that the files handler makes a file name of.
 *
 * @param id - Any id.
 * @returns false for other characters, for `''` and for more than 256 of them.
 */
export function isValidId(id: string): boolean {
  return VALID.test(id);
}

// session.c L1700: an id may be embedded in a page, so these never reach a handler.
const DANGEROUS = /[\r\n\t <>'"\\]/;

/**
 * Whether an id that a client sent is thrown away at once.
 *
 * @param id - The id from a cookie, a query or a form.
 * @returns true for an id with a blank, a quote, an angle bracket or a backslash.
 */
export function isDangerousId(id: string): boolean {
  return DANGEROUS.test(id);
}
