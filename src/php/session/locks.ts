/** What may not be changed in a session, or once the headers have left. */
import { PHP_SESSION_ACTIVE, type PhpRequest } from './request.ts';

/**
 * Tells why something cannot be changed now.
 *
 * @param request - The request.
 * @param subject - What the message begins with: `Session name`, for example.
 * @returns false when it may be changed.
 */
export function isLocked(request: PhpRequest, subject: string): boolean {
  if (request.status === PHP_SESSION_ACTIVE) {
    const text = `${subject} cannot be changed when a session is active`;
    request.warnActive(text);
    return true;
  }
  return areHeadersSent(request, subject);
}

/**
 * Tells that the headers have left.
 *
 * @param request - The request.
 * @param subject - What the message begins with.
 * @returns false when they have not.
 */
export function areHeadersSent(request: PhpRequest, subject: string): boolean {
  if (!request.head.headersSent) return false;
  request.warnSent(`${subject} cannot be changed after headers have already been sent`);
  return true;
}
