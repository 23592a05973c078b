/** The bench that a test file gets from `#bench`. */
import type { Gate, GateOptions } from '../wire/gate.ts';
import type { Statement } from '../wire/statement.ts';
import type { BenchClock } from './clock.ts';
import type { BenchDatabase } from './database.ts';
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
  /** The statements the class has sent so far, with values and outcome. */
  statements(): readonly Statement[];
  /** A seeded `Math.random`; a failing test prints the seed, and `SEED=` replays it. */
  random(): number;
  /** Serves the article's counter page with the class under test. */
  serve(options?: ServeOptions): Promise<Server>;
}
