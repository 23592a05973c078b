import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { sealData } from 'iron-session';
import type {
  ExecuteValues,
  Pool,
  PoolConnection,
  ResultSetHeader,
  RowDataPacket,
} from 'mysql2/promise';
import { createPool } from 'mysql2/promise';
import { change, readThrough } from '#cache';
import { census } from '#census';
import { chosenClock, reap, time } from '#clock';
import { switchedTo, toEnvelope, toPhp } from '#format';
import { lock, take, unlock } from '#lock';
import { MemcachedClient } from '#memcached';
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
import {
  decodeEnvelope,
  encodeEnvelope,
  isEnvelope,
  type PhpRecord,
  type PhpValue,
  type SessionFormat,
  serialize,
} from '#serialize';

const dsn = process.env['DATABASE_URL'] ?? 'mysql://db_user:db_pass@localhost/myapp';

type SessionRow = {
  id: Buffer;
  d: Buffer | null;
  updated: number;
  version: number;
  marks?: Buffer;
};

/** The parts that a handler works with. Those that are left out are the process's own. */
export type Means = {
  /** The connections to the database. */
  readonly pool?: Pool;
  /** Connections to the other nodes of its cluster. With them no lock is held: saves are merged. */
  readonly reserve?: readonly Pool[];
  /** PHP's time(): seconds since 1970, whole. */
  readonly now?: () => number;
  /** Whose clock dates a save: each server's own, or that of the database, which they share. */
  readonly clock?: 'server' | 'database';
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

/** Errors after which the same statement may succeed, on another node at least. */
const passing = new Set([1040, 1047, 1053, 1180, 1205, 1213, 1290]);

/** Returns what a promise gives within two seconds. */
async function soon<Value>(promise: Promise<Value>): Promise<Value> {
  const timer = new AbortController();
  const late = delay(2000, undefined, timer).then(() => {
    throw new Error('The database has not answered for 2 s');
  });
  return await Promise.race([promise, late]).finally(() => timer.abort());
}

/** The nodes of a cluster: a statement that one of them does not carry out goes to another. */
class Nodes {
  /** For each node that failed, when that was. All requests of the process leave it alone. */
  static readonly #failures = new WeakMap<Pool, number>();
  readonly #pools: readonly Pool[];
  /** Whether a statement was sent and not answered. */
  unsure = false;

  constructor(pools: readonly Pool[]) {
    this.#pools = pools;
  }

  /** Runs a statement, and perhaps again, so none of them may do harm the second time. */
  readonly execute = (async (sql: string, values: ExecuteValues[]) => {
    const until = performance.now() + Sessions.MaxWait * 1000;
    // Else a read may miss what another node has just reported as saved.
    const current = /^SELECT/.test(sql) ? `SET STATEMENT wsrep_sync_wait=1 FOR ${sql}` : sql;
    for (let attempt = 1; ; attempt += 1) {
      const node = this.#best();
      const taking = node.getConnection();
      try {
        const db = await soon(taking);
        const result = await soon(db.execute(current, values));
        db.release();
        return result;
      } catch (error) {
        const { errno = 0 } = error as { errno?: number };
        // On a silent connection the next statement would wait for the answer to this one.
        taking.then((db) => (errno > 0 ? db.release() : db.destroy())).catch(() => {});
        if (errno === 1062 && attempt > 1) return [{}]; // The first attempt has inserted it
        if (performance.now() > until || (errno > 0 && !passing.has(errno))) throw error;
        if (errno <= 0 || errno === 1180) this.unsure = true;
        if (errno !== 1213) Nodes.#failures.set(node, performance.now());
        await delay(5 + 20 * Math.random());
      }
    }
  }) as Pool['execute'];

  /** The first node, unless it failed within the last five seconds. */
  #best(): Pool {
    const rest = (pool: Pool) => {
      const failed = Nodes.#failures.get(pool) ?? 0;
      return performance.now() - failed < 5000 ? failed : 0;
    };
    return this.#pools.reduce((best, each) => (rest(each) < rest(best) ? each : best));
  }
}

/** A session's variables, in PHP's notation or in JSON. */
function variablesOf(format: SessionFormat, data: Uint8Array | null): PhpRecord {
  if (!data?.length) return {};
  return decodeEnvelope<PhpRecord>(isEnvelope(data) ? data : toEnvelope(format, data));
}

/** Adds what a request has changed since `base` to what another one has saved meanwhile. */
function merge(base: PhpRecord, mine: PhpRecord, theirs: PhpRecord): PhpRecord {
  const byKey = (data: PhpRecord) => new Map(Object.entries(data));
  const [old, own, now] = [byKey(base), byKey(mine), byKey(theirs)];
  const text = (value?: PhpValue) =>
    value === undefined ? '' : serialize(value).toString('latin1');
  for (const key of new Set([...old.keys(), ...own.keys()])) {
    const [before, value] = [text(old.get(key)), own.get(key)];
    if (text(value) === before) continue;
    if (text(now.get(key)) !== before) throw new Error(`Two requests have changed "${key}"`);
    if (value === undefined) now.delete(key);
    else now.set(key, value);
  }
  return Object.fromEntries(now);
}

/** Thrown for a session that is too large to save; the saved one stays. */
export class SessionTooLarge extends RangeError {
  /** Distinguishes it from other errors. */
  override readonly name = 'SessionTooLarge';
}

/** Returns the bytes of a session, unless they are too many. */
function fits(bytes: Buffer): Buffer {
  if (bytes.length <= Sessions.MaxBytes) return bytes;
  throw new SessionTooLarge(`${bytes.length} bytes to save, ${Sessions.MaxBytes} allowed`);
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
  /** The cluster, where the pool belongs to one. */
  readonly #nodes: Nodes | undefined;
  /** Null where the database is to look at its own clock. */
  readonly #now: () => number | null;
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
  constructor({ pool, reserve, now, random = randomBytes, maxLife = 1440, ...others }: Means = {}) {
    this.#cache = others.cache ?? ownCache;
    this.#readOnly = others.readOnly ?? false;
    this.#pool = pool;
    this.#nodes = pool && reserve ? new Nodes([pool, ...reserve]) : undefined;
    const own = () => Math.floor(Date.now() / 1000);
    this.#now = now ?? ((others.clock ?? chosenClock()) === 'database' ? () => null : own);
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
      const version = this.#found ? -1 : null; // No row has the one, and every row the other
      const base = row ?? ({ id: rowKey(token), version } as SessionRow);
      return await this.#save(base, (newer) => {
        if (newer.version === base.version) return bytes;
        if (!row || !this.#nodes) throw new Error('The session was changed before it was saved');
        const of = (data: Uint8Array | null) => variablesOf(this.#format, data);
        return this.#encode(merge(of(base.d), of(bytes), of(newer.d)));
      });
    });
  }

  /** Changes a session by a function, which runs again on what another request saved first. */
  async update(sid: string, edit: (data: PhpRecord) => void): Promise<boolean> {
    const saved = await this.#orClose(async () => {
      const row = await this.#find(sid);
      if (!row) return false;
      return await this.#save(row, ({ d }) => {
        const data = variablesOf(this.#format, d);
        edit(data);
        return this.#encode(data);
      });
    });
    await this.close();
    return saved;
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
      if (this.#nodes) {
        // A small batch, so that it wins against many saves. The next sweep takes the next one.
        const sql = `DELETE FROM sessions WHERE updated < ${time} - ? LIMIT 1000`;
        await this.#nodes.execute(sql, [this.#now(), max_life]);
        return true;
      }
      const db = this.#db ?? (await take(this.#pool, Sessions.MaxWait));
      try {
        await reap(db, [this.#now(), max_life]);
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
        const sql = `INSERT INTO sessions (id, updated) VALUES (?,${time})`;
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

  /** Counts the sessions, every row once, while they are in use. It takes no lock. */
  static readonly census: typeof census = census;

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
      const sql = `SELECT * FROM sessions WHERE id=? AND ABS(updated - ${time}) <= ?`;
      const values = [id, this.#now(), this.#maxLife];
      const [tbl] = await this.#connection().execute<(RowDataPacket & SessionRow)[]>(sql, values);
      return tbl[0];
    };
    let row = await (this.#readOnly ? readThrough(this.#cache, id, select) : select());
    // A copy may have ended in the cache; the database's clock allows it ten seconds more.
    const now = this.#now() ?? row?.updated ?? 0;
    if (this.#readOnly && row && now - row.updated > this.#maxLife) row = undefined;
    this.#found = { sid, row };
    return row;
  }

  /** Takes the session's lock, unless this request has it already. */
  async #lock(token: string): Promise<void> {
    if (this.#db || this.#nodes) return; // A lock on one node is none on the others
    if (this.#failed) throw this.#failed;
    ({ db: this.#db, waited: this.#waited } = await lock(this.#pool, token, Sessions.MaxWait));
  }

  /** Saves what `next` makes of the row; of the newer row, where another request came first. */
  async #save(row: SessionRow, next: (row: SessionRow) => Buffer): Promise<boolean> {
    const db = this.#connection();
    const mark = this.#random(8);
    const until = performance.now() + Sessions.MaxWait * 1000;
    const own = fits(next(row));
    for (let now = row; performance.now() < until; ) {
      const d = now === row ? own : fits(next(now));
      const sql = `UPDATE sessions SET d=?, updated=${time}, version=version+1, marks=LEFT(CONCAT(?,marks),128) WHERE id=? AND version=COALESCE(?,version)`;
      const values = [d, this.#now(), mark, row.id, now.version];
      const [{ affectedRows }] = await change(this.#cache, row.id, () =>
        db.execute<ResultSetHeader>(sql, values),
      );
      const select = 'SELECT * FROM sessions WHERE id=?';
      const [[newer]] =
        affectedRows === 1
          ? [[]]
          : await db.execute<(RowDataPacket & SessionRow)[]>(select, [row.id]);
      // The row has our mark: an earlier try was saved, and only its answer was lost.
      if (affectedRows === 1 || newer?.marks?.includes(mark)) {
        // The request does not have what was merged: its next save has to be merged, too.
        Object.assign(row, now === row ? { d, version: now.version + 1 } : { d: own });
        return true;
      }
      if (!newer) throw new Error('The session ended before it was saved');
      if (this.#nodes?.unsure && newer.version - now.version > 16) break; // Its mark may be gone
      now = newer;
    }
    throw new Error('The session was changed too often to say whether it was saved');
  }

  /** Writes a session's variables as a row has them. */
  #encode(variables: PhpRecord): Buffer {
    const row = encodeEnvelope(variables);
    return this.#writes === 'json' ? row : toPhp(this.#format, row);
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

  /** The cluster, or the connection that holds the lock; the pool while nothing was read. */
  #connection(): Pick<Pool, 'execute'> {
    if (this.#failed) throw this.#failed;
    const db = this.#nodes ?? this.#db ?? this.#pool;
    if (!db) throw new Error('open() has not been called');
    return db;
  }
}
