/** The table of express-mysql-session, from which sessions move while the application runs. */
import { SessionSetupError, type Sessions, SessionUnavailable } from '../../store/index.ts';
import { ANY, type Kind, OBJECT, requireAll, SECONDS, TEXT } from '../../store/kinds.ts';
import { type Held, mergeJson } from './held.ts';
import { parse } from './layer.ts';

/** The table of express-mysql-session. */
export interface ExpressMysqlSession {
  /**
   * The table, in the database of the sessions.
   *
   * @default 'sessions'
   */
  readonly table?: string | undefined;
  /** Columns that have other names. */
  readonly columns?:
    | {
        /** @default 'session_id' */
        readonly session_id?: string | undefined;
        /** @default 'expires' */
        readonly expires?: string | undefined;
        /** @default 'data' */
        readonly data?: string | undefined;
      }
    | undefined;
  /**
   * Whether processes with express-mysql-session still run. Sessions then stay in their table and
   * begin there, so that both see them; else each moves when it is used.
   */
  readonly shared: boolean;
  /**
   * Seconds that a session without `cookie.maxAge` lives without being used, while its table is
   * shared: the option `expiration` of express-mysql-session, which counts milliseconds.
   *
   * @default 86400
   */
  readonly expiration?: number | undefined;
}

/** A row of that table. */
export interface FormerRow {
  readonly sid: string;
  /** The column, whose bytes are the guard of a save: the table has no version. */
  readonly stored: string;
  /** The session as JSON; its cookie ends when the column `expires` says so. */
  readonly text: string;
}

const OPTIONS: Record<keyof ExpressMysqlSession, Kind> = {
  table: TEXT,
  columns: OBJECT,
  // Its own error says when to change it.
  shared: ANY,
  expiration: SECONDS,
};

const COLUMNS = { session_id: TEXT, expires: TEXT, data: TEXT };

const A_PAGE = 100;
const TRIES = 100;

/** Statements on the table. */
export class FormerTable {
  readonly isShared: boolean;
  readonly #sessions: Sessions;
  readonly #names: { table: string; id: string; expires: string; data: string };
  readonly #expiration: number;

  /** @throws SessionSetupError for an option that is unknown or invalid. */
  constructor(sessions: Sessions, options: ExpressMysqlSession) {
    requireAll(options, OPTIONS, 'from.');
    requireAll(options.columns ?? {}, COLUMNS, 'from.columns.');
    const { table = 'sessions', columns = {}, shared, expiration = 86_400 } = options;
    const { session_id = 'session_id', expires = 'expires', data = 'data' } = columns;
    if (typeof shared !== 'boolean') {
      throw new SessionSetupError(
        'from.shared must be true while processes with express-mysql-session run, then false',
      );
    }
    this.#sessions = sessions;
    this.isShared = shared;
    this.#expiration = expiration;
    this.#names = {
      table: table.split('.').map(quote).join('.'),
      id: quote(session_id),
      expires: quote(expires),
      data: quote(data),
    };
  }

  /** Reads a row that has not expired. */
  async read(sid: string): Promise<FormerRow | undefined> {
    const { table, id, expires, data } = this.#names;
    const { rows } = await this.#sessions.run(
      `SELECT ${id}, ${data}, ${expires} FROM ${table} ` +
        `WHERE ${id} = ? AND ${expires} >= UNIX_TIMESTAMP()`,
      [sid],
    );
    const row = rows[0] && rowOf(rows[0]);
    // Older tables have a collation that ignores case: `1ABC` would open the session `1abc`.
    return row?.sid === sid ? row : undefined;
  }

  /** Reads all rows that have not expired. */
  async *all(): AsyncGenerator<FormerRow> {
    const { table, id, expires, data } = this.#names;
    let after = '';
    for (;;) {
      const { rows } = await this.#sessions.run(
        `SELECT ${id}, ${data}, ${expires} FROM ${table} ` +
          `WHERE ${id} > ? AND ${expires} >= UNIX_TIMESTAMP() ORDER BY ${id} LIMIT ${A_PAGE}`,
        [after],
      );
      for (const columns of rows) {
        const row = rowOf(columns);
        after = row.sid;
        yield row;
      }
      if (rows.length < A_PAGE) return;
    }
  }

  /** Inserts or replaces a row, as express-mysql-session does: for a session that is new. */
  async put(sid: string, text: string): Promise<void> {
    const { table, id, expires, data } = this.#names;
    await this.#sessions.run(
      `INSERT INTO ${table} (${id}, ${expires}, ${data}) VALUES (?, ?, ?) ` +
        `ON DUPLICATE KEY UPDATE ${expires} = VALUES(${expires}), ${data} = VALUES(${data})`,
      [sid, this.#endOf(text), text],
    );
  }

  /** Replaces a row if it is still as it was read, and returns whether it was. */
  async replace({ sid, stored }: FormerRow, text: string): Promise<boolean> {
    const { table, id, expires, data } = this.#names;
    const { affected } = await this.#sessions.run(
      `UPDATE ${table} SET ${data} = ?, ${expires} = ? WHERE ${id} = ? AND ${data} = ?`,
      [text, this.#endOf(text), sid, stored],
    );
    return affected > 0;
  }

  /** Extends a row whose session has no end of its own. */
  async touch(sid: string): Promise<void> {
    const { table, id, expires } = this.#names;
    const end = Math.round(Date.now() / 1000) + this.#expiration;
    await this.#sessions.run(`UPDATE ${table} SET ${expires} = ? WHERE ${id} = ?`, [end, sid]);
  }

  /** Deletes a row if it is still as it was read, and returns whether it was. */
  async removeIfSame({ sid, stored }: FormerRow): Promise<boolean> {
    const { table, id, data } = this.#names;
    const sql = `DELETE FROM ${table} WHERE ${id} = ? AND ${data} = ?`;
    return (await this.#sessions.run(sql, [sid, stored])).affected > 0;
  }

  async remove(sid: string): Promise<void> {
    const { table, id } = this.#names;
    await this.#sessions.run(`DELETE FROM ${table} WHERE ${id} = ?`, [sid]);
  }

  async removeAll(): Promise<void> {
    await this.#sessions.run(`DELETE FROM ${this.#names.table}`, []);
  }

  /**
   * Holds a row between its read and its saves.
   *
   * @param open - Opens the session where it was moved to meanwhile, if it was.
   */
  hold(row: FormerRow, open: () => Promise<Held | undefined>): Held {
    return new HeldFormerRow(this, row, open);
  }

  #endOf(text: string): number {
    const { cookie } = JSON.parse(text) as { cookie?: { expires?: string | null } };
    const end = secondOf(cookie?.expires ?? Number.NaN);
    return Number.isNaN(end) ? secondOf(Date.now()) + this.#expiration : end;
  }
}

class HeldFormerRow implements Held {
  readonly #table: FormerTable;
  readonly #open: () => Promise<Held | undefined>;
  #row: FormerRow;
  #moved: Held | undefined;
  text: string;

  constructor(table: FormerTable, row: FormerRow, open: () => Promise<Held | undefined>) {
    this.#table = table;
    this.#row = row;
    this.#open = open;
    this.text = row.text;
  }

  async save(text: string): Promise<void> {
    const base = this.text;
    const row = await this.#replace(base, text);
    this.text = text;
    if (row !== undefined) {
      this.#row = row;
      return;
    }
    // The session was moved meanwhile; or it was ended, and is not created again.
    this.#moved ??= await this.#open();
    const moved = this.#moved;
    await moved?.save(moved.text === base ? text : mergeJson(base, text, moved.text));
  }

  /** Returns the row as it has been written; undefined if it was deleted. */
  async #replace(base: string, text: string): Promise<FormerRow | undefined> {
    if (this.#moved !== undefined) return undefined;
    let found: FormerRow | undefined = this.#row;
    for (let tries = 0; tries < TRIES; tries += 1) {
      const wanted = found.text === base ? text : mergeJson(base, text, found.text);
      if (await this.#table.replace(found, wanted))
        return { ...found, stored: wanted, text: wanted };
      found = await this.#table.read(found.sid);
      // The same bytes are this save, whose answer was lost.
      if (found === undefined || found.stored === wanted) return found;
    }
    throw new SessionUnavailable('The session was not saved: others saved it at each try');
  }

  async touch(): Promise<void> {
    await (this.#moved?.touch() ?? this.#table.touch(this.#row.sid));
  }
}

/**
 * express-mysql-session notes a use in the column alone, and leaves the end within the JSON. That end
 * is exact, and counts until a use has moved the second in the column.
 */
function rowOf([sid, stored, expires]: readonly unknown[]): FormerRow {
  const session = parse(String(stored)) as { cookie?: { expires?: string | null } };
  const end = Number(expires);
  if (session.cookie?.expires && end > secondOf(session.cookie.expires)) {
    session.cookie.expires = new Date(end * 1000).toISOString();
  }
  return { sid: String(sid), stored: String(stored), text: JSON.stringify(session) };
}

/** Returns the second that express-mysql-session writes for a time. */
function secondOf(time: string | number): number {
  return Math.round(new Date(time).getTime() / 1000);
}

/** Quotes any name, as express-mysql-session does: its tables may have names that ours may not. */
function quote(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
