import { createHash, randomBytes } from 'node:crypto';
import { createPool, type Pool, type PoolConnection, type RowDataPacket } from 'mysql2/promise';
import { ini_get, session_name, session_set_cookie_params, session_set_save_handler } from '#php';

const dsn = process.env['DATABASE_URL'] ?? 'mysql://db_user:db_pass@localhost/myapp';

type SessionRow = RowDataPacket & { d: Buffer | null };

/** The state of one request: its lifetime setting, and the connection that holds the session's lock. */
type Held = { readonly maxLife: number; db?: PoolConnection | undefined };

/** PHP's time(): seconds since 1970, whole. */
const time = (): number => Math.floor(Date.now() / 1000);

/** What createId hands out, and nothing else: 32 bytes, written as base64url. */
const isId = (sid: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(sid);

/** The row of an id: its SHA-256. From the id to the row there is a way, and none leads back. */
const rowKey = (sid: string): Buffer => createHash('sha256').update(sid).digest();

/** The name of a session's lock: 64 characters, and not to be computed from the row. */
const lockName = (sid: string): string => createHash('sha256').update(`lock ${sid}`).digest('hex');

/** A session that was not saved because it is larger than a session may be. */
export class SessionTooLarge extends RangeError {
  /** Tells it from other errors by name. */
  override readonly name = 'SessionTooLarge';
}

/** The article's static class, for requests of one visitor that come at the same time. */
export class Sessions {
  /** The process's connections to the database. Null until the first Open. */
  static Db: Pool | null = null;

  /** The name of the session, and so of its cookie. */
  static SessionName = 'MySession';

  /** PHP's `session.gc_maxlifetime`: how many seconds a session lives that nobody writes. */
  static MaxLife = 1440;

  /** How many bytes a session may have. The column would take sixteen times as many. */
  static MaxBytes = 1_048_576;

  /** How many seconds a request waits for another one of the same session. */
  static MaxWait = 10;

  /** Makes the pool, once in the life of the process, and has no use for PHP's path and name. */
  static async Open(_path: string, _session_name: string): Promise<boolean> {
    Sessions.Db ??= createPool(dsn);
    return true;
  }

  /** Gives the lock back, and the connection that held it. */
  static async Close(held?: Held): Promise<boolean> {
    const db = held?.db;
    if (held) held.db = undefined;
    try {
      await db?.query('SELECT RELEASE_ALL_LOCKS()');
      db?.release();
    } catch {
      // The connection is broken, and so the server has released the lock itself.
      db?.destroy();
    }
    return true;
  }

  /** Waits for the session, and finds what Write was last given for it; `''` if it is not alive. */
  static async Read(sid: string, held?: Held): Promise<string | Uint8Array> {
    if (!isId(sid)) return '';
    await Sessions.#lock(sid, held);
    const sql = 'SELECT * FROM sessions WHERE id=? AND updated >= ?';
    const values = [rowKey(sid), time() - (held?.maxLife ?? Sessions.MaxLife)];
    const [tbl] = await Sessions.#connection(held).execute<SessionRow[]>(sql, values);
    return tbl[0]?.d ?? '';
  }

  /** Keeps the session's data, unless it is too large; one statement, with or without a row. */
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

  /** Forgets one session, as a sign-out asks for. What is no id forgets nothing. */
  static async Destroy(sid: string, held?: Held): Promise<boolean> {
    if (!isId(sid)) return true;
    await Sessions.#connection(held).execute('DELETE FROM sessions WHERE id=?', [rowKey(sid)]);
    return true;
  }

  /** Forgets every session that nobody has written for `max_life` seconds. */
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

  /** Draws an id. There are 2 to the power of 256, so no other session has it. */
  static async createId(): Promise<string> {
    return randomBytes(32).toString('base64url');
  }

  /** Puts this class behind PHP's session functions. Call it before session_start(). */
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

  /** Takes a connection for this request, and on it the session's lock. */
  static async #lock(sid: string, held?: Held): Promise<void> {
    if (!held || held.db) return;
    held.db = await Sessions.Db?.getConnection();
    const values = [lockName(sid), Sessions.MaxWait];
    const sql = 'SELECT GET_LOCK(?,?) AS got';
    const [tbl] = await Sessions.#connection(held).execute<RowDataPacket[]>(sql, values);
    if (tbl[0]?.['got'] !== 1) throw new Error(`The session was busy for ${Sessions.MaxWait} s`);
  }

  /** After a callback that failed, PHP calls no other one, not even Close: so Close runs here. */
  static async #orClose<Answer>(answer: Promise<Answer>, held: Held): Promise<Answer> {
    return await answer.catch(async (error) => {
      await Sessions.Close(held);
      throw error;
    });
  }

  /** The connection of the request, and of no other request; by hand, any free one. */
  static #connection(held?: Held): Pool | PoolConnection {
    const db = held ? held.db : Sessions.Db;
    if (!db) throw new Error('Sessions.Open has not been called, or the request has ended');
    return db;
  }
}
