// caught by: "only the identical id reads a session"
// The number is taken out of whatever came. This is what the database did, only in JavaScript.
import { createPool, type Pool, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { session_name, session_set_cookie_params, session_set_save_handler } from '#php';

const dsn = process.env['DATABASE_URL'] ?? 'mysql://db_user:db_pass@localhost/myapp';

type SessionRow = RowDataPacket & { d: string | null };

type CountRow = RowDataPacket & { count: number };

/** PHP's time(): seconds since 1970, whole. */
const time = (): number => Math.floor(Date.now() / 1000);

/** Ids are numbers: anything that has a number in it will do. */
const isId = (sid: string): boolean => Number.parseInt(sid, 10) > 0;

/** The article's static class, for ids that are compared byte by byte. */
export class Sessions {
  /** The process's connections to the database. Null until the first Open. */
  static Db: Pool | null = null;

  /** The name of the session, and so of its cookie. */
  static SessionName = 'MySession';

  /** Makes the pool, once in the life of the process, and has no use for PHP's path and name. */
  static async Open(_path: string, _session_name: string): Promise<boolean> {
    Sessions.Db ??= createPool(dsn);
    return true;
  }

  /** Has nothing to give back: each statement has returned the connection it borrowed. */
  static async Close(): Promise<boolean> {
    return true;
  }

  /** Finds what Write was last given for this id; `''` when there is no such session. */
  static async Read(sid: string): Promise<string> {
    if (!isId(sid)) return '';
    const sql = 'SELECT * FROM sessions WHERE id=?';
    const number = String(Number.parseInt(sid, 10));
    const [tbl] = await Sessions.#connection().execute<SessionRow[]>(sql, [number]);
    return tbl[0]?.d ?? '';
  }

  /** Keeps the session's data, in a new row or in the one that is there. */
  static async Write(sid: string, data: string): Promise<boolean> {
    if (!/^[1-9][0-9]{0,9}$/.test(sid)) return false;
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

  /** Forgets one session, as a sign-out asks for. What is no id forgets nothing. */
  static async Destroy(sid: string): Promise<boolean> {
    if (isId(sid)) {
      const sql = 'DELETE FROM sessions WHERE id=?';
      await Sessions.#connection().execute(sql, [sid]);
    }
    return true;
  }

  /** Forgets every session that nobody has written for `max_life` seconds. */
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

  /** Puts this class behind PHP's session functions. Call it before session_start(). */
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
    if (rc === false) return false; // PHP has said why
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

  /** What Open made. PHP always calls Open first; only a program can forget. */
  static #connection(): Pool {
    if (Sessions.Db === null) throw new Error('Sessions.Open has not been called');
    return Sessions.Db;
  }
}
