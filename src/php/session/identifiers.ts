/** Session ids: how they are made and which are accepted. session.c L288–383. */
import type { Settings } from './settings.ts';

/**
 * Returns random bytes: `node:crypto`'s randomBytes, unless a test must know them beforehand.
 *
 * @param size - The number of bytes.
 * @returns At least that many bytes, at once; a promise is refused.
 */
export type RandomBytes = (size: number) => Uint8Array;

/** The settings and the randomness that determine an id. */
interface IdSource {
  readonly settings: Settings;
  /** Its randomBytes gives one byte for each character, as in PHP. */
  readonly options: { readonly randomBytes: RandomBytes };
}

export const MAX_SID_LENGTH = 256;

// session.c L297: not BASE64's alphabet, because "/" and "+" are unfit for a URL.
const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ,-';

/**
 * Makes an id as php_session_create_id() does (session.c L333), of session.sid_length characters
 * with session.sid_bits_per_character bits each: 4 (0-9a-f), 5 (0-9a-v) or 6.
 *
 * @param source - The request.
 * @returns The id.
 * @throws RangeError for too few random bytes.
 */
export function createId({ settings, options }: IdSource): string {
  const length = settings.get('sid_length');
  const bits = settings.get('sid_bits_per_character');
  const bytes = options.randomBytes(length);
  // Missing bytes would count as zeros: with a promise, every visitor would get the same id.
  if (!(bytes.length >= length)) {
    throw new RangeError(
      `randomBytes(${length}) returned ${bytes.length} bytes: it must return all of them at once, as node:crypto's does`,
    );
  }
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
 * Whether the files handler accepts an id as part of a file name.
 *
 * @param id - Any id.
 * @returns false for other characters, for `''` and for more than 256 characters.
 */
export function isValidId(id: string): boolean {
  return VALID.test(id);
}

// session.c L1700: an id may be embedded in a page, so these never reach a handler.
const DANGEROUS = /[\r\n\t <>'"\\]/;

/**
 * Whether an id that a client sent is discarded at once.
 *
 * @param id - The id from a cookie, a query or a form.
 * @returns true for an id with a blank, a quote, an angle bracket or a backslash.
 */
export function isDangerousId(id: string): boolean {
  return DANGEROUS.test(id);
}
