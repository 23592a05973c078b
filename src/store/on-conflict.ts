/** Decides about keys that two requests have changed: the option `onConflict`. */
import { type Contest, type Decide, isSame } from './payload/merge.ts';
import { decodeValue, encodeValue, isPhpValue } from './payload/payload.ts';

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

/**
 * Notes the keys that a decision was asked about.
 *
 * @param decide - The decision.
 * @param own - Keys that are not asked about: this request's value counts.
 */
export function contestedBy(
  decide: Decide,
  own: readonly string[] = [],
): { keys: string[]; decideAndNote: Decide } {
  const keys: string[] = [];
  const decideAndNote = (contest: Contest): ReturnType<Decide> => {
    if (own.includes(contest.key)) return contest.mine;
    if (!isSame(contest.mine, contest.theirs)) keys.push(contest.key);
    return decide(contest);
  };
  return { keys, decideAndNote };
}
