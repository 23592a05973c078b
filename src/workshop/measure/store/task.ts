/** One contender's work in one table of the store's benchmark, and a round of it. */
import { cpuTimeOf } from '../cpu.ts';

/** A line of a table: some clients repeat a step. */
export interface Task {
  /** The table. */
  readonly table: string;
  readonly name: string;
  readonly label: string;
  readonly clients: number;
  /** One operation of one client. */
  step(client: number): Promise<unknown>;
  /** Clients that work beside those that are measured. */
  readonly beside?:
    | { readonly clients: number; step(client: number): Promise<unknown> }
    | undefined;
  /** Reads a counter that each operation has raised by one, to count lost ones. */
  count?(): Promise<number>;
}

/** The figures of one round. */
export interface TaskRound {
  readonly perSecond: number;
  /** Microseconds of CPU time of an operation, client and database; null without /proc. */
  readonly cpu: number | null;
  /** Statements of an operation, as the server counts them. */
  readonly statements: number;
  /** The share of operations whose change was overwritten; null where none is counted. */
  readonly lost: number | null;
}

/** The figures of the server that a round takes. */
export interface Meter {
  /** The database's process, if it can be watched. */
  readonly database: readonly number[];
  /** The number of statements that the server has run. */
  questions(): Promise<number>;
}

/** Runs one round of so many seconds. */
export async function measure(task: Task, seconds: number, meter: Meter): Promise<TaskRound> {
  const counted = await task.count?.();
  const questions = await meter.questions();
  const before = [process.cpuUsage(), cpuTimeOf(meter.database)] as const;
  const began = performance.now();
  const end = began + seconds * 1000;
  let done = 0;
  const work = async (client: number): Promise<void> => {
    while (performance.now() < end) {
      await task.step(client);
      done += 1;
    }
  };
  const workBeside = async (client: number): Promise<void> => {
    while (performance.now() < end) await task.beside?.step(client);
  };
  await Promise.all([
    ...Array.from({ length: task.clients }, (_, client) => work(client)),
    ...Array.from({ length: task.beside?.clients ?? 0 }, (_, client) => workBeside(client)),
  ]);
  const elapsed = (performance.now() - began) / 1000;
  const own = process.cpuUsage(before[0]);
  const database = cpuTimeOf(meter.database);
  const now = await task.count?.();
  const isKnown = database !== undefined && before[1] !== undefined;
  return {
    perSecond: done / elapsed,
    cpu: isKnown ? (own.user + own.system + database - before[1]) / done : null,
    // The statements that read the counters are left out.
    statements: ((await meter.questions()) - questions - 1 - (task.count ? 1 : 0)) / done,
    lost: now === undefined || counted === undefined ? null : 1 - (now - counted) / done,
  };
}
