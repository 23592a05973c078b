/** A session's user and its label in lists: the limits of their columns. */
import { isWellFormed } from '../serialize/tags.ts';
import { SessionValueError } from './errors.ts';

const LONGEST_USER = 128;
const LONGEST_LABEL = 255;

/** The user and the label that a caller gives. */
export interface Owner {
  /** The session's user; null for none. */
  readonly user?: string | null | undefined;
  /** The label in a list of the user's sessions. */
  readonly label?: string | undefined;
}

/**
 * Checks the lengths here: without a strict `sql_mode` the server would cut a user's name, and the
 * session would belong to another user.
 *
 * @throws SessionValueError.
 */
export function requireOwner({ user, label }: Owner): void {
  if (user === '') throw new SessionValueError('user', 'an empty name');
  requireText('user', user, LONGEST_USER);
  requireText('label', label, LONGEST_LABEL);
}

function requireText(name: string, text: string | null | undefined, most: number): void {
  if (text === undefined || text === null) return;
  if (typeof text !== 'string') throw new SessionValueError(name, `a ${typeof text}`);
  // All of them are one character in UTF-8: two users would have one name.
  if (!isWellFormed(text)) throw new SessionValueError(name, 'half a surrogate pair');
  if (Buffer.byteLength(text) > most) {
    throw new SessionValueError(name, `a text of over ${most} bytes`);
  }
}
