/**
 * Exclusive locks on session files, in place of PHP's flock(LOCK_EX), which Node does not have.
 *
 * `lockFile()` locks a file within this process. `flock()` locks it for other processes as well, and
 * starts a process for that.
 */
import { spawn } from 'node:child_process';
import type { Awaitable } from '../awaitable.ts';

/** The locked files, each with those that wait for its lock, in their order. */
const locked = new Map<string, (() => void)[]>();

/**
 * Takes a file's lock, once it is free in this process.
 *
 * @param path - The file.
 * @returns A function that releases the lock; a second call does nothing.
 */
export function lockFile(path: string): Awaitable<() => void> {
  let isHeld = true;
  const release = (): void => {
    if (isHeld) passOn(path);
    isHeld = false;
  };
  const waiting = locked.get(path);
  if (waiting) return new Promise((resolve) => waiting.push(() => resolve(release)));
  locked.set(path, []);
  return release;
}

function passOn(path: string): void {
  const next = locked.get(path)?.shift();
  if (next) next();
  else locked.delete(path);
}

/**
 * Takes an open file's lock for this process and PHP's, by util-linux's command flock.
 *
 * The lock belongs to the open file, which the command inherits: it stays when the command has ended,
 * until the file is closed here. flock(2).
 *
 * @param descriptor - The open file.
 * @throws Error when the command is missing or fails.
 */
export function flock(descriptor: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const command = spawn('flock', ['--exclusive', '3'], {
      stdio: ['ignore', 'ignore', 'pipe', descriptor],
    });
    let output = '';
    command.stderr?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    command.once('error', ({ message }) => {
      const remedy = 'install util-linux, or leave the option flock out';
      reject(new Error(`The command flock cannot lock a session's file: ${message}; ${remedy}`));
    });
    command.once('close', (code, signal) => {
      if (code === 0) return resolve();
      const end = output.trim() || `it ended with ${code ?? signal}`;
      reject(new Error(`The command flock cannot lock a session's file: ${end}`));
    });
  });
}
