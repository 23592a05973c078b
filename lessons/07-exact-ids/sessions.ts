import { createPool, type Pool, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { session_name, session_set_cookie_params, session_set_save_handler } from '#php';

const dsn = process.env['DATABASE_URL'] ?? 'mysql://db_user:db_pass@localhost/myapp';

type SessionRow = RowDataPacket & { d: string | null };

type CountRow = RowDataPacket & { count: number };

/** PHP's time(): seconds since 1970, whole. */
const time = (): number => Math.floor(Date.now() / 1000);

/** The exact form of an id from createId: a number without leading zeros. */
const isId = (sid: string): boolean => /^[1-9][0-9]{0,9}$/.test(sid);

/** The article's static class, with ids compared byte by byte. */
export class Sessions {
  /** The process's connections to the database. Null until the first Open. */
  static Db: Pool | null = null;

  /** The name of the session, and so of its cookie. */
  static SessionName = 'MySession';

  /** Makes the pool, once per process; PHP's path and name are not used. */
  static async Open(_path: string, _session_name: string): Promise<boolean> {
    // The driver's error would contain the whole URL, password included.
    if (!URL.canParse(dsn)) throw new Error('DATABASE_URL is not a URL; percent-encode it');
    Sessions.Db ??= createPool(dsn);
    return true;
  }

  /** Does nothing: each statement has already returned its connection to the pool. */
  static async Close(): Promise<boolean> {
    return true;
  }

  /** Reads the data that Write last saved under this id; `''` if there is no such session. */
  static async Read(sid: string): Promise<string> {
    if (!isId(sid)) return '';
    const sql = 'SELECT * FROM sessions WHERE id=?';
    const [tbl] = await Sessions.#connection().execute<SessionRow[]>(sql, [sid]);
    return tbl[0]?.d ?? '';
  }

  /** Saves the session's data, in a new row or in the existing one. */
  static async Write(sid: string, data: string): Promise<boolean> {
    if (!isId(sid)) return false;
    const vals = { id: sid, d: data, updated: time() };

    let sql = 'SELECT COUNT(id) AS count FROM sessions WHERE id=?';
    const [tbl] = await Sessions.#connection().execute<CountRow[]>(sql, [vals.id]);

    if ((tbl[0]?.count ?? 0) < 1) {
      // New session
      sql = 'INSERT INTO sessions (id, d, updated) VALUES (?,?,?)';
      await Sessions.#connection().execute(sql, [vals.id, vals.d, vals.updated]);
    } else {
      // Existing session
      sql = 'UPDATE sessions SET d=?,updated=? WHERE id=?';
      await Sessions.#connection().execute(sql, [vals.d, vals.updated, vals.id]);
    }
    return true;
  }

  /** Deletes one session, as a sign-out does; an invalid id deletes nothing. */
  static async Destroy(sid: string): Promise<boolean> {
    if (isId(sid)) {
      const sql = 'DELETE FROM sessions WHERE id=?';
      await Sessions.#connection().execute(sql, [sid]);
    }
    return true;
  }

  /** Deletes every session that was last written more than `max_life` seconds ago. */
  static async garbageCollect(max_life: number): Promise<boolean> {
    const threshold = time() - max_life;
    const sql = `DELETE FROM sessions WHERE updated < ${threshold}`;
    await Sessions.#connection().query(sql);
    return true;
  }

  /** Takes the next number from the table that counts. */
  static async createId(): Promise<string> {
    const sql = 'INSERT INTO session_numbers () VALUES ()';
    const [row] = await Sessions.#connection().execute<ResultSetHeader>(sql);
    return String(row.insertId);
  }

  /** Registers this class with PHP's session functions. Call it before session_start(). */
  static initCallbacks(): boolean {
    const rc = session_set_save_handler(
      Sessions.Open,
      Sessions.Close,
      Sessions.Read,
      Sessions.Write,
      Sessions.Destroy,
      Sessions.garbageCollect,
      Sessions.createId,
    );
    if (rc === false) return false; // PHP has warned
    session_set_cookie_params(
      60 * 60 * 24 * 14, // Lifetime in seconds
      '/', // Domain path
      '', // Domain where valid
      false, // Send cookie over unsecure connections
      false, // httponly
    );
    session_name(Sessions.SessionName);
    return true;
  }

  /** The pool from Open. PHP always calls Open first; code that calls the class by hand may not. */
  static #connection(): Pool {
    if (Sessions.Db === null) throw new Error('Sessions.Open has not been called');
    return Sessions.Db;
  }
}
