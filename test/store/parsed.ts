/**
 * Returns a session's bytes as a value, with an envelope or without.
 *
 * In a file of its own: a file that imports the fixture has chosen its server.
 */
export function parsed(data: Buffer | undefined): unknown {
  const value = data && JSON.parse(data.toString());
  return value?.v === 2 ? value.data : value;
}
