import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';

const dsn = process.env['DATABASE_URL'] ?? 'mysql://db_user:db_pass@localhost/myapp';

interface SessionRow extends RowDataPacket {
  id: number;
  d: string | null;
  updated: number | null;
}

/** The article's static class, as far as it can read: open, close and read. */
export class Sessions {
  /** The one connection to the database. Null while there is none. */
  static Db: Connection | null = null;

  /** The name of the session, and so of its cookie. */
  static SessionName = 'MySession';

  // #region open
  /**
   * Connects to the database, once.
   *
   * @param _path - PHP's `session.save_path`. A database has no use for it.
   * @param _session_name - PHP's `session.name`. Unused as well.
   * @returns true; a database that cannot be reached rejects with the driver's error.
   */
  static async Open(_path: string, _session_name: string): Promise<boolean> {
    if (Sessions.Db === null) {
      Sessions.Db = await createConnection(dsn);
    }
    return true;
  }
  // #endregion open

  // #region close
  /**
   * Gives the connection back to the database.
   *
   * @returns true, also when nothing was open.
   */
  static async Close(): Promise<boolean> {
    if (Sessions.Db !== null) {
      await Sessions.Db.end();
      Sessions.Db = null;
    }
    return true;
  }
  // #endregion close

  // #region read
  /**
   * Finds the session's data.
   *
   * @param sid - The session's id, as the cookie brought it.
   * @returns What Write was last given for this id; `''` when there is no such session.
   */
  static async Read(sid: string): Promise<string> {
    const sql = 'SELECT * FROM sessions WHERE id=?';
    const [tbl] = await Sessions.#connection().execute<SessionRow[]>(sql, [sid]);
    return tbl[0]?.d ?? '';
  }
  // #endregion read

  /** What Open connected to. PHP always calls Open first; only a program can forget. */
  static #connection(): Connection {
    if (Sessions.Db === null) throw new Error('Sessions.Open has not been called');
    return Sessions.Db;
  }
}
