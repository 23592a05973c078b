/** Finds secrets where they must not be: in a text, or in what a class hashes. */
import { createHash, type Hash } from 'node:crypto';

/** The characters of an id that make the rest of it easy to guess. */
const revealing = 12;

/** Returns whether a text contains an id, or twelve characters in a row of one. */
export function containsPart(text: string, id: string): boolean {
  const pieces = Array.from({ length: id.length - revealing + 1 }, (_, at) =>
    id.slice(at, at + revealing),
  );
  return pieces.some((piece) => text.includes(piece));
}

/** Calls, and returns the inputs of all hashes without a key that were made meanwhile, as latin1. */
export async function recordHashed(call: () => Promise<unknown>): Promise<string[]> {
  const hashes = Object.getPrototypeOf(createHash('sha256')) as Hash;
  const { update } = hashes;
  const inputs: string[] = [];
  hashes.update = function (this: Hash, data: string | Uint8Array, encoding?: BufferEncoding) {
    const bytes = typeof data === 'string' ? Buffer.from(data, encoding) : Buffer.from(data);
    inputs.push(bytes.toString('latin1'));
    return update.call(this, bytes as never, undefined as never);
  } as typeof update;
  try {
    await call();
  } finally {
    hashes.update = update;
  }
  return inputs;
}
