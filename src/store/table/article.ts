/** The table of the article's PHP class: `id`, `d`, `updated`, and nothing else. */
import type { Statement } from '../database/database.ts';
import { SessionSetupError } from '../errors.ts';
import type { ExtraValue } from '../extra.ts';
import { quote } from './names.ts';
import { NO_DATA, placeholders } from './ours.ts';
import { ALL_ROWS, type Columns } from './statements.ts';
import type { Fresh, Listed, Renewal, Row, Save, Table } from './table.ts';

const NOW = 'UNIX_TIMESTAMP()';

/**
 * A profile: PHP programs with the article's class use the same table at the same time.
 *
 * `id` is the cookie's value as it is; `updated` the seconds of the last write, by which PHP's own
 * collection deletes. There is no version, so a save compares the bytes that were read. Nothing in
 * the table tells whose write they are: after a lost answer, a row that has changed is in doubt.
 */
export class ArticleTable implements Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly comparesBytes: boolean = false;
  readonly schema: string;
  readonly #id: string;
  readonly #data: string;
  readonly #updated: string;
  readonly #idle: number;
  readonly #isAlive: string;
  readonly #isExpired: string;
  readonly #bytes: string;
  readonly #table: string;

  /**
   * @param name - The table.
   * @param columns - Columns that have other names.
   * @param idle - Milliseconds that a session lives after its last write.
   */
  constructor(name: string, columns: Partial<Columns>, idle: number) {
    const { id = 'id', data = 'd', updated = 'updated' } = columns;
    this.name = name;
    this.columns = [id, data, updated];
    this.#table = quote(name);
    [this.#id, this.#data, this.#updated] = [quote(id), quote(data), quote(updated)];
    this.#idle = Math.ceil(idle / 1000);
    this.#isAlive = `${this.#updated}>${NOW}-${this.#idle}`;
    this.#isExpired = `${this.#updated}<=${NOW}-${this.#idle}`;
    // The article's column is text: as text, `a` and `A` are the same, and so are `a` and `a `.
    this.#bytes = `IFNULL(CAST(${this.#data} AS BINARY),'')`;
    this.schema =
      `CREATE TABLE IF NOT EXISTS ${this.#table} (${this.#id} VARBINARY(64) NOT NULL PRIMARY KEY,` +
      `${this.#data} MEDIUMBLOB,${this.#updated} BIGINT,KEY (${this.#updated})) ENGINE=InnoDB`;
  }

  read(keys: readonly Buffer[], isLocked = false): Statement {
    const sql = `${this.#select} WHERE ${this.#isOneOf(keys)} AND ${this.#isAlive}${ALL_ROWS}`;
    return { sql: isLocked ? `${sql} FOR UPDATE` : sql, values: keys };
  }

  rowOf([id, bytes, left]: readonly unknown[]): Row {
    const data = bytes as Buffer;
    return {
      readAt: performance.now(),
      // The article's column is a number at first, and text later.
      key: Buffer.isBuffer(id) ? id : Buffer.from(String(id)),
      ...{ data, guard: data, marks: NO_DATA },
      left: Number(left) * 1000,
      age: 0,
      ...{ user: undefined, label: undefined, next: undefined, isInGrace: false },
    };
  }

  insert({ key, data, user, label }: Fresh): Statement {
    if (user !== undefined || label !== undefined) this.#refuseUsers();
    const sql =
      `INSERT INTO ${this.#table} (${this.#id},${this.#data},${this.#updated}) ` +
      `VALUES (?,?,${NOW})`;
    return { sql, values: [key, data] };
  }

  update(save: Save): Statement {
    return this.#set(save, `,${this.#updated}=${NOW}`);
  }

  after({ data }: Save): Pick<Row, 'guard' | 'marks'> {
    return { guard: data, marks: NO_DATA };
  }

  wasSaved({ data }: Row, { guard }: Save): boolean | undefined {
    return data.equals(guard as Buffer) ? false : undefined;
  }

  touch(key: Buffer): Statement {
    const sql =
      `UPDATE ${this.#table} SET ${this.#updated}=${NOW} ` +
      `WHERE ${this.#id}=? AND ${this.#isAlive}`;
    return { sql, values: [key] };
  }

  /** The old id ends at once: a row has no place for a pointer. */
  renewal({ key, guard }: Save, fresh: Fresh, _renewal: Renewal): Statement[] {
    const sql = `${this.#delete} WHERE ${this.#isGuarded}`;
    return [{ sql, values: [key, guard as Buffer] }, this.insert(fresh)];
  }

  remove(keys: readonly Buffer[]): Statement {
    return { sql: `${this.#delete} WHERE ${this.#isOneOf(keys)}`, values: keys };
  }

  removeLive(keys: readonly Buffer[]): Statement {
    return this.remove(keys);
  }

  rewrite(save: Save): Statement {
    return this.#set(save, '');
  }

  count(): Statement {
    const sql = `SELECT COUNT(*) FROM ${this.#table} WHERE ${this.#isAlive}`;
    return { sql, values: [] };
  }

  page(after: Buffer, count: number): Statement {
    const sql =
      `${this.#select} WHERE ${this.#id}>? AND ${this.#isAlive} ` +
      `ORDER BY ${this.#id} LIMIT ${Math.trunc(count)}`;
    return { sql, values: [after] };
  }

  some(count: number): Statement {
    const sql = `SELECT ${this.#id} FROM ${this.#table} LIMIT ${Math.trunc(count)}`;
    return { sql, values: [] };
  }

  expired(count: number): Statement {
    const sql =
      `SELECT ${this.#id} FROM ${this.#table} WHERE ${this.#isExpired} ` +
      `ORDER BY ${this.#updated} LIMIT ${Math.trunc(count)}`;
    return { sql, values: [] };
  }

  expiredAfter(from: number, count: number): Statement {
    const sql =
      `SELECT ${this.#updated} FROM ${this.#table} ` +
      `WHERE ${this.#isExpired} AND ${this.#updated}>=? ` +
      `ORDER BY ${this.#updated} LIMIT 1 OFFSET ${Math.trunc(count) - 1}`;
    return { sql, values: [from] };
  }

  sweepRange(from: number, to: number | undefined): Statement {
    const sql = `${this.#delete} WHERE ${this.#isExpired} AND ${this.#updated}>=?`;
    if (to === undefined) return { sql, values: [from] };
    return { sql: `${sql} AND ${this.#updated}<=?`, values: [from, to] };
  }

  sweep(keys: readonly Buffer[]): Statement {
    const sql = `${this.#delete} WHERE ${this.#isOneOf(keys)} AND ${this.#isExpired}`;
    return { sql, values: keys };
  }

  list(): Statement {
    return this.#refuseUsers();
  }

  listedOf(): Listed & { readonly extra: Readonly<Record<string, ExtraValue>> } {
    return this.#refuseUsers();
  }

  removePointers(): Statement {
    return this.#refuseUsers();
  }

  get #select(): string {
    return `SELECT ${this.#id},${this.#bytes},${this.#updated}+${this.#idle}-${NOW} FROM ${this.#table}`;
  }

  get #delete(): string {
    return `DELETE FROM ${this.#table}`;
  }

  get #isGuarded(): string {
    return `${this.#id}=? AND ${this.#bytes}=? AND ${this.#isAlive}`;
  }

  #set({ key, guard, data }: Save, more: string): Statement {
    const sql = `UPDATE ${this.#table} SET ${this.#data}=?${more} WHERE ${this.#isGuarded}`;
    return { sql, values: [data, key, guard as Buffer] };
  }

  #isOneOf(keys: readonly Buffer[]): string {
    return `${this.#id} IN (${placeholders(keys)})`;
  }

  #refuseUsers(): never {
    throw new SessionSetupError(
      `the table "${this.name}" has no columns for users and labels (profile: 'article'): keep the ` +
        "user in the session's data, or use a table of the store's own",
    );
  }
}
