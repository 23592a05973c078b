/** The census of lesson 22, for the classes after it: the code is that of lesson 22's class. */
import type { Pool, RowDataPacket } from 'mysql2/promise';
import { Malformed, readPayload } from '#payload';

/** A row of the view: no key, and no data where it is too large to be read. */
type CrawledRow = RowDataPacket & {
  n: number;
  updated: number | null;
  bytes: number | null;
  d: Buffer | null;
};

/** Rows of a statement. Of larger sessions than 64 KiB, each has a statement of its own. */
const pageSize = 50;

/** Two seconds for a statement, in MariaDB's words and in MySQL's; one for a lock on the table. */
const crawlLimits =
  'SET /*M! max_statement_time=2, *//*!50708 max_execution_time=2000, */ lock_wait_timeout=1';

/** The numbers of a census. They hold no key, no user and no value of a session. */
class Counts {
  readonly #now: number;
  readonly #maxLife: number;
  readonly #of = {
    rows: 0,
    unused: 0,
    expired: 0,
    alive: 0,
    'alive under 1 min': 0,
    'alive under 5 min': 0,
    'alive under 15 min': 0,
    'alive longer': 0,
    empty: 0,
    php: 0,
    json: 0,
    malformed: 0,
    'with count': 0,
    'with user': 0,
    'with other keys': 0,
    bytes: 0,
  };
  #largest: number[] = [];

  constructor(now: number, maxLife: number) {
    this.#now = now;
    this.#maxLife = maxLife;
  }

  add({ updated, bytes, d }: CrawledRow): void {
    this.#of.rows += 1;
    if (bytes === null) {
      this.#of.unused += 1; // An id that was issued, and never saved
    } else if (updated === null || Math.abs(this.#now - updated) > this.#maxLife) {
      this.#of.expired += 1;
    } else {
      this.#addAlive(this.#now - updated, bytes, d);
    }
  }

  #addAlive(age: number, bytes: number, d: Buffer | null): void {
    const minutes = ([1, 5, 15] as const).find((each) => age < each * 60);
    this.#of.alive += 1;
    this.#of[minutes ? (`alive under ${minutes} min` as const) : 'alive longer'] += 1;
    this.#of.bytes += bytes;
    this.#largest = [...this.#largest, bytes].sort((a, b) => b - a).slice(0, 3);
    const names = new Set(this.#namesIn(d));
    if (names.delete('count')) this.#of['with count'] += 1;
    if (names.delete('user')) this.#of['with user'] += 1;
    if (names.size > 0) this.#of['with other keys'] += 1;
  }

  /** Counts the format. A row that is no session is one more number, and no end of the census. */
  #namesIn(d: Buffer | null): string[] {
    try {
      const { format, names } = readPayload(d);
      this.#of[format] += 1;
      return names;
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#of.malformed += 1;
      return [];
    }
  }

  toString(): string {
    const lines = Object.entries(this.#of).map(([name, count]) => `${name}: ${count}\n`);
    return `time: ${this.#now}\n${lines.join('')}${['largest:', ...this.#largest].join(' ')}\n`;
  }
}

/**
 * Counts the sessions, every row once, while they are in use. It takes no lock.
 *
 * @param reader - Connections of an account that reads the view `crawlable` and nothing else.
 * @param at - The time to count for, else the database's clock; and PHP's `gc_maxlifetime`.
 */
export async function census(
  reader: Pool,
  { now, maxLife = 1440 }: { now?: number | undefined; maxLife?: number | undefined } = {},
): Promise<string> {
  const db = await reader.getConnection();
  const ask = async (sql: string, values: number[] = []): Promise<CrawledRow[]> =>
    (await db.query<CrawledRow[]>({ sql, values, timeout: 5000 }))[0];
  try {
    await ask(crawlLimits);
    const sql = 'SELECT UNIX_TIMESTAMP() AS clock, COALESCE(MAX(n), 0) AS last FROM crawlable';
    const [start] = await ask(sql);
    const counts = new Counts(now ?? Number(start?.['clock']), maxLife);
    for (let n = 0, rows = pageSize; rows === pageSize; ) {
      const sql =
        'SELECT n, updated, bytes, IF(bytes <= 65536, d, NULL) AS d FROM crawlable WHERE n > ? AND n <= ? ORDER BY n LIMIT ?';
      const page = await ask(sql, [n, Number(start?.['last']), pageSize]);
      for (const row of page) {
        const isLarge = row.bytes !== null && row.d === null;
        const one = 'SELECT n, updated, bytes, d FROM crawlable WHERE n = ?';
        const [read] = isLarge ? await ask(one, [row.n]) : [row];
        if (read) counts.add(read); // Else it was deleted meanwhile
      }
      n = page.at(-1)?.n ?? n;
      rows = page.length;
    }
    db.release();
    return String(counts);
  } catch (error) {
    db.destroy(); // A statement may still be at work on it
    throw error;
  }
}
