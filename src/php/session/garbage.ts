/** The garbage collection of sessions. */

import type { Awaitable } from '../awaitable.ts';
import type { Storage } from '../handlers/storage.ts';
import type { SessionContext } from './context.ts';

/**
 * php_session_gc(), session.c L386.
 *
 * @param context - The request.
 * @param storage - The save module and its open handler.
 * @param isForced - Whether to collect whatever session.gc_probability says.
 * @returns How many sessions were deleted; negative for a failure, and where nothing was done.
 */
export function collectGarbage(
  { settings, options }: SessionContext,
  { handler, isOpen }: Storage,
  isForced = false,
): Awaitable<number> {
  if (!handler || !isOpen) return -1;
  const probability = settings.get('gc_probability');
  const isDue =
    isForced ||
    (probability > 0 && options.randomInt(Math.max(1, settings.get('gc_divisor'))) < probability);
  return isDue ? handler.gc(settings.get('gc_maxlifetime')) : -1;
}
