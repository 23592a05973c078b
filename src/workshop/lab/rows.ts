/** The sessions table as it stands, byte for byte, and what the last request changed in it. */
import type { Connection, FieldPacket, RowDataPacket } from 'mysql2/promise';

/** A row: its columns' bytes in the table's order, null where the table says NULL. */
export interface Row {
  id: string;
  columns: Map<string, Uint8Array | null>;
}

export interface RowChange {
  row: Row;
  state: 'new' | 'changed' | 'removed' | 'same';
  /** The columns whose bytes differ, with what stood there. */
  before: Map<string, Uint8Array | null>;
}

/** What the lab shows of a table; older rows are counted and not listed. */
export const SHOWN = 25;

/** A column's bytes as they are in the table: the connection converts nothing. */
interface RawField {
  buffer(): Uint8Array | null;
}

/**
 * Reads the newest rows of `sessions`.
 *
 * @param connection A connection with the charset `binary`, so that bytes stay bytes.
 * @returns The rows, the one written last at the top, and how many there are in all.
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

/** Compares two states of the table; the rows that are gone come last. */
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

/** A column as text, one character a byte where it is not UTF-8. */
export function asText(bytes: Uint8Array | null | undefined): string {
  if (!bytes) return '';
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
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
