import { createHash, randomBytes } from 'node:crypto';
import { createPool, type Pool, type RowDataPacket } from 'mysql2/promise';
import { ini_get, session_name, session_set_cookie_params, session_set_save_handler } from '#php';

const dsn = process.env['DATABASE_URL'] ?? 'mysql://db_user:db_pass@localhost/myapp';

type SessionRow = RowDataPacket & { d: Buffer | null };

/** PHP's time(): seconds since 1970, whole. */
const time = (): number => Math.floor(Date.now() / 1000);

/** The exact form of an id from createId: 32 bytes as base64url. */
const isId = (sid: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(sid);

/** The row's key: SHA-256 of the id. You can get from the id to the row, and not back. */
const rowKey = (sid: string): Buffer => createHash('sha256').update(sid).digest();

/** Thrown for a session that is too large to save; the saved one stays. */
export class SessionTooLarge extends RangeError {
  /** Distinguishes it from other errors. */
  override readonly name = 'SessionTooLarge';
}

/** The article's static class, for any bytes, up to a limit. */
export class Sessions {
  /** The process's connections to the database. Null until the first Open. */
  static Db: Pool | null = null;

  /** The name of the session, and so of its cookie. */
  static SessionName = 'MySession';

  /** PHP's `session.gc_maxlifetime`: seconds that a session lives after its last save. */
  static MaxLife = 1440;

  /** The largest session, in bytes. The column would hold sixteen times as much. */
  static MaxBytes = 1_048_576;

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

  /** Reads the data that Write last saved under this id; `''` if no such session is alive. */
  static async Read(sid: string): Promise<string | Uint8Array> {
    if (!isId(sid)) return '';
    const sql = 'SELECT * FROM sessions WHERE id=? AND ABS(updated - ?) <= ?';
    const values = [rowKey(sid), time(), Sessions.MaxLife];
    const [tbl] = await Sessions.#connection().execute<SessionRow[]>(sql, values);
    return tbl[0]?.d ?? '';
  }

  /** Saves the session's data unless it is too large: one statement, with or without a row. */
  static async Write(sid: string, data: string | Uint8Array): Promise<boolean> {
    if (!isId(sid)) return false;
    const bytes = typeof data === 'string' ? Buffer.from(data) : Buffer.from(data);
    if (bytes.length > Sessions.MaxBytes) {
      throw new SessionTooLarge(`${bytes.length} bytes to save, ${Sessions.MaxBytes} allowed`);
    }
    const sql =
      'INSERT INTO sessions (id, d, updated) VALUES (?,?,?) ' +
      'ON DUPLICATE KEY UPDATE d=VALUES(d), updated=VALUES(updated)';
    await Sessions.#connection().execute(sql, [rowKey(sid), bytes, time()]);
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
    if (!Number.isSafeInteger(max_life) || max_life < 0) {
      throw new TypeError(`max_life must be whole seconds, 0 or more; got ${String(max_life)}`);
    }
    const db = await Sessions.#connection().getConnection();
    try {
      await db.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
      await db.execute('DELETE FROM sessions WHERE updated < ?', [time() - max_life]);
    } finally {
      db.release();
    }
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
    Sessions.MaxLife = Number(ini_get('session.gc_maxlifetime'));
    return true;
  }

  /** The pool from Open. PHP always calls Open first; code that calls the class by hand may not. */
  static #connection(): Pool {
    if (Sessions.Db === null) throw new Error('Sessions.Open has not been called');
    return Sessions.Db;
  }
}
