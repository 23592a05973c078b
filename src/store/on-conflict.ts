/** Decides about keys that two requests have changed: the option `onConflict`. */
import type { Context } from './context.ts';
import { type Contest, type Decide, isSame, merge } from './payload/merge.ts';
import { decodeValue, encodeValue, isPhpValue } from './payload/payload.ts';
import { requireRoom } from './room.ts';
import type { SaveOptions } from './save.ts';

/**
 * Decides about one key that two requests changed. A deleted key is undefined.
 *
 * @param key - The key.
 * @param base - Its value as this request has read it.
 * @param mine - Its value as this request wants it.
 * @param theirs - Its value as the other request has saved it.
 * @returns The value to save; undefined to delete the key.
 */
export type ResolveConflict = (
  key: string,
  base: unknown,
  mine: unknown,
  theirs: unknown,
) => unknown;

/**
 * The value of a key that two requests changed: this request's (`mine`), the earlier one's
 * (`theirs`), neither (`reject`: the save throws SessionConflict), or what a function returns.
 */
export type OnConflict = 'mine' | 'theirs' | 'reject' | ResolveConflict;

/**
 * Makes a decision of the option.
 *
 * @param onConflict - The option.
 */
export function decisionOf(onConflict: OnConflict): Decide {
  if (onConflict === 'mine') return ({ mine }) => mine;
  if (onConflict === 'theirs') return ({ theirs }) => theirs;
  if (onConflict === 'reject') return ({ mine, theirs }) => isSame(mine, theirs) && mine;
  return ({ key, format, base, mine, theirs }) => {
    if (isSame(mine, theirs)) return mine;
    const decode = (bytes: Buffer | undefined): unknown =>
      bytes === undefined ? undefined : decodeValue(format, bytes);
    const value = onConflict(key, decode(base), decode(mine), decode(theirs));
    if (value === undefined) return undefined;
    const isPhp = [base, mine, theirs].some((bytes) => isPhpValue(format, bytes));
    return encodeValue(format, value, key, isPhp);
  };
}

/** The rules of one merge, in place of the store's own. */
type MergeRules = Pick<SaveOptions, 'decide' | 'own'>;

/**
 * Merges the data of two requests that have changed one session. Keys that both have changed are an
 * event `conflict`.
 *
 * @param key - The key of the session's row.
 * @param versions - The session as this request has read it, as it wants it, and as it is now.
 * @returns `mine` itself if that is the result.
 * @throws SessionConflict; SessionTooLarge.
 */
export function mergeSaves(
  { decide: usual, events, facts, format, hash }: Context,
  key: Buffer,
  { base, mine, theirs }: { base: Buffer; mine: Buffer; theirs: Buffer },
  { decide = usual, own = [] }: MergeRules,
): Buffer {
  const keys: string[] = [];
  const decideAndNote = (contest: Contest): ReturnType<Decide> => {
    if (own.includes(contest.key)) return contest.mine;
    if (!isSame(contest.mine, contest.theirs)) keys.push(contest.key);
    return decide(contest);
  };
  try {
    const merged = merge(base, mine, theirs, format, decideAndNote);
    requireRoom(merged, facts);
    return merged.equals(mine) ? mine : merged;
  } finally {
    if (keys.length > 0) events.emit('conflict', () => ({ handle: hash.handleOf(key), keys }));
  }
}
