/** Finding and running the programs of the machine. */
import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * Node's arguments for a process that loads TypeScript; hooks.mjs has the reason for the last one.
 */
export const stripTypes: readonly string[] = [
  '--import',
  new URL('./strip-types.mjs', import.meta.url).href,
  ...(process.version.startsWith('v20.') ? ['--expose-internals'] : []),
];

/** A program that is neither installed nor could be fetched; the message has the remedy. */
export class MissingProgram extends Error {
  readonly code = 'MISSING_PROGRAM';
}

/** The folders of servers, which an ordinary PATH does not contain. */
const serverFolders = [
  '/usr/sbin',
  '/usr/libexec',
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/local/mysql/bin',
  '/opt/homebrew/bin',
  '/opt/homebrew/opt/mariadb/bin',
  '/opt/homebrew/opt/mysql/bin',
  '/usr/local/opt/mariadb/bin',
  '/usr/local/opt/mysql/bin',
  '/usr/bin',
  '/bin',
];

/**
 * Finds the first of these programs on PATH or in the folders of servers; undefined without one.
 */
export function findProgram(
  names: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): string | undefined {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const path = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const name of names) {
    for (const folder of [...path, ...serverFolders]) {
      const candidate = join(folder, name + suffix);
      if (isExecutable(candidate)) return candidate;
    }
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The options of everything that takes time. */
export interface Announcements {
  /** Receives a line for each step. */
  progress?: ((line: string) => void) | undefined;
  /** Aborts the work. */
  signal?: AbortSignal | undefined;
}

export interface RunOptions {
  cwd?: string | undefined;
  environment?: NodeJS.ProcessEnv | undefined;
  /** The program's standard input. @default '' */
  input?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Milliseconds after which the program is killed. */
  timeout?: number | undefined;
}

export interface RunResult {
  /** Exit code; -1 when the program could not be started or was killed. */
  code: number;
  stdout: string;
  /** Standard output as it came. */
  bytes: Buffer;
  stderr: string;
}

/**
 * Runs a program to its end, without a shell.
 *
 * @returns Its output and exit code; a program that fails does not reject.
 * @throws The signal's reason after an abort, when the program has ended.
 */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  options.signal?.throwIfAborted();
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.environment ?? process.env,
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeout,
    killSignal: 'SIGKILL',
  });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  options.signal?.addEventListener('abort', kill);
  process.once('exit', kill);
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  // A program that does not read all of its input breaks the pipe; only its exit code matters.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const { code, failure } = await new Promise<{ code: number; failure: string }>((resolve) => {
    child.on('error', (error) => resolve({ code: -1, failure: error.message }));
    child.on('close', (status, signal) =>
      resolve({ code: status ?? -1, failure: signal ? `killed by ${signal}` : '' }),
    );
  });
  process.off('exit', kill);
  options.signal?.removeEventListener('abort', kill);
  options.signal?.throwIfAborted();
  const bytes = Buffer.concat(stdout);
  return {
    code,
    stdout: bytes.toString(),
    bytes,
    stderr: Buffer.concat(stderr).toString() + failure,
  };
}
