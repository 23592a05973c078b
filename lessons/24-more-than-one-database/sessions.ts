import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { sealData, unsealData } from 'iron-session';
import type {
  ExecuteValues,
  Pool,
  PoolConnection,
  ResultSetHeader,
  RowDataPacket,
} from 'mysql2/promise';
import { createPool } from 'mysql2/promise';
import { CacheUnavailable, type Item, MemcachedClient } from '#memcached';
import { Malformed, readPayload } from '#payload';
import {
  $_SESSION,
  ini_get,
  ini_set,
  type SessionHandlerInterface,
  type SessionIdInterface,
  session_name,
  session_regenerate_id,
  session_set_cookie_params,
  session_set_save_handler,
  session_unset,
} from '#php';
import {
  decodeEnvelope,
  decodeSession,
  encodeEnvelope,
  encodeSession,
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

/** In SQL, the time that was given, or the database's where none was. */
const time = 'COALESCE(?, UNIX_TIMESTAMP())';

/** In SQL, the name of the reaper's lock: one for each database of a server. */
const reaper = "SHA2(CONCAT('reaper ', DATABASE()), 256)";

/** SESSION_CLOCK, the switch of a site: `database`, or `server` where there is only one. */
function chosenClock(): 'server' | 'database' {
  const given = process.env['SESSION_CLOCK'] ?? 'server';
  if (given === 'server' || given === 'database') return given;
  throw new Error('SESSION_CLOCK must be server or database');
}

/** Seconds that a seal is valid: as long as its cookie. */
const ttl = 60 * 60 * 24 * 14;

/** Used without SESSION_PASSWORDS: drawn at the start, so its seals end with the process. */
const makeshift = JSON.stringify({ 1: randomBytes(32).toString('base64url') });

/** SESSION_PASSWORDS, such as `{"1":"…","2":"…"}`: each opens, and the highest number seals. */
function passwords(): Record<string, string> {
  const given = process.env['SESSION_PASSWORDS'] ?? makeshift;
  const isGood = ([id, text]: [string, string]) => /^[1-9]\d*$/.test(id) && text.length >= 32;
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
    // For most damage iron-session returns an empty object, for some it throws.
    return '';
  }
}

/** The row's key: SHA-256 of the token. You can get from the token to the row, and not back. */
const rowKey = (token: string): Buffer => createHash('sha256').update(token).digest();

/** The lock's name: 64 characters, MySQL's limit, that cannot be computed from the row. */
const lockName = (token: string) => createHash('sha256').update(`lock ${token}`).digest('hex');

/** SESSION_WRITES, the switch of a process: `json`, or `php` until every process reads JSON. */
function switchedTo(): 'php' | 'json' {
  const given = process.env['SESSION_WRITES'] ?? 'php';
  if (given === 'php' || given === 'json') return given;
  throw new Error('SESSION_WRITES must be php or json');
}

/** Writes PHP's bytes as JSON. */
function toEnvelope(format: SessionFormat, data: string | Uint8Array): Buffer {
  const { variables, scalar, error } = decodeSession(format, data);
  if (error || scalar !== undefined) throw error ?? new TypeError('PHP gave no array to save');
  return encodeEnvelope(variables);
}

/** Writes a row's JSON in PHP's notation, if that can hold all of it. */
function toPhp(format: SessionFormat, row: string | Uint8Array): Buffer {
  const variables = decodeEnvelope(row);
  const data = encodeSession(format, variables).bytes || Buffer.alloc(0);
  if (toEnvelope(format, data).equals(encodeEnvelope(variables))) return data;
  throw new Error(`session.serialize_handler=${format} cannot hold every key of this session`);
}

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
  if (data && isEnvelope(data)) return decodeEnvelope<PhpRecord>(data);
  const { variables, error } = decodeSession<PhpRecord>(format, data ?? '');
  if (error) throw error;
  return variables;
}

/** Adds what a request has changed since `base` to what another one has saved meanwhile. */
function merge(base: PhpRecord, mine: PhpRecord, theirs: PhpRecord): PhpRecord {
  const byKey = (data: PhpRecord) => new Map(Object.entries(data));
  const [old, own, now] = [byKey(base), byKey(mine), byKey(theirs)];
  const text = (value?: PhpValue) => (value === undefined ? '' : serialize(value).toString());
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
  return await (loads.get(holder)?.catch(load) ?? load());
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

/** A row of the view: no key, and no data where it is too large to be read. */
type CrawledRow = RowDataPacket & {
  n: number;
  updated: number | null;
  bytes: number | null;
  d: Buffer | null;
};

/** Rows of a statement: none takes long, and a page is at most 50 MiB. */
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

  /** For each session, the last request of this process that has asked for its lock. */
  static readonly #asking = new Map<string, Promise<void>>();

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
    // On a broken connection the server has released the lock itself.
    await db?.query('SELECT RELEASE_ALL_LOCKS()').catch(() => db.destroy());
    db?.release();
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
      fits(bytes);
      if (this.#readOnly && given.equals(Buffer.from(this.#inPhp(row?.d ?? '')))) return true;
      if (this.#readOnly) throw new Error('A request that only reads has nothing to save');
      if (this.#found && !row && given.length === 0) return true; // Nothing was read, nothing is lost
      if (row && this.#nodes) {
        const [base, mine] = [variablesOf(this.#format, row.d), variablesOf(this.#format, bytes)];
        return await this.#save(row, ({ d, version }) =>
          version === row.version
            ? bytes
            : this.#encode(merge(base, mine, variablesOf(this.#format, d))),
        );
      }
      const sql = `UPDATE sessions SET d=?, updated=${time}, version=version+1 WHERE id=? AND (? OR version=?)`;
      const id = row?.id ?? rowKey(token);
      const values = [bytes, this.#now(), id, !this.#found, row?.version ?? -1];
      const db = this.#connection();
      const save = () => db.execute<ResultSetHeader>(sql, values);
      const [{ affectedRows }] = await change(this.#cache, id, save);
      if (affectedRows === 1) return true;
      throw new Error('The session was changed or ended before it was saved');
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
      const db = this.#db ?? (await this.#take());
      try {
        await this.#asReaper(db, async () => {
          await db.query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
          const sql = `DELETE FROM sessions WHERE updated < ${time} - ?`;
          await db.execute(sql, [this.#now(), max_life]);
        });
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
      if (!this.#readOnly) {
        await this.#lock(token);
        const sql = `INSERT INTO sessions (id, updated) VALUES (?,${time})`;
        await this.#connection().execute(sql, [rowKey(token), this.#now()]);
      }
      return await sealData({ token }, { password: passwords(), ttl });
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
  static Allows({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
    if (['GET', 'HEAD', 'OPTIONS'].includes(method ?? 'GET')) return true;
    const { host, origin, 'sec-fetch-site': site } = headers;
    if (site !== undefined) return site === 'same-origin' || site === 'none';
    // A program, or a browser from before 2020; on the loopback our pages may be plain http.
    if (origin === undefined || origin === `https://${host}`) return true;
    return /^(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(`${host}`) && origin === `http://${host}`;
  }

  /** Signs a user in: the session moves to a new id, and the old id ends. */
  static async Login(user: string): Promise<void> {
    if (!(await session_regenerate_id(true))) throw new Error('The session could not be renewed');
    if (($_SESSION['user'] ?? user) !== user) session_unset(); // What another user has left
    $_SESSION['user'] = user;
  }

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
          'SELECT n, updated, bytes, d FROM crawlable WHERE n > ? AND n <= ? ORDER BY n LIMIT ?';
        const page = await ask(sql, [n, Number(start?.['last']), pageSize]);
        for (const row of page) counts.add(row);
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

  /** Does the work unless another server of the site is at it. */
  async #asReaper(db: PoolConnection, work: () => Promise<void>): Promise<void> {
    const [tbl] = await db.query<RowDataPacket[]>(`SELECT GET_LOCK(${reaper}, 0) AS got`);
    if (tbl[0]?.['got'] !== 1) return;
    try {
      await work();
    } finally {
      // On a broken connection the server has released the lock itself.
      await db.query(`SELECT RELEASE_LOCK(${reaper})`).catch(() => db.destroy());
    }
  }

  /** Takes the session's lock, after the requests of this process that asked for it before. */
  async #lock(token: string): Promise<void> {
    if (this.#db || this.#nodes) return; // A lock on one node is none on the others
    if (this.#failed) throw this.#failed;
    const name = lockName(token);
    const asked: Promise<void> = this.#ask(name).finally(() => {
      if (Sessions.#asking.get(name) === asked) Sessions.#asking.delete(name);
    });
    Sessions.#asking.set(name, asked);
    await asked;
  }

  /** Waits without a connection for the request before, then with one for the lock. */
  async #ask(name: string): Promise<void> {
    const until = performance.now() + Sessions.MaxWait * 1000;
    const before = Sessions.#asking.get(name);
    await before?.catch(() => {});
    this.#db = await this.#take(until);
    const values = [name, name, Math.max(0, until - performance.now()) / 1000];
    const sql = 'SELECT IS_USED_LOCK(?) AS holder, GET_LOCK(?,?) AS got';
    const [tbl] = await this.#db.execute<RowDataPacket[]>(sql, values);
    this.#waited = before !== undefined || tbl[0]?.['holder'] !== null;
    if (tbl[0]?.['got'] !== 1) throw new Error(`The session was busy for ${Sessions.MaxWait} s`);
  }

  /** Saves what `next` makes of the row; of the newer row, where another request came first. */
  async #save(row: SessionRow, next: (row: SessionRow) => Buffer): Promise<boolean> {
    const db = this.#connection();
    const mark = this.#random(8);
    const until = performance.now() + Sessions.MaxWait * 1000;
    for (let now = row; performance.now() < until; ) {
      const d = fits(next(now));
      const sql = `UPDATE sessions SET d=?, updated=${time}, version=version+1, marks=LEFT(CONCAT(?,marks),128) WHERE id=? AND version=?`;
      const values = [d, this.#now(), mark, row.id, now.version];
      const [{ affectedRows }] = await change(this.#cache, row.id, () =>
        db.execute<ResultSetHeader>(sql, values),
      );
      if (affectedRows === 1) {
        Object.assign(row, { d, version: now.version + 1 });
        return true;
      }
      const select = 'SELECT * FROM sessions WHERE id=?';
      const [[newer]] = await db.execute<(RowDataPacket & SessionRow)[]>(select, [row.id]);
      if (!newer) throw new Error('The session ended before it was saved');
      if (newer.marks?.includes(mark)) return true; // The answer was lost, and the save was not
      if (this.#nodes?.unsure && newer.version - now.version > 16) break; // Its mark may be gone
      now = newer;
    }
    throw new Error('The session was changed too often to say whether it was saved');
  }

  /** Writes a session's variables as a row has them. */
  #encode(variables: PhpRecord): Buffer {
    return this.#writes === 'json'
      ? encodeEnvelope(variables)
      : Buffer.from(encodeSession(this.#format, variables).bytes || '');
  }

  /** Takes a connection from the pool, which by itself would wait without end. */
  async #take(until = performance.now() + Sessions.MaxWait * 1000): Promise<PoolConnection> {
    if (!this.#pool) throw new Error('open() has not been called');
    const taking = this.#pool.getConnection();
    const timer = new AbortController();
    const late = delay(Math.max(0, until - performance.now()), undefined, timer).catch(() => {});
    const db = await Promise.race([taking, late]).finally(() => timer.abort());
    if (db) return db;
    taking.then((unused) => unused.release()).catch(() => {});
    throw new Error(`No connection was free for ${Sessions.MaxWait} s`);
  }

  /** PHP calls no method after one that failed, not even close, so close runs here. */
  async #orClose<Answer>(work: () => Promise<Answer>): Promise<Answer> {
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
