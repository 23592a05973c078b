/** A new row of a session: as it is inserted, and as a read would find it. */
import type { Context } from './context.ts';
import { takeRandom } from './identifiers.ts';
import { firstMarks, MARK_BYTES } from './table/statements.ts';
import type { Fresh, Row } from './table/table.ts';

/** The session of a new row. */
export interface NewSession extends Pick<Row, 'data' | 'user' | 'label'> {
  /** Milliseconds since it began. */
  readonly age: number;
}

/**
 * Makes a row under a key, with a mark of its own.
 *
 * @returns The row for `table.insert()` or `table.renewal()`, with its data sealed; and the row as the
 *   store knows it once it is there.
 */
export function newRow(
  { life, sealing, extra }: Context,
  key: Buffer,
  { data, user, label, age }: NewSession,
): { fresh: Fresh; row: Row } {
  const mark = takeRandom(MARK_BYTES);
  const fresh: Fresh = {
    ...{ key, mark, user, label },
    data: sealing.close(key, data),
    extra: extra.valuesOf({ data, user, label }),
  };
  const row: Row = {
    readAt: performance.now(),
    ...{ key, data, user, label, age, guard: 1, marks: firstMarks(mark) },
    left: Math.min(life.idle, life.absolute - age),
    ...{ next: undefined, isInGrace: false },
  };
  return { fresh, row };
}
