/** The parts behind a store: pool, secrets, table, cache, timer; and its start, which asks the server. */
import { createPool, type Pool } from 'mysql2';
import { type Cache, CachedRows, noCache } from './cache/rows.ts';
import type { Context } from './context.ts';
import { BatchedReads } from './database/batched-reads.ts';
import { BatchedWrites } from './database/batched-writes.ts';
import { Database, POOL_SETTINGS } from './database/database.ts';
import { Deadline } from './database/deadline.ts';
import { SingleReads } from './database/reads.ts';
import { SingleWrites } from './database/writes.ts';
import { SessionSetupError } from './errors.ts';
import { Events } from './events.ts';
import { ExtraColumns } from './extra.ts';
import { Collector } from './gc.ts';
import { leaseSchema } from './hold/lease.ts';
import { Queues } from './hold/queue.ts';
import { BareIds, KeyedHash } from './identifiers.ts';
import { decisionOf } from './on-conflict.ts';
import type { AnyOptions, SessionsOptions } from './options.ts';
import { PayloadSeal, plain, type Sealing } from './payload/seal.ts';
import { type Settings, settingsOf } from './settings.ts';
import { settleOnce } from './settle-once.ts';
import { SharedSaves } from './shared-saves.ts';
import { ArticleTable } from './table/article.ts';
import { quote } from './table/names.ts';
import { OurTable } from './table/ours.ts';
import { probe, requireOneWriter } from './table/probe.ts';

/** A statement whose connection broke may still wait for a row's lock, by default for 50 s. */
const LATE_STATEMENT = 60_000;

/** The user has no right to a table. */
const DENIED = 1142;

/** The parts of one store. */
export class Engine {
  readonly settings: Settings;
  readonly events: Events = new Events();
  readonly hash: KeyedHash;
  readonly #table: OurTable | ArticleTable;
  readonly #sealing: Sealing;
  readonly #database: Database;
  readonly #cache: Cache;
  readonly #collector: Collector | undefined;
  /** A pool that `close()` ends. */
  readonly #pool: Pool | undefined;
  #context: Promise<Context> | undefined;

  /** @throws SessionSetupError for an option that cannot be. */
  constructor(options: AnyOptions) {
    const settings = settingsOf(options);
    this.settings = settings;
    this.#table = tableOf(settings);
    this.#sealing = settings.seal ? new PayloadSeal(settings.seal) : plain;
    this.hash = new (settings.profile === 'article' ? BareIds : KeyedHash)(options.secrets);
    this.#cache = cacheOf(settings, options.secrets, this.events);
    this.#collector = settings.gc && new Collector(settings.gc);
    const { pool } = options;
    if (pool === undefined) {
      this.#pool = createPool({ ...POOL_SETTINGS, uri: addressOf(options.url) });
    } else if (typeof pool?.getConnection !== 'function') {
      throw new SessionSetupError('pool takes a pool of mysql2 or mysql2/promise');
    }
    this.#database = new Database(pool ?? (this.#pool as Pool), settings.statementTimeout);
  }

  /**
   * Asks the server once; after a failure again with the next call.
   *
   * @param strategy - Refused where its lock is known to one node of several.
   */
  async start(strategy: string = this.settings.strategy): Promise<Context> {
    this.#context ??= this.#ask().catch((error: unknown) => {
      this.#context = undefined;
      throw error;
    });
    const context = await this.#context;
    if (!this.settings.oneWriter) requireOneWriter(strategy, context.facts.nodes);
    return context;
  }

  async #ask(): Promise<Context> {
    const { settings } = this;
    const [database, table] = [this.#database, this.#table];
    const { batch, statementTimeout, format } = settings;
    const facts = await probe(database, table, settings.timeout, this.#sealing.overhead);
    const extra = new ExtraColumns(settings.extra, format);
    // One statement for several sessions has no room for columns that only one application knows.
    const isBatched = batch && Object.keys(settings.extra).length === 0 && 'updateAll' in table;
    const context: Context = {
      ...settings,
      table,
      hash: this.hash,
      database,
      events: this.events,
      queues: new Queues(),
      lockedRows: new Map(),
      saves: new SharedSaves(settings.timeout),
      life: settings,
      budget: settings.timeout,
      decide: decisionOf(settings.onConflict),
      facts,
      sealing: this.#sealing,
      extra,
      reads: new (batch ? BatchedReads : SingleReads)(database, table, statementTimeout),
      writes: isBatched
        ? new BatchedWrites(database, table, settings, statementTimeout, facts.maxBytes)
        : new SingleWrites(database, table, settings),
      cache: this.#cache,
    };
    this.#collector?.plan(context);
    return context;
  }

  async createTable(): Promise<void> {
    const { table, leaseTable, strategy } = this.settings;
    await this.#create(table, this.#table.schema);
    await this.#create(leaseTable, leaseSchema(leaseTable), strategy === 'lease');
  }

  /** A user without the right to create tables can use those that are there. */
  async #create(name: string, schema: string, isNeeded = true): Promise<void> {
    const deadline = new Deadline(this.settings.timeout);
    const run = (sql: string): Promise<unknown> =>
      this.#database.repeat(deadline, { sql, values: [] });
    try {
      await run(schema);
    } catch (error) {
      const { cause } = error as { cause?: { errno?: unknown } };
      if (cause?.errno !== DENIED) throw error;
      if (!isNeeded) return;
      const isThere = await run(`SELECT 1 FROM ${quote(name)} LIMIT 0`).then(
        () => true,
        () => false,
      );
      if (isThere) return;
      throw new SessionSetupError(
        `the user has no right to create the table "${name}": GRANT CREATE on it, or run ` +
          '"npx phpsessid create" once as another user',
        cause,
      );
    }
  }

  async close(): Promise<void> {
    this.#collector?.stop();
    this.#cache.close();
    const pool = this.#pool;
    if (pool === undefined) return;
    await new Promise<void>((resolve) => {
      // mysql2 never reports the end of a connection whose last statement has no answer.
      const settle = settleOnce(this.settings.timeout, undefined, () => resolve());
      pool.end(() => {
        settle();
        resolve();
      });
    });
  }
}

function tableOf({ profile, table, columns, extra, idle }: Settings): OurTable | ArticleTable {
  if (profile === 'article') return new ArticleTable(table, columns, idle);
  return new OurTable(table, columns, Object.keys(extra));
}

/** @throws SessionSetupError, without the address: it may have a password. */
function addressOf(url: unknown): string {
  if (typeof url === 'string' && isAddress(url)) return url;
  const fault = url === undefined ? 'there is neither a pool nor a url' : 'url is not an address';
  throw new SessionSetupError(
    `${fault}: give one, such as mysql://user:password@localhost/app; in a password write ` +
      '@ : / ? # % as %40 %3A %2F %3F %23 %25',
  );
}

function isAddress(url: string): boolean {
  try {
    const { protocol, username, password, pathname } = new URL(url);
    // mysql2 decodes each of them.
    decodeURIComponent(`${username} ${password} ${pathname}`);
    return /^(?:mysql|mariadb):$/.test(protocol);
  } catch {
    return false;
  }
}

function cacheOf(
  { cache, timeout, table }: Settings,
  secrets: SessionsOptions['secrets'],
  events: Events,
): Cache {
  const [newest] = secrets;
  if (cache === undefined || newest === undefined) return noCache;
  return new CachedRows(cache, newest, table, timeout + LATE_STATEMENT, (error) =>
    events.emit('cache-failed', () => ({ error })),
  );
}
