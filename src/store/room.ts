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
