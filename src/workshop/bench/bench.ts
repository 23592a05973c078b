/** The bench that a test file gets from `#bench`. */
import type { Means, SessionsExport } from '../sandbox/contract.ts';
import type { Gate, GateOptions } from '../wire/gate.ts';
import type { Statement } from '../wire/statement.ts';
import type { BenchCache } from './cache.ts';
import type { BenchClock } from './clock.ts';
import type { BenchCluster } from './cluster.ts';
import type { BenchDatabase } from './database.ts';
import type { ByteSource, Drawn } from './draws.ts';
import type { BenchHandler } from './handler.ts';
import type { ServeOptions, Server } from './serve.ts';

export interface Bench {
  /** The class under test, whatever its shape. */
  handler: BenchHandler;
  /** An id that this class accepts: made by the class itself if it can. */
  newId(): Promise<string>;
  /** Stores a session by the class's own write, or in the table while the class has no write. */
  store(id: string, data: string): Promise<void>;
  /** This file's own database. */
  database: BenchDatabase;
  clock: BenchClock;
  /**
   * Holds the first `count` statements that match until all of them have arrived.
   *
   * @example
   * const gate = bench.gate(2, /^UPDATE/);
   * const both = Promise.all([handler.write(id, 'a'), handler.write(id, 'b')]);
   * await gate.arrived;
   */
  gate(count: number, pattern: RegExp, options?: GateOptions): Gate;
  /**
   * Resolves once nothing has happened for a time: no statement, no answer, and no work in this
   * process. On a busy machine a class that is slow is not taken for one that waits.
   *
   * @param milliseconds - Length of the silence; after three times as long work counts as silence.
   * @param value - What the promise resolves with.
   * @example
   * const answer = await Promise.race([handler.gc(1440), silence(4000, 'it waits')]);
   */
  silence<Value>(milliseconds: number, value: Value): Promise<Value>;
  silence(milliseconds: number): Promise<undefined>;
  /** The statements the class has sent so far, with values and outcome. */
  statements(): readonly Statement[];
  /** A seeded `Math.random`; a failing test prints the seed, and `SEED=` replays it. */
  random(): number;
  /** Serves the article's counter page with the class under test. */
  serve(options?: ServeOptions): Promise<Server>;
  /**
   * Loads the class once more, as a second server process would: the two share the database, and
   * no field.
   *
   * @param url - The database's address for it, where it is not the bench's own.
   * @param classFile - Absolute path of another lesson's class, where the second server has that.
   */
  another(url?: string, classFile?: string): Promise<SecondProcess & Pick<Bench, 'exported'>>;
  /** Uses the class as another application of this process would; not for the static class. */
  given(means: Means): SecondProcess;
  /** The export `Sessions` of the class's file. */
  exported: SessionsExport;
  /** Makes one more database with an empty table, which ends with the bench. */
  secondDatabase(): Promise<BenchDatabase>;
  /** Starts a memcached, which ends with the bench; fails with the remedy. */
  cache(): Promise<BenchCache>;
  /**
   * Returns three Galera nodes with an empty table, the same ones at every call. Other files wait
   * meanwhile, so ask for them outside of a test, whose time is limited.
   *
   * @throws Error with the reason why there are none, and the command for this system.
   */
  cluster(): Promise<BenchCluster>;
  /**
   * Calls a callback while the database takes its time to answer.
   *
   * @returns The work still under way when the callback's promise settled, as SQL, or `end()` or
   *   `destroy()` for a connection that was closing; empty unless an `await` is missing.
   * @example
   * assert.deepEqual(await bench.unawaited(() => handler.destroy(id)), []);
   */
  unawaited(call: () => Promise<unknown>): Promise<string[]>;
  /** Runs `call` with a recorded source of random bytes in place of node:crypto's. */
  recordDraws<Result>(call: () => Promise<Result>, source?: ByteSource): Promise<Drawn<Result>>;
  /** Returns a call's error, with all its properties, and everything that it printed or warned. */
  overhear(call: () => Promise<unknown>): Promise<string>;
  /** Returns how many of the promises made during a call this process still holds after it. */
  keptPromises(call: () => Promise<unknown>): Promise<number>;
}

/** The class under test as a second process has it. */
export type SecondProcess = Pick<Bench, 'handler' | 'serve'>;
