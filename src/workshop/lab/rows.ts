/** The rows of the sessions table, byte for byte, and what the last request changed in them. */
import type { Connection, FieldPacket, RowDataPacket } from 'mysql2/promise';
import { asText } from './text.ts';

/** A row: the bytes of its columns in the table's order, null for NULL. */
export interface Row {
  id: string;
  columns: Map<string, Uint8Array | null>;
}

export interface RowChange {
  row: Row;
  state: 'new' | 'changed' | 'removed' | 'same';
  /** The columns whose bytes differ, with their bytes before. */
  before: Map<string, Uint8Array | null>;
}

/** Older rows are counted and not listed. */
const SHOWN = 25;

/** mysql2's access to a column's bytes, unconverted. */
interface RawField {
  buffer(): Uint8Array | null;
}

/**
 * Reads the newest rows of `sessions`.
 *
 * @param connection - Its charset must be `binary`, so that the server converts nothing.
 * @returns The rows, newest first, and the number of all rows.
 */
export async function readRows(connection: Connection): Promise<{ rows: Row[]; total: number }> {
  const [found, fields] = await connection.query<RowDataPacket[]>({
    sql: `SELECT * FROM sessions ORDER BY updated DESC, id DESC LIMIT ${SHOWN}`,
    typeCast: (field: RawField) => field.buffer(),
  });
  const [counted] = await connection.query<RowDataPacket[]>(
    'SELECT COUNT(*) AS total FROM sessions',
  );
  return {
    rows: found.map((row) => readRow(row, fields)),
    total: Number(counted[0]?.['total'] ?? 0),
  };
}

/** Compares two states of the table; deleted rows come last. */
export function compareRows(before: Row[], after: Row[]): RowChange[] {
  const old = new Map(before.map((row) => [row.id, row]));
  const kept = new Set(after.map((row) => row.id));
  const changes = after.map((row): RowChange => {
    const was = old.get(row.id);
    if (!was) return { row, state: 'new', before: new Map() };
    const different = [...row.columns].filter(
      ([name, value]) => !same(was.columns.get(name), value),
    );
    const state = different.length > 0 ? 'changed' : 'same';
    return {
      row,
      state,
      before: new Map(different.map(([name]) => [name, was.columns.get(name) ?? null])),
    };
  });
  const removed = before.filter((row) => !kept.has(row.id));
  return [
    ...changes,
    ...removed.map((row): RowChange => ({ row, state: 'removed', before: new Map() })),
  ];
}

function readRow(row: RowDataPacket, fields: FieldPacket[]): Row {
  const columns = new Map(
    fields.map(({ name }) => [name, (row[name] as Uint8Array | null | undefined) ?? null]),
  );
  const id = columns.get('id') ?? columns.values().next().value;
  return { id: asText(id), columns };
}

function same(one: Uint8Array | null | undefined, other: Uint8Array | null): boolean {
  if (!one || !other) return (one ?? null) === other;
  return Buffer.compare(one, other) === 0;
}
