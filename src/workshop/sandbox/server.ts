/** A program in a child process that serves on a port of the loopback. */
import { fileURLToPath } from 'node:url';
import { type ChildOptions, startChild } from './child.ts';
import { asSentence, describeEnd } from './failure.ts';
import { limitFairly } from './fair-limit.ts';
import { namePlace, type Suspect } from './location.ts';
import type { Message } from './messages.ts';
import type { PageOrder } from './page-program.ts';
import type { ChildReport, Failure } from './report.ts';

export interface ServerOptions extends Omit<ChildOptions<ChildReport>, 'onReport' | 'silence'> {
  /** The class that the program serves, to locate an end that the program could not report. */
  suspect?: Suspect | undefined;
  /** Milliseconds until it must listen; 20,000 by default. */
  startLimit?: number | undefined;
  /** Receives the events within each request, where the program traces them. */
  onEvent?: ((event: Message) => void) | undefined;
}

/** A child process that listens. */
export interface ChildServer {
  readonly pid: number;
  readonly port: number;
  /** Resolves when the process has ended, with its failure. */
  readonly ended: Promise<Failure>;
  /** Kills it, as a crash would, and waits for its end. */
  kill(): Promise<void>;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
}

/** The error of a class that does not answer, with a sentence for its page. */
export class ClassUnavailable extends Error {
  override readonly name = 'ClassUnavailable';
  readonly failure: Failure;

  constructor(failure: Failure) {
    const sentence = asSentence(failure);
    super(failure.location ? `${sentence} ${namePlace(failure.location)}` : sentence);
    this.failure = failure;
  }
}

/**
 * PHP sweeps in one request of a hundred, and a test or a recording of the counter page would be
 * another one then.
 */
export const UNSWEPT = { 'session.gc_probability': '0' } as const;

/** The program of the counter page, which takes a {@link PageOrder}. */
export const pageProgram: string = fileURLToPath(new URL('page-program.ts', import.meta.url));

/**
 * Starts a program that serves; `servePage()` is its other half.
 *
 * @throws ClassUnavailable when it ends before it listens, or does not listen in time.
 */
export async function startServer(options: ServerOptions): Promise<ChildServer> {
  const { startLimit = 20_000 } = options;
  let failure: Failure | undefined;
  let onPort = (_port: number): void => {};
  const listening = new Promise<number>((resolve) => {
    onPort = resolve;
  });
  const child = startChild<ChildReport>({
    ...options,
    onReport(report) {
      if (report.kind === 'listening') onPort(report.port);
      else if (report.kind === 'broken') failure ??= report.failure;
      else if (report.kind === 'trace') options.onEvent?.(report.event);
    },
  });
  const ended = child.ended.then((end) => failure ?? describeEnd(end, options.suspect));
  const lift = limitFairly(child.pid, startLimit, () => {
    const waited = `the class was not loaded within ${startLimit / 1_000} seconds`;
    const message = `${waited}: is there an await at the top of its file that never ends?`;
    failure ??= { reason: 'timeout', message };
    child.kill();
  });
  const port = await Promise.race([listening, ended]);
  lift();
  if (typeof port !== 'number') throw new ClassUnavailable(port);
  return {
    pid: child.pid,
    port,
    ended,
    stop: () => child.stop(),
    async kill() {
      child.kill();
      await child.ended;
    },
  };
}

/** Starts a process that serves the counter page by one class. */
export function startPage(
  order: PageOrder,
  options: Omit<ServerOptions, 'program' | 'values'>,
): Promise<ChildServer> {
  return startServer({ ...options, program: pageProgram, values: [JSON.stringify(order)] });
}
