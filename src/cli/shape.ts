/**
 * The difference between a table and the store's schema, each with its harm and the statement that
 * ends it. `doctor` shows them, `migrate` runs them.
 */
import { NOW, type OurTable, quote } from '../store/operate.ts';
import { type Ask, placeOfTable, type Rows } from './ask.ts';
import type { Code } from './findings.ts';

/** One difference. */
export interface Difference {
  readonly code: Code;
  readonly level: 'error' | 'warning';
  /** The state of the table, and its harm. */
  readonly message: string;
  /** The statement that ends it, without the algorithm; undefined where only its owner can decide. */
  readonly sql?: string | undefined;
  /** The remedy, for the table's owner. */
  readonly advice: string;
}

/** A table as it is, against the schema. */
export interface Shape {
  readonly exists: boolean;
  /** Columns by their names in lower case. */
  readonly columns: ReadonlyMap<string, Found>;
  readonly differences: readonly Difference[];
}

interface Found {
  readonly type: string;
  readonly bytes: number;
  readonly collation: string | null;
  readonly isNullable: boolean;
  readonly hasDefault: boolean;
}

/** A column of the schema: `VARBINARY(32)`, 32, whether it may be NULL. */
interface Wanted {
  readonly name: string;
  readonly definition: string;
}

/**
 * The expiry of rows that come without one, until `migrate` gives them theirs: the end of the year
 * 9999. With 0 the collection would delete the sessions that an older version still inserts.
 */
export const FOREVER = 253_402_300_799_999;

const MIGRATE = 'phpsessid migrate';

/** Compares a table with the schema. */
export async function shapeOf(ask: Ask, table: OurTable): Promise<Shape> {
  const [schema, name] = await placeOfTable(ask, table.name);
  const found = await ask(
    'SELECT COLUMN_NAME,DATA_TYPE,CHARACTER_OCTET_LENGTH,COLLATION_NAME,IS_NULLABLE,COLUMN_DEFAULT,' +
      'EXTRA FROM information_schema.COLUMNS WHERE TABLE_SCHEMA=? AND TABLE_NAME=?',
    [schema, name],
  );
  const columns = new Map(found.map((row) => [String(row[0]).toLowerCase(), foundOf(row)]));
  if (columns.size === 0) return { exists: false, columns, differences: [] };
  const [[engine] = []] = await ask(
    'SELECT ENGINE FROM information_schema.TABLES WHERE TABLE_SCHEMA=? AND TABLE_NAME=?',
    [schema, name],
  );
  const indexes = await ask(
    'SELECT COLUMN_NAME,NON_UNIQUE,INDEX_NAME FROM information_schema.STATISTICS ' +
      'WHERE TABLE_SCHEMA=? AND TABLE_NAME=? AND SEQ_IN_INDEX=1',
    [schema, name],
  );
  const [[now] = []] = await ask(`SELECT ${NOW}`);
  const differences = [
    ...engineDifference(table, String(engine)),
    ...wantedOf(table).flatMap((wanted) =>
      columnDifference(table, wanted, columns.get(wanted.name.toLowerCase()), Number(now)),
    ),
    ...strangeColumns(table, columns),
    ...indexDifferences(table, indexes),
  ];
  return { exists: true, columns, differences };
}

/** The columns, out of the CREATE TABLE that the store itself uses. */
function wantedOf({ schema }: OurTable): Wanted[] {
  return [...schema.matchAll(/^ {2}`(.+)` (.+?)(?: PRIMARY KEY)?,$/gm)].map(
    ([, name = '', definition = '']) => ({ name, definition }),
  );
}

function foundOf(row: Rows[number]): Found {
  const [, type, bytes, collation, isNullable, initial, extra] = row;
  return {
    type: String(type).toLowerCase(),
    bytes: Number(bytes ?? 0),
    collation: (collation ?? null) as string | null,
    isNullable: isNullable === 'YES',
    hasDefault: initial !== null || /auto_increment|generated/i.test(String(extra)),
  };
}

function engineDifference(table: OurTable, engine: string): Difference[] {
  if (engine.toLowerCase() === 'innodb') return [];
  return [
    {
      code: 'engine',
      level: 'error',
      message: `the table uses the engine ${engine}, which locks the whole table and has no transactions`,
      sql: `ALTER TABLE ${quote(table.name)} ENGINE=InnoDB`,
      advice: MIGRATE,
    },
  ];
}

function columnDifference(
  table: OurTable,
  { name, definition }: Wanted,
  found: Found | undefined,
  now: number,
): Difference[] {
  const alter = `ALTER TABLE ${quote(table.name)}`;
  if (found === undefined) {
    const isOurs = name !== table.names.id && name !== table.names.data;
    return [
      {
        code: 'column-missing',
        level: 'error',
        message: isOurs
          ? `the column "${name}" is missing: the store refuses the table`
          : `the column "${name}" is missing: is this the table, and has the column another name?`,
        sql: isOurs
          ? `${alter} ADD COLUMN ${quote(name)} ${definition}${defaultOf(table, name, definition, now)}`
          : undefined,
        advice: `--column ${name}=… names it, and phpsessid migrate --rename …=${name} renames it`,
      },
    ];
  }
  const sql = `${alter} MODIFY ${quote(name)} ${definition}`;
  const fault = faultOf(table, name, definition, found);
  return fault === undefined ? [] : [{ ...fault, sql, advice: MIGRATE }];
}

/**
 * Rows that are there need a value, and so do those that an older version still inserts. A session's
 * absolute time is counted from the migration, and it expires when `migrate` has given it a time.
 */
function defaultOf({ names }: OurTable, name: string, definition: string, now: number): string {
  if (!/ NOT NULL/.test(definition)) return '';
  if (name === names.expires) return ` DEFAULT ${FOREVER}`;
  if (!/^BIGINT/.test(definition)) return " DEFAULT ''";
  return ` DEFAULT ${name === names.version ? 0 : now}`;
}

/** Judges a column that is there. A wider one is fine. */
function faultOf(
  { names }: OurTable,
  name: string,
  definition: string,
  found: Found,
): Pick<Difference, 'code' | 'level' | 'message'> | undefined {
  const { type, bytes, collation } = found;
  const column = `the column "${name}"`;
  const error = (code: Code, message: string) => ({ code, level: 'error', message }) as const;
  if (name === names.id) {
    if (collation !== null) {
      return error(
        'id-collation',
        `${column} is text and compares by ${collation}: hashes are bytes, of which some are refused or changed, ` +
          'and with _ci two visitors can share one row',
      );
    }
    if (type !== 'varbinary' || bytes < 32) {
      return error(
        'id-short',
        `${column} is ${type} of ${bytes} bytes: a key has 32, so no session is found again`,
      );
    }
  } else if (name === names.data) {
    if (collation !== null) {
      return error(
        'data-charset',
        `${column} is text (${collation}): PHP's formats and sealed data are bytes, which it refuses or changes`,
      );
    }
    if (bytes < 65_536) {
      return error('data-small', `${column} takes ${bytes} bytes: a larger session is refused`);
    }
  } else if (/^BIGINT/.test(definition)) {
    if (type !== 'bigint') {
      return error('number-small', `${column} is ${type}: times are milliseconds and need BIGINT`);
    }
  } else if (name === names.user && collation !== null) {
    return error(
      'user-collation',
      `${column} is text and compares by ${collation}: with _ci, revoking "ann" also ends the sessions of "Ann"`,
    );
  } else {
    const wanted = Number(/\((\d+)\)/.exec(definition)?.[1]);
    if (bytes < wanted || !/binary$/.test(type)) {
      return error(
        'column-type',
        `${column} is ${type} of ${bytes} bytes, and must be ${definition}`,
      );
    }
  }
  if (!/ NOT NULL/.test(definition) && !found.isNullable) {
    return error('column-type', `${column} must take NULL: sessions without a value are refused`);
  }
  return undefined;
}

/** An INSERT of the store names its own columns only. */
function strangeColumns(table: OurTable, columns: Shape['columns']): Difference[] {
  const own = new Set(table.columns.map((column) => column.toLowerCase()));
  return [...columns]
    .filter(([name, { isNullable, hasDefault }]) => !own.has(name) && !isNullable && !hasDefault)
    .map(([name]) => ({
      code: 'column-required',
      level: 'error',
      message: `the column "${name}" is not one of the store's, is NOT NULL and has no default: every new session is refused`,
      advice: `ALTER TABLE ${quote(table.name)} ALTER ${quote(name)} SET DEFAULT …;`,
    }));
}

function indexDifferences(table: OurTable, indexes: Rows): Difference[] {
  const { id, expires, user } = table.names;
  const has = (column: string): boolean =>
    indexes.some(([name]) => String(name).toLowerCase() === column.toLowerCase());
  const alter = `ALTER TABLE ${quote(table.name)}`;
  const differences: Difference[] = [];
  if (!indexes.some(([name, nonUnique]) => name === id && Number(nonUnique) === 0)) {
    differences.push({
      code: 'id-not-unique',
      level: 'error',
      message: `nothing keeps "${id}" unique: two rows can have one id, and each read scans the table`,
      sql: `${alter} ADD PRIMARY KEY (${quote(id)})`,
      advice: MIGRATE,
    });
  }
  for (const [code, column, harm] of [
    ['index-expires', expires, 'each collection scans the table, and locks what it passes'],
    ['index-user', user, 'each list and revocation of a user scans the table'],
  ] as const) {
    if (has(column)) continue;
    differences.push({
      code,
      level: 'error',
      message: `no index begins with "${column}": ${harm}`,
      sql: `${alter} ADD KEY (${quote(column)})`,
      advice: MIGRATE,
    });
  }
  return differences;
}
