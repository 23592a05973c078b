/** Counts what a table of sessions holds. */
import type { Format } from '../store/index.ts';
import { isSealed, NOW, type OurTable, Payload, quote } from '../store/operate.ts';
import type { Ask, Rows } from './ask.ts';

/** Larger sessions are counted and not read. */
const LONGEST = 1024 ** 2;
/** Rows of one statement. */
const A_PAGE = 100;

/** The row by which one process runs the collection is not a session. */
const KEY_BYTES = 32;

/** Upper ends of the ages, in minutes, and of the sizes, in bytes. */
const AGES = {
  'under 1 min': 1,
  'under 5 min': 5,
  'under 15 min': 15,
  'under 1 h': 60,
  'under 1 day': 1440,
};
const SIZES = {
  'under 1 KiB': 1024,
  'under 16 KiB': 16_384,
  'under 64 KiB': 65_536,
  'under 1 MiB': LONGEST,
};

/** The numbers of a table; none of them leads to a session. */
export interface Census {
  /** All rows. */
  rows: number;
  expired: number;
  /** Renewed ids, which lead to their new ones for a while. */
  renewed: number;
  alive: number;
  /** Live sessions of a user. */
  signedIn: number;
  /** Live sessions by the time since they were last saved or extended. */
  lastSeen: Record<string, number>;
  /** Live sessions by their size. */
  size: Record<string, number>;
  /** Live sessions by their format. */
  format: Record<string, number>;
  /** Live sessions without data. */
  empty: number;
  /** Live sessions in none of the formats. */
  malformed: number;
  /** Bytes of all live sessions. */
  bytes: number;
  /** Bytes of the largest one. */
  largest: number;
}

/** Counts a table in pages, each a statement of its own that locks nothing. Yields after each page. */
export async function* countTable(
  ask: Ask,
  { name, names: c }: OurTable,
  format: Format,
): AsyncGenerator<Census> {
  const [id, data] = [quote(c.id), quote(c.data)];
  const page =
    `SELECT ${id},LENGTH(${data}),IF(LENGTH(${data})<${LONGEST},${data},NULL),${quote(c.user)} IS NULL,` +
    `${quote(c.next)} IS NULL,${quote(c.updated)},${quote(c.expires)},${NOW} FROM ${quote(name)} ` +
    `WHERE ${id}>? ORDER BY ${id} LIMIT ${A_PAGE}`;
  const census = empty();
  let after: Buffer = Buffer.alloc(0);
  for (;;) {
    const rows = await ask(page, [after]);
    for (const row of rows) {
      after = row[0] as Buffer;
      if (after.length === KEY_BYTES) count(census, row, format);
    }
    yield census;
    if (rows.length < A_PAGE) return;
  }
}

function empty(): Census {
  const zeros = (names: Record<string, number>, last: string): Record<string, number> =>
    Object.fromEntries([...Object.keys(names), last].map((name) => [name, 0]));
  return {
    rows: 0,
    expired: 0,
    renewed: 0,
    alive: 0,
    signedIn: 0,
    lastSeen: zeros(AGES, 'longer ago'),
    size: zeros(SIZES, 'larger'),
    format: { json: 0, php: 0, php_serialize: 0, php_binary: 0, sealed: 0 },
    empty: 0,
    malformed: 0,
    bytes: 0,
    largest: 0,
  };
}

function count(census: Census, row: Rows[number], format: Format): void {
  const [, length, data, isAnonymous, isCurrent, updated, expires, now] = row;
  census.rows += 1;
  if (Number(expires) <= Number(now)) {
    census.expired += 1;
    return;
  }
  if (Number(isCurrent) === 0) {
    census.renewed += 1;
    return;
  }
  const bytes = Number(length);
  census.alive += 1;
  census.signedIn += Number(isAnonymous) === 0 ? 1 : 0;
  census.bytes += bytes;
  census.largest = Math.max(census.largest, bytes);
  add(census.lastSeen, AGES, (Number(now) - Number(updated)) / 60_000, 'longer ago');
  add(census.size, SIZES, bytes, 'larger');
  if (bytes === 0) census.empty += 1;
  else if (data !== null) countFormat(census, Buffer.from(data as Buffer), format);
}

function add(
  counts: Record<string, number>,
  bounds: Readonly<Record<string, number>>,
  value: number,
  last: string,
): void {
  const name = Object.keys(bounds).find((each) => value < (bounds[each] as number)) ?? last;
  counts[name] = (counts[name] ?? 0) + 1;
}

/** A session is malformed if one of its values cannot be decoded: its visitor gets an error. */
function countFormat(census: Census, data: Buffer, preferred: Format): void {
  if (isSealed(data)) {
    census.format['sealed'] = (census.format['sealed'] ?? 0) + 1;
    return;
  }
  try {
    const payload = new Payload(data, preferred);
    for (const key of payload.keys) payload.valueOf(key);
    census.format[payload.format] = (census.format[payload.format] ?? 0) + 1;
  } catch {
    census.malformed += 1;
  }
}
