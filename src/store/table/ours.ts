/** The store's own table. */
import type { Bound, Statement } from '../database/database.ts';
import type { ExtraValue } from '../extra.ts';
import { quote } from './names.ts';
import {
  ALL_ROWS,
  COLUMNS,
  type Columns,
  firstMarks,
  MARK_BYTES,
  MARKS,
  type Statements,
  statementsOf,
} from './statements.ts';
import type { Fresh, Life, Listed, Renewal, Row, Save, Table } from './table.ts';

/**
 * Milliseconds for which the use of a replaced id is recognised, if its session has no absolute end before
 * that: 30 days. Without this, the pointers of sessions without such an end would never be deleted.
 */
export const TRAP: number = 30 * 24 * 60 * 60 * 1000;

/** No bytes. */
export const NO_DATA: Buffer = Buffer.alloc(0);

/** The table that `createTable()` makes, with all that the store can do. */
export class OurTable implements Table {
  readonly name: string;
  /** The columns' names by what they hold. */
  readonly names: Columns;
  readonly columns: readonly string[];
  readonly comparesBytes: boolean = true;
  readonly schema: string;
  readonly #sql: Statements;
  readonly #extra: readonly string[];
  /** Reads by the number of their keys. */
  readonly #reads = new Map<number, string>();

  /**
   * @param name - The table, with its schema in front or without.
   * @param columns - Columns that have other names.
   * @param extra - Columns of the application.
   */
  constructor(name: string, columns: Partial<Columns> = {}, extra: readonly string[] = []) {
    const names = { ...COLUMNS, ...columns };
    this.name = name;
    this.names = names;
    this.columns = [names.id, names.data, ...Object.values(names).slice(2), ...extra];
    this.#extra = extra;
    const quoted = Object.fromEntries(
      Object.entries(names).map(([column, text]) => [column, quote(text)]),
    ) as unknown as Columns;
    this.#sql = statementsOf(quote(name), quoted, extra.map(quote));
    this.schema = this.#sql.schema;
  }

  read(keys: readonly Buffer[], isLocked = false): Statement {
    const { read, isAlive } = this.#sql;
    let sql = this.#reads.get(keys.length);
    if (sql === undefined) {
      sql = `${read} IN (${placeholders(keys)}) AND ${isAlive}${ALL_ROWS}`;
      this.#reads.set(keys.length, sql);
    }
    return { sql: isLocked ? `${sql} FOR UPDATE` : sql, values: keys };
  }

  rowOf(columns: readonly unknown[]): Row {
    const [key, data, version, token, left, age, user, label, next, isInGrace] = columns;
    return {
      readAt: performance.now(),
      key: key as Buffer,
      data: data as Buffer,
      guard: Number(version),
      marks: token as Buffer,
      left: Number(left),
      age: Number(age),
      user: textOf(user),
      label: textOf(label),
      next: (next as Buffer | null) ?? undefined,
      isInGrace: Number(isInGrace) === 1,
    };
  }

  insert({ key, data, mark, user, label, extra }: Fresh, { idle, absolute }: Life): Statement {
    const token = firstMarks(mark);
    const life = Math.min(idle, absolute);
    const values = [key, data, token, bytesOf(user), bytesOf(label), life];
    return { sql: this.#sql.insert, values: [...values, ...this.#filled(extra)] };
  }

  update(save: Save, { idle, absolute }: Life): Statement {
    const { data, mark, extra } = save;
    const values = [data, ...this.#filled(extra), mark, idle, absolute, ...asRead(save)];
    return { sql: this.#sql.update, values };
  }

  updateAll(saves: readonly Save[], { idle, absolute }: Life, number: number): Statement {
    let size = 1;
    while (size < saves.length) size *= 2;
    // A few prepared statements serve all sizes; the first of equal keys is found.
    const last = saves.at(-1) as Save;
    const pad = { ...last, data: NO_DATA, mark: NO_DATA };
    const all = [...saves, ...Array.from({ length: size - saves.length }, () => pad)];
    const values = [
      ...all.map(({ key }) => key),
      ...all.map(({ data }) => data),
      ...all.map(({ mark }) => mark),
      ...[number, number * 2 ** 32, idle, absolute],
      ...all.flatMap(asRead),
    ];
    return { sql: this.#sql.updateAll(size), values };
  }

  after({ guard, mark, seen }: Save): Pick<Row, 'guard' | 'marks'> {
    const older = seen.subarray(0, (MARKS - 1) * MARK_BYTES);
    return { guard: (guard as number) + 1, marks: Buffer.concat([mark, older]) };
  }

  wasSaved({ marks, guard }: Row, { mark, guard: before }: Save): boolean | undefined {
    for (let at = 0; at < marks.length; at += MARK_BYTES) {
      if (mark.equals(marks.subarray(at, at + MARK_BYTES))) return true;
    }
    const isPushedOut = Number(before) > 0 && Number(guard) - Number(before) > MARKS;
    return isPushedOut ? undefined : false;
  }

  touch(key: Buffer, { idle, absolute }: Life): Statement {
    return { sql: this.#sql.touch, values: [idle, absolute, key] };
  }

  remove(keys: readonly Buffer[]): Statement {
    return { sql: `${this.#sql.remove} IN (${placeholders(keys)})`, values: keys };
  }

  removeLive(keys: readonly Buffer[]): Statement {
    const { sql, values } = this.remove(keys);
    return { sql: `${sql} AND ${this.#sql.isNoPointer}`, values };
  }

  renewal(old: Save, fresh: Fresh, { age, grace, life }: Renewal): Statement[] {
    const { key, data, mark, user, label, extra } = fresh;
    const left = Math.min(life.idle, life.absolute - age);
    const columns = [key, data, firstMarks(mark), bytesOf(user), bytesOf(label), age, left];
    const { point, succeed } = this.#sql;
    const trap = grace + Math.max(life.idle, TRAP);
    const pointer = [old.data, old.mark, key, grace, life.absolute, trap, ...asRead(old)];
    return [
      { sql: point, values: pointer },
      { sql: succeed, values: [...columns, ...this.#filled(extra)] },
    ];
  }

  rewrite(save: Save): Statement {
    return { sql: this.#sql.rewrite, values: [save.data, save.mark, ...asRead(save)] };
  }

  list(user: string): Statement {
    return { sql: this.#sql.list, values: [Buffer.from(user)] };
  }

  listedOf([key, created, updated, label, ...extra]: readonly unknown[]): Listed {
    const values = this.#extra.map((name, at) => [name, extra[at] as ExtraValue] as const);
    return {
      extra: Object.fromEntries(values),
      key: key as Buffer,
      created: Number(created),
      updated: Number(updated),
      label: textOf(label),
    };
  }

  removePointers(user: string): Statement {
    return { sql: this.#sql.removePointers, values: [Buffer.from(user)] };
  }

  count(): Statement {
    return { sql: this.#sql.count, values: [] };
  }

  page(after: Buffer, count: number): Statement {
    return limited(this.#sql.page, count, after);
  }

  some(count: number): Statement {
    return limited(this.#sql.some, count);
  }

  expired(count: number): Statement {
    return limited(this.#sql.expired, count);
  }

  expiredAfter(from: number, count: number): Statement {
    return {
      sql: `${this.#sql.expiredAfter} LIMIT 1 OFFSET ${Math.trunc(count) - 1}`,
      values: [from],
    };
  }

  sweepRange(from: number, to: number | undefined): Statement {
    const { sweepRange, isUpTo } = this.#sql;
    if (to === undefined) return { sql: sweepRange, values: [from] };
    return { sql: `${sweepRange} AND ${isUpTo}`, values: [from, to] };
  }

  #filled(extra: readonly Bound[] | undefined): readonly Bound[] {
    return extra ?? this.#extra.map(() => null);
  }

  sweep(keys: readonly Buffer[]): Statement {
    const { remove, isExpired } = this.#sql;
    return { sql: `${remove} IN (${placeholders(keys)}) AND ${isExpired}`, values: keys };
  }
}

/** The values that find a row only as it was read. */
function asRead({ key, guard, seen }: Save): Bound[] {
  return [key, guard as number, seen];
}

/** Bounds a SELECT's answer to some rows: a number of rows cannot be bound as other values are. */
function limited(sql: string, count: number, ...values: Bound[]): Statement {
  return { sql: `${sql} LIMIT ${Math.trunc(count)}`, values };
}

/** Returns a placeholder for each value. */
export function placeholders(values: readonly unknown[]): string {
  return values.map(() => '?').join(',');
}

function textOf(value: unknown): string | undefined {
  return value === null || value === undefined ? undefined : String(value);
}

function bytesOf(text: string | undefined): Bound {
  return text === undefined ? null : Buffer.from(text);
}
