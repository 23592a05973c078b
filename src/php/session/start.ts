/** The two inputs of session_start(): its options, and the id that the client sent. */
import { PhpValueError } from '../messages.ts';
import { entriesOf, toText } from '../zend/arguments.ts';
import { beforeNul, integerIn, leadingNumber, typeName } from '../zend/conversions.ts';
import type { Reporter } from '../zend/reporter.ts';
import type { SessionContext } from './context.ts';

/**
 * Changes the settings that session_start() is given, in their order.
 *
 * @param options - PHP's array of options.
 * @param reporter - Receives PHP's warnings.
 * @param change - Changes one setting; false when it was refused.
 * @returns Whether `read_and_close` was asked for.
 * @throws TypeError or PhpValueError in PHP's words; the options before it stay changed.
 */
export function applyOptions(
  options: object,
  reporter: Reporter,
  change: (key: string, value: string) => boolean,
): boolean {
  let readAndClose = false;
  for (const [key, value] of entriesOf(options)) {
    if (typeof key !== 'string') {
      if (reporter.version < '8.5') continue;
      const text = 'Argument #1 ($options) must be of type array with keys as string';
      throw new PhpValueError(`session_start(): ${text}`);
    }
    const type = typeName(value, '8.2');
    if (type !== 'string' && type !== 'int' && type !== 'bool') {
      throw new TypeError(
        `session_start(): Option "${beforeNul(key)}" must be of type string|int|bool, ${type} given`,
      );
    }
    const text = toText(reporter, value) ?? '';
    if (key === 'read_and_close') readAndClose = isPositive(type, text, reporter);
    else if (!change(key, text)) {
      reporter.warn('E_WARNING', `Setting option "${beforeNul(key)}" failed`);
    }
  }
  return readAndClose;
}

function isPositive(type: string, text: string, { version }: Reporter): boolean {
  // zval_get_long() until 8.4: the number at the beginning, and any integer but 0.
  if (version < '8.5') return Math.trunc(leadingNumber(text)) !== 0;
  if (type !== 'string') return Number(text) > 0;
  const integer = integerIn(text);
  if (integer !== undefined) return integer > 0n;
  throw new TypeError(
    'session_start(): Option "read_and_close" value must be of type compatible with int, ' +
      `"${beforeNul(text)}" given`,
  );
}

/** The id that a client sent, and how it was sent. */
export interface ClientId {
  readonly id: string | undefined;
  /** Whether the id has to be sent back as a cookie; undefined if the client sent no id. */
  readonly sendCookie: boolean | undefined;
  /** Whether the id came by a cookie, so that SID stays empty. */
  readonly isCookie: boolean;
}

/**
 * Finds the client's id in the cookie, the query or the form, as the settings allow. session.c
 * L1650–1700.
 *
 * @param context - The request.
 */
export function findClientId({ input, settings }: SessionContext): ClientId {
  const name = settings.get('name');
  const cookie = settings.get('use_cookies') ? input.cookie(name) : undefined;
  const isCookie = cookie !== undefined;
  let id = cookie === false ? undefined : cookie;
  let sendCookie = isCookie ? false : undefined;
  if (!settings.get('use_only_cookies')) {
    for (const find of [input.query, input.form]) {
      if (id !== undefined) break;
      const sent = find.call(input, name);
      if (sent === undefined) continue;
      if (sent !== false) id = sent;
      sendCookie = sent === false;
    }
    const check = settings.get('referer_check');
    if (check !== '' && input.referer && !input.referer.includes(check)) id = undefined;
  }
  return { id, sendCookie, isCookie };
}
