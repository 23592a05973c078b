import {
  type Connection,
  createConnection,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise';
import { session_name, session_set_cookie_params, session_set_save_handler } from '#php';

const dsn = process.env['DATABASE_URL'] ?? 'mysql://db_user:db_pass@localhost/myapp';

type SessionRow = RowDataPacket & { d: string | null };

type CountRow = RowDataPacket & { count: number };

/** PHP's time(): seconds since 1970, whole. */
const time = (): number => Math.floor(Date.now() / 1000);

/** The article's static class, complete: PHP's session functions call it, request by request. */
export class Sessions {
  /** The one connection to the database. Null while there is none. */
  static Db: Connection | null = null;

  /** The name of the session, and so of its cookie. */
  static SessionName = 'MySession';

  /** Connects to the database, once; PHP's path and name are not used. */
  static async Open(_path: string, _session_name: string): Promise<boolean> {
    // The driver's error would contain the whole URL, password included.
    if (!URL.canParse(dsn)) throw new Error('DATABASE_URL is not a URL; percent-encode it');
    if (Sessions.Db === null) {
      Sessions.Db = await createConnection(dsn);
    }
    return true;
  }

  /** Gives the connection back to the database. */
  static async Close(): Promise<boolean> {
    if (Sessions.Db !== null) {
      await Sessions.Db.end();
      Sessions.Db = null;
    }
    return true;
  }

  /** Reads the data that Write last saved under this id; `''` if there is no such session. */
  static async Read(sid: string): Promise<string> {
    const sql = 'SELECT * FROM sessions WHERE id=?';
    const [tbl] = await Sessions.#connection().execute<SessionRow[]>(sql, [sid]);
    return tbl[0]?.d ?? '';
  }

  /** Saves the session's data, in a new row or in the existing one. */
  static async Write(sid: string, data: string): Promise<boolean> {
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

  /** Deletes one session, as a sign-out does; `''` deletes nothing. */
  static async Destroy(sid: string): Promise<boolean> {
    if (sid.length > 0) {
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

  /** Inserts an empty session and returns its id: the row's number. */
  static async createId(): Promise<string> {
    const sql = 'INSERT INTO sessions (d, updated) VALUES (?,?)';
    const [row] = await Sessions.#connection().execute<ResultSetHeader>(sql, ['', time()]);
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

  /** The connection from Open. PHP always calls Open first; code that calls by hand may not. */
  static #connection(): Connection {
    if (Sessions.Db === null) throw new Error('Sessions.Open has not been called');
    return Sessions.Db;
  }
}
