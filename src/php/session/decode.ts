/** The way from a session's bytes to `$_SESSION`. session.c L258–283. */
import { decodeSession, type PhpKey, type PhpValue } from '../../serialize/index.ts';
import { destroySession } from './finish.ts';
import type { PhpRequest } from './request.ts';
import { savedVariables, trackVariables } from './variables.ts';

/** php_session_decode(), L267: what cannot be read destroys the session. */
export async function decodeVariables(request: PhpRequest, data: Buffer): Promise<boolean> {
  const format = request.settings.get('serialize_handler');
  const decoded = decodeSession(format, data, { version: request.version });
  for (const { level, message, namesFunction } of decoded.messages) {
    request.warn(level, message, namesFunction ? undefined : '');
  }
  const entries: Iterable<[PhpKey, PhpValue]> =
    decoded.variables instanceof Map ? decoded.variables : Object.entries(decoded.variables);
  if (format === 'php_serialize') {
    trackVariables(request);
    request.scalar = decoded.scalar;
  }
  for (const [key, value] of entries) request.variables?.set(key, value);
  if (format !== 'php_serialize') remarkNumericKeys(request);
  if (!decoded.error) return true;
  await destroySession(request);
  trackVariables(request);
  request.warn('E_WARNING', 'Failed to decode session object. Session has been destroyed');
  return false;
}

/** php_session_normalize_vars() runs the loop of the encoder, which remarks what it skips. */
function remarkNumericKeys(request: PhpRequest): void {
  for (const key of savedVariables(request)?.keys() ?? []) {
    if (typeof key !== 'number' && typeof key !== 'bigint') continue;
    request.warn('E_WARNING', `Skipping numeric key ${key}`);
  }
}
