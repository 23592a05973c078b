/** The formats of lesson 21, for the classes after it: the code is that of lesson 21's class. */
import {
  decodeEnvelope,
  decodeSession,
  encodeEnvelope,
  encodeSession,
  type PhpSessionVariables,
  type SessionFormat,
} from '#serialize';

/** SESSION_WRITES, the switch of a process: `json`, or `php` until every process reads JSON. */
export function switchedTo(): 'php' | 'json' {
  const given = process.env['SESSION_WRITES'] ?? 'php';
  if (given === 'php' || given === 'json') return given;
  throw new Error('SESSION_WRITES must be php or json');
}

/** Writes PHP's bytes as JSON. */
export function toEnvelope(format: SessionFormat, data: string | Uint8Array): Buffer {
  const { variables, scalar, error } = decodeSession(format, data);
  if (error || scalar !== undefined) throw error ?? new TypeError('PHP gave no array to save');
  return encodeEnvelope(variables);
}

/** Reads a row's JSON. The decoder's error would quote the names on the path to the fault. */
function fromEnvelope(row: string | Uint8Array): PhpSessionVariables {
  try {
    return decodeEnvelope(row);
  } catch {
    throw new Error('The row is an envelope that is damaged or of a newer version');
  }
}

/** Writes a row's JSON in PHP's notation, if that can hold all of it. */
export function toPhp(format: SessionFormat, row: string | Uint8Array): Buffer {
  const variables = fromEnvelope(row);
  const data = encodeSession(format, variables).bytes || Buffer.alloc(0);
  if (toEnvelope(format, data).equals(encodeEnvelope(variables))) return data;
  throw new Error(`session.serialize_handler=${format} cannot hold every key of this session`);
}
