import { createHash, randomBytes } from 'node:crypto';
import { createPool, type Pool, type RowDataPacket } from 'mysql2/promise';
import { session_name, session_set_cookie_params, session_set_save_handler } from '#php';

const dsn = process.env['DATABASE_URL'] ?? 'mysql://db_user:db_pass@localhost/myapp';

type SessionRow = RowDataPacket & { d: string | null };

type CountRow = RowDataPacket & { count: number };

/** PHP's time(): seconds since 1970, whole. */
const time = (): number => Math.floor(Date.now() / 1000);

/** The exact form of an id from createId: 32 bytes as base64url. */
const isId = (sid: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(sid);

/** The row's key: SHA-256 of the id. You can get from the id to the row, and not back. */
const rowKey = (sid: string): Buffer => createHash('sha256').update(sid).digest();

/** The article's static class, with a table that may leak. */
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
    const [tbl] = await Sessions.#connection().execute<SessionRow[]>(sql, [rowKey(sid)]);
    return tbl[0]?.d ?? '';
  }

  /** Saves the session's data, in a new row or in the existing one. */
  static async Write(sid: string, data: string): Promise<boolean> {
    if (!isId(sid)) return false;
    const vals = { id: rowKey(sid), d: data, updated: time() };

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
    if (!isId(sid)) return true;
    await Sessions.#connection().execute('DELETE FROM sessions WHERE id=?', [rowKey(sid)]);
    return true;
  }

  /** Deletes every session that was last written more than `max_life` seconds ago. */
  static async garbageCollect(max_life: number): Promise<boolean> {
    const threshold = time() - max_life;
    const sql = `DELETE FROM sessions WHERE updated < ${threshold}`;
    await Sessions.#connection().query(sql);
    return true;
  }

  /** Draws a random id of 256 bits, so no other session has it. */
  static async createId(): Promise<string> {
    return randomBytes(32).toString('base64url');
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
