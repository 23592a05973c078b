import { createHash, randomBytes } from 'node:crypto';
import { createPool, type Pool, type PoolConnection, type RowDataPacket } from 'mysql2/promise';
import { ini_get, session_name, session_set_cookie_params, session_set_save_handler } from '#php';

const dsn = process.env['DATABASE_URL'] ?? 'mysql://db_user:db_pass@localhost/myapp';

type SessionRow = RowDataPacket & { d: Buffer | null };

/** One request's state: its lifetime setting, and the connection that holds the session's lock. */
type Held = { readonly maxLife: number; db?: PoolConnection | undefined };

/** PHP's time(): seconds since 1970, whole. */
const time = (): number => Math.floor(Date.now() / 1000);

/** The exact form of an id from createId: 32 bytes as base64url. */
const isId = (sid: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(sid);

/** The row's key: SHA-256 of the id. You can get from the id to the row, and not back. */
const rowKey = (sid: string): Buffer => createHash('sha256').update(sid).digest();

/** The lock's name: 64 characters, MySQL's limit, that cannot be computed from the row. */
const lockName = (sid: string): string => createHash('sha256').update(`lock ${sid}`).digest('hex');

/** Thrown for a session that is too large to save; the saved one stays. */
export class SessionTooLarge extends RangeError {
  /** Distinguishes it from other errors. */
  override readonly name = 'SessionTooLarge';
}

/** The article's static class, for simultaneous requests of one visitor. */
export class Sessions {
  /** The process's connections to the database. Null until the first Open. */
  static Db: Pool | null = null;

  /** The name of the session, and so of its cookie. */
  static SessionName = 'MySession';

  /** PHP's `session.gc_maxlifetime`: seconds that a session lives after its last save. */
  static MaxLife = 1440;

  /** The largest session, in bytes. The column would hold sixteen times as much. */
  static MaxBytes = 1_048_576;

  /** Seconds that a request waits for its session before it fails. */
  static MaxWait = 10;

  /** Makes the pool, once per process; PHP's path and name are not used. */
  static async Open(_path: string, _session_name: string): Promise<boolean> {
    // The driver's error would contain the whole URL, password included.
    if (!URL.canParse(dsn)) throw new Error('DATABASE_URL is not a URL; percent-encode it');
    Sessions.Db ??= createPool(dsn);
    return true;
  }

  /** Releases the lock, and the connection that held it. */
  static async Close(held?: Held): Promise<boolean> {
    const db = held?.db;
    if (held) held.db = undefined;
    // On a broken connection the server has released the lock itself.
    await db?.query('SELECT RELEASE_ALL_LOCKS()').catch(() => db.destroy());
    db?.release();
    return true;
  }

  /** Locks the session and reads the data that Write last saved; `''` if it is not alive. */
  static async Read(sid: string, held?: Held): Promise<string | Uint8Array> {
    if (!isId(sid)) return '';
    await Sessions.#lock(sid, held);
    const sql = 'SELECT * FROM sessions WHERE id=? AND ABS(updated - ?) <= ?';
    const values = [rowKey(sid), time(), held?.maxLife ?? Sessions.MaxLife];
    const [tbl] = await Sessions.#connection(held).execute<SessionRow[]>(sql, values);
    return tbl[0]?.d ?? '';
  }

  /** Saves the session's data unless it is too large: one statement, with or without a row. */
  static async Write(sid: string, data: string | Uint8Array, held?: Held): Promise<boolean> {
    if (!isId(sid)) return false;
    const bytes = typeof data === 'string' ? Buffer.from(data) : Buffer.from(data);
    if (bytes.length > Sessions.MaxBytes) {
      throw new SessionTooLarge(`${bytes.length} bytes to save, ${Sessions.MaxBytes} allowed`);
    }
    const sql =
      'INSERT INTO sessions (id, d, updated) VALUES (?,?,?) ' +
      'ON DUPLICATE KEY UPDATE d=VALUES(d), updated=VALUES(updated)';
    await Sessions.#connection(held).execute(sql, [rowKey(sid), bytes, time()]);
    return true;
  }

  /** Deletes one session, as a sign-out does; an invalid id deletes nothing. */
  static async Destroy(sid: string, held?: Held): Promise<boolean> {
    if (!isId(sid)) return true;
    await Sessions.#connection(held).execute('DELETE FROM sessions WHERE id=?', [rowKey(sid)]);
    return true;
  }

  /** Deletes every session that was last written more than `max_life` seconds ago. */
  static async garbageCollect(max_life: number, held?: Held): Promise<boolean> {
    if (!Number.isSafeInteger(max_life) || max_life < 0) {
      throw new TypeError(`max_life must be whole seconds, 0 or more; got ${String(max_life)}`);
    }
    const own = held?.db ? undefined : await Sessions.Db?.getConnection();
    const db = own ?? Sessions.#connection(held);
    try {
      await db.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
      await db.execute('DELETE FROM sessions WHERE updated < ?', [time() - max_life]);
    } finally {
      own?.release();
    }
    return true;
  }

  /** Draws a random id of 256 bits, so no other session has it. */
  static async createId(): Promise<string> {
    return randomBytes(32).toString('base64url');
  }

  /** Registers this class with PHP's session functions. Call it before session_start(). */
  static initCallbacks(): boolean {
    const held: Held = { maxLife: Number(ini_get('session.gc_maxlifetime')) };
    const rc = session_set_save_handler(
      Sessions.Open,
      () => Sessions.Close(held),
      (sid) => Sessions.#orClose(Sessions.Read(sid, held), held),
      (sid, data) => Sessions.#orClose(Sessions.Write(sid, data, held), held),
      (sid) => Sessions.#orClose(Sessions.Destroy(sid, held), held),
      (max_life) => Sessions.#orClose(Sessions.garbageCollect(max_life, held), held),
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

  /** Takes a connection for this request, and on it the session's lock. */
  static async #lock(sid: string, held?: Held): Promise<void> {
    if (!held || held.db) return;
    held.db = await Sessions.Db?.getConnection();
    const values = [lockName(sid), Sessions.MaxWait];
    const sql = 'SELECT GET_LOCK(?,?) AS got';
    const [tbl] = await Sessions.#connection(held).execute<RowDataPacket[]>(sql, values);
    if (tbl[0]?.['got'] !== 1) throw new Error(`The session was busy for ${Sessions.MaxWait} s`);
  }

  /** PHP calls no callback after one that failed, not even Close, so Close runs here. */
  static async #orClose<Answer>(answer: Promise<Answer>, held: Held): Promise<Answer> {
    return await answer.catch(async (error) => {
      await Sessions.Close(held);
      throw error;
    });
  }

  /** The request's own connection; the pool for calls by hand. */
  static #connection(held?: Held): Pool | PoolConnection {
    const db = held ? held.db : Sessions.Db;
    if (!db) throw new Error('Sessions.Open has not been called, or the request has ended');
    return db;
  }
}
