/** The seam between the store and a table: what a profile of somebody else's table has to know. */
import type { Bound } from '../database/database.ts';
import type { ExtraValue } from '../extra.ts';

/** One statement and its values. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly Bound[];
}

/** What a save compares: the version as it was read, or the bytes where a table has no version. */
export type Guard = number | Buffer;

/** How long a session lives, in milliseconds. */
export interface Life {
  /** From the last use. */
  readonly idle: number;
  /** From the session's creation, however much it is used. */
  readonly absolute: number;
}

/** A live session as its row has it. Times are differences by the database's clock. */
export interface Row {
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
  /** The guard after a save. */
  guardAfter(save: Save): Guard;
  /**
   * Whether a row shows that this save was applied, though its answer was lost; undefined if the row
   * does not tell any more.
   */
  wasSaved(row: Row, save: Save): boolean | undefined;
  /** Extends a live session. */
  touch(key: Buffer, life: Life): Statement;
  /** Deletes a session. */
  remove(keys: readonly Buffer[]): Statement;
}
