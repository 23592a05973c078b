/**
 * The difference between a table and the store's schema, each with its harm and the statement that
 * ends it. `doctor` shows them, `migrate` runs them.
 */
import { NOW, type OurTable, quote } from '../store/operate.ts';
import { type Ask, exact, placeOfTable, type Rows } from './ask.ts';
import { type Difference, MIGRATE } from './difference.ts';
import type { Code } from './findings.ts';
import { indexDifferences, indexesOf } from './indexes.ts';

/** A table as it is, against the schema. */
export interface Shape {
  readonly exists: boolean;
  /** Columns by their names in lower case. */
  readonly columns: ReadonlyMap<string, Found>;
  /** Columns of the schema that are there, and on which the user has no right. */
  readonly hidden: ReadonlySet<string>;
  readonly differences: readonly Difference[];
}

interface Found {
  /** The name as the server has it. */
  readonly name: string;
  readonly type: string;
  /** The type as a definition has it, with the collation. */
  readonly definition: string;
  readonly bytes: number;
  readonly collation: string | null;
  readonly isNullable: boolean;
  readonly hasDefault: boolean;
  readonly isGenerated: boolean;
  /** Whether an INSERT that leaves the column out can give it the value of another row's. */
  repeats(id: string): boolean;
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

/** Columns that a message proposes. */
const MOST_NAMES = 5;

/** The server's error for a column without a right. */
const COLUMN_DENIED = 1143;

/** Compares a table with the schema. */
export async function shapeOf(ask: Ask, table: OurTable): Promise<Shape> {
  const [schema, name] = await placeOfTable(ask, table.name);
  const found = await ask(
    'SELECT COLUMN_NAME,DATA_TYPE,CHARACTER_OCTET_LENGTH,COLLATION_NAME,IS_NULLABLE,COLUMN_DEFAULT,' +
      'EXTRA,GENERATION_EXPRESSION,COLUMN_TYPE FROM information_schema.COLUMNS WHERE TABLE_SCHEMA=? AND TABLE_NAME=?',
    [schema, name],
  );
  const columns = new Map(found.map((row) => [String(row[0]).toLowerCase(), foundOf(row)]));
  const nothing = { hidden: new Set<string>(), differences: [] };
  if (columns.size === 0) return { exists: false, columns, ...nothing };
  const [[engine, kind, options] = []] = await ask(
    'SELECT ENGINE,TABLE_TYPE,CREATE_OPTIONS FROM information_schema.TABLES WHERE TABLE_SCHEMA=? AND TABLE_NAME=?',
    [schema, name],
  );
  if (kind === 'VIEW') return { exists: true, columns, ...nothing, differences: [aView(table)] };
  const isPartitioned = /\bpartitioned\b/i.test(String(options));
  const [[now] = []] = await ask(`SELECT ${NOW}`);
  const hidden = await hiddenOf(ask, table, columns);
  const strange = strangersOf(table, columns);
  // One of these is perhaps the id or the data under another name.
  const isNamed = [table.names.id, table.names.data].every(
    (column) => columns.has(column.toLowerCase()) || hidden.has(column),
  );
  const differences = [
    ...engineDifference(table, String(engine)),
    ...wantedOf(table)
      .filter((wanted) => !hidden.has(wanted.name))
      .flatMap((wanted) => columnDifference(table, wanted, columns, Number(now), strange)),
    ...(isNamed ? requiredColumns(table, strange) : []),
    ...indexDifferences(table, await indexesOf(ask, schema, name), { columns, isPartitioned }),
  ];
  return { exists: true, columns, hidden, differences };
}

/** information_schema leaves out columns on which the user has no right. */
async function hiddenOf(
  ask: Ask,
  { name, columns: own }: OurTable,
  found: Shape['columns'],
): Promise<Set<string>> {
  const hidden = new Set<string>();
  for (const column of own.filter((each) => !found.has(each.toLowerCase()))) {
    await ask(`SELECT ${quote(column)} FROM ${quote(name)} LIMIT 0`).catch((error: unknown) => {
      if ((error as { errno?: number }).errno === COLUMN_DENIED) hidden.add(column);
    });
  }
  return hidden;
}

/** The columns, out of the CREATE TABLE that the store itself uses. */
function wantedOf({ schema }: OurTable): Wanted[] {
  return [...schema.matchAll(/^ {2}`(.+)` (.+?)(?: PRIMARY KEY)?,$/gm)].map(
    ([, name = '', definition = '']) => ({ name, definition }),
  );
}

function foundOf(row: Rows[number]): Found {
  const [name, type, bytes, collation, isNullable, initial, extra, expression, full] = row;
  const isGenerated = /(?:virtual|stored|persistent)\b.*generated/i.test(String(extra));
  const isConstant = initial !== null && !/^NULL$|^current_timestamp|\(/i.test(String(initial));
  return {
    name: String(name),
    type: String(type).toLowerCase(),
    definition: `${full}${collation === null ? '' : ` COLLATE ${collation}`}`,
    bytes: Number(bytes ?? 0),
    collation: (collation ?? null) as string | null,
    isNullable: isNullable === 'YES',
    hasDefault: initial !== null || /auto_increment|generated/i.test(String(extra)),
    isGenerated,
    repeats: (id) => (isGenerated ? !String(expression).includes(quote(id)) : isConstant),
  };
}

function aView({ name }: OurTable): Difference {
  return {
    code: 'engine',
    level: 'error',
    message: `"${name}" is a view: its keys, engine and columns are those of the table behind it, which was not examined`,
    advice: '--table NAME names the table, for this program and as `table` of createSessions()',
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
  columns: Shape['columns'],
  now: number,
  strange: readonly Found[],
): Difference[] {
  const alter = `ALTER TABLE ${quote(table.name)}`;
  const found = columns.get(name.toLowerCase());
  if (found === undefined) {
    const isOurs = name !== table.names.id && name !== table.names.data;
    const add = `${alter} ADD COLUMN ${quote(name)} ${definition}${defaultOf(table, name, definition, now)}`;
    const other = strange.length === 1 ? strange[0]?.name : undefined;
    const list = strange
      .slice(0, MOST_NAMES)
      .map((each) => `"${each.name}"`)
      .join(', ');
    return [
      {
        code: 'column-missing',
        level: 'error',
        message: isOurs
          ? `the column "${name}" is missing: the store refuses the table`
          : `the column "${name}" is missing: is this the table, and has the column another name${list && ` (${list})`}?`,
        sql: isOurs ? add : undefined,
        advice: `--column ${keyOf(table, name)}=${other ?? '…'} names it, and phpsessid migrate --rename ${other ?? '…'}=${name} renames it`,
      },
    ];
  }
  const fault = faultOf(table, name, definition, found);
  if (fault === undefined) return [];
  if (fault.code === 'number-small' && /^(?:date|time|year)/.test(found.type)) {
    // MODIFY would make the number 20261231235959 of a date.
    const initial = defaultOf(table, name, definition, now);
    const key = name === table.names.expires ? `, ADD KEY (${quote(name)})` : '';
    const drop = `${alter} DROP COLUMN ${quote(name)}`;
    const add = `${alter} ADD COLUMN ${quote(name)} ${definition}${initial}${key}`;
    return [{ ...fault, sql: undefined, advice: `${drop};\n${add};\n${MIGRATE}` }];
  }
  return [{ ...fault, sql: `${alter} MODIFY ${quote(name)} ${definition}`, advice: MIGRATE }];
}

/** The name of a column's option: `data` for the column `d`. */
function keyOf({ names }: OurTable, column: string): string {
  return Object.entries(names).find(([, name]) => name === column)?.[0] ?? column;
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
  if (found.isGenerated) {
    return error('column-type', `${column} is generated: the server refuses each save of it`);
  }
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
        `${column} is ${type} of ${bytes} bytes, and must be VARBINARY(32): a key of another length is not found again`,
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
      const reason =
        name === names.version ? 'it counts the saves of a session' : 'times are milliseconds';
      return error('number-small', `${column} is ${type}: ${reason}, and BIGINT is needed`);
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

function strangersOf(table: OurTable, columns: Shape['columns']): Found[] {
  const own = new Set(table.columns.map((column) => column.toLowerCase()));
  return [...columns].filter(([name]) => !own.has(name)).map(([, found]) => found);
}

/** An INSERT of the store names its own columns only. */
function requiredColumns(table: OurTable, strange: readonly Found[]): Difference[] {
  return strange
    .filter(({ isNullable, hasDefault }) => !isNullable && !hasDefault)
    .map(({ name, definition }) => ({
      code: 'column-required',
      level: 'error',
      message: `the column "${name}" is not one of the store's, is NOT NULL and has no default: every new session is refused`,
      advice:
        `ALTER TABLE ${quote(table.name)} MODIFY ${exact(name)} ${definition} NULL;\n` +
        'or give it a DEFAULT, or fill it by the option `extra`',
    }));
}
