/** Servers in processes of their own, which say their port and end when their input does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { keepTrackOf } from './children.ts';

/** A process that listens. */
export interface NodeServer {
  port: number;
  child: ChildProcess;
  /** Kills it, as a crash would, and waits for the end. */
  kill(): Promise<void>;
  /** Asks it to end, and waits until it has. */
  close(): Promise<void>;
}

/**
 * Runs a program that prints the port it listens on. It ends when its input does, so it never
 * outlives this process, whatever ends this one.
 *
 * @param program - Absolute path of a TypeScript or JavaScript file.
 * @param args - Its command line.
 * @param environment - Added to that of this process.
 * @returns The process, listening.
 * @throws Error with the process's last words when it ends before it listens.
 */
export async function startNodeServer(
  program: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<NodeServer> {
  const loader = program.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : [];
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', ...loader, program, ...args],
    { env: { ...process.env, ...environment }, stdio: ['pipe', 'pipe', 'pipe'] },
  );
  keepTrackOf(child);
  const ended = once(child, 'close');
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-2000);
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(Number(text)));
    child.once('error', reject);
    child.once('close', (code) => {
      reject(new Error(`${program} ended with code ${code} before it listened: ${words.trim()}`));
    });
  });
  return {
    port,
    child,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}
