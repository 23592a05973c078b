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
import { buildValue, type Plan } from './build-value.ts';
import type { Answer } from './oracle.ts';

const LEVELS = { E_WARNING: 2, E_NOTICE: 8, E_DEPRECATED: 8192 } as const;

/** The slowest a single case may be, in milliseconds. */
const SLOWEST = 50;

/** Compares a planned value's bytes with PHP's, and PHP's bytes after reading and writing them. */
export function compareValue(plan: Plan, php: Answer): string | undefined {
  const ours = serialize(buildValue(plan));
  if (!ours.equals(php.bytes)) return `serialize: PHP ${show(php.bytes)}, here ${show(ours)}`;
  const again = serialize(unserialize(php.bytes));
  if (again.equals(php.bytes)) return undefined;
  return `unserialize: PHP's ${show(php.bytes)} comes back as ${show(again)}`;
}

/**
 * Compares the bytes and warnings of a planned `$_SESSION` with those of PHP's `session_encode()`,
 * and PHP's bytes after reading and writing them. All keys share one reference table.
 */
export function compareVariables(
  format: SessionFormat,
  plan: Plan,
  php: Answer,
  version: PhpVersion,
): string | undefined {
  const value = buildValue(plan);
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

/** Compares the verdict on bytes, its offset and the messages with PHP's. */
export function compareVerdict(
  input: Buffer,
  php: Answer,
  version: PhpVersion,
): string | undefined {
  const reported: PhpMessage[] = [];
  let bytes: Buffer;
  try {
    bytes = serialize(
      unserialize(input, { version, onMessage: (message) => reported.push(message) }),
    );
  } catch (error) {
    if (!(error instanceof UnserializeError)) return `here ${String(error)} for ${show(input)}`;
    bytes = Buffer.from('b:0;');
    reported.push({ level: error.level, message: error.message });
  }
  const took = milliseconds(input);
  if (took > SLOWEST) return `took ${took.toFixed(0)} ms for ${show(input)}`;
  if (isBeyondBytes(php)) return undefined;
  const messages = reported.map(spoken);
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
 * Compares the messages of reading a session, and its bytes when written again, with those of PHP's
 * `session_start()` and `session_encode()`.
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
    // PHP did not write these: its serialize() does not end for a value inside its own reference.
    const read = messages.filter((text) => !text.includes('session_encode()'));
    if (read.join('\n') === expected.join('\n')) return undefined;
  }
  if (messages.join('\n') !== expected.join('\n')) {
    return `${format} ${show(input)}: PHP said ${expected.join(' / ')}, here ${messages.join(' / ')}`;
  }
  if (result.equals(php.bytes) || isKeptHere(input)) return undefined;
  return `${format} ${show(input)}: PHP ${show(php.bytes)}, here ${show(result)}`;
}

/** Returns bytes as a string literal in Latin-1, for pasting into a test. */
function show(bytes: Uint8Array): string {
  const text = JSON.stringify(Buffer.from(bytes).toString('latin1'));
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}

/** Returns the fastest of up to three runs, since other processes can slow down one. */
function milliseconds(input: Buffer): number {
  let quickest = Number.POSITIVE_INFINITY;
  for (let time = 0; time < 3 && quickest > SLOWEST; time++) {
    const began = performance.now();
    try {
      unserialize(input, { onMessage: () => {} });
    } catch {
      // The verdict was compared before.
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

/** Returns whether PHP's verdict depends on its classes: an enum or a case that it has not. */
function isBeyondBytes(php: Answer): boolean {
  return php.messages.some((text) =>
    /^0 |Class '.*' (?:not found|is not an enum)|Undefined constant|is not an enum case/s.test(
      text,
    ),
  );
}

/**
 * Returns whether this library keeps bytes that PHP without the class drops or changes: payloads of
 * `C:`, integer names that a class's `__serialize()` wrote, an enum's name in another case, and a
 * reference inside its own value.
 */
function isKeptHere(input: Buffer): boolean {
  const text = input.toString('latin1');
  return /C:|O:.*\{.*i:|R:/s.test(text) || /E:\d+:"(?!Fuzz_Suit:)/.test(text);
}
