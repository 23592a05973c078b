import {
  decodeSession,
  encodeSession,
  type PhpMessage,
  type PhpSessionVariables,
  type PhpVersion,
  type SessionFormat,
  serialize,
  UnserializeError,
  unserialize,
} from '../../serialize/index.ts';
import { buildValue } from './build-value.ts';
import type { Answer } from './oracle.ts';
import { type Plan, settle } from './plans.ts';

const LEVELS = { E_WARNING: 2, E_NOTICE: 8, E_DEPRECATED: 8192 } as const;

/** The slowest a single case may be, in milliseconds. */
const SLOWEST = 50;

/**
 * Builds a planned value here and compares its bytes with PHP's, and PHP's bytes read and written.
 *
 * @param plan the plan
 * @param php what PHP made of it
 * @returns what differs, or `undefined`
 */
export function compareValue(plan: Plan, php: Answer): string | undefined {
  const ours = serialize(buildValue(settle(plan)));
  if (!ours.equals(php.bytes)) return `serialize: PHP ${show(php.bytes)}, here ${show(ours)}`;
  const again = serialize(unserialize(php.bytes));
  if (again.equals(php.bytes)) return undefined;
  return `unserialize: PHP's ${show(php.bytes)} comes back as ${show(again)}`;
}

/**
 * Writes a planned `$_SESSION` and compares its bytes and warnings with PHP's, and PHP's bytes read
 * and written: values that several keys share have one table of references over all of them.
 *
 * @param format the serialize handler
 * @param plan the plan of an array
 * @param php what `session_encode()` made of it
 * @param version whose words are expected
 * @returns what differs, or `undefined`
 */
export function compareVariables(
  format: SessionFormat,
  plan: Plan,
  php: Answer,
  version: PhpVersion,
): string | undefined {
  const value = buildValue(settle(plan));
  const variables = Array.isArray(value) ? new Map(value.entries()) : value;
  const encoded = encodeSession(format, variables as PhpSessionVariables, { version });
  const ours = sessionResult(encoded.bytes);
  if (!ours.equals(php.bytes)) {
    return `session_encode ${format}: PHP ${show(php.bytes)} ${php.messages.join(' / ')}, here ${show(ours)}`;
  }
  const messages = encoded.messages.map(spoken);
  if (messages.join('\n') !== php.messages.join('\n')) {
    return `session_encode ${format}: PHP said ${php.messages.join(' / ')}, here ${messages.join(' / ')}`;
  }
  if (encoded.bytes === false) return undefined;
  const again = encodeSession(format, decodeSession(format, encoded.bytes).variables).bytes;
  if (sessionResult(again).equals(php.bytes)) return undefined;
  return `session_decode ${format}: PHP's ${show(php.bytes)} comes back as ${show(sessionResult(again))}`;
}

/**
 * Reads bytes and compares the verdict, the offset and the messages with PHP's.
 *
 * @param input any bytes
 * @param php what PHP made of them
 * @param version whose words are expected
 * @returns what differs, or `undefined`
 */
export function compareVerdict(
  input: Buffer,
  php: Answer,
  version: PhpVersion,
): string | undefined {
  const heard: PhpMessage[] = [];
  let bytes: Buffer;
  try {
    bytes = serialize(unserialize(input, { version, onMessage: (message) => heard.push(message) }));
  } catch (error) {
    if (!(error instanceof UnserializeError)) return `here ${String(error)} for ${show(input)}`;
    bytes = Buffer.from('b:0;');
    heard.push({
      level: error.level,
      message: error.message,
    });
  }
  const took = milliseconds(input);
  if (took > SLOWEST) return `took ${took.toFixed(0)} ms for ${show(input)}`;
  if (isBeyondBytes(php)) return undefined;
  const messages = heard.map(spoken);
  const expected = php.messages.filter(
    (text) => !text.endsWith('Class __PHP_Incomplete_Class has no unserializer'),
  );
  if (messages.join('\n') !== expected.join('\n')) {
    return `${show(input)}: PHP said ${expected.join(' / ')}, here ${messages.join(' / ')}`;
  }
  if (bytes.equals(php.bytes) || isKeptHere(input)) return undefined;
  return `${show(input)}: PHP writes again ${show(php.bytes)}, here ${show(bytes)}`;
}

/**
 * Reads a session and compares what `session_start` says and `session_encode` gives.
 *
 * @param format the serialize handler
 * @param input the session's data
 * @param php what PHP made of it
 * @param version whose words are expected
 * @returns what differs, or `undefined`
 */
export function compareSession(
  format: SessionFormat,
  input: Buffer,
  php: Answer,
  version: PhpVersion,
): string | undefined {
  if (isBeyondBytes(php)) return undefined;
  const decoded = decodeSession(format, input, { version, caller: 'session_start()' });
  const messages = decoded.messages.map(spoken);
  let result = sessionResult(false);
  if (decoded.error !== undefined) {
    messages.push('2 session_start(): Failed to decode session object. Session has been destroyed');
  } else if (decoded.scalar === undefined) {
    const encoded = encodeSession(format, decoded.variables, { version });
    messages.push(...encoded.messages.map(spoken));
    result = sessionResult(encoded.bytes);
  } else messages.push('2 session_encode(): Cannot encode non-existent session');
  const expected = php.messages.filter(
    (text) => !text.endsWith('Class __PHP_Incomplete_Class has no unserializer'),
  );
  if (input.includes('R:')) {
    // PHP was not asked to write these: a reference that only its own value holds has no end there.
    const read = messages.filter((text) => !text.includes('session_encode()'));
    if (read.join('\n') === expected.join('\n')) return undefined;
  }
  if (messages.join('\n') !== expected.join('\n')) {
    return `${format} ${show(input)}: PHP said ${expected.join(' / ')}, here ${messages.join(' / ')}`;
  }
  if (result.equals(php.bytes) || isKeptHere(input)) return undefined;
  return `${format} ${show(input)}: PHP ${show(php.bytes)}, here ${show(result)}`;
}

/**
 * Shows bytes so that they can be pasted into a test.
 *
 * @param bytes any bytes
 * @returns a string literal, a character a byte
 */
export function show(bytes: Uint8Array): string {
  const text = JSON.stringify(Buffer.from(bytes).toString('latin1'));
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}

/** The quickest of three times, once a first one was slow: a neighbour's load is no slowness. */
function milliseconds(input: Buffer): number {
  let quickest = Number.POSITIVE_INFINITY;
  for (let time = 0; time < 3 && quickest > SLOWEST; time++) {
    const began = performance.now();
    try {
      unserialize(input, { onMessage: () => {} });
    } catch {
      // The verdict was looked at already.
    }
    quickest = Math.min(quickest, performance.now() - began);
  }
  return quickest;
}

function sessionResult(bytes: Buffer | false): Buffer {
  return bytes === false ? Buffer.from('!') : Buffer.concat([Buffer.from('='), bytes]);
}

function spoken({ level, message }: PhpMessage): string {
  return `${LEVELS[level]} ${message}`;
}

/** PHP asked its classes: a class that cannot be unserialized, an enum or case it does not have. */
function isBeyondBytes(php: Answer): boolean {
  return php.messages.some((text) =>
    /^0 |Class '.*' (?:not found|is not an enum)|Undefined constant|is not an enum case/s.test(
      text,
    ),
  );
}

/**
 * Where this library keeps what PHP without the class drops or changes: payloads of `C:`, integer
 * names that a class's `__serialize()` wrote, an enum's name in another case, and a reference that only its own value holds.
 */
function isKeptHere(input: Buffer): boolean {
  const text = input.toString('latin1');
  return /C:|O:.*\{.*i:|R:/s.test(text) || /E:\d+:"(?!Fuzz_Suit:)/.test(text);
}
