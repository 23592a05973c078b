/** Starts a server that ends with this process, whatever ends this process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findProgram } from './program.ts';

const supervisor = fileURLToPath(new URL('database/supervisor.sh', import.meta.url));

/**
 * Starts a program that stops when its supervisor's standard input is closed. It does not keep this
 * process alive.
 *
 * @param command - The program's absolute path and its arguments.
 * @param folder - The server's own folder; it is removed at the server's end.
 * @param env - Added to PATH; the server gets no other variable of this process.
 * @param log - A file for the server's output, written from its beginning; else nothing is kept.
 */
export function supervise(
  command: readonly string[],
  folder: string,
  env: NodeJS.ProcessEnv,
  log?: string,
): ChildProcess {
  const output = log === undefined ? 'ignore' : openSync(log, 'w');
  // On Windows there is no sh: the server is started itself, and ended with a signal.
  const shell = process.platform === 'win32' ? undefined : findProgram(['sh']);
  const [program = '', ...args] = shell ? [shell, supervisor, folder, ...command] : command;
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', output, output],
    // In a new process group, which the terminal's Ctrl-C does not reach; it ends with its input.
    detached: shell !== undefined,
  });
  if (output !== 'ignore') closeSync(output);
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  child.stdin?.on('error', () => {});
  return child;
}

/** Waits for the end of a supervised server that has not ended, and keeps this process alive for it. */
export async function exitOf(child: ChildProcess): Promise<void> {
  child.ref();
  await once(child, 'exit');
}

/** Stops a supervised server and waits for its end. */
export async function stopSupervised(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = exitOf(child);
  if (process.platform === 'win32') child.kill();
  else child.stdin?.end();
  await ended;
}

/** The watchers of suspended processes, by the id that `suspend` was given. */
const watchers = new Map<number, ChildProcess>();

/**
 * Lets a process hang, and waits until it does: after SIGSTOP its other threads run for a moment,
 * and may still answer. If this process ends first, a watcher resumes the other: a stopped process
 * does not notice that its owner is gone, and would never exit.
 *
 * @param pid - The process; a negative number is a process group, which is not waited for.
 */
export async function suspend(pid: number): Promise<void> {
  forgetSuspended(pid);
  const watcher = spawn('sh', ['-c', 'read -r _; kill -CONT "$1"', 'sh', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Neither the watcher nor its pipe keeps this process from ending.
  watcher.unref();
  (watcher.stdin as Socket).unref();
  watchers.set(pid, watcher);
  process.kill(pid, 'SIGSTOP');
  while (!threadsOf(pid).every((state) => state === 'T')) await delay(1);
}

/** Resumes what was suspended. */
export function resume(pid: number): void {
  forgetSuspended(pid);
  process.kill(pid, 'SIGCONT');
}

/** Ends the watcher of a suspended process, which has been killed or resumed. */
export function forgetSuspended(pid: number): void {
  watchers.get(pid)?.kill('SIGKILL');
  watchers.delete(pid);
}

/** Returns the states of a process's threads; none on a system without /proc. */
function threadsOf(pid: number): string[] {
  const folder = `/proc/${pid}/task`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((thread) => {
    const text = readFileSync(`${folder}/${thread}/stat`, 'latin1');
    return text.charAt(text.lastIndexOf(')') + 2);
  });
}
