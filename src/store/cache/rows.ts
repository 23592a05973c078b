/** Rows in front of the database: in memcached if the store was given one, else nowhere. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { asOfNow, type Row } from '../table/table.ts';
import { MemcachedClient } from './memcached.ts';
import { type CacheableRow, RowCache } from './row-cache.ts';

/** A memcached in front of the table. */
export interface CacheOptions {
  /** Its address, with the port: `127.0.0.1:11211`. */
  readonly server: string;
  /**
   * Seconds for which a session may be read without asking the database.
   *
   * @default 60
   */
  readonly maxAge?: number | undefined;
  /**
   * Begins every key, so that two applications can share a memcached.
   *
   * @default 'phpsessid:'
   */
  readonly prefix?: string | undefined;
  /**
   * Seconds that memcached may take for an answer before the database is asked.
   *
   * @default 0.25
   */
  readonly timeout?: number | undefined;
}

/** A cache, as the store uses it. */
export interface Cache {
  /**
   * Returns the row of a key.
   *
   * @param load - Reads the database.
   */
  read(key: Buffer, load: () => Promise<Row | undefined>): Promise<Row | undefined>;
  /**
   * Runs a change of rows, so that no later read returns them as they were before it.
   *
   * @param after - Returns the only row as the change has left it, if readers may use that.
   */
  change<Result>(
    keys: readonly Buffer[],
    work: () => Promise<Result>,
    after?: (result: Result) => Row | undefined,
  ): Promise<Result>;
  /** Ends the connection. */
  close(): void;
}

/** Without a cache each read asks the database. */
export const noCache: Cache = {
  read: (_key, load) => load(),
  change: (_keys, work) => work(),
  close: () => {},
};

const TAG_BYTES = 32;
const LENGTH_BYTES = 4;

/** The columns of a row beside its key and its data, in an entry's head; `at` is the time of both times. */
type Head = Pick<Row, 'left' | 'age' | 'user' | 'label'> & {
  at: number;
  guard: number;
  marks: string;
};

/**
 * Rows in memcached.
 *
 * memcached has no accounts: a program that reaches it can write any key, and would log in with a
 * row that it has made up. So every row is sealed to its table and its key with HMAC-SHA-256 under
 * the store's newest secret, and a row whose seal is wrong is read from the database instead.
 */
export class CachedRows implements Cache {
  readonly #client: MemcachedClient;
  readonly #cache: RowCache;
  readonly #tagOf: (key: Buffer, body: Buffer) => Buffer;

  /**
   * @param options - The address of memcached.
   * @param secret - The newest of the store's secrets.
   * @param table - Its table: an id of one store must not open its row in another.
   * @param writeLimit - Milliseconds within which a write ends in the database or never does.
   * @param onFailure - Receives each failure of memcached; the call continues with the database.
   */
  constructor(
    { server, maxAge, prefix, timeout = 0.25 }: CacheOptions,
    secret: string | Uint8Array,
    table: string,
    writeLimit: number,
    onFailure: (error: Error) => void,
  ) {
    this.#client = new MemcachedClient({ server, timeout: timeout * 1000 });
    this.#cache = new RowCache(this.#client, { maxAge, prefix, writeLimit, onFailure });
    this.#tagOf = (key, body) => {
      const hmac = createHmac('sha256', secret).update(`cached row ${table}\0`);
      return hmac.update(key).update(body).digest();
    };
  }

  async read(key: Buffer, load: () => Promise<Row | undefined>): Promise<Row | undefined> {
    let loaded: Row | undefined;
    const bytes = await this.#cache.read(key, async () => {
      loaded = await load();
      return loaded && this.#entryOf(key, loaded);
    });
    if (loaded !== undefined || bytes === undefined) return loaded;
    return this.#rowOf(key, Buffer.from(bytes)) ?? (await load());
  }

  async change<Result>(
    keys: readonly Buffer[],
    work: () => Promise<Result>,
    after: (result: Result) => Row | undefined = () => undefined,
  ): Promise<Result> {
    const [key, ...others] = keys;
    if (key === undefined) return await work();
    return await this.#cache.write(key, async () => {
      const result = await this.change(others, work);
      const row = after(result);
      return { result, row: row && this.#entryOf(key, row) };
    });
  }

  close(): void {
    this.#cache.close();
    this.#client.close();
  }

  /** Returns undefined for a row that each request must read for itself. */
  #entryOf(key: Buffer, row: Row): CacheableRow | undefined {
    // A pointer, and a row under an older secret's key, are found by their own rules each time.
    if (row.next !== undefined || !row.key.equals(key)) return undefined;
    const { left, age, user, label, guard, marks, data } = asOfNow(row);
    const head: Head = {
      ...{ at: Date.now(), left, age, user, label },
      guard: Number(guard),
      marks: marks.toString('hex'),
    };
    const text = Buffer.from(JSON.stringify(head));
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32BE(text.length);
    const body = Buffer.concat([length, text, data]);
    return { bytes: Buffer.concat([this.#tagOf(key, body), body]), lifetime: left };
  }

  #rowOf(key: Buffer, entry: Buffer): Row | undefined {
    const tag = entry.subarray(0, TAG_BYTES);
    const body = entry.subarray(TAG_BYTES);
    if (tag.length !== TAG_BYTES || !timingSafeEqual(tag, this.#tagOf(key, body))) return undefined;
    const end = LENGTH_BYTES + body.readUInt32BE();
    const head = JSON.parse(body.toString('utf8', LENGTH_BYTES, end)) as Head;
    const marks = Buffer.from(head.marks, 'hex');
    // The clocks of two machines may be apart, and an entry is not older than it can be.
    const passed = Math.min(Math.max(0, Date.now() - head.at), this.#cache.maxAge * 1000);
    const { user, label, guard } = head;
    return {
      readAt: performance.now(),
      ...{ key, data: body.subarray(end), guard, marks, user, label },
      left: head.left - passed,
      age: head.age + passed,
      ...{ next: undefined, isInGrace: false },
    };
  }
}
