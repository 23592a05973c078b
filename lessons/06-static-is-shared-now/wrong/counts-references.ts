// caught by: "two requests are served at once"
// PHP's own cure, by hand: the last one out closes. One wire still carries one statement at a time.
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

/** The article's static class, for a process that serves many requests at once. */
export class Sessions {
  /** The one connection to the database. Null while nobody has opened it. */
  static Db: Promise<Connection> | null = null;

  /** How many requests have opened it and not closed it yet. */
  static Users = 0;

  /** The name of the session, and so of its cookie. */
  static SessionName = 'MySession';

  /** Connects to the database, for the first of those who are here at the same time. */
  static async Open(_path: string, _session_name: string): Promise<boolean> {
    Sessions.Users += 1;
    Sessions.Db ??= createConnection(dsn);
    await Sessions.Db;
    return true;
  }

  /** Gives the connection back to the database when the last one leaves. */
  static async Close(): Promise<boolean> {
    if (Sessions.Db !== null) {
      Sessions.Users -= 1;
      if (Sessions.Users === 0) {
        const db = await Sessions.Db;
        Sessions.Db = null;
        await db.end();
      }
    }
    return true;
  }

  /** Finds what Write was last given for this id; `''` when there is no such session. */
  static async Read(sid: string): Promise<string> {
    const sql = 'SELECT * FROM sessions WHERE id=?';
    const [tbl] = await (await Sessions.#connection()).execute<SessionRow[]>(sql, [sid]);
    return tbl[0]?.d ?? '';
  }

  /** Keeps the session's data, in a new row or in the one that is there. */
  static async Write(sid: string, data: string): Promise<boolean> {
    const vals = { id: sid, d: data, updated: time() };

    let sql = 'SELECT COUNT(id) AS count FROM sessions WHERE id=?';
    const [tbl] = await (await Sessions.#connection()).execute<CountRow[]>(sql, [vals.id]);

    if ((tbl[0]?.count ?? 0) < 1) {
      // New session
      sql = 'INSERT INTO sessions (id, d, updated) VALUES (?,?,?)';
      await (await Sessions.#connection()).execute(sql, [vals.id, vals.d, vals.updated]);
    } else {
      // Existing session
      sql = 'UPDATE sessions SET d=?,updated=? WHERE id=?';
      await (await Sessions.#connection()).execute(sql, [vals.d, vals.updated, vals.id]);
    }
    return true;
  }

  /** Forgets one session, as a sign-out asks for. `''` forgets nothing. */
  static async Destroy(sid: string): Promise<boolean> {
    if (sid.length > 0) {
      const sql = 'DELETE FROM sessions WHERE id=?';
      await (await Sessions.#connection()).execute(sql, [sid]);
    }
    return true;
  }

  /** Forgets every session that nobody has written for `max_life` seconds. */
  static async garbageCollect(max_life: number): Promise<boolean> {
    const threshold = time() - max_life;
    const sql = `DELETE FROM sessions WHERE updated < ${threshold}`;
    await (await Sessions.#connection()).query(sql);
    return true;
  }

  /** Makes the next session and with it the next id: the row's own number. */
  static async createId(): Promise<string> {
    const sql = 'INSERT INTO sessions (d, updated) VALUES (?,?)';
    const [row] = await (await Sessions.#connection()).execute<ResultSetHeader>(sql, ['', time()]);
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
  static #connection(): Promise<Connection> {
    if (Sessions.Db === null) throw new Error('Sessions.Open has not been called');
    return Sessions.Db;
  }
}
