import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { sealData, unsealData } from 'iron-session';
import { createPool, type Pool, type PoolConnection, type RowDataPacket } from 'mysql2/promise';
import {
  $_SESSION,
  ini_get,
  ini_set,
  session_name,
  session_regenerate_id,
  session_set_cookie_params,
  session_set_save_handler,
} from '#php';

const dsn = process.env['DATABASE_URL'] ?? 'mysql://db_user:db_pass@localhost/myapp';

type SessionRow = RowDataPacket & { d: Buffer | null };

/** The state of one request: its lifetime setting, and the connection that holds the session's lock. */
type Held = { readonly maxLife: number; db?: PoolConnection | undefined };

/** PHP's time(): seconds since 1970, whole. */
const time = (): number => Math.floor(Date.now() / 1000);

/** How long a seal is good for, in seconds: as long as its cookie. */
const ttl = 60 * 60 * 24 * 14;

/** The password of a process that was given none. Its seals end with it. */
const makeshift = JSON.stringify({ 1: randomBytes(32).toString('base64url') });

/** SESSION_PASSWORDS, such as `{"1":"…","2":"…"}`: each opens, and the highest number seals. */
function passwords(): Record<string, string> {
  const given = process.env['SESSION_PASSWORDS'] ?? makeshift;
  const isGood = ([id, text]: [string, string]) => /^[1-9]\d*$/.test(id) && text.length >= 32;
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
  const password = passwords();
  if (sid.length > 500 || !/^Fe26\.2\*[\w.*-]+~2$/.test(sid)) return '';
  try {
    const { token = '' } = await unsealData<{ token?: string }>(sid, { password, ttl });
    return /^[A-Za-z0-9_-]{43}$/.test(token) ? token : '';
  } catch {
    // For most damage iron-session answers with an empty object, and for some it throws.
    return '';
  }
}

/** The row of a token: its SHA-256. From token to row there is a way, and none leads back. */
const rowKey = (token: string): Buffer => createHash('sha256').update(token).digest();

/** The name of a session's lock: 64 characters, and not to be computed from the row. */
const lockName = (token: string): string =>
  createHash('sha256').update(`lock ${token}`).digest('hex');

/** A session that was not saved because it is larger than a session may be. */
export class SessionTooLarge extends RangeError {
  /** Tells it from other errors by name. */
  override readonly name = 'SessionTooLarge';
}

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

  /** For each session, the last request of this process that has asked for its lock. */
  static #asking = new Map<string, Promise<void>>();

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
    return (await Sessions.#find(sid, held))?.d ?? '';
  }

  /** Keeps the session's data, unless it is too large; one statement, with or without a row. */
  static async Write(sid: string, data: string | Uint8Array, held?: Held): Promise<boolean> {
    const token = await unseal(sid);
    if (token === '') return false;
    const bytes = typeof data === 'string' ? Buffer.from(data) : Buffer.from(data);
    if (bytes.length > Sessions.MaxBytes) {
      throw new SessionTooLarge(`${bytes.length} bytes to save, ${Sessions.MaxBytes} allowed`);
    }
    const sql =
      'INSERT INTO sessions (id, d, updated) VALUES (?,?,?) ' +
      'ON DUPLICATE KEY UPDATE d=VALUES(d), updated=VALUES(updated)';
    await Sessions.#connection(held).execute(sql, [rowKey(token), bytes, time()]);
    return true;
  }

  /** Forgets one session, as a sign-out asks for. What is no id forgets nothing. */
  static async Destroy(sid: string, held?: Held): Promise<boolean> {
    const token = await unseal(sid);
    if (token === '') return true;
    await Sessions.#connection(held).execute('DELETE FROM sessions WHERE id=?', [rowKey(token)]);
    return true;
  }

  /** Forgets every session that nobody has written for `max_life` seconds. */
  static async garbageCollect(max_life: number, held?: Held): Promise<boolean> {
    if (!Number.isSafeInteger(max_life) || max_life < 0) {
      throw new TypeError(`max_life must be whole seconds, 0 or more; got ${String(max_life)}`);
    }
    const own = held?.db ? undefined : await Sessions.#take();
    const db = own ?? Sessions.#connection(held);
    try {
      await db.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
      await db.execute('DELETE FROM sessions WHERE updated < ?', [time() - max_life]);
    } finally {
      own?.release();
    }
    return true;
  }

  /** Draws a token and seals it: the seal is the session's id to everyone but this class. */
  static async createId(): Promise<string> {
    const token = randomBytes(32).toString('base64url');
    return await sealData({ token }, { password: passwords(), ttl });
  }

  /** Tells whether a request that may change something comes from our own pages. Ask it first. */
  static Allows({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
    if (['GET', 'HEAD', 'OPTIONS'].includes(method ?? 'GET')) return true;
    const { host, origin, 'sec-fetch-site': site } = headers;
    if (site !== undefined) return site === 'same-origin' || site === 'none';
    // No browser at all, or one from before 2020 with a page of its own.
    return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
  }

  /** Tells PHP whether an id that a browser sent is of a session that is alive. */
  static async validateId(sid: string, held?: Held): Promise<boolean> {
    return (await Sessions.#find(sid, held)) !== undefined;
  }

  /** Signs somebody in: the session goes on under another id, and the old one ends. */
  static async Login(user: string): Promise<void> {
    if (!(await session_regenerate_id(true))) throw new Error('The session could not be renewed');
    $_SESSION['user'] = user;
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
      (sid) => Sessions.#orClose(Sessions.validateId(sid, held), held),
    );
    if (rc === false) return false; // PHP has said why
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

  /** The session's row, once no other request has it; undefined if none is alive. */
  static async #find(sid: string, held?: Held): Promise<SessionRow | undefined> {
    const token = await unseal(sid);
    if (token === '') return undefined;
    await Sessions.#lock(token, held);
    const sql = 'SELECT * FROM sessions WHERE id=? AND updated >= ?';
    const values = [rowKey(token), time() - (held?.maxLife ?? Sessions.MaxLife)];
    const [tbl] = await Sessions.#connection(held).execute<SessionRow[]>(sql, values);
    return tbl[0];
  }

  /** Takes the session's lock, after the requests of this process that asked for it before. */
  static async #lock(token: string, held?: Held): Promise<void> {
    if (!held || held.db) return;
    const name = lockName(token);
    const asked: Promise<void> = Sessions.#ask(name, held).finally(() => {
      if (Sessions.#asking.get(name) === asked) Sessions.#asking.delete(name);
    });
    Sessions.#asking.set(name, asked);
    await asked;
  }

  /** Waits without a connection for the request before, then with one for the lock. */
  static async #ask(name: string, held: Held): Promise<void> {
    const until = performance.now() + Sessions.MaxWait * 1000;
    await Sessions.#asking.get(name)?.catch(() => {});
    held.db = await Sessions.#take(until);
    const values = [name, Math.max(0, until - performance.now()) / 1000];
    const sql = 'SELECT GET_LOCK(?,?) AS got';
    const [tbl] = await held.db.execute<RowDataPacket[]>(sql, values);
    if (tbl[0]?.['got'] !== 1) throw new Error(`The session was busy for ${Sessions.MaxWait} s`);
  }

  /** Takes a connection from the pool, which by itself would wait without end. */
  static async #take(until = performance.now() + Sessions.MaxWait * 1000): Promise<PoolConnection> {
    if (!Sessions.Db) throw new Error('Sessions.Open has not been called');
    const taking = Sessions.Db.getConnection();
    const timer = new AbortController();
    const late = delay(Math.max(0, until - performance.now()), undefined, timer).catch(() => {});
    const db = await Promise.race([taking, late]).finally(() => timer.abort());
    if (db) return db;
    taking.then((unused) => unused.release()).catch(() => {});
    throw new Error(`No connection was free for ${Sessions.MaxWait} s`);
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
