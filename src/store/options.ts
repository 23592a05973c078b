/** The options of a store, as an application gives them. */

import type { CacheOptions } from './cache/rows.ts';
import type { AnyPool } from './database/database.ts';
import type { Extra } from './extra.ts';
import type { GcOptions } from './gc.ts';
import type { OnConflict } from './on-conflict.ts';
import type { Format } from './payload/payload.ts';
import type { PhpFormat } from './payload/php.ts';
import type { SealOptions } from './payload/seal.ts';
import type { Columns } from './table/statements.ts';

/**
 * The hold on a session between its read and its save.
 *
 * | strategy | holds | for |
 * | --- | --- | --- |
 * | `merge` | nothing; on a conflict, keys are merged | any engine and cluster |
 * | `lock` | a named lock, on a connection of its own | one server |
 * | `lease` | a row with an owner and an end | any engine and cluster |
 * | `row` | the row, in a transaction | one server, short pages |
 *
 * All of them compare the version at each save, so that a lost lock is an error and never a lost
 * write.
 */
export type Strategy = 'merge' | 'lock' | 'lease' | 'row';

/** The place of the sessions. */
export type Connected =
  | {
      /** The application's pool of mysql2 or mysql2/promise; it is never closed here. */
      readonly pool: AnyPool;
      /** Not beside a pool. */
      readonly url?: undefined;
    }
  | {
      /** The database's address, for a pool that `close()` ends. */
      readonly url: string;
      /** Not beside an address. */
      readonly pool?: undefined;
    };

/** Options of a store. Times are in seconds. */
export type SessionsOptions<
  Data extends object = Record<string, unknown>,
  Column extends string = string,
> = Connected & {
  /** The store's own table; {@link ArticleOptions} has another. */
  readonly profile?: undefined;
  /**
   * Keys of the hash between ids and rows, the newest first, each of 32 bytes or more
   * (`openssl rand -base64 32`). To rotate, add a new one at the end until every process knows it, then
   * put it in front; remove the old one when its sessions have expired.
   */
  readonly secrets: readonly (string | Uint8Array)[];
  /**
   * How long a session lives without being used. A session from before another value has this one from
   * its next use on; so with `absolute`.
   *
   * @default 1800
   */
  readonly idle?: number | undefined;
  /**
   * How long a session lives however much it is used; Infinity for no such end.
   *
   * @default 43200
   */
  readonly absolute?: number | undefined;
  /**
   * The share of the idle time after which a use without a change is written down. Smaller is more
   * exact, larger saves writes.
   *
   * @default 0.05
   */
  readonly touchAfter?: number | undefined;
  /**
   * The same in all processes: a lock of one strategy is unknown to the others.
   *
   * @default 'merge'
   */
  readonly strategy?: Strategy | undefined;
  /**
   * Resolves a key that two requests have changed.
   *
   * @default 'mine'
   */
  readonly onConflict?: OnConflict | undefined;
  /**
   * The format to write. Reading takes what it finds. `json` is the envelope of `encodeEnvelope` in
   * `phpsessid/serialize`, which keeps the types of PHP and which every language reads.
   *
   * @default 'json'
   */
  readonly format?: Format | undefined;
  /**
   * The table, with its schema in front or without.
   *
   * @default 'sessions'
   */
  readonly table?: string | undefined;
  /** Columns that have other names. */
  readonly columns?: Partial<Columns> | undefined;
  /**
   * Columns that the application has added to the table, such as one by which it searches: each with a
   * function that returns its value from the session, asked at each save. They can be NULL, they are
   * never part of the session's data, and a user's `list()` shows them.
   */
  readonly extra?: Extra<Data, Column> | undefined;
  /**
   * Encrypts each session's data with AES-256-GCM, bound to its row: data that was changed, or moved
   * to another row, is SessionUnreadable. An older copy of the same row's data is not recognised.
   */
  readonly seal?: SealOptions | undefined;
  /**
   * The table of the strategy `lease`.
   *
   * @default 'session_locks', in the schema that `table` names
   */
  readonly leaseTable?: string | undefined;
  /**
   * How long a lease lives without being renewed, as after a crash. It is renewed at a third of that.
   *
   * @default 10
   */
  readonly leaseTime?: number | undefined;
  /**
   * How long a request waits for a lock.
   *
   * @default 30
   */
  readonly lockTimeout?: number | undefined;
  /**
   * How long one statement may take.
   *
   * @default 2
   */
  readonly statementTimeout?: number | undefined;
  /**
   * How long one call may take, its repetitions included and the wait for a lock not.
   *
   * @default 6
   */
  readonly timeout?: number | undefined;
  /**
   * Whether the address leads to a single writer of a cluster, so that locks may be used.
   *
   * @default false
   */
  readonly oneWriter?: boolean | undefined;
  /**
   * The most sessions that one user may have; the oldest are ended.
   *
   * @default Infinity
   */
  readonly maxPerUser?: number | undefined;
  /**
   * A memcached in front of the table, for sessions that are read far more often than written. A
   * memcached that is down costs a short delay and no request; while it cannot be reached, another
   * process may read a session for `maxAge` as it was before a change. The same holds beside a process
   * without this cache.
   */
  readonly cache?: CacheOptions | undefined;
  /**
   * Whether sessions that are read at the same time are read in one statement, and different sessions
   * that are saved at the same time are saved in one. Nothing waits for a batch to fill.
   *
   * @default true
   */
  readonly batch?: boolean | undefined;
  /**
   * When expired sessions are deleted; false for a scheduler of your own, which calls `gc()`.
   *
   * @default every 5 minutes, by one of the processes
   */
  readonly gc?: GcOptions | false | undefined;
};

/** Options that a store on the article's table takes, and others that it refuses. */
export interface ArticleTableOptions {
  /**
   * The table of the article's PHP class, which PHP programs use at the same time: bare ids, bytes
   * compared in place of a version, PHP's own collection, and no users, absolute end, or grace of
   * renewed ids.
   */
  readonly profile: 'article';
  /** A format of PHP: `php` unless another is given. */
  readonly format?: PhpFormat | undefined;
  /** No timer: PHP's own collection, or calls of `gc()`. */
  readonly gc?: false | undefined;
  /** Refused: the article's table has no column for an absolute end. */
  readonly absolute?: undefined;
  /** Refused: the article's table has no column for a user. */
  readonly maxPerUser?: undefined;
  /** Refused: a save of PHP would not reach the cache. */
  readonly cache?: undefined;
  /** Refused: PHP does not fill columns of yours. */
  readonly extra?: undefined;
  /** Refused: PHP could not read sealed data. */
  readonly seal?: undefined;
}

/** Options of a store on the table of the article's PHP class. Times are in seconds. */
export type ArticleOptions = Connected &
  ArticleTableOptions &
  Omit<SessionsOptions, 'pool' | 'url' | keyof ArticleTableOptions>;

/** Options of either kind. */
export type AnyOptions = SessionsOptions<never> | ArticleOptions;
