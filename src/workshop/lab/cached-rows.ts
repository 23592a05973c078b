/** The lab's memcached, and what it holds for the rows of a table. */

import { MemcachedClient } from '../../store/cache/memcached.ts';
import type { Lesson } from '../course/catalogue.ts';
import { Memcached } from '../machine/memcached.ts';
import type { Row } from './rows.ts';

/** A key of memcached beside a row. */
export interface CachedRow {
  /** `copy`, `lease` or `writers`, as the lesson's class writes them. */
  kind: string;
  /** Unix time in seconds. */
  ends: number | undefined;
}

/** Finds out whether a lesson's class can use a memcached: its own lesson needs one, or an earlier one. */
export function usesCache(lessons: readonly Lesson[], { number }: Lesson): boolean {
  return lessons.some((each) => each.number <= number && each.needs.includes('memcached'));
}

/** One memcached for all classes of a lab. */
export class LabCache {
  readonly #memcached: Memcached;
  readonly #client: MemcachedClient;

  constructor(memcached: Memcached) {
    this.#memcached = memcached;
    this.#client = new MemcachedClient({ server: this.server });
  }

  /**
   * Starts a memcached, which is fetched at the first use where it is not installed.
   *
   * @param signal - Aborts the fetch.
   * @returns Undefined when that fails: the classes use the database alone.
   */
  static async start(signal: AbortSignal): Promise<LabCache | undefined> {
    try {
      return new LabCache(await Memcached.open({ signal }));
    } catch {
      return undefined;
    }
  }

  /** Its address: `127.0.0.1:11211`. */
  get server(): string {
    return `127.0.0.1:${this.#memcached.port}`;
  }

  /**
   * Returns what memcached holds for these rows, by their ids; nothing while it does not answer.
   */
  async lookUp(rows: readonly Row[]): Promise<Map<string, CachedRow>> {
    const found = new Map<string, CachedRow>();
    try {
      const keys = await this.#memcached.keys();
      for (const { id } of rows) {
        const name = `session:${Buffer.from(id, 'latin1').toString('base64url')}`;
        const key = keys.find((each) => each.name === name);
        const item = key && (await this.#client.get(name));
        if (item) found.set(id, { kind: kindOf(item.value), ends: key.ends });
      }
    } catch {
      // memcached was killed, or hangs: the page shows the table alone.
    }
    return found;
  }

  async close(): Promise<void> {
    this.#client.close();
    await this.#memcached.close();
  }
}

/** The first name of an entry; `bytes` for one that the lesson has not written. */
function kindOf(value: Uint8Array): string {
  try {
    return Object.keys(JSON.parse(Buffer.from(value).toString()) as object)[0] ?? 'bytes';
  } catch {
    return 'bytes';
  }
}
