/** How long statements may wait for a lock that has a name. */
import type { Statement } from '../wire/statement.ts';

/**
 * Returns the limit of each `GET_LOCK`, in seconds. A class may ask several times within one limit:
 * with 0 first, to learn whether another request holds the lock.
 */
export function lockLimits(statements: readonly Pick<Statement, 'sql' | 'values'>[]): number[] {
  return statements
    .filter(({ sql }) => /GET_LOCK/i.test(sql))
    .map(({ sql, values }) =>
      Number(/GET_LOCK\([^,]+,\s*(-?[\d.]+)/i.exec(sql)?.[1] ?? values.at(-1)),
    );
}
