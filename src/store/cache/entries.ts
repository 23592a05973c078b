/**
 * The values of a key in the row cache: a row, a reader's lease, or a marker with a token for each
 * writer that is at work.
 */
import { randomBytes } from 'node:crypto';

const ROW = 1;
const LEASE = 2;
const MARKER = 3;

const TOKEN_BYTES = 16;

/** The second byte of a marker: whether one writer has had the key to itself. */
const ALONE = 0;
const SHARED = 1;

/** Returns a writer's token, by which it finds itself in a marker. */
export function newToken(): Buffer {
  return randomBytes(TOKEN_BYTES);
}

/** Returns a lease that no other reader has. */
export function newLease(): Buffer {
  return Buffer.concat([Buffer.of(LEASE), randomBytes(TOKEN_BYTES)]);
}

/** Returns the value for a row. */
export function entryOf(row: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(ROW), row]);
}

/** Returns the row in a value; undefined for a lease and for a marker. */
export function rowIn(value: Buffer): Buffer | undefined {
  return value[0] === ROW ? value.subarray(1) : undefined;
}

/**
 * Adds a writer.
 *
 * @param found - The key's value; undefined for none.
 * @returns The marker in its place.
 */
export function withWriter(found: Buffer | undefined, token: Buffer): Buffer {
  if (found?.[0] !== MARKER) return markerOf(ALONE, [token]);
  const others = found.subarray(2);
  return markerOf(found[1] === SHARED || others.length > 0 ? SHARED : ALONE, [others, token]);
}

/**
 * Takes a writer out.
 *
 * @param found - The key's value; undefined for none.
 * @returns The marker of the writers that are left, undefined without one; and whether this writer has
 *   had the key to itself.
 */
export function withoutWriter(
  found: Buffer | undefined,
  token: Buffer,
): { marker: Buffer | undefined; wasAlone: boolean } {
  // Without a marker (it was dropped) a reader may have stored the row from before the write.
  if (found?.[0] !== MARKER) return { marker: undefined, wasAlone: false };
  const tokens = tokensIn(found);
  const others = tokens.filter((one) => !one.equals(token));
  if (others.length > 0) return { marker: markerOf(SHARED, others), wasAlone: false };
  return { marker: undefined, wasAlone: found[1] === ALONE && tokens.length > 0 };
}

function markerOf(state: number, tokens: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.of(MARKER, state), ...tokens]);
}

function tokensIn(marker: Buffer): Buffer[] {
  const count = (marker.length - 2) / TOKEN_BYTES;
  return Array.from({ length: count }, (_, at) =>
    marker.subarray(2 + at * TOKEN_BYTES, 2 + (at + 1) * TOKEN_BYTES),
  );
}
