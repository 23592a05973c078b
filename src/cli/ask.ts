/** Statements on one connection, for questions that the store itself does not ask. */
import type { PoolConnection } from 'mysql2/promise';

/** Rows, each a list of its columns. */
export type Rows = readonly (readonly unknown[])[];

/** Runs one statement. */
export type Ask = (sql: string, values?: readonly (string | number | Buffer)[]) => Promise<Rows>;

/** Milliseconds of one question. An ALTER may take longer, a question does not. */
export const PATIENCE = 30_000;

/**
 * Makes a connection answer in rows of columns.
 *
 * @param timeout - Milliseconds until a statement without an answer fails; without it none does.
 */
export function askOn(connection: PoolConnection, timeout?: number): Ask {
  return async (sql, values = []) => {
    const [rows] = await connection.query({
      sql,
      values: [...values],
      rowsAsArray: true,
      ...(timeout !== undefined && { timeout }),
    });
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

/** Quotes names as the server reports them: another program's may have dots and backticks. */
export function exact(...names: readonly unknown[]): string {
  return names.map((name) => `\`${String(name).replaceAll('`', '``')}\``).join('.');
}
