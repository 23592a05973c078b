/** Statements on one connection, for questions that the store itself does not ask. */
import type { PoolConnection } from 'mysql2/promise';

/** Rows, each a list of its columns. */
export type Rows = readonly (readonly unknown[])[];

/** Runs one statement. */
export type Ask = (sql: string, values?: readonly (string | number | Buffer)[]) => Promise<Rows>;

/** Makes a connection answer in rows of columns. */
export function askOn(connection: PoolConnection): Ask {
  return async (sql, values = []) => {
    const [rows] = await connection.query({ sql, values: [...values], rowsAsArray: true });
    return Array.isArray(rows) ? (rows as unknown as Rows) : [];
  };
}

/**
 * Returns the schema and the table's own name.
 *
 * @param table - As the option `table` has it.
 */
export async function placeOfTable(ask: Ask, table: string): Promise<[string, string]> {
  const [schema, name] = table.split('.');
  if (name !== undefined) return [schema as string, name];
  const [[current] = []] = await ask('SELECT DATABASE()');
  return [String(current ?? ''), table];
}
