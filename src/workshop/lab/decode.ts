/** A session's bytes, decoded for the eye: the names and values of its top level. */
export interface DecodedValue {
  key: string;
  type: string;
  value: string;
}

/**
 * Decodes what PHP's session format holds.
 *
 * @param _bytes The row's data.
 * @returns The values in their order, or undefined where the bytes are something else.
 */
export function decodeSession(_bytes: Uint8Array): DecodedValue[] | undefined {
  return undefined;
}
