/** A real memcached: found or fetched, and started on a free port of the loopback. */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { obtainPackaged, type Packaged, type PackagedProgram, startOnPort } from './packaged.ts';
import { type Announcements, MissingProgram } from './program.ts';
import {
  exitOf,
  forgetSuspended,
  resume,
  stopSupervised,
  supervise,
  suspend,
} from './supervise.ts';

/** Obtains memcached, or returns the reason why it cannot be obtained. */
function obtainMemcached(
  options: Announcements = {},
): Promise<PackagedProgram | { reason: string }> {
  const memcached: Packaged = {
    file: 'usr/bin/memcached',
    option: '-V',
    version: /^memcached (\S+)/,
    // Only a script of the service runs Perl, which is 50 of the 58 MB.
    without: /^(perl|libperl|libgdbm)/,
  };
  return obtainPackaged(memcached, options);
}

/** A key that memcached holds. */
export interface CachedKey {
  name: string;
  /** Unix time in seconds at which memcached deletes it; undefined for never. */
  ends: number | undefined;
}

/** A memcached of this process. It ends with this process, whatever ends that. */
export class Memcached {
  readonly #program: PackagedProgram;
  #child: ChildProcess | undefined;
  #pid = 0;
  #folder = '';
  #port = 0;

  constructor(program: PackagedProgram) {
    this.#program = program;
  }

  /** Obtains memcached, and starts one; the error has the reason and the remedy. */
  static async open(options?: Announcements): Promise<Memcached> {
    const program = await obtainMemcached(options);
    if ('reason' in program) throw new MissingProgram(program.reason);
    const memcached = new Memcached(program);
    await memcached.start();
    return memcached;
  }

  /** Its port of the loopback; the same one after it was killed and started again. */
  get port(): number {
    return this.#port;
  }

  /** Starts it, empty. */
  async start(): Promise<void> {
    // A killed one starts again in the same folder.
    this.#folder ||= await mkdtemp(join(tmpdir(), 'phpsessid-memcached-'));
    const launch = (port: number): ChildProcess => {
      this.#child = this.#spawn(port);
      return this.#child;
    };
    const isUp = async (port: number): Promise<boolean> => {
      const pid = await askForPid(port);
      this.#pid = pid ?? 0;
      return pid !== undefined;
    };
    try {
      this.#port = await startOnPort(this.#program.path, this.#port, launch, isUp);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Sends the server a signal: `SIGSTOP` pauses it, `SIGCONT` resumes it, `SIGKILL` ends it at once.
   * After SIGKILL this returns when the process is gone.
   */
  async signal(signal: NodeJS.Signals): Promise<void> {
    if (signal === 'SIGSTOP') return await suspend(this.#pid);
    if (signal === 'SIGCONT') return resume(this.#pid);
    const ended = signal === 'SIGKILL' && this.#child && exitOf(this.#child);
    process.kill(this.#pid, signal);
    if (ended) forgetSuspended(this.#pid);
    await ended;
  }

  /**
   * Lists what it holds (`lru_crawler metadump`, of memcached 1.4.31 and later).
   *
   * @throws Error when it does not answer within a second.
   */
  async keys(): Promise<CachedKey[]> {
    for (;;) {
      const answer = await ask(this.#port, 'lru_crawler metadump all\r\n');
      if (answer === undefined) throw new Error(`memcached on port ${this.#port} did not answer`);
      // Another listing, or memcached's own sweep, is at work.
      if (answer.startsWith('BUSY')) continue;
      return [...answer.matchAll(/^key=(\S+) exp=(-?\d+)/gm)].map(([, name = '', end]) => {
        return { name: decodeURIComponent(name), ends: end === '-1' ? undefined : Number(end) };
      });
    }
  }

  /** Ends the server, a stopped one included. */
  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child && child.exitCode === null && child.signalCode === null) {
      try {
        if (this.#pid !== 0) resume(this.#pid);
      } catch {
        // The server has ended between the two lines.
      }
      await stopSupervised(child);
    }
    if (this.#folder === '') return;
    await rm(this.#folder, { recursive: true, force: true });
    this.#folder = '';
  }

  #spawn(port: number): ChildProcess {
    const options = ['-l', '127.0.0.1', '-p', String(port), '-U', '0', '-m', '16', '-t', '2'];
    // Root has to name the user to run as.
    const user = userInfo().uid === 0 ? ['-u', 'root'] : [];
    const command = [this.#program.path, ...options, ...user];
    return supervise(command, this.#folder, this.#program.env);
  }
}

/** Returns the server's process id; undefined while it does not answer. */
async function askForPid(port: number): Promise<number | undefined> {
  const pid = /^STAT pid (\d+)/m.exec((await ask(port, 'stats\r\n')) ?? '')?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** Returns the whole answer to a command; undefined when it does not come within a second. */
function ask(port: number, command: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(command));
    let answer = '';
    socket.setTimeout(1000, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (/^(?:END|BUSY.*)\r\n/m.test(answer)) socket.destroy();
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(/^(?:END|BUSY.*)\r\n/m.test(answer) ? answer : undefined));
  });
}
