/** `$_SESSION`, and its way to bytes. session.c L220–257. */
import { encodeSession, type PhpKey, PhpReference, type PhpValue } from '../../serialize/index.ts';
import type { PhpRequest } from './request.ts';

/** php_session_track_init(): a new, empty `$_SESSION`. */
export function trackVariables(request: PhpRequest): void {
  request.variables = new Map();
  request.scalar = undefined;
  request.tracked = true;
}

/** IF_SESSION_VARS(): the variables that would be saved. */
export function savedVariables(request: PhpRequest): Map<PhpKey, PhpValue> | undefined {
  return request.tracked && request.scalar === undefined ? request.variables : undefined;
}

/** php_session_encode(), L243: undefined where C has NULL. */
export function encodeVariables(request: PhpRequest): Buffer | undefined {
  const variables = savedVariables(request);
  if (!variables) {
    request.warn('E_WARNING', 'Cannot encode non-existent session');
    return undefined;
  }
  const format = request.settings.get('serialize_handler');
  const { bytes, messages } = encodeSession(format, variables, { version: request.version });
  for (const { level, message, namesFunction } of messages) {
    request.warn(level, message, namesFunction ? undefined : '');
  }
  return bytes === false ? undefined : bytes;
}

/** Follows a reference: PHP does so without being asked. */
export function followReference(value: PhpValue | undefined): PhpValue | undefined {
  return value instanceof PhpReference ? value.value : value;
}
