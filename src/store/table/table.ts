/** The seam between the store and a table: what a profile of another program's table has to know. */
import type { Bound, Statement } from '../database/database.ts';
import type { ExtraValue } from '../extra.ts';

/** The value that a save compares: the version as it was read, or the bytes where a table has no version. */
export type Guard = number | Buffer;

/** How long a session lives, in milliseconds. */
export interface Life {
  /** From the last use. */
  readonly idle: number;
  /** From the session's creation, however much it is used. */
  readonly absolute: number;
}

/** A live session as its row has it. Times are differences by the database's clock at the read. */
export interface Row {
  /** The time of the read, by `performance.now()`. */
  readonly readAt: number;
  readonly key: Buffer;
  readonly data: Buffer;
  readonly guard: Guard;
  /** Marks of the last saves, the newest first; empty where a table has none. */
  readonly marks: Buffer;
  /** Milliseconds until it expires. */
  readonly left: number;
  /** Milliseconds since its creation. */
  readonly age: number;
  readonly user: string | undefined;
  readonly label: string | undefined;
  /** The key of the session that replaced this one when its id was renewed. */
  readonly next: Buffer | undefined;
  /** Whether a renewed id is still within its grace. */
  readonly isInGrace: boolean;
}

/** Returns a row with the times that it has now, by this process's clock since the read. */
export function asOfNow(row: Row): Row {
  const readAt = performance.now();
  const passed = readAt - row.readAt;
  return { ...row, readAt, left: row.left - passed, age: row.age + passed };
}

/** A row of a user's list. */
export interface Listed {
  readonly key: Buffer;
  readonly created: number;
  readonly updated: number;
  readonly label: string | undefined;
  /** The columns of the application, by name. */
  readonly extra: Readonly<Record<string, ExtraValue>>;
}

/** The session that is inserted. */
export interface Fresh {
  readonly key: Buffer;
  readonly data: Buffer;
  readonly mark: Buffer;
  readonly user: string | undefined;
  readonly label: string | undefined;
  /** The columns of the application; NULL without it. */
  readonly extra?: readonly Bound[] | undefined;
}

/** One save: the session's new data under a mark of its own. */
export interface Save {
  readonly key: Buffer;
  readonly guard: Guard;
  /**
   * The marks of the row as it was read. A version alone may be another history's: after a failover
   * to a replica that was behind, or a restored backup, versions are given a second time.
   */
  readonly seen: Buffer;
  readonly data: Buffer;
  readonly mark: Buffer;
  /** The columns of the application; NULL without it. */
  readonly extra?: readonly Bound[] | undefined;
}

/** The statements of one table. Each is one autocommit statement by primary key unless it says so. */
export interface Table {
  /** The table's name, for messages and for the names of locks. */
  readonly name: string;
  /** The columns that must be there; the first is the key, the second the data. */
  readonly columns: readonly string[];
  /** Whether the server compares keys byte for byte; a column that is a number takes `1x` for 1. */
  readonly comparesBytes: boolean;
  /** CREATE TABLE. */
  readonly schema: string;
  /** Reads the live session that has one of these keys. */
  read(keys: readonly Buffer[], isLocked?: boolean): Statement;
  /** Makes a row of the columns that `read` selects. */
  rowOf(columns: readonly unknown[]): Row;
  /** Inserts a session; error 1062 if there is one. */
  insert(fresh: Fresh, life: Life): Statement;
  /** Saves a live session whose guard is still the same. */
  update(save: Save, life: Life): Statement;
  /**
   * Saves several live sessions whose guards are still the same; a table without this method is
   * saved row by row. LAST_INSERT_ID() has a bit for each that was saved: the lowest for the first.
   *
   * @param saves - At most 32, of different sessions.
   * @param number - Another one than that of the connection's statement before.
   */
  updateAll?(saves: readonly Save[], life: Life, number: number): Statement;
  /** Returns the guard and the marks that a row has after a save, for the next save to compare. */
  after(save: Save): Pick<Row, 'guard' | 'marks'>;
  /**
   * Whether a row shows that this save was applied, though its answer was lost; undefined if the row
   * is no longer evidence.
   */
  wasSaved(row: Row, save: Save): boolean | undefined;
  /** Extends a live session. */
  touch(key: Buffer, life: Life): Statement;
  /**
   * Gives a session a new key, in one transaction of these statements, each of which affects a row.
   *
   * If the table has room for it, the old row becomes a pointer to the new one. It outlives its
   * grace, so that a later use of the old id is recognised as a replay; it expires at the session's
   * absolute end, and after 30 days at the latest, or after the idle time if that is longer.
   *
   * @param old - The row with its guard, and the data that it keeps.
   * @param fresh - The new row.
   */
  renewal(old: Save, fresh: Fresh, renewal: Renewal): Statement[];
  /** Deletes sessions and pointers. */
  remove(keys: readonly Buffer[]): Statement;
  /** Deletes sessions, and no pointer that has taken the place of one. */
  removeLive(keys: readonly Buffer[]): Statement;
  /** Replaces a live session's data by the same data in another form; it expires when it would have. */
  rewrite(save: Save): Statement;
  /** Counts live sessions, without pointers and without the row of the collection's runner. */
  count(): Statement;
  /** Reads live sessions in the order of their keys. */
  page(after: Buffer, count: number): Statement;
  /** Lists some keys. */
  some(count: number): Statement;
  /** Lists the keys of expired rows, the oldest first. */
  expired(count: number): Statement;
  /** Finds the end of a range of expired rows: the expiry of the last of `count`, if there are so many. */
  expiredAfter(from: number, count: number): Statement;
  /** Deletes a range of expired rows; without an end, the rest. */
  sweepRange(from: number, to: number | undefined): Statement;
  /** Deletes expired rows; the expiry is compared again, since a save may have extended one. */
  sweep(keys: readonly Buffer[]): Statement;
  /** Lists a user's live sessions, the newest first, without pointers. */
  list(user: string): Statement;
  /** Makes an entry of the columns that `list` selects. */
  listedOf(columns: readonly unknown[]): Listed;
  /** Deletes the pointers of a user's renewed ids. */
  removePointers(user: string): Statement;
}

/** The times of a renewed session, in milliseconds. */
export interface Renewal {
  /** Of the session so far. */
  readonly age: number;
  /** For which the old id still works. */
  readonly grace: number;
  readonly life: Life;
}
