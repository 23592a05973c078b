/** The indexes of a table, against those that the store needs. */
import { type OurTable, quote } from '../store/operate.ts';
import { type Ask, exact } from './ask.ts';
import { type Difference, MIGRATE } from './difference.ts';

/** An index, with the bytes that it takes of each column, 0 for all. */
interface Index {
  readonly name: string;
  readonly isUnique: boolean;
  /** The clause that makes an index usable which the server keeps and does not use. */
  readonly reveal: string | undefined;
  readonly columns: ReadonlyMap<string, number>;
}

/** A table, as far as the remedies for its indexes depend on it. */
interface Holder {
  /** Columns by their names in lower case: whether rows can have equal values in it that no INSERT gives. */
  readonly columns: ReadonlyMap<string, { repeats(id: string): boolean }>;
  readonly isPartitioned: boolean;
}

/** The longest value of the column `user`. */
const USER_BYTES = 128;

/** MariaDB's and MySQL's column about unused indexes: its value for one, and the clause that ends it. */
const UNUSED: Readonly<Record<string, readonly [value: string, reveal: string]>> = {
  IGNORED: ['YES', 'NOT IGNORED'],
  IS_VISIBLE: ['NO', 'VISIBLE'],
};

/** Reads a table's indexes. */
export async function indexesOf(ask: Ask, schema: string, table: string): Promise<Index[]> {
  const [[column = ''] = []] = await ask(
    "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA='information_schema' " +
      "AND TABLE_NAME='STATISTICS' AND COLUMN_NAME IN ('IGNORED','IS_VISIBLE')",
  );
  const [unused, reveal] = UNUSED[String(column)] ?? [];
  const rows = await ask(
    `SELECT INDEX_NAME,NON_UNIQUE,COLUMN_NAME,SUB_PART${unused === undefined ? '' : `,${column}`} ` +
      'FROM information_schema.STATISTICS ' +
      'WHERE TABLE_SCHEMA=? AND TABLE_NAME=? ORDER BY INDEX_NAME,SEQ_IN_INDEX',
    [schema, table],
  );
  const indexes = new Map<string, Index & { columns: Map<string, number> }>();
  for (const [name, nonUnique, part, bytes, state] of rows) {
    const index = indexes.get(String(name)) ?? {
      name: String(name),
      isUnique: Number(nonUnique) === 0,
      reveal: unused !== undefined && state === unused ? reveal : undefined,
      columns: new Map<string, number>(),
    };
    indexes.set(String(name), index);
    index.columns.set(String(part).toLowerCase(), Number(bytes ?? 0));
  }
  return [...indexes.values()];
}

function firstOf({ columns }: Index): string | undefined {
  return columns.keys().next().value;
}

/** Whether an index keeps a column unique by itself and in full. */
export function isKeyOf(column: string, { isUnique, columns }: Index): boolean {
  return isUnique && columns.size === 1 && columns.get(column.toLowerCase()) === 0;
}

/** Compares a table's indexes with those of the schema. */
export function indexDifferences(
  table: OurTable,
  indexes: readonly Index[],
  holder: Holder,
): Difference[] {
  const { expires, user } = table.names;
  const scans = [
    ['index-expires', expires, 'each collection scans the table, and locks what it passes'],
    ['index-user', user, 'each list and revocation of a user scans the table'],
  ] as const;
  return [
    ...keyDifference(table, indexes, holder),
    ...indexes.flatMap((index) => uniqueDifference(table, index, indexes, holder)),
    ...scans.flatMap(([code, column, harm]) => {
      const found = scanOf(column, harm, indexes);
      if (found === undefined) return [];
      const sql = `ALTER TABLE ${quote(table.name)} ${found.change}`;
      return [{ code, level: 'error', message: found.message, sql, advice: MIGRATE } as const];
    }),
  ];
}

function keyDifference(
  table: OurTable,
  indexes: readonly Index[],
  { columns, isPartitioned }: Holder,
): Difference[] {
  const { id } = table.names;
  if (!columns.has(id.toLowerCase())) return [];
  if (indexes.some((index) => isKeyOf(id, index))) return [];
  const alter = `ALTER TABLE ${quote(table.name)}`;
  const primary = indexes.find(({ name }) => name === 'PRIMARY');
  const key = id.toLowerCase();
  // A primary key without the id may belong to an AUTO_INCREMENT column, which needs it.
  const isOther = primary !== undefined && !primary.columns.has(key);
  const sql = isOther
    ? `${alter} ADD UNIQUE KEY (${quote(id)})`
    : `${alter} ${primary ? 'DROP PRIMARY KEY, ' : ''}ADD PRIMARY KEY (${quote(id)})`;
  return [
    {
      code: 'id-not-unique',
      level: 'error',
      message: `nothing keeps "${id}" by itself and in full unique: two rows can have one id${indexes.some((index) => firstOf(index) === key) ? '' : ', and each read scans the table'}`,
      // The columns of the partitions must be in each key.
      sql: isPartitioned ? undefined : sql,
      advice: isPartitioned ? `${alter} REMOVE PARTITIONING;\n${sql};` : MIGRATE,
    },
  ];
}

function uniqueDifference(
  table: OurTable,
  index: Index,
  indexes: readonly Index[],
  { columns }: Holder,
): Difference[] {
  const { id } = table.names;
  const own = table.columns.map((column) => column.toLowerCase());
  const names = [...index.columns.keys()];
  // A unique id makes every set of columns unique that it belongs to.
  if (!index.isUnique || names.includes(id.toLowerCase())) return [];
  const foreign = names.filter((name) => !own.includes(name));
  if (!foreign.every((name) => columns.get(name)?.repeats(id))) return [];
  const isSpare = indexes.some((each) => each !== index && firstOf(each) === names[0]);
  const list = (mark: (name: string) => string): string => names.map(mark).join(',');
  const drop = `ALTER TABLE ${quote(table.name)} DROP KEY ${exact(index.name)}`;
  return [
    {
      code: 'index-unique',
      level: 'error',
      message: `the index "${index.name}" keeps ${list((name) => `"${name}"`)} unique: a second session with the same value is refused`,
      sql: foreign.length > 0 ? undefined : `${drop}${isSpare ? '' : `, ADD KEY (${list(exact)})`}`,
      advice:
        foreign.length > 0
          ? `${drop};\nor fill the column by the option \`extra\`, with another value for each session`
          : MIGRATE,
    },
  ];
}

/** Returns why no index serves a search by a column, and the change that makes one serve it. */
function scanOf(
  column: string,
  harm: string,
  indexes: readonly Index[],
): { message: string; change: string } | undefined {
  const name = column.toLowerCase();
  const begun = indexes.filter((index) => firstOf(index) === name);
  const whole = begun.filter(({ columns }) => {
    const bytes = columns.get(name) ?? 0;
    return bytes === 0 || bytes >= USER_BYTES;
  });
  if (whole.some(({ reveal }) => reveal === undefined)) return undefined;
  const [unused] = whole;
  if (unused?.reveal !== undefined) {
    return {
      message: `the server does not use the index "${unused.name}" (${unused.reveal === 'VISIBLE' ? 'INVISIBLE' : 'IGNORED'}): ${harm}`,
      change: `ALTER INDEX ${exact(unused.name)} ${unused.reveal}`,
    };
  }
  const [cut] = begun;
  return {
    message:
      cut === undefined
        ? `no index begins with "${column}": ${harm}`
        : `the index "${cut.name}" has the first ${cut.columns.get(name)} bytes of "${column}" only: where values begin alike, ${harm}`,
    change: `ADD KEY (${quote(column)})`,
  };
}
