import { randomBytes, randomUUID } from 'node:crypto';
import { sealData } from 'iron-session';
import type { Pool, PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';
import { createPool } from 'mysql2/promise';
import { lock, take, unlock } from '#lock';
import { CacheUnavailable, type Item, MemcachedClient } from '#memcached';
import { Allows, Login } from '#pages';
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

/** What memcached holds for a row: a copy of it, a reader's lease, or the writers at work. */
type Entry = { copy?: [d: string, updated: number]; lease?: string; writers?: string[] };

/** Seconds that memcached keeps each. MySQL ends a statement that waits for a row after 50. */
const keeps = { copy: 10, lease: 10, writers: 60 };

/** What this process is loading, by lease. */
const loads = new Map<string, Promise<SessionRow | undefined>>();

/** Reads a row from memcached, else from the database; of many readers at once, one asks it. */
async function readThrough(
  cache: MemcachedClient | undefined,
  id: Buffer,
  load: () => Promise<SessionRow | undefined>,
): Promise<SessionRow | undefined> {
  const key = cacheKey(id);
  const lease = randomUUID();
  let item = cache && (await orNothing(cache.get(key)));
  if (cache && !item) {
    const adding = orNothing(put(cache, key, { lease }));
    // It is in the map before another reader can find the lease, and until none can.
    loads.set(
      lease,
      adding.then((isOurs) => (isOurs ? load() : undefined)),
    );
    try {
      if (await adding) {
        const [row, own] = await Promise.all([loads.get(lease), orNothing(cache.get(key))]);
        const entry: Entry = row?.d ? { copy: [row.d.toString('base64'), row.updated] } : {};
        if (entryOf(own).lease === lease) await orNothing(put(cache, key, entry, own));
        return row;
      }
    } finally {
      setImmediate(() => loads.delete(lease));
    }
    item = await orNothing(cache.get(key));
  }
  const { copy, lease: holder = '' } = entryOf(item);
  // No save can begin with a copy: no row has its version.
  if (copy) return { id, d: Buffer.from(copy[0], 'base64'), updated: copy[1], version: -1 };
  // Without either a writer is at work, or another server has the lease, or memcached is silent.
  // A load that failed, or found nothing for the lifetime of its own handler, is none for this one.
  return (await loads.get(holder)?.catch(() => undefined)) ?? (await load());
}

/** Changes a row in the database. Until that is over, every reader asks the database. */
async function change<Result>(
  cache: MemcachedClient | undefined,
  id: Buffer,
  work: () => Promise<Result>,
): Promise<Result> {
  const token = randomUUID();
  const update = async (next: (writers: string[]) => string[]): Promise<void> => {
    for (let tries = 0; cache && tries < 50; tries += 1) {
      const item = await cache.get(cacheKey(id));
      const writers = next(entryOf(item).writers ?? []);
      if (await put(cache, cacheKey(id), writers.length > 0 ? { writers } : {}, item)) return;
    }
  };
  await orNothing(update((writers) => [...writers, token]));
  const result = await work(); // If this fails, it may still happen: the token stays
  await orNothing(update((writers) => writers.filter((each) => each !== token)));
  return result;
}

/** Puts an entry in the place of an item, and an empty one away; false if the item has changed. */
async function put(cache: MemcachedClient, key: string, entry: Entry, item?: Item) {
  const [kind] = Object.keys(entry) as (keyof Entry)[];
  if (!kind) return item === undefined || (await cache.remove(key, item.cas));
  const bytes = Buffer.from(JSON.stringify(entry));
  return item
    ? await cache.cas(key, bytes, keeps[kind], item.cas)
    : await cache.add(key, bytes, keeps[kind]);
}

/** The row's name in memcached. You cannot get from it to a token. */
const cacheKey = (id: Buffer): string => `session:${id.toString('base64url')}`;

/** Reads an item; an empty entry for none, and for one of another program. */
function entryOf(item: Item | undefined): Entry {
  try {
    const { copy, lease, writers } = Object(JSON.parse(String(item?.value))) as Entry;
    if (typeof copy?.[0] === 'string' && Number.isInteger(copy[1])) return { copy };
    if (typeof lease === 'string') return { lease };
    if (Array.isArray(writers) && writers.every((each) => typeof each === 'string')) {
      return { writers };
    }
  } catch {
    // It is not JSON.
  }
  return {};
}

/** A memcached that fails is one that holds nothing. */
async function orNothing<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  return await answer.catch((error) => {
    if (error instanceof CacheUnavailable) return undefined;
    throw error;
  });
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

  /** Locks the session and reads the data that was last saved; `''` if it is not alive. */
  async read(sid: string): Promise<string | Uint8Array> {
    return await this.#orClose(async () => (await this.#find(sid))?.d ?? '');
  }

  /** Saves the session that this request has read, unless it was changed or ended meanwhile. */
  async write(sid: string, data: string | Uint8Array): Promise<boolean> {
    return await this.#orClose(async () => {
      const row = this.#found?.row;
      const token = row ? '' : await unseal(sid);
      if (!row && token === '') return false;
      const bytes = typeof data === 'string' ? Buffer.from(data) : Buffer.from(data);
      if (bytes.length > Sessions.MaxBytes) {
        throw new SessionTooLarge(`${bytes.length} bytes to save, ${Sessions.MaxBytes} allowed`);
      }
      if (this.#readOnly && bytes.equals(row?.d ?? Buffer.alloc(0))) return true;
      if (this.#readOnly) throw new Error('A request that only reads has nothing to save');
      if (this.#found && !row && bytes.length === 0) return true; // Nothing was read, nothing is lost
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

  /** Registers a handler for this request with PHP's functions. Call it before session_start(). */
  static initCallbacks(means: Means = {}): boolean {
    const maxLife = Number(ini_get('session.gc_maxlifetime'));
    const rc = session_set_save_handler(new Sessions({ maxLife, ...means }));
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
