/** A process of its own for a learner's class: it may hang, crash or end, and nothing else does. */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { keepTrackOf } from './children.ts';
import { type Report, reportVariable } from './report.ts';

export interface ChildOptions {
  /** Absolute path of the program, and its arguments. */
  program: string;
  values: readonly string[];
  /** Chooses the class: `lesson-03`, `mine`, `wrong-02-null`. */
  condition: string;
  /** Added to the environment. */
  environment: Record<string, string>;
  /** The working directory. */
  directory: string;
  /** Seconds without a report after which the child is ended; its start may take longer. */
  silence: number;
  signal?: AbortSignal | undefined;
  onReport: (message: Report) => void;
  /** Told what the class prints. */
  onOutput?: ((text: string) => void) | undefined;
}

/** How a child ended. */
export interface ChildEnd {
  /** True when it was ended because nothing was heard of it. */
  silent: boolean;
  aborted: boolean;
  code: number | null;
  /** The last it printed, for a failure that nothing else explains. */
  output: string;
}

const keptOutput = 4000;

/** Seconds that starting Node and loading the class may take on a busy machine. */
const startUp = 15;

const reportPipe = 3;

/**
 * Runs a program under a condition and listens to its reports.
 *
 * @param options - What to run, and who is told.
 * @returns How it ended; whatever it did, this resolves.
 */
export function runChild(options: ChildOptions): Promise<ChildEnd> {
  const { program, values, condition, environment, directory, silence, signal } = options;
  if (signal?.aborted) {
    return Promise.resolve({ silent: false, aborted: true, code: null, output: '' });
  }
  const inherited = { ...process.env };
  // Under `node --test` this would make the child speak to a parent that is not there.
  delete inherited['NODE_TEST_CONTEXT'];
  const child = spawn(
    process.execPath,
    [
      // PHP's warnings about requests that a test breaks on purpose are no news to a learner.
      ...['-C', condition, '--no-warnings', '--import', tsx],
      `--test-reporter=${silentReporter}`,
      '--test-reporter-destination=stdout',
      program,
      ...values,
    ],
    {
      cwd: directory,
      env: { ...inherited, ...environment, [reportVariable]: String(reportPipe) },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    },
  );
  keepTrackOf(child);
  return new Promise((resolve) => {
    let silent = false;
    let output = '';
    let timer: NodeJS.Timeout | undefined;
    // Nothing a class does may keep it alive, so there is no gentler signal first.
    const kill = (): void => {
      child.kill('SIGKILL');
    };
    const allow = (seconds: number): void => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        silent = true;
        kill();
      }, seconds * 1000);
    };
    const end = (code: number | null, text = output): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', kill);
      resolve({ silent, aborted: signal?.aborted ?? false, code, output: text.trim() });
    };
    signal?.addEventListener('abort', kill);
    allow(silence + startUp);
    readLines(child.stdio[reportPipe] as Readable, (line) => {
      allow(silence);
      options.onReport(JSON.parse(line) as Report);
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-keptOutput);
        options.onOutput?.(text);
      });
    }
    child.once('error', (error) => end(null, error.message));
    child.once('close', (code) => end(code));
    child.once('exit', (code) => {
      // A grandchild may hold the pipes open for as long as it lives.
      setTimeout(() => end(code), 1000).unref();
    });
  });
}

const tsx = import.meta.resolve('tsx');
const silentReporter = new URL('./silent-reporter.ts', import.meta.url).href;

function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}
