// caught by: "a save is one statement that leaves the rest of the row alone"
// One statement, too, and shorter. It deletes the row and makes another one.
import { createHash, randomBytes } from 'node:crypto';
import { createPool, type Pool, type RowDataPacket } from 'mysql2/promise';
import { session_name, session_set_cookie_params, session_set_save_handler } from '#php';

const dsn = process.env['DATABASE_URL'] ?? 'mysql://db_user:db_pass@localhost/myapp';

type SessionRow = RowDataPacket & { d: string | null };

/** PHP's time(): seconds since 1970, whole. */
const time = (): number => Math.floor(Date.now() / 1000);

/** What createId hands out, and nothing else: 32 bytes, written as base64url. */
const isId = (sid: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(sid);

/** The row of an id: its SHA-256. From the id to the row there is a way, and none leads back. */
const rowKey = (sid: string): Buffer => createHash('sha256').update(sid).digest();

/** The article's static class, for requests that come at the same moment. */
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
    const [tbl] = await Sessions.#connection().execute<SessionRow[]>(sql, [rowKey(sid)]);
    return tbl[0]?.d ?? '';
  }

  /** Keeps the session's data, in place of whatever there was. */
  static async Write(sid: string, data: string): Promise<boolean> {
    if (!isId(sid)) return false;
    const sql = 'REPLACE INTO sessions (id, d, updated) VALUES (?,?,?)';
    await Sessions.#connection().execute(sql, [rowKey(sid), data, time()]);
    return true;
  }

  /** Forgets one session, as a sign-out asks for. What is no id forgets nothing. */
  static async Destroy(sid: string): Promise<boolean> {
    if (!isId(sid)) return true;
    await Sessions.#connection().execute('DELETE FROM sessions WHERE id=?', [rowKey(sid)]);
    return true;
  }

  /** Forgets every session that nobody has written for `max_life` seconds. */
  static async garbageCollect(max_life: number): Promise<boolean> {
    const threshold = time() - max_life;
    const sql = `DELETE FROM sessions WHERE updated < ${threshold}`;
    await Sessions.#connection().query(sql);
    return true;
  }

  /** Draws an id. There are 2 to the power of 256, so no other session has it. */
  static async createId(): Promise<string> {
    return randomBytes(32).toString('base64url');
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
