import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { sealData, unsealData } from 'iron-session';
import type { Pool, PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { createPool } from 'mysql2/promise';
import { lock, take, unlock } from '#lock';
import {
  $_SESSION,
  ini_get,
  ini_set,
  session_name,
  session_regenerate_id,
  session_set_cookie_params,
  session_set_save_handler,
  session_unset,
} from '#php';

const dsn = process.env['DATABASE_URL'] ?? 'mysql://db_user:db_pass@localhost/myapp';

type SessionRow = RowDataPacket & { id: Buffer; d: Buffer | null; version: number };

/** One request's state: its lifetime setting, its lock, the row it has read, its first error. */
type Held = {
  readonly maxLife: number;
  db?: PoolConnection | undefined;
  waited?: boolean;
  found?: { sid: string; row: SessionRow | undefined } | undefined;
  failed?: unknown;
};

/** PHP's time(): seconds since 1970, whole. */
const time = (): number => Math.floor(Date.now() / 1000);

/** Seconds that a seal is valid: as long as its cookie. */
const ttl = 60 * 60 * 24 * 14;

/** Used without SESSION_PASSWORDS: drawn at the start, so its seals end with the process. */
const makeshift = JSON.stringify({ 1: randomBytes(32).toString('base64url') });

/** SESSION_PASSWORDS, such as `{"1":"…","2":"…"}`: each opens, and the highest number seals. */
function passwords(): Record<string, string> {
  const given = process.env['SESSION_PASSWORDS'] ?? makeshift;
  const isGood = ([id, text]: [string, unknown]) =>
    /^[1-9]\d*$/.test(id) && typeof text === 'string' && text.length >= 32;
  try {
    const all = JSON.parse(given) as Record<string, string>;
    if (Object.keys(all).length > 0 && Object.entries(all).every(isGood)) return all;
  } catch {
    // The parser's message would contain a piece of a password.
  }
  throw new Error('SESSION_PASSWORDS must be numbers with passwords of 32 characters or more');
}

/** Opens a seal and returns its token; `''` if the seal is invalid. */
async function unseal(sid: string): Promise<string> {
  const password = passwords();
  if (sid.length > 500 || !/^Fe26\.2\*[\w.*-]+~2$/.test(sid)) return '';
  try {
    const { token = '' } = await unsealData<{ token?: string }>(sid, { password, ttl });
    return /^[A-Za-z0-9_-]{43}$/.test(token) ? token : '';
  } catch {
    return ''; // For most damage iron-session returns an empty object, for some it throws
  }
}

/** The row's key: SHA-256 of the token. You can get from the token to the row, and not back. */
const rowKey = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Thrown for a session that is too large to save; the saved one stays. */
export class SessionTooLarge extends RangeError {
  /** Distinguishes it from other errors. */
  override readonly name = 'SessionTooLarge';
}

/** The article's static class, with ids that only this server can issue. */
export class Sessions {
  /** The process's connections to the database. Null until the first Open. */
  static Db: Pool | null = null;

  /** The name of the session, and so of its cookie. */
  static SessionName = '__Host-MySession';

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
    if (held) held.db = held.found = undefined;
    if (db) await unlock(db);
    return true;
  }

  /** Locks the session and reads the data that Write last saved; `''` if it is not alive. */
  static async Read(sid: string, held?: Held): Promise<string | Uint8Array> {
    return (await Sessions.#find(sid, held))?.d ?? '';
  }

  /** Saves the session that this request has read, unless it was changed or ended meanwhile. */
  static async Write(sid: string, data: string | Uint8Array, held?: Held): Promise<boolean> {
    const read = held?.found?.row;
    const token = read ? '' : await unseal(sid);
    if (!read && token === '') return false;
    const bytes = typeof data === 'string' ? Buffer.from(data) : Buffer.from(data);
    if (bytes.length > Sessions.MaxBytes) {
      throw new SessionTooLarge(`${bytes.length} bytes to save, ${Sessions.MaxBytes} allowed`);
    }
    if (held && !read && bytes.length === 0) return true; // Nothing was read, nothing is lost
    const db = Sessions.#connection(held);
    const sql =
      'UPDATE sessions SET d=?, updated=?, version=version+1 WHERE id=? AND (? OR version=?)';
    const values = [bytes, time(), read?.id ?? rowKey(token), !held, read?.version ?? -1];
    const [{ affectedRows }] = await db.execute<ResultSetHeader>(sql, values);
    if (affectedRows !== 1) throw new Error('The session was changed or ended before it was saved');
    return true;
  }

  /** Deletes one session, as a sign-out does; an invalid id deletes nothing. */
  static async Destroy(sid: string, held?: Held): Promise<boolean> {
    const token = await unseal(sid);
    if (token === '') return true;
    await Sessions.#connection(held).execute('DELETE FROM sessions WHERE id=?', [rowKey(token)]);
    return true;
  }

  /** Deletes every session that was last written more than `max_life` seconds ago. */
  static async garbageCollect(max_life: number, held?: Held): Promise<boolean> {
    if (!Number.isSafeInteger(max_life) || max_life < 0) {
      throw new TypeError(`max_life must be whole seconds, 0 or more; got ${String(max_life)}`);
    }
    const db = held?.db ?? (await take(Sessions.Db, Sessions.MaxWait));
    try {
      await db.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
      await db.execute('DELETE FROM sessions WHERE updated < ?', [time() - max_life]);
    } finally {
      if (db !== held?.db) db.release();
    }
    return true;
  }

  /** Inserts a session without data under a random token, and seals the token: that is the id. */
  static async createId(held?: Held): Promise<string> {
    const token = randomBytes(32).toString('base64url');
    const sid = await sealData({ token }, { password: passwords(), ttl }); // If this fails, no row
    await Sessions.#lock(token, held);
    const sql = 'INSERT INTO sessions (id, updated) VALUES (?,?)';
    await Sessions.#connection(held).execute(sql, [rowKey(token), time()]);
    return sid;
  }

  /** Whether a request may change something: it must come from our own pages. Call it first. */
  static Allows({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
    if (['GET', 'HEAD', 'OPTIONS'].includes(method ?? 'GET')) return true;
    const { host, origin, 'sec-fetch-site': site } = headers;
    if (site !== undefined) return site === 'same-origin' || site === 'none';
    // A program, or a browser from before 2020; on the loopback our pages may be plain http.
    if (origin === undefined || (host && origin === `https://${host}`)) return true;
    return /^(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(`${host}`) && origin === `http://${host}`;
  }

  /** Answers PHP's strict mode: whether the id of a browser is that of a living session. */
  static async validateId(sid: string, held?: Held): Promise<boolean> {
    const row = await Sessions.#find(sid, held);
    // A session that ended while this request waited: a new id would replace the browser's newer one.
    return row ? row.d !== null : held?.waited === true;
  }

  /** Signs a user in: the session moves to a new id, and the old id ends. */
  static async Login(user: string): Promise<void> {
    if (!(await session_regenerate_id(true))) throw new Error('The session could not be renewed');
    if (($_SESSION['user'] ?? user) !== user) session_unset(); // What another user has left
    $_SESSION['user'] = user;
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
      () => Sessions.#orClose(Sessions.createId(held), held),
      // PHP would take a failure for a no, and send a new cookie: let Read fail instead.
      (sid) => Sessions.#orClose(Sessions.validateId(sid, held), held).catch(() => true),
    );
    if (rc === false) return false; // PHP has warned
    session_set_cookie_params({
      lifetime: ttl,
      path: '/', // And with no domain: this host, none of its subdomains
      secure: true, // Over an encrypted connection only
      httponly: true, // Not for scripts
      samesite: 'Lax', // Not for forms of other sites
    });
    ini_set('session.use_strict_mode', '1');
    session_name(Sessions.SessionName);
    return true;
  }

  /** Locks the session and finds its row; undefined if it is not alive. */
  static async #find(sid: string, held?: Held): Promise<SessionRow | undefined> {
    if (held?.found?.sid === sid) return held.found.row;
    const token = await unseal(sid);
    if (token === '') return undefined;
    await Sessions.#lock(token, held);
    const sql = 'SELECT * FROM sessions WHERE id=? AND ABS(updated - ?) <= ?';
    const values = [rowKey(token), time(), held?.maxLife ?? Sessions.MaxLife];
    const [tbl] = await Sessions.#connection(held).execute<SessionRow[]>(sql, values);
    if (held) held.found = { sid, row: tbl[0] };
    return tbl[0];
  }

  /** Takes the session's lock, unless this request has it already. */
  static async #lock(token: string, held?: Held): Promise<void> {
    if (!held || held.db) return;
    if (held.failed) throw held.failed;
    ({ db: held.db, waited: held.waited } = await lock(Sessions.Db, token, Sessions.MaxWait));
  }

  /** PHP calls no callback after one that failed, not even Close, so Close runs here. */
  static async #orClose<Answer>(answer: Promise<Answer>, held: Held): Promise<Answer> {
    return await answer.catch(async (error) => {
      held.failed = error;
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
