/** The room for a session's data. */
import { SessionTooLarge, SessionValueError } from './errors.ts';
import type { Facts } from './table/probe.ts';

/**
 * Checks data before it is sent.
 *
 * @throws SessionTooLarge; SessionValueError for bytes of another type, which would be bound as a text.
 */
export function requireRoom(data: unknown, { maxBytes }: Pick<Facts, 'maxBytes'>): void {
  if (!Buffer.isBuffer(data)) throw new SessionValueError('data', 'a value that is not a Buffer');
  if (data.length > maxBytes) throw new SessionTooLarge(data.length, maxBytes);
}

/**
 * Checks data that a caller gives, and returns a copy. A caller that uses one Buffer for every save
 * would otherwise change what the next save compares with, and its change would be no change.
 *
 * @throws As `requireRoom()`.
 */
export function takeData(data: Buffer, facts: Pick<Facts, 'maxBytes'>): Buffer {
  requireRoom(data, facts);
  return Buffer.from(data);
}
