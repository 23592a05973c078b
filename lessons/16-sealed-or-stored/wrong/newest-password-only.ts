// caught by: "an old password still opens, and the new one seals"
// Seals and opens with the newest password. On the day of the change everybody is signed out.
import { createHash, randomBytes } from 'node:crypto';
import { sealData, unsealData } from 'iron-session';
import { createPool, type Pool, type PoolConnection, type RowDataPacket } from 'mysql2/promise';
import {
  $_SESSION,
  ini_get,
  ini_set,
  PhpScopeError,
  session_name,
  session_regenerate_id,
  session_save_path,
  session_set_cookie_params,
  session_set_save_handler,
} from '#php';

const dsn = process.env['DATABASE_URL'] ?? 'mysql://db_user:db_pass@localhost/myapp';

interface SessionRow extends RowDataPacket {
  id: Buffer;
  d: Buffer | null;
  updated: number | null;
}

interface LockRow extends RowDataPacket {
  got: number | null;
}

/** PHP's time(): seconds since 1970, whole. */
const time = (): number => Math.floor(Date.now() / 1000);

// #region shape
/** What is in a seal, and nothing else: 32 bytes, written as base64url. */
const isId = (sid: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(sid);
// #endregion shape

// #region seal
/** How long a seal is good for, in seconds: as long as its cookie. */
const ttl = 60 * 60 * 24 * 14;

/** The password of a process that was given none. Its seals end with it. */
const makeshift = { '1': randomBytes(32).toString('base64url') };

/** SESSION_PASSWORDS, such as `{"1":"…","2":"…"}`: each opens, and the highest number seals. */
function passwords(): Record<string, string> {
  const given = process.env['SESSION_PASSWORDS'];
  if (given === undefined) return makeshift;
  const isGood = ([number, text]: [string, unknown]) =>
    /^[1-9]\d*$/.test(number) && typeof text === 'string' && text.length >= 32;
  try {
    const all = JSON.parse(given) as Record<string, string>;
    if (Object.keys(all).length > 0 && Object.entries(all).every(isGood)) return all;
  } catch {
    // What JSON has to say about it would show a piece of a password.
  }
  throw new Error('SESSION_PASSWORDS must be numbers with passwords of 32 letters or more');
}

/** The token in a seal; `''` for what is no seal of ours. */
async function unseal(sid: string): Promise<string> {
  const [number, text = ''] = Object.entries(passwords()).at(-1) ?? [];
  const newest = { [number ?? '1']: text };
  if (sid.length > 500 || !/^Fe26\.2\*[\w.*-]+~2$/.test(sid)) return '';
  try {
    const { token = '' } = await unsealData<{ token?: string }>(sid, { password: newest, ttl });
    return isId(token) ? token : '';
  } catch {
    // For most damage iron-session answers with an empty object, and for some it throws.
    return '';
  }
}
// #endregion seal

// #region key
/** The row of a token: its SHA-256. From token to row there is a way, and none leads back. */
const rowKey = (token: string): Buffer => createHash('sha256').update(token).digest();
// #endregion key

// #region limit
/** A session that was not saved because it is larger than a session may be. */
export class SessionTooLarge extends RangeError {
  /** Tells it from other errors by name. */
  override readonly name = 'SessionTooLarge';

  /**
   * @param bytes - How large it is.
   * @param limit - How large it may be.
   */
  constructor(bytes: number, limit: number) {
    super(`The session has ${bytes} bytes, ${limit} are allowed; the saved one was left as it is`);
  }
}
// #endregion limit

// #region name
/** The name of a session's lock. The server's locks have 64 letters at most. */
const lockName = (token: string): string => `session:${rowKey(token).toString('hex').slice(0, 48)}`;

/** The number initCallbacks gave to the request that calls; undefined outside of any. */
function requestNumber(): string | undefined {
  try {
    return session_save_path() || undefined;
  } catch (error) {
    if (error instanceof PhpScopeError) return undefined;
    throw error;
  }
}
// #endregion name

// #region release
/**
 * A callback that lets go of the session when it fails. PHP calls no Close after that: there, the
 * request ends its process, and with it every connection.
 */
function orRelease<Values extends unknown[], Result>(
  callback: (...values: Values) => Result | Promise<Result>,
): (...values: Values) => Promise<Result> {
  return async (...values) => {
    try {
      return await callback(...values);
    } catch (error) {
      await Sessions.Close();
      throw error;
    }
  };
}
// #endregion release

// #region foreign
/** What a browser tells about a request: method and headers, as node:http has them. */
export interface SentRequest {
  /** As Node gives it: `GET`, `POST`. */
  method?: string | undefined;
  /** Names in lower case, as Node gives them. */
  headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** Methods that only ask. */
const asking: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];
// #endregion foreign

/** The article's static class, with ids that nobody else can make. */
export class Sessions {
  /** The process's connections to the database. Null until the first Open. */
  static Db: Pool | null = null;

  /** The name of the session, and so of its cookie. */
  static SessionName = '__Host-MySession';

  /** PHP's `session.gc_maxlifetime`: how many seconds a session lives that nobody writes. */
  static MaxLife = 1440;

  /** How many bytes a session may have. The column would take sixteen times as many. */
  static MaxBytes = 1_048_576;

  /** How many seconds a request waits for another one of the same session. */
  static MaxWait = 10;

  /** How many requests there have been: the last one's number. */
  static #requests = 0;

  /** The connection of each request that has read its session, and holds its lock. */
  static #held = new Map<string, PoolConnection>();

  /** For each session, the last request of this process that has asked for its lock. */
  static #asking = new Map<string, Promise<PoolConnection>>();

  // #region open
  /**
   * Makes the pool, once in the life of the process.
   *
   * @param _path - PHP's `session.save_path`. A database has no use for it.
   * @param _session_name - PHP's `session.name`. Unused as well.
   * @returns true; a database that cannot be reached is an error of the first statement.
   */
  static async Open(_path: string, _session_name: string): Promise<boolean> {
    Sessions.Db ??= createPool(dsn);
    return true;
  }
  // #endregion open

  // #region close
  /**
   * Gives the lock back, and the connection that held it.
   *
   * @returns true, also when there was none.
   */
  static async Close(): Promise<boolean> {
    const request = requestNumber() ?? '';
    const db = Sessions.#held.get(request);
    if (db) {
      Sessions.#held.delete(request);
      try {
        await db.query('SELECT RELEASE_ALL_LOCKS()');
        db.release();
      } catch {
        // The connection is broken, and so the server has released the lock itself.
        db.destroy();
      }
    }
    return true;
  }
  // #endregion close

  // #region read
  /**
   * Waits until no other request has the session, and finds its data.
   *
   * @param sid - The session's id, as the cookie brought it.
   * @returns What Write was last given for this id; `''` when there is none, or none that is still alive.
   */
  static async Read(sid: string): Promise<string | Uint8Array> {
    const token = await unseal(sid);
    if (token === '') return '';
    await Sessions.#lock(token);
    const sql = 'SELECT * FROM sessions WHERE id=? AND updated >= ?';
    const oldest = time() - Sessions.MaxLife;
    const [tbl] = await Sessions.#connection().execute<SessionRow[]>(sql, [rowKey(token), oldest]);
    return tbl[0]?.d ?? '';
  }
  // #endregion read

  // #region write
  /**
   * Keeps the session's data, in a new row or in the one that is there: one statement either way.
   *
   * @param sid - The session's id.
   * @param data - All of the session, as PHP serialized it: text, or bytes that are none.
   * @returns true, or false for what is no id; a statement that fails rejects.
   * @throws SessionTooLarge when there is too much of it.
   */
  static async Write(sid: string, data: string | Uint8Array): Promise<boolean> {
    const token = await unseal(sid);
    if (token === '') return false;
    const bytes = typeof data === 'string' ? Buffer.from(data) : Buffer.from(data);
    if (bytes.length > Sessions.MaxBytes) {
      throw new SessionTooLarge(bytes.length, Sessions.MaxBytes);
    }
    const sql =
      'INSERT INTO sessions (id, d, updated) VALUES (?,?,?) ' +
      'ON DUPLICATE KEY UPDATE d=VALUES(d), updated=VALUES(updated)';
    await Sessions.#connection().execute(sql, [rowKey(token), bytes, time()]);
    return true;
  }
  // #endregion write

  // #region destroy
  /**
   * Forgets one session, as a sign-out asks for.
   *
   * @param sid - The session's id. What is no id forgets nothing.
   * @returns true, also when there was no such session.
   */
  static async Destroy(sid: string): Promise<boolean> {
    const token = await unseal(sid);
    if (token !== '') {
      const sql = 'DELETE FROM sessions WHERE id=?';
      await Sessions.#connection().execute(sql, [rowKey(token)]);
    }
    return true;
  }
  // #endregion destroy

  // #region gc
  /**
   * Forgets every session that nobody has written for a while.
   *
   * @param max_life - PHP's `session.gc_maxlifetime`, in seconds.
   * @returns true
   * @throws TypeError when `max_life` is no length of time.
   */
  static async garbageCollect(max_life: number): Promise<boolean> {
    if (!Number.isSafeInteger(max_life) || max_life < 0) {
      throw new TypeError(`max_life must be whole seconds, 0 or more; got ${String(max_life)}`);
    }
    const held = Sessions.#held.get(requestNumber() ?? '');
    const db = held ?? (await Sessions.#pool().getConnection());
    try {
      await db.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
      await db.execute('DELETE FROM sessions WHERE updated < ?', [time() - max_life]);
    } finally {
      if (!held) db.release();
    }
    return true;
  }
  // #endregion gc

  // #region create
  /**
   * Draws a token and seals it.
   *
   * @returns The seal, which is the session's id to everyone but this class.
   */
  static async createId(): Promise<string> {
    const token = randomBytes(32).toString('base64url');
    return await sealData({ token }, { password: passwords(), ttl });
  }
  // #endregion create

  // #region allows
  /**
   * Tells whether a request that changes something comes from our own pages. Ask before anything
   * else.
   *
   * @param request - The request, as node:http has it.
   * @returns false when a browser sent it for a page of somebody else.
   */
  static Allows({ method = 'GET', headers }: SentRequest): boolean {
    if (asking.includes(method)) return true;
    const site = headers['sec-fetch-site'];
    if (site !== undefined) return site === 'same-origin' || site === 'none';
    const { origin, host } = headers;
    // No browser at all, or one from before 2020 with a page of its own.
    if (origin === undefined) return true;
    return URL.canParse(String(origin)) && new URL(String(origin)).host === host;
  }
  // #endregion allows

  // #region validate
  /**
   * Tells whether an id is one of ours. PHP asks before it begins a session that a browser names.
   *
   * @param sid - The session's id.
   * @returns true for the id of a session that is alive.
   */
  static async validateId(sid: string): Promise<boolean> {
    const token = await unseal(sid);
    if (token === '') return false;
    // Only once we have its lock: another request may be about to end this session.
    await Sessions.#lock(token);
    const sql = 'SELECT 1 FROM sessions WHERE id=? AND updated >= ?';
    const values = [rowKey(token), time() - Sessions.MaxLife];
    const [tbl] = await Sessions.#connection().execute<RowDataPacket[]>(sql, values);
    return tbl.length > 0;
  }
  // #endregion validate

  // #region login
  /**
   * Signs somebody in: the session goes on under another id, and the old one ends.
   *
   * @param user - Who it is, once that has been proved.
   */
  static async Login(user: string): Promise<void> {
    if (!(await session_regenerate_id(true))) throw new Error('The session could not be renewed');
    $_SESSION['user'] = user;
  }
  // #endregion login

  // #region init
  /**
   * Puts this class behind PHP's session functions. Call it before session_start().
   *
   * @returns false when PHP refused, as it does once a session is active.
   */
  static initCallbacks(): boolean {
    const rc = session_set_save_handler(
      Sessions.Open,
      Sessions.Close,
      orRelease(Sessions.Read),
      orRelease(Sessions.Write),
      orRelease(Sessions.Destroy),
      orRelease(Sessions.garbageCollect),
      Sessions.createId,
      orRelease(Sessions.validateId),
    );
    if (rc === false) {
      process.emitWarning('Could not set session handlers.');
      return false;
    }

    session_set_cookie_params({
      lifetime: ttl,
      path: '/',
      domain: '', // This host, and none of its subdomains
      secure: true, // Over an encrypted connection only
      httponly: true, // Not for scripts
      samesite: 'Lax', // Not for forms of other sites
    });
    ini_set('session.use_strict_mode', '1');
    session_name(Sessions.SessionName);
    Sessions.#requests += 1;
    session_save_path(String(Sessions.#requests));
    Sessions.MaxLife = Number(ini_get('session.gc_maxlifetime'));
    return true;
  }
  // #endregion init

  // #region lock
  /** Takes a connection for this request, and on it the session's lock. */
  static async #lock(token: string): Promise<void> {
    const request = requestNumber();
    if (request === undefined || Sessions.#held.has(request)) return;
    const name = lockName(token);
    const until = performance.now() + Sessions.MaxWait * 1000;
    // Whoever asks the database waits with a connection; a crowd would leave none for the others.
    const before = Sessions.#asking.get(name) ?? Promise.resolve();
    const asked = before.catch(() => {}).then(() => Sessions.#ask(name, until));
    Sessions.#asking.set(name, asked);
    try {
      Sessions.#held.set(request, await asked);
    } finally {
      if (Sessions.#asking.get(name) === asked) Sessions.#asking.delete(name);
    }
  }

  /** Waits for the lock, until that time at most. */
  static async #ask(name: string, until: number): Promise<PoolConnection> {
    const db = await Sessions.#pool().getConnection();
    try {
      const seconds = Math.max(0, until - performance.now()) / 1000;
      const [tbl] = await db.execute<LockRow[]>('SELECT GET_LOCK(?,?) AS got', [name, seconds]);
      if (tbl[0]?.got === 1) return db;
      throw new Error(`The session was busy for ${Sessions.MaxWait} s`);
    } catch (error) {
      db.release();
      throw error;
    }
  }
  // #endregion lock

  /** The request's own connection while it holds its session; else whichever is free. */
  static #connection(): Pool | PoolConnection {
    return Sessions.#held.get(requestNumber() ?? '') ?? Sessions.#pool();
  }

  /** What Open made. PHP always calls Open first; only a program can forget. */
  static #pool(): Pool {
    if (Sessions.Db === null) throw new Error('Sessions.Open has not been called');
    return Sessions.Db;
  }
}
