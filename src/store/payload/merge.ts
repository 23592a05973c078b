/** Three-way merge by top-level key: two requests that changed different keys both keep theirs. */
import { SessionConflict } from '../errors.ts';
import { type Format, Payload } from './payload.ts';

/**
 * A key that both sides changed, perhaps alike: two increments of one number are two, though both
 * wrote the same. Undefined: the key is not there, or was deleted.
 */
export interface Contest {
  /** The name of the key. */
  readonly key: string;
  /** The format of the bytes. */
  readonly format: Format;
  /** The value as this request has read it. */
  readonly base: Buffer | undefined;
  /** The value as this request wants it. */
  readonly mine: Buffer | undefined;
  /** The value as the other request has saved it. */
  readonly theirs: Buffer | undefined;
}

/**
 * Decides a contest.
 *
 * @param contest - The key, and its three values.
 * @returns The bytes to save, in the contest's format; undefined to delete the key; false to reject the
 *   save.
 */
export type Decide = (contest: Contest) => Buffer | undefined | false;

/**
 * Merges two changes of one session.
 *
 * @param base - The session as this request read it.
 * @param mine - The session as this request wants it.
 * @param theirs - The session as another request has saved it meanwhile.
 * @param preferred - The format to write.
 * @param decide - Decides about keys that both changed.
 * @returns The merged payload.
 * @throws SessionConflict with the keys whose contest was rejected.
 */
export function merge(
  base: Buffer,
  mine: Buffer,
  theirs: Buffer,
  preferred: Format,
  decide: Decide,
): Buffer {
  const [before, wanted, found] = [base, mine, theirs].map(
    (bytes) => new Payload(bytes, preferred),
  ) as [Payload, Payload, Payload];
  const { format } = wanted;
  const changes = new Map<string, Buffer | undefined>();
  const rejected: string[] = [];
  for (const key of new Set([...before.keys, ...wanted.keys])) {
    const [old, own, other] = [before, wanted, found].map((payload) =>
      payload.bytesOf(key, format),
    );
    if (isSame(own, old)) continue;
    if (isSame(other, old)) changes.set(key, own);
    else {
      const decision = decide({ key, format, base: old, mine: own, theirs: other });
      if (decision === false) rejected.push(key);
      else changes.set(key, decision);
    }
  }
  if (rejected.length > 0) throw new SessionConflict(rejected);
  // An application that keeps its sessions as bytes gets back the JSON that it has given.
  const isPlain = format === 'json' && [before, wanted, found].every((each) => each.isPlain);
  if (isPlain && changes.size === 0) return theirs;
  const merged = found.with(changes, format);
  return isPlain ? Buffer.from(new Payload(merged, format).toPlainText()) : merged;
}

/** Compares two values by their bytes. */
export function isSame(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one === undefined || other === undefined ? one === other : one.equals(other);
}
