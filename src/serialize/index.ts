/**
 * PHP's serializer to the byte: values, `serialize`, `unserialize`, the three session formats, and
 * an envelope of JSON for other languages.
 *
 * @module
 */

export type { UnserializeOptions } from './decode/options.ts';
export type { EnvelopeOptions } from './envelope.ts';
export { decodeEnvelope, encodeEnvelope, isEnvelope } from './envelope.ts';
export type { PhpMessage, PhpMessageLevel, PhpVersion } from './messages.ts';
export { EnvelopeError, UnserializableError, UnserializeError } from './messages.ts';
export { serialize } from './serialize.ts';
export type {
  DecodedSession,
  EncodedSession,
  PhpSessionVariables,
  SessionFormat,
  SessionOptions,
} from './sessions.ts';
export { decodeSession, encodeSession, isSessionFormat } from './sessions.ts';
export { unserialize } from './unserialize.ts';
export type {
  PhpArray,
  PhpKey,
  PhpList,
  PhpMap,
  PhpProperty,
  PhpRecord,
  PhpString,
  PhpValue,
  PhpVisibility,
} from './values.ts';
export { PhpEnum, PhpFloat, PhpObject, PhpPart, PhpReference, PhpSerializable } from './values.ts';
