/** Starts a server that ends with this process, whatever ends this process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const supervisor = fileURLToPath(new URL('database/supervisor.sh', import.meta.url));

/**
 * Starts a program that stops when its supervisor's standard input is closed.
 *
 * @param command - The program's absolute path and its arguments.
 * @param folder - The server's own folder; it is removed at the server's end.
 * @param env - Added to PATH; the server gets no other variable of this process.
 */
export function supervise(
  command: readonly string[],
  folder: string,
  env: Record<string, string>,
): ChildProcess {
  return spawn('sh', [supervisor, folder, ...command], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'ignore', 'ignore'],
    // In a new process group, which the terminal's Ctrl-C does not reach; it ends with its input.
    detached: true,
  });
}

/** Stops a supervised server and waits for its end. */
export async function stopSupervised(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.stdin?.end();
  await ended;
}

/** The watchers of suspended processes, by the id that `suspend` was given. */
const watchers = new Map<number, ChildProcess>();

/**
 * Lets a process hang, and waits until it does: after SIGSTOP its other threads run for a moment,
 * and may still answer. If this process ends first, a watcher resumes the other: a stopped process
 * does not notice that its owner is gone, and would stay for ever.
 *
 * @param pid - The process; a negative number is a process group, which is not waited for.
 */
export async function suspend(pid: number): Promise<void> {
  forgetSuspended(pid);
  const watcher = spawn('sh', ['-c', 'read -r _; kill -CONT "$1"', 'sh', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Neither keeps this process from ending.
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
