/** The options of session_start(). ext/session/session.c, PHP_FUNCTION(session_start). */

import { PhpValueError } from '../messages.ts';
import { entriesOf, toText } from '../zend/arguments.ts';
import { beforeNul, integerIn, typeName } from '../zend/conversions.ts';
import type { PhpRequest } from './request.ts';

/** What session_start() says of a session that is active already; each release says it its way. */
export function remarkSecondStart(request: PhpRequest): void {
  const { version, startedAt, settings } = request;
  const because = 'Ignoring session_start() because a session is already';
  if (version < '8.3') request.warn('E_NOTICE', `${because} active`);
  else if (version >= '8.5' || startedAt || !settings.get('auto_start')) {
    request.warnStarted('E_NOTICE', `${because} active`);
  } else request.warn('E_NOTICE', `${because} automatically active`);
}

/**
 * Changes the settings that session_start() is given, in their order.
 *
 * @param request - The request.
 * @param options - PHP's array of options.
 * @returns Whether read_and_close was asked for.
 * @throws TypeError or PhpValueError in PHP's words; the options before it stay changed.
 */
export function applyOptions(request: PhpRequest, options: object): boolean {
  let readAndClose = false;
  for (const [key, value] of entriesOf(options)) {
    if (typeof key !== 'string') {
      if (request.version < '8.5') continue;
      const text = 'Argument #1 ($options) must be of type array with keys as string';
      throw new PhpValueError(`session_start(): ${text}`);
    }
    const type = typeName(value, '8.2');
    if (type !== 'string' && type !== 'int' && type !== 'bool') {
      throw new TypeError(
        `session_start(): Option "${beforeNul(key)}" must be of type string|int|bool, ${type} given`,
      );
    }
    const text = toText(request, value) ?? '';
    if (key === 'read_and_close') readAndClose = isPositive(request, type, text);
    else if (!request.changeSetting(key, text)) {
      request.warn('E_WARNING', `Setting option "${beforeNul(key)}" failed`);
    }
  }
  return readAndClose;
}

function isPositive(request: PhpRequest, type: string, text: string): boolean {
  // zval_get_long() until 8.4: what stands at the beginning, and any number but 0.
  if (request.version < '8.5') return (Number.parseInt(text, 10) || 0) !== 0;
  if (type !== 'string') return Number(text) > 0;
  const integer = integerIn(text);
  if (integer !== undefined) return integer > 0;
  throw new TypeError(
    'session_start(): Option "read_and_close" value must be of type compatible with int, ' +
      `"${beforeNul(text)}" given`,
  );
}
