/** Determines a statement's effect on locks that other requests may wait for. */
import { createHash } from 'node:crypto';

/** A statement's part in the life of a lock. */
export type LockEffect =
  /** Asks for a lock with a name (`GET_LOCK`) or for rows (`FOR UPDATE`), and waits for it. */
  | { does: 'takes'; kind: 'name' | 'rows'; lock: string }
  /** Releases one lock with a name; all of the connection's where `lock` is undefined. */
  | { does: 'releases'; lock: string | undefined }
  /** Begins a transaction: rows that are locked in it stay so until it ends. */
  | { does: 'begins' }
  | { does: 'ends' };

const NAME = /\b(GET_LOCK|RELEASE_LOCK)\s*\(\s*(?:(\?)|'([^']*)'|"([^"]*)")/i;
const ROWS =
  /\b(?:FOR\s+UPDATE|FOR\s+SHARE|LOCK\s+IN\s+SHARE\s+MODE)\b(?!.*\b(?:NOWAIT|SKIP\s+LOCKED)\b)/is;

/**
 * Determines a statement's effect on locks.
 *
 * @returns Its part, or undefined when it does nothing to locks.
 * @example
 * lockEffect('SELECT GET_LOCK(?,?)', ['cart', 10]); // { does: 'takes', kind: 'name', lock: 'cart' }
 */
export function lockEffect(sql: string, values: readonly unknown[]): LockEffect | undefined {
  const named = NAME.exec(sql);
  if (named) {
    const [, word = '', mark, single, double] = named;
    const place = sql.slice(0, named.index).split('?').length - 1;
    const lock = String(mark ? values[place] : (single ?? double));
    return word.toUpperCase() === 'GET_LOCK'
      ? { does: 'takes', kind: 'name', lock }
      : { does: 'releases', lock };
  }
  if (/\bRELEASE_ALL_LOCKS\s*\(/i.test(sql)) return { does: 'releases', lock: undefined };
  if (ROWS.test(sql)) return { does: 'takes', kind: 'rows', lock: digest(sql, values) };
  if (/^\s*(?:START\s+TRANSACTION|BEGIN)\b/i.test(sql)) return { does: 'begins' };
  if (/^\s*(?:COMMIT|ROLLBACK)\b(?!.*\bTO\b)/i.test(sql)) return { does: 'ends' };
  return undefined;
}

/** Whether a statement acquired the lock that it asked for; undefined if it asked for none. */
export function hasLock(
  effect: LockEffect | undefined,
  sql: string,
  result: unknown,
): boolean | undefined {
  if (effect?.does !== 'takes') return undefined;
  if (effect.kind === 'rows') return true;
  const [row] = Array.isArray(result) ? result : [];
  return Number(Object.values((row as object | undefined) ?? {})[columnOf(sql)]) === 1;
}

/** Returns the column of GET_LOCK(): as many come before it as commas outside of brackets. */
function columnOf(sql: string): number {
  let before = sql.slice(0, NAME.exec(sql)?.index);
  for (let outer = ''; outer !== before; ) {
    outer = before;
    before = before.replaceAll(/\([^()]*\)/g, '');
  }
  return before.split(',').length - 1;
}

/** The same question with the same values is about the same rows. */
function digest(sql: string, values: readonly unknown[]): string {
  const hash = createHash('sha256').update(sql.replace(/\s+/g, ' ').trim());
  for (const value of values) {
    hash.update('\0').update(value instanceof Uint8Array ? value : String(value));
  }
  return hash.digest('hex');
}
