/** The indexes of a table, against those that the store needs. */
import { type OurTable, quote } from '../store/operate.ts';
import type { Ask } from './ask.ts';
import { type Difference, MIGRATE } from './difference.ts';

/** An index, with the bytes that it takes of each column, 0 for all. */
interface Index {
  readonly name: string;
  readonly isUnique: boolean;
  readonly columns: ReadonlyMap<string, number>;
}

/** Reads a table's indexes. */
export async function indexesOf(ask: Ask, schema: string, table: string): Promise<Index[]> {
  const rows = await ask(
    'SELECT INDEX_NAME,NON_UNIQUE,COLUMN_NAME,SUB_PART FROM information_schema.STATISTICS ' +
      'WHERE TABLE_SCHEMA=? AND TABLE_NAME=? ORDER BY INDEX_NAME,SEQ_IN_INDEX',
    [schema, table],
  );
  const indexes = new Map<string, { isUnique: boolean; columns: Map<string, number> }>();
  for (const [name, nonUnique, column, part] of rows) {
    const index = indexes.get(String(name)) ?? {
      isUnique: Number(nonUnique) === 0,
      columns: new Map<string, number>(),
    };
    indexes.set(String(name), index);
    index.columns.set(String(column).toLowerCase(), Number(part ?? 0));
  }
  return [...indexes].map(([name, index]) => ({ name, ...index }));
}

function firstOf({ columns }: Index): string | undefined {
  return columns.keys().next().value;
}

/** Compares a table's indexes with those of the schema. */
export function indexDifferences(table: OurTable, indexes: readonly Index[]): Difference[] {
  const { id, expires, user } = table.names;
  const [key, own] = [id.toLowerCase(), table.columns.map((column) => column.toLowerCase())];
  const alter = `ALTER TABLE ${quote(table.name)}`;
  const differences: Difference[] = [];
  const isKey = ({ isUnique, columns }: Index): boolean =>
    isUnique && columns.size === 1 && columns.get(key) === 0;
  if (!indexes.some(isKey)) {
    const primary = indexes.find(({ name }) => name === 'PRIMARY');
    differences.push({
      code: 'id-not-unique',
      level: 'error',
      message: `nothing keeps "${id}" by itself and in full unique: two rows can have one id${primary ? '' : ', and each read scans the table'}`,
      sql: `${alter} ${primary ? 'DROP PRIMARY KEY, ' : ''}ADD PRIMARY KEY (${quote(id)})`,
      advice: MIGRATE,
    });
  }
  for (const index of indexes) {
    const names = [...index.columns.keys()];
    // A unique id makes every set of columns unique that it belongs to.
    const isForeign = !names.every((name) => own.includes(name));
    if (!index.isUnique || names.includes(key) || isForeign) continue;
    const isSpare = indexes.some((each) => each !== index && firstOf(each) === names[0]);
    const list = (mark: (name: string) => string): string => names.map(mark).join(',');
    differences.push({
      code: 'index-unique',
      level: 'error',
      message: `the index "${index.name}" keeps ${list((name) => `"${name}"`)} unique: a second session with the same value is refused`,
      sql: `${alter} DROP KEY ${quote(index.name)}${isSpare ? '' : `, ADD KEY (${list(quote)})`}`,
      advice: MIGRATE,
    });
  }
  for (const [code, column, harm] of [
    ['index-expires', expires, 'each collection scans the table, and locks what it passes'],
    ['index-user', user, 'each list and revocation of a user scans the table'],
  ] as const) {
    if (indexes.some((index) => firstOf(index) === column.toLowerCase())) continue;
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
