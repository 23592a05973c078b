/** Runs a learner's class in a child process, so that a hang, crash or exit stays there. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { stripTypes } from '../machine/program.ts';
import { keepTrackOf } from './children.ts';
import { limitFairly } from './fair-limit.ts';
import { reportVariable } from './report.ts';

export interface ChildOptions<Report> {
  /** Absolute path of the program, a TypeScript or JavaScript file. */
  program: string;
  /** The program's arguments. */
  values?: readonly string[];
  /** Chooses the class: `lesson-03`, `mine`, `wrong-02-null`. */
  condition?: string | undefined;
  /** Node's own options. */
  nodeOptions?: readonly string[];
  /** Added to this process's environment. */
  environment?: Record<string, string>;
  /** The working directory. */
  directory?: string | undefined;
  /**
   * Seconds without a report after which the child is killed, those not counted in which it waits
   * for a CPU; while the child loads a class it may be silent `startUp` seconds longer. Without this
   * option there is no limit.
   */
  silence?: number | undefined;
  /** True for a report after which the child loads a class, as it does before its first report. */
  isLoading?: ((report: Report) => boolean) | undefined;
  signal?: AbortSignal | undefined;
  onReport(report: Report): void;
  /** Receives everything that the child prints. */
  onOutput?: ((text: string) => void) | undefined;
}

export interface Child {
  /** 0 when the program could not be started. */
  readonly pid: number;
  /** Resolves when the child has ended, however it ended. */
  readonly ended: Promise<ChildEnd>;
  /** Kills it as a crash would. */
  kill(): void;
  /** Closes its input, which ends a program that serves; after five seconds, kills it. */
  stop(): Promise<void>;
}

/** The end of a child: its exit code, or the signal that killed it. */
export interface ChildEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** True when it was killed because it sent no report. */
  silent: boolean;
  /** True when it was killed, or never started, because the caller's signal was aborted. */
  aborted: boolean;
  /** The last that it printed. */
  output: string;
}

const keptOutput = 4000;

/** Seconds that starting Node and loading the class may take on a busy machine. */
const startUp = 15;

const reportPipe = 3;

/** Starts a program in a child process. The child does not outlive this process. */
export function startChild<Report>(options: ChildOptions<Report>): Child {
  return spawnChild(options, 'pipe');
}

/** Runs a program, without input, to its end; never rejects. */
export async function runChild<Report>(options: ChildOptions<Report>): Promise<ChildEnd> {
  return await spawnChild(options, 'ignore').ended;
}

function spawnChild<Report>(options: ChildOptions<Report>, input: 'pipe' | 'ignore'): Child {
  const { silence, signal } = options;
  if (signal?.aborted) return neverStarted();
  const key = randomUUID();
  const child = spawnProgram(options, input, key);
  // A class in an endless loop handles no gentler signal.
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  signal?.addEventListener('abort', kill);
  const limit = new SilenceLimit(child.pid ?? 0, kill);
  if (silence !== undefined) limit.allow(silence + startUp);
  readLines(child.stdio[reportPipe] as Readable, (line) => {
    const report = line.startsWith(key) ? readReport<Report>(line.slice(key.length)) : undefined;
    const isLoading = report !== undefined && options.isLoading?.(report);
    if (silence !== undefined) limit.allow(silence + (isLoading ? startUp : 0));
    if (report !== undefined) options.onReport(report);
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-keptOutput);
      options.onOutput?.(text);
    });
  }
  const ended = endOf(child).then(({ error, ...end }): ChildEnd => {
    limit.lift();
    signal?.removeEventListener('abort', kill);
    const aborted = signal?.aborted ?? false;
    return { ...end, silent: limit.wasReached, aborted, output: (error ?? output).trim() };
  });
  const stop = async (): Promise<void> => {
    child.stdin?.end();
    const forced = setTimeout(kill, 5000);
    await ended;
    clearTimeout(forced);
  };
  return { pid: child.pid ?? 0, ended, kill, stop };
}

/** Starts the program with a pipe for its reports. */
function spawnProgram<Report>(
  options: ChildOptions<Report>,
  input: 'pipe' | 'ignore',
  key: string,
): ChildProcess {
  const { program, values = [], condition, nodeOptions = [] } = options;
  const environment = { ...process.env, ...options.environment };
  // Under `node --test` this variable would make the child report to the test runner.
  delete environment['NODE_TEST_CONTEXT'];
  const child = spawn(
    process.execPath,
    [
      ...(condition === undefined ? [] : ['-C', condition]),
      ...nodeOptions,
      ...(program.endsWith('.ts') ? stripTypes : []),
      ...[program, ...values],
    ],
    {
      cwd: options.directory,
      env: { ...environment, [reportVariable]: `${reportPipe} ${key}` },
      stdio: [input, 'pipe', 'pipe', 'pipe'],
    },
  );
  keepTrackOf(child);
  // A child that ends closes its input first.
  child.stdin?.on('error', () => {});
  return child;
}

/** Kills a child that sends no report in time. */
class SilenceLimit {
  readonly #pid: number;
  readonly #kill: () => void;
  #lift = (): void => {};
  #wasReached = false;

  constructor(pid: number, kill: () => void) {
    this.#pid = pid;
    this.#kill = kill;
  }

  get wasReached(): boolean {
    return this.#wasReached;
  }

  /** Allows this many seconds from now on. */
  allow(seconds: number): void {
    this.#lift();
    const lift = limitFairly(this.#pid, seconds * 1000, () => {
      // After a pause of this process its timers come first, and only then what the child has sent.
      setImmediate(() => {
        if (this.#lift !== lift) return;
        this.#wasReached = true;
        this.#kill();
      });
    });
    this.#lift = lift;
  }

  lift(): void {
    this.#lift();
  }
}

type ProgramEnd = Pick<ChildEnd, 'code' | 'signal'> & { error?: string };

/** Resolves when the child has ended, with the error's message if it could not be started. */
function endOf(child: ChildProcess): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    child.once('error', ({ message }) => resolve({ code: null, signal: null, error: message }));
    child.once('close', (code, signal) => resolve({ code, signal }));
    child.once('exit', (code, signal) => {
      // A grandchild may hold the pipes open for as long as it lives.
      setTimeout(() => resolve({ code, signal }), 1000).unref();
    });
  });
}

function neverStarted(): Child {
  const end: ChildEnd = { code: null, signal: null, silent: false, aborted: true, output: '' };
  return { pid: 0, ended: Promise.resolve(end), kill: () => {}, stop: async () => {} };
}

/** `Object.prototype.toJSON` turns every report into another value: only an object is a report. */
function readReport<Report>(line: string): Report | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' ? ((value ?? undefined) as Report | undefined) : undefined;
  } catch {
    return undefined;
  }
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}
