/** A memcached of a test file's own. */
import { type CachedKey, Memcached } from '../machine/memcached.ts';

export interface BenchCache {
  /** Its address: `127.0.0.1:11211`. */
  readonly server: string;
  /** Every key that it holds, and when each ends. */
  keys(): Promise<CachedKey[]>;
  /** `SIGSTOP` pauses it, `SIGCONT` resumes it, `SIGKILL` ends it at once. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again after SIGKILL: at the same address, and empty. */
  start(): Promise<void>;
}

interface OwnedCache extends BenchCache {
  close(): Promise<void>;
}

/** Milliseconds between two signs of life while memcached is fetched. */
const BEAT = 2000;

/**
 * Starts a memcached. `onProgress` is called while it is fetched: a file that is silent for long
 * would be ended.
 */
export async function startCache(onProgress: () => void): Promise<OwnedCache> {
  const progress = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const beat = setInterval(onProgress, BEAT);
  const memcached = await Memcached.open({ progress }).finally(() => clearInterval(beat));
  return {
    server: `127.0.0.1:${memcached.port}`,
    keys: () => memcached.keys(),
    signal: (signal) => memcached.signal(signal),
    start: () => memcached.start(),
    close: () => memcached.close(),
  };
}
