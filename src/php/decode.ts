/** The way from a session's bytes to `$_SESSION`. session.c L258–283. */
import { decodeSession, type PhpKey, type PhpValue } from '../serialize/index.ts';
import { destroySession } from './finish.ts';
import type { PhpRequest } from './request.ts';
import { trackVariables } from './variables.ts';

/** php_session_decode(), L267: what cannot be read destroys the session. */
export async function decodeVariables(request: PhpRequest, data: Buffer): Promise<boolean> {
  const format = request.settings.get('serialize_handler');
  const decoded = decodeSession(format, data, { version: request.version });
  for (const { level, message, namesFunction } of decoded.messages) {
    request.warn(level, message, namesFunction ? undefined : '');
  }
  if (decoded.error) {
    await destroySession(request);
    trackVariables(request);
    const text = 'Failed to decode session object. Session has been destroyed';
    request.warn('E_WARNING', text);
    return false;
  }
  const entries: Iterable<[PhpKey, PhpValue]> =
    decoded.variables instanceof Map ? decoded.variables : Object.entries(decoded.variables);
  if (format === 'php_serialize') {
    trackVariables(request);
    request.scalar = decoded.scalar;
  }
  for (const [key, value] of entries) request.variables?.set(key, value);
  return true;
}
