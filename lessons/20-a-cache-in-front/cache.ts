/** The cache of lesson 20, for the classes after it: the code is that of lesson 20's class. */
import { randomUUID } from 'node:crypto';
import { CacheUnavailable, type Item, type MemcachedClient } from '#memcached';

type SessionRow = { id: Buffer; d: Buffer | null; updated: number; version: number };

/** What memcached holds for a row: a copy of it, a reader's lease, or the writers at work. */
type Entry = { copy?: [d: string, updated: number]; lease?: string; writers?: string[] };

/** Seconds that memcached keeps each. MySQL ends a statement that waits for a row after 50. */
const keeps = { copy: 10, lease: 10, writers: 60 };

/** What this process is loading, by lease. */
const loads = new Map<string, Promise<SessionRow | undefined>>();

/** Reads a row from memcached, else from the database; of many readers at once, one asks it. */
export async function readThrough(
  cache: MemcachedClient | undefined,
  id: Buffer,
  load: () => Promise<SessionRow | undefined>,
): Promise<SessionRow | undefined> {
  const key = cacheKey(id);
  const lease = randomUUID();
  let item = cache && (await orNothing(cache.get(key)));
  if (cache && !item) {
    const adding = orNothing(put(cache, key, { lease }));
    // It is in the map before another reader can find the lease, and until none can.
    loads.set(
      lease,
      adding.then((isOurs) => (isOurs ? load() : undefined)),
    );
    try {
      if (await adding) {
        const [row, own] = await Promise.all([loads.get(lease), orNothing(cache.get(key))]);
        const entry: Entry = row?.d ? { copy: [row.d.toString('base64'), row.updated] } : {};
        if (entryOf(own).lease === lease) await orNothing(put(cache, key, entry, own));
        return row;
      }
    } finally {
      setImmediate(() => loads.delete(lease));
    }
    item = await orNothing(cache.get(key));
  }
  const { copy, lease: holder = '' } = entryOf(item);
  // No save can begin with a copy: no row has its version.
  if (copy) return { id, d: Buffer.from(copy[0], 'base64'), updated: copy[1], version: -1 };
  // Without either a writer is at work, or another server has the lease, or memcached is silent.
  // A load that failed, or found nothing for the lifetime of its own handler, is none for this one.
  return (await loads.get(holder)?.catch(() => undefined)) ?? (await load());
}

/** Changes a row in the database. Until that is over, every reader asks the database. */
export async function change<Result>(
  cache: MemcachedClient | undefined,
  id: Buffer,
  work: () => Promise<Result>,
): Promise<Result> {
  const token = randomUUID();
  const update = async (next: (writers: string[]) => string[]): Promise<void> => {
    for (let tries = 0; cache && tries < 50; tries += 1) {
      const item = await cache.get(cacheKey(id));
      const writers = next(entryOf(item).writers ?? []);
      if (await put(cache, cacheKey(id), writers.length > 0 ? { writers } : {}, item)) return;
    }
  };
  await orNothing(update((writers) => [...writers, token]));
  const result = await work(); // If this fails, it may still happen: the token stays
  await orNothing(update((writers) => writers.filter((each) => each !== token)));
  return result;
}

/** Puts an entry in the place of an item, and an empty one away; false if the item has changed. */
async function put(cache: MemcachedClient, key: string, entry: Entry, item?: Item) {
  const [kind] = Object.keys(entry) as (keyof Entry)[];
  if (!kind) return item === undefined || (await cache.remove(key, item.cas));
  const bytes = Buffer.from(JSON.stringify(entry));
  return item
    ? await cache.cas(key, bytes, keeps[kind], item.cas)
    : await cache.add(key, bytes, keeps[kind]);
}

/** The row's name in memcached. You cannot get from it to a token. */
const cacheKey = (id: Buffer): string => `session:${id.toString('base64url')}`;

/** Reads an item; an empty entry for none, and for one of another program. */
function entryOf(item: Item | undefined): Entry {
  try {
    const { copy, lease, writers } = Object(JSON.parse(String(item?.value))) as Entry;
    if (typeof copy?.[0] === 'string' && Number.isInteger(copy[1])) return { copy };
    if (typeof lease === 'string') return { lease };
    if (Array.isArray(writers) && writers.every((each) => typeof each === 'string')) {
      return { writers };
    }
  } catch {
    // It is not JSON.
  }
  return {};
}

/** A memcached that fails is one that holds nothing. */
async function orNothing<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  return await answer.catch((error) => {
    if (error instanceof CacheUnavailable) return undefined;
    throw error;
  });
}
