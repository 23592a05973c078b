/**
 * Rows of sessions in memcached, in front of the database and never instead of it.
 *
 * A key holds one of three things: a **row**; a **lease**, set by a reader that fills the key; or a
 * **marker** with a token for each writer that is at work. A reader fills a key only by
 * compare-and-set on its own lease. A writer adds its token before it writes to the database, and
 * afterwards fills the key only if no other writer has been there meanwhile: of two, neither knows
 * whose row is the newer one. So a row that was loaded before a write is never stored after it. A
 * writer that dies leaves its token, and until the marker is over all read the database.
 *
 * A write that memcached did not receive is owed: this process reads that row from the database until
 * memcached has received the write's end, which empties the key. Two cases remain, in which a row may be
 * old by `maxAge` at most: other processes may still reach memcached meanwhile, and memcached may drop a
 * marker before its time when it is full. A row from here is never a base for writing without the
 * database's own comparison of versions, so an old row costs a second try and no data.
 */
import { entryOf, newLease, newToken, rowIn, withoutWriter, withWriter } from './entries.ts';
import type { Item } from './memcached-replies.ts';

/** The part of a memcached client that the protocol needs; {@link MemcachedClient} has it. */
export interface CacheClient {
  get(key: string): Promise<Item | undefined>;
  add(key: string, value: Uint8Array, seconds: number): Promise<boolean>;
  cas(key: string, value: Uint8Array, seconds: number, cas: string): Promise<boolean>;
  remove(key: string, cas: string): Promise<boolean>;
}

/** A row as the cache keeps it. */
export interface CacheableRow {
  /** The row, in the caller's own encoding. */
  readonly bytes: Uint8Array;
  /** Milliseconds for which the row may be used: until the session ends. */
  readonly lifetime: number;
}

/** The options of {@link RowCache}. */
export interface RowCacheOptions {
  /** Begins every key, so that two applications can share a memcached. @default 'phpsessid:' */
  prefix?: string | undefined;
  /** Seconds for which a row may be used without asking the database. @default 60 */
  maxAge?: number | undefined;
  /** Milliseconds within which a write ends in the database or never does. @default 10000 */
  writeLimit?: number | undefined;
  /** Receives each failure of memcached; the call that met it continues with the database. */
  onFailure?: ((error: Error) => void) | undefined;
}

/** Seconds that a reader has for filling a key. */
const LEASE_SECONDS = 10;

/** The next value of a key; undefined empties it. */
type Change = { readonly value: Buffer; readonly seconds: number } | undefined;

/** A load of the database under a lease. */
interface Load {
  readonly lease: Buffer;
  readonly row: Promise<CacheableRow | undefined>;
}

/** A write whose end is sent again: memcached may hold a row from before it. */
interface Owed {
  readonly token: Buffer;
  /** The moment of `performance.now()` from which no such row can be left. */
  readonly until: number;
}

/** Milliseconds between two tries to send the ends that memcached has not received. */
const AGAIN = 250;

/** A key that changes under a writer so often is given up: one of the others changes it each time. */
const ATTEMPTS = 200;

/**
 * Reads through memcached and keeps it right while rows change.
 *
 * @example
 * const cache = new RowCache(new MemcachedClient({ server: '127.0.0.1:11211' }));
 * const bytes = await cache.read(rowKey, () => selectRow(rowKey));
 * await cache.write(rowKey, async () => ({ result: await updateRow(rowKey), row: undefined }));
 */
export class RowCache {
  readonly #client: CacheClient;
  readonly #prefix: string;
  /** Seconds that an entry lives at most. */
  readonly maxAge: number;
  readonly #markerSeconds: number;
  readonly #onFailure: (error: Error) => void;
  /** For each key the load that readers of this process wait for together, and its lease. */
  readonly #loads = new Map<string, Load>();
  /** Keys of writes whose end memcached has not received, with the writer's token. */
  readonly #owed = new Map<string, Owed>();
  #retry: NodeJS.Timeout | undefined;

  /**
   * @param client - One memcached.
   * @param options - How long what may be kept.
   */
  constructor(client: CacheClient, options: RowCacheOptions = {}) {
    this.#client = client;
    this.#prefix = options.prefix ?? 'phpsessid:';
    this.maxAge = options.maxAge ?? 60;
    // memcached's clock ticks once a second, so a lifetime may be a second shorter.
    this.#markerSeconds = Math.ceil((options.writeLimit ?? 10_000) / 1000) + 1;
    this.#onFailure = options.onFailure ?? (() => {});
  }

  /**
   * Returns a row from memcached, else from the database.
   *
   * @param id - The row's key, never a session id.
   * @param load - Reads the database. Readers share one call while its lease is in memcached: no
   *   write has begun then since the call.
   * @returns The row's bytes; undefined when `load` finds none that may be kept or shared.
   * @throws Any error of `load`; a memcached that fails only costs the call to the database.
   */
  async read(
    id: Uint8Array,
    load: () => Promise<CacheableRow | undefined>,
  ): Promise<Uint8Array | undefined> {
    const key = this.#keyOf(id);
    if (this.#owed.has(key)) return (await load())?.bytes;
    let found = await this.#attempt(() => this.#client.get(key));
    if (found === undefined) {
      const lease = newLease();
      found = await this.#attempt(() => this.#takeLease(key, lease));
      if (found?.value.equals(lease)) return (await this.#fill(key, found, load))?.bytes;
    }
    const row = found && rowIn(found.value);
    if (row !== undefined) return row;
    const running = this.#loads.get(key);
    const isRunning = running !== undefined && found?.value.equals(running.lease);
    // A shared load has no row for others if it has failed, perhaps with the request that began it.
    const shared = isRunning ? await running.row.catch(() => undefined) : undefined;
    return (shared ?? (await load()))?.bytes;
  }

  /**
   * Runs a write of the database so that no reader meets the row from before it afterwards.
   *
   * @param id - The row's key.
   * @param save - Writes the database. It returns its result, with the new row if readers may use
   *   it; it throws when it cannot say what the database holds.
   * @returns The result of `save`.
   * @throws Any error of `save`. The marker then stays until its end, since the write may still come.
   */
  async write<Result>(
    id: Uint8Array,
    save: () => Promise<{ result: Result; row: CacheableRow | undefined }>,
  ): Promise<Result> {
    const key = this.#keyOf(id);
    const token = newToken();
    const begin = (found: Buffer | undefined): Change => this.#marked(withWriter(found, token));
    const isMarked = await this.#attempt(() => this.#change(key, begin));
    let saved: { result: Result; row: CacheableRow | undefined };
    try {
      saved = await save();
    } catch (error) {
      // It may have been made.
      if (!isMarked) this.#owe(key, token);
      throw error;
    } finally {
      // If the marker could not be set, the lease of a load from before the write is still there.
      this.#loads.delete(key);
    }
    const isEnded = await this.#attempt(() =>
      this.#change(key, (found) => {
        // An owed write is in no marker, and its row may be the newer one.
        return this.#end(found, token, this.#owed.has(key) ? undefined : saved.row);
      }),
    );
    if (!isEnded) this.#owe(key, token);
    return saved.result;
  }

  /** Sends no more ends of writes. */
  close(): void {
    clearTimeout(this.#retry);
    this.#owed.clear();
  }

  #owe(key: string, token: Buffer): void {
    const until = performance.now() + (this.maxAge + LEASE_SECONDS) * 1000;
    // In the order of their ends, also for a key that is owed already.
    this.#owed.delete(key);
    this.#owed.set(key, { token, until });
    this.#retry ??= setTimeout(() => void this.#settle(), AGAIN).unref();
  }

  /** Sends the ends that are owed, one after the other, until memcached fails again. */
  async #settle(): Promise<void> {
    for (const [key, owed] of this.#owed) {
      try {
        const end = (found: Buffer | undefined): Change => this.#end(found, owed.token, undefined);
        if (performance.now() < owed.until) await this.#change(key, end);
      } catch {
        break;
      }
      if (this.#owed.get(key) === owed) this.#owed.delete(key);
    }
    this.#retry =
      this.#owed.size === 0 ? undefined : setTimeout(() => void this.#settle(), AGAIN).unref();
  }

  /** Returns what the key holds afterwards: the reader's own lease, unless another was faster. */
  async #takeLease(key: string, lease: Buffer): Promise<Item | undefined> {
    // The second goes out behind the first, in the same moment.
    const [, held] = await Promise.all([
      this.#client.add(key, lease, LEASE_SECONDS),
      this.#client.get(key),
    ]);
    return held;
  }

  /** Reads the database for all readers of this process, and fills the key under its lease. */
  async #fill(
    key: string,
    { value: lease, cas }: Item,
    load: () => Promise<CacheableRow | undefined>,
  ): Promise<CacheableRow | undefined> {
    const loading = { lease, row: load() };
    this.#loads.set(key, loading);
    try {
      const row = await loading.row;
      const change = this.#kept(row);
      await this.#attempt(() =>
        change === undefined
          ? this.#client.remove(key, cas)
          : this.#client.cas(key, change.value, change.seconds, cas),
      );
      return row;
    } finally {
      // Readers may be on their way who have found the lease before it was replaced.
      setImmediate(() => {
        if (this.#loads.get(key) === loading) this.#loads.delete(key);
      });
    }
  }

  /** The part of a row that may be cached; undefined for none. */
  #kept(row: CacheableRow | undefined): Change {
    // Rounded down: the cached row ends before its session does.
    const seconds = Math.min(this.maxAge, Math.floor((row?.lifetime ?? 0) / 1000));
    if (row === undefined || seconds < 1) return undefined;
    return { value: entryOf(row.bytes), seconds };
  }

  #marked(value: Buffer): Change {
    return { value, seconds: this.#markerSeconds };
  }

  /** Takes a writer out of the key's marker, and puts its row there if it was the only one. */
  #end(found: Buffer | undefined, token: Buffer, row: CacheableRow | undefined): Change {
    const { marker, wasAlone } = withoutWriter(found, token);
    if (marker !== undefined) return this.#marked(marker);
    return wasAlone ? this.#kept(row) : undefined;
  }

  /** Changes what a key holds, by compare-and-set, until no other change comes between. */
  async #change(key: string, next: (found: Buffer | undefined) => Change): Promise<true> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const found = await this.#client.get(key);
      const change = next(found?.value);
      if (found === undefined) {
        if (change === undefined) return true;
        if (await this.#client.add(key, change.value, change.seconds)) return true;
      } else if (change === undefined) {
        if (await this.#client.remove(key, found.cas)) return true;
      } else if (await this.#client.cas(key, change.value, change.seconds, found.cas)) return true;
    }
    throw new Error(`A key of memcached changed ${ATTEMPTS} times under a writer`);
  }

  async #attempt<Answer>(command: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await command();
    } catch (error) {
      this.#onFailure(error as Error);
      return undefined;
    }
  }

  #keyOf(id: Uint8Array): string {
    return this.#prefix + Buffer.from(id).toString('base64url');
  }
}
