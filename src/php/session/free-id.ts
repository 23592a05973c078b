/** A new id, checked against the ids of other sessions. */
import { ready, type Steps } from '../awaitable.ts';
import { createId } from './identifiers.ts';
import type { PhpRequest } from './request.ts';
import { ATTEMPTS } from './session.ts';

/**
 * session_create_id(): makes an id, and another one if the handler knows the first.
 *
 * @param request - The request.
 * @returns undefined when three ids were taken, or the handler failed.
 */
export function* createFreeId(request: PhpRequest): Steps<string | undefined> {
  const { isActive, storage } = request.session;
  const { handler, isCalling } = storage;
  if (isCalling || !isActive || !handler) return createId(request);
  for (let tries = ATTEMPTS; tries > 0; tries -= 1) {
    const id = yield* ready(handler.createId());
    if (id === undefined || !handler.canValidate) return id;
    if (!(yield* ready(handler.validateId(id)))) return id;
  }
  return undefined;
}
