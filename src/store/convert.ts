/** Rewrites sessions in another format while they are in use. */
import { walkRows } from './all.ts';
import type { Context } from './context.ts';
import { Deadline } from './database/deadline.ts';
import { SessionUnreadable, SessionValueError } from './errors.ts';
import { findRow } from './find.ts';
import { takeRandom } from './identifiers.ts';
import { decodeValue, encodeValue, type Format, Payload } from './payload/payload.ts';
import { MARK_BYTES } from './table/statements.ts';
import type { Row } from './table/table.ts';

/** A session that is saved more often than this between two tries is left to the application. */
const TRIES = 5;

/** The result for one session. */
export interface Converted {
  /** The session's name in lists and events. */
  readonly handle: string;
  /**
   * - `converted`: it has the format now, or would have in a dry run.
   * - `already`: it had the format.
   * - `gone`: it ended or was renewed meanwhile.
   * - `busy`: others saved it at each try.
   * - `refused`: a value would come back as another one; `reason` has its place.
   * - `unreadable`: its bytes are in none of the formats.
   */
  readonly outcome: 'converted' | 'already' | 'gone' | 'busy' | 'refused' | 'unreadable';
  /** Why it was left as it is; without data. */
  readonly reason?: string | undefined;
}

/**
 * Converts all live sessions, each by compare-and-set: a save that comes between is not overwritten.
 * Expiry times stay. Sessions that have the format are skipped, so a run that was stopped can be
 * started again.
 *
 * @param format - The format to write.
 * @param isDry - Whether nothing is written.
 */
export async function* convertAll(
  context: Context,
  format: Format,
  isDry: boolean,
): AsyncGenerator<Converted> {
  for await (const row of walkRows(context)) {
    const handle = context.hash.handleOf(row.key);
    try {
      yield { handle, outcome: await convertRow(context, row, format, isDry) };
    } catch (error) {
      const { message: reason } = error as Error;
      if (error instanceof SessionUnreadable) yield { handle, outcome: 'unreadable', reason };
      else if (error instanceof SessionValueError) yield { handle, outcome: 'refused', reason };
      else throw error;
    }
  }
}

async function convertRow(
  context: Context,
  first: Row,
  format: Format,
  isDry: boolean,
): Promise<Converted['outcome']> {
  const { table, database, cache, budget, facts, sealing } = context;
  let row = sealing.open(first);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const data = inFormat(row.data, format);
    if (data === undefined) return 'already';
    if (data.length > facts.maxBytes) throw new SessionValueError('data', 'a session of such size');
    if (isDry) return 'converted';
    const { key, guard, marks } = row;
    const save = {
      key,
      guard,
      seen: marks,
      data: sealing.close(key, data),
      mark: takeRandom(MARK_BYTES),
    };
    const deadline = new Deadline(budget);
    const rewrite = () => database.repeat(deadline, table.rewrite(save));
    if ((await cache.change([key], rewrite)).affected > 0) return 'converted';
    const found = await findRow(context, deadline, [key]);
    if (found === undefined || found.next !== undefined) return 'gone';
    if (table.wasSaved(found, save) === true) return 'converted';
    row = found;
  }
  return 'busy';
}

/**
 * Returns a session's bytes in another format; undefined if they are in it. Plain JSON gets its
 * envelope.
 *
 * @throws SessionUnreadable; SessionValueError for a value that would not come back as it is.
 */
function inFormat(bytes: Buffer, format: Format): Buffer | undefined {
  const payload = new Payload(bytes, format);
  const written = payload.with(new Map(), format);
  if (written === bytes) return undefined;
  const back = new Payload(written, format);
  const from = payload.format;
  // Between two formats a value is compared in the form in which this program writes it.
  for (const key of from === format ? [] : payload.keys) {
    const returned = decodeValue(from, back.bytesOf(key, from) as Buffer);
    const [before, after] = [payload.valueOf(key), returned].map((value) =>
      encodeValue(from, value, key, true),
    );
    if (!before?.equals(after as Buffer)) {
      throw new SessionValueError(key, `a value that ${format} gives back as another one`);
    }
  }
  return written;
}
