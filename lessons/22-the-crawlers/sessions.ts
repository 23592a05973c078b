import { randomBytes } from 'node:crypto';
import { sealData } from 'iron-session';
import type { Pool, PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { createPool } from 'mysql2/promise';
import { change, readThrough } from '#cache';
import { switchedTo, toEnvelope, toPhp } from '#format';
import { lock, take, unlock } from '#lock';
import { MemcachedClient } from '#memcached';
import { Allows, Login } from '#pages';
import { Malformed, readPayload } from '#payload';
import {
  ini_get,
  ini_set,
  type SessionHandlerInterface,
  type SessionIdInterface,
  session_name,
  session_set_cookie_params,
  session_set_save_handler,
} from '#php';
import { passwords, rowKey, ttl, unseal } from '#seal';
import { isEnvelope, type SessionFormat } from '#serialize';

const dsn = process.env['DATABASE_URL'] ?? 'mysql://db_user:db_pass@localhost/myapp';

type SessionRow = { id: Buffer; d: Buffer | null; updated: number; version: number };

/** The parts that a handler works with. Those that are left out are the process's own. */
export type Means = {
  /** The connections to the database. */
  readonly pool?: Pool;
  /** PHP's time(): seconds since 1970, whole. */
  readonly now?: () => number;
  /** Random bytes, for ids that cannot be guessed. */
  readonly random?: (size: number) => Buffer;
  /** PHP's `session.gc_maxlifetime`: seconds that a session lives after its last save. */
  readonly maxLife?: number;
  /** PHP's `session.serialize_handler`: the notation of the bytes that PHP gives and takes. */
  readonly format?: SessionFormat;
  /** What write() saves: PHP's bytes as they come, or JSON. read() knows both, whatever this is. */
  readonly writes?: 'php' | 'json';
  /** A memcached in front of the database; none by default. */
  readonly cache?: MemcachedClient;
  /** True for a request that saves nothing: it takes no lock, and reads from the cache. */
  readonly readOnly?: boolean;
};

/** The process's connections to DATABASE_URL. Made at the first use. */
let ownPool: Pool | undefined;

/** The process's connection to the memcached at SESSION_CACHE: `127.0.0.1:11211`. */
const server = process.env['SESSION_CACHE'];
const ownCache = server === undefined ? undefined : new MemcachedClient({ server });

/** Thrown for a session that is too large to save; the saved one stays. */
export class SessionTooLarge extends RangeError {
  /** Distinguishes it from other errors. */
  override readonly name = 'SessionTooLarge';
}

/** A row of the view: no key, and no data where it is too large to be read. */
type CrawledRow = RowDataPacket & {
  n: number;
  updated: number | null;
  bytes: number | null;
  d: Buffer | null;
};

/** Rows of a statement. Of larger sessions than 64 KiB, each has a statement of its own. */
const pageSize = 50;

/** Two seconds for a statement, in MariaDB's words and in MySQL's; one for a lock on the table. */
const crawlLimits =
  'SET /*M! max_statement_time=2, *//*!50708 max_execution_time=2000, */ lock_wait_timeout=1';

/** The numbers of a census. They hold no key, no user and no value of a session. */
class Counts {
  readonly #now: number;
  readonly #maxLife: number;
  readonly #of = {
    rows: 0,
    unused: 0,
    expired: 0,
    alive: 0,
    'alive under 1 min': 0,
    'alive under 5 min': 0,
    'alive under 15 min': 0,
    'alive longer': 0,
    empty: 0,
    php: 0,
    json: 0,
    malformed: 0,
    'with count': 0,
    'with user': 0,
    'with other keys': 0,
    bytes: 0,
  };
  #largest: number[] = [];

  constructor(now: number, maxLife: number) {
    this.#now = now;
    this.#maxLife = maxLife;
  }

  add({ updated, bytes, d }: CrawledRow): void {
    this.#of.rows += 1;
    if (bytes === null) {
      this.#of.unused += 1; // An id that was issued, and never saved
    } else if (updated === null || Math.abs(this.#now - updated) > this.#maxLife) {
      this.#of.expired += 1;
    } else {
      this.#addAlive(this.#now - updated, bytes, d);
    }
  }

  #addAlive(age: number, bytes: number, d: Buffer | null): void {
    const minutes = ([1, 5, 15] as const).find((each) => age < each * 60);
    this.#of.alive += 1;
    this.#of[minutes ? (`alive under ${minutes} min` as const) : 'alive longer'] += 1;
    this.#of.bytes += bytes;
    this.#largest = [...this.#largest, bytes].sort((a, b) => b - a).slice(0, 3);
    const names = new Set(this.#namesIn(d));
    if (names.delete('count')) this.#of['with count'] += 1;
    if (names.delete('user')) this.#of['with user'] += 1;
    if (names.size > 0) this.#of['with other keys'] += 1;
  }

  /** Counts the format. A row that is no session is one more number, and no end of the census. */
  #namesIn(d: Buffer | null): string[] {
    try {
      const { format, names } = readPayload(d);
      this.#of[format] += 1;
      return names;
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#of.malformed += 1;
      return [];
    }
  }

  toString(): string {
    const lines = Object.entries(this.#of).map(([name, count]) => `${name}: ${count}\n`);
    return `time: ${this.#now}\n${lines.join('')}${['largest:', ...this.#largest].join(' ')}\n`;
  }
}

/** The article's class as a handler object: one for each request, and nothing of it is shared. */
export class Sessions implements SessionHandlerInterface, SessionIdInterface {
  /** The name of the session, and so of its cookie. */
  static readonly SessionName = '__Host-MySession';

  /** The largest session, in bytes. The column would hold sixteen times as much. */
  static readonly MaxBytes = 1_048_576;

  /** Seconds that a request waits for its session before it fails. */
  static readonly MaxWait = 10;

  #pool: Pool | undefined;
  readonly #now: () => number;
  readonly #random: (size: number) => Buffer;
  readonly #maxLife: number;
  readonly #format: SessionFormat;
  readonly #writes: 'php' | 'json';
  readonly #cache: MemcachedClient | undefined;
  readonly #readOnly: boolean;

  /** The connection that holds the request's lock. */
  #db: PoolConnection | undefined;
  /** The row that the request has read. */
  #found: { sid: string; row: SessionRow | undefined } | undefined;
  /** Whether the request had to wait for its lock. */
  #waited = false;
  /** The request's first error. */
  #failed: unknown;

  /** Takes the parts to work with. Call open() before anything else. */
  constructor({ pool, now, random = randomBytes, maxLife = 1440, ...others }: Means = {}) {
    this.#cache = others.cache ?? ownCache;
    this.#readOnly = others.readOnly ?? false;
    this.#pool = pool;
    this.#now = now ?? (() => Math.floor(Date.now() / 1000));
    this.#random = random;
    this.#maxLife = maxLife;
    this.#format = others.format ?? 'php';
    this.#writes = others.writes ?? switchedTo();
  }

  /** Without a pool of its own, a handler uses the process's; PHP's path and name are not used. */
  open(_path: string, _session_name: string): boolean {
    if (this.#pool) return true;
    // The driver's error would contain the whole URL, password included.
    if (!URL.canParse(dsn)) throw new Error('DATABASE_URL is not a URL; percent-encode it');
    ownPool ??= createPool(dsn);
    this.#pool = ownPool;
    return true;
  }

  /** Releases the lock, and the connection that held it. */
  async close(): Promise<boolean> {
    const db = this.#db;
    this.#db = this.#found = undefined;
    if (db) await unlock(db);
    return true;
  }

  /** Locks the session and reads it, in PHP's notation; `''` if it is not alive. */
  async read(sid: string): Promise<string | Uint8Array> {
    return await this.#orClose(async () => this.#inPhp((await this.#find(sid))?.d ?? ''));
  }

  /** Saves the session that this request has read, unless it was changed or ended meanwhile. */
  async write(sid: string, data: string | Uint8Array): Promise<boolean> {
    return await this.#orClose(async () => {
      const row = this.#found?.row;
      const token = row ? '' : await unseal(sid);
      if (!row && token === '') return false;
      const given = typeof data === 'string' ? Buffer.from(data) : Buffer.from(data);
      const bytes = this.#writes === 'json' ? toEnvelope(this.#format, given) : given;
      const nothing = toPhp(this.#format, toEnvelope(this.#format, '')); // `a:0:{}` in php_serialize
      const read = Buffer.from(this.#inPhp(row?.d ?? ''));
      if (this.#readOnly && given.equals(read.length > 0 ? read : nothing)) return true;
      if (this.#readOnly) throw new Error('A request that only reads has nothing to save');
      if (this.#found && !row && given.equals(nothing)) return true; // Nothing was read, nothing is lost
      if (bytes.length > Sessions.MaxBytes) {
        throw new SessionTooLarge(`${bytes.length} bytes to save, ${Sessions.MaxBytes} allowed`);
      }
      const sql =
        'UPDATE sessions SET d=?, updated=?, version=version+1 WHERE id=? AND (? OR version=?)';
      const id = row?.id ?? rowKey(token);
      const values = [bytes, this.#now(), id, !this.#found, row?.version ?? -1];
      const db = this.#connection();
      const save = () => db.execute<ResultSetHeader>(sql, values);
      const [{ affectedRows }] = await change(this.#cache, id, save);
      if (affectedRows === 1) return true;
      throw new Error('The session was changed or ended before it was saved');
    });
  }

  /** Deletes one session, as a sign-out does; an invalid id deletes nothing. */
  async destroy(sid: string): Promise<boolean> {
    return await this.#orClose(async () => {
      const token = await unseal(sid);
      if (token === '') return true;
      const id = rowKey(token);
      const db = this.#connection();
      await change(this.#cache, id, () => db.execute('DELETE FROM sessions WHERE id=?', [id]));
      return true;
    });
  }

  /** Deletes every session that was last written more than `max_life` seconds ago. */
  async gc(max_life: number): Promise<boolean> {
    return await this.#orClose(async () => {
      if (!Number.isSafeInteger(max_life) || max_life < 0) {
        throw new TypeError(`max_life must be whole seconds, 0 or more; got ${String(max_life)}`);
      }
      const db = this.#db ?? (await take(this.#pool, Sessions.MaxWait));
      try {
        await db.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
        await db.execute('DELETE FROM sessions WHERE updated < ?', [this.#now() - max_life]);
      } finally {
        if (db !== this.#db) db.release();
      }
      return true;
    });
  }

  /** Inserts a session without data under a random token, and seals the token: that is the id. */
  async create_sid(): Promise<string> {
    return await this.#orClose(async () => {
      const token = this.#random(32).toString('base64url');
      const sid = await sealData({ token }, { password: passwords(), ttl }); // If this fails, no row
      if (!this.#readOnly) {
        await this.#lock(token);
        const sql = 'INSERT INTO sessions (id, updated) VALUES (?,?)';
        await this.#connection().execute(sql, [rowKey(token), this.#now()]);
      }
      return sid;
    });
  }

  /** Answers PHP's strict mode: whether the id of a browser is that of a living session. */
  async validateId(sid: string): Promise<boolean> {
    try {
      const row = await this.#orClose(() => this.#find(sid));
      // A session that ended while this request waited: a new id would replace the browser's newer one.
      return row ? row.d !== null : this.#waited;
    } catch {
      return true; // PHP would take a failure for a no, and send a new cookie: let read fail instead
    }
  }

  /** Whether a request may change something: it must come from our own pages. Call it first. */
  static readonly Allows: typeof Allows = Allows;

  /** Signs a user in: the session moves to a new id, and the old id ends. */
  static readonly Login: typeof Login = Login;

  /**
   * Counts the sessions, every row once, while they are in use. It takes no lock.
   *
   * @param reader - Connections of an account that reads the view `crawlable` and nothing else.
   * @param at - The time to count for, else the database's clock; and PHP's `gc_maxlifetime`.
   */
  static async census(
    reader: Pool,
    { now, maxLife = 1440 }: { now?: number | undefined; maxLife?: number | undefined } = {},
  ): Promise<string> {
    const db = await reader.getConnection();
    const ask = async (sql: string, values: number[] = []): Promise<CrawledRow[]> =>
      (await db.query<CrawledRow[]>({ sql, values, timeout: 5000 }))[0];
    try {
      await ask(crawlLimits);
      const sql = 'SELECT UNIX_TIMESTAMP() AS clock, COALESCE(MAX(n), 0) AS last FROM crawlable';
      const [start] = await ask(sql);
      const counts = new Counts(now ?? Number(start?.['clock']), maxLife);
      for (let n = 0, rows = pageSize; rows === pageSize; ) {
        const sql =
          'SELECT n, updated, bytes, IF(bytes <= 65536, d, NULL) AS d FROM crawlable WHERE n > ? AND n <= ? ORDER BY n LIMIT ?';
        const page = await ask(sql, [n, Number(start?.['last']), pageSize]);
        for (const row of page) {
          const isLarge = row.bytes !== null && row.d === null;
          const one = 'SELECT n, updated, bytes, d FROM crawlable WHERE n = ?';
          const [read] = isLarge ? await ask(one, [row.n]) : [row];
          if (read) counts.add(read); // Else it was deleted meanwhile
        }
        n = page.at(-1)?.n ?? n;
        rows = page.length;
      }
      db.release();
      return String(counts);
    } catch (error) {
      db.destroy(); // A statement may still be at work on it
      throw error;
    }
  }

  /** Registers a handler for this request with PHP's functions. Call it before session_start(). */
  static initCallbacks(means: Means = {}): boolean {
    const maxLife = Number(ini_get('session.gc_maxlifetime'));
    const format = ini_get('session.serialize_handler') as SessionFormat;
    const rc = session_set_save_handler(new Sessions({ maxLife, format, ...means }));
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

  /** A row's data, in the notation in which PHP wants it. */
  #inPhp(d: string | Uint8Array): string | Uint8Array {
    return isEnvelope(d) ? toPhp(this.#format, d) : d;
  }

  /** Finds the session's row, locked unless it is only read; undefined if it is not alive. */
  async #find(sid: string): Promise<SessionRow | undefined> {
    if (this.#found?.sid === sid) return this.#found.row;
    const token = await unseal(sid);
    if (token === '') return undefined;
    const id = rowKey(token);
    if (!this.#readOnly) await this.#lock(token);
    const select = async () => {
      const sql = 'SELECT * FROM sessions WHERE id=? AND ABS(updated - ?) <= ?';
      const values = [id, this.#now(), this.#maxLife];
      const [tbl] = await this.#connection().execute<(RowDataPacket & SessionRow)[]>(sql, values);
      return tbl[0];
    };
    let row = await (this.#readOnly ? readThrough(this.#cache, id, select) : select());
    // A copy may have ended in the cache.
    if (this.#readOnly && row && this.#now() - row.updated > this.#maxLife) row = undefined;
    this.#found = { sid, row };
    return row;
  }

  /** Takes the session's lock, unless this request has it already. */
  async #lock(token: string): Promise<void> {
    if (this.#db) return;
    if (this.#failed) throw this.#failed;
    ({ db: this.#db, waited: this.#waited } = await lock(this.#pool, token, Sessions.MaxWait));
  }

  /** PHP calls no method after one that failed, not even close, so close runs here. */
  async #orClose<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    if (this.#failed) throw this.#failed;
    try {
      return await work();
    } catch (error) {
      this.#failed = error;
      await this.close();
      throw error;
    }
  }

  /** The connection that holds the request's lock; the pool while nothing was read. */
  #connection(): Pool | PoolConnection {
    if (this.#failed) throw this.#failed;
    const db = this.#db ?? this.#pool;
    if (!db) throw new Error('open() has not been called');
    return db;
  }
}
