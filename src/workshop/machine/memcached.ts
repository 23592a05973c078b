/** A real memcached: found or fetched, and started on a free port of the loopback. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { canFetchPackages, fetchPackages, libraryPath, obtainFirst } from './apt.ts';
import { freePort } from './free-port.ts';
import { type Announcements, findProgram, run } from './program.ts';
import { supervise, suspend } from './supervise.ts';

/** A memcached that can be started. */
export interface MemcachedProgram {
  /** Absolute path of the server. */
  path: string;
  /** The path of its libraries, when it is not installed. */
  env: Record<string, string>;
  /** `1.6.18` */
  version: string;
}

/** Milliseconds until a server must answer; a busy small machine needs seconds. */
const startLimit = 20_000;

/**
 * Obtains memcached: an installed one, else that of the system's packages, unpacked into the cache.
 *
 * @returns The program, or the reason why it cannot be obtained.
 */
export async function obtainMemcached(
  options: Announcements = {},
): Promise<MemcachedProgram | { reason: string }> {
  const remedy = canFetchPackages() ? 'apt-get install memcached' : 'install memcached';
  return obtainFirst([installed, fetched], options, `No memcached (${remedy})`);
}

async function installed({ signal }: Announcements): Promise<MemcachedProgram | undefined> {
  const path = findProgram(['memcached']);
  return path === undefined ? undefined : await describe(path, {}, signal);
}

async function fetched(options: Announcements): Promise<MemcachedProgram | undefined> {
  if (!canFetchPackages()) return undefined;
  // Only a script of the service runs Perl, which is 50 of the 58 MB.
  const without = /^(perl|libperl|libgdbm)/;
  const folder = await fetchPackages(['memcached'], { ...options, without });
  const path = join(folder, 'usr/bin/memcached');
  if (!existsSync(path)) throw new Error(`${folder} holds no memcached. Delete it, and try again`);
  return await describe(path, { LD_LIBRARY_PATH: libraryPath(folder) }, options.signal);
}

async function describe(
  path: string,
  env: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<MemcachedProgram> {
  const environment = { PATH: process.env['PATH'], ...env };
  const { stdout, stderr } = await run(path, ['-V'], { environment, signal, timeout: 30_000 });
  const version = /^memcached (\S+)/.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`${path} -V failed: ${(stderr || stdout).trim()}`);
  return { path, env, version };
}

/** A key that memcached holds. */
export interface CachedKey {
  name: string;
  /** Unix time in seconds at which memcached forgets it; undefined when it never does. */
  ends: number | undefined;
}

/** A memcached of this process. It ends with this process, whatever ends that. */
export class Memcached {
  readonly #program: MemcachedProgram;
  #child: ChildProcess | undefined;
  #pid = 0;
  #folder = '';
  #port = 0;

  constructor(program: MemcachedProgram) {
    this.#program = program;
  }

  /** Its port of the loopback; the same one after it was killed and started again. */
  get port(): number {
    return this.#port;
  }

  /**
   * Starts it, empty.
   *
   * @throws Error when it does not answer within 20 s.
   */
  async start(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'phpsessid-memcached-'));
    for (let attempt = 1; ; attempt++) {
      if (this.#port === 0 || attempt > 1) this.#port = await freePort();
      const child = this.#spawn();
      this.#child = child;
      const deadline = Date.now() + startLimit;
      for (;;) {
        const pid = await askForPid(this.#port);
        if (pid !== undefined) {
          this.#pid = pid;
          return;
        }
        // Another connection of this machine may have got the port since it was found free.
        if (child.exitCode !== null && attempt < 5) break;
        if (child.exitCode !== null || Date.now() > deadline) {
          await this.close();
          throw new Error(`${this.#program.path} did not start on port ${this.#port}`);
        }
        await delay(10);
      }
    }
  }

  /**
   * Sends the server a signal: `SIGSTOP` lets it hang, `SIGCONT` goes on, `SIGKILL` ends it at once.
   * After SIGKILL this returns when the process is gone.
   */
  async signal(signal: NodeJS.Signals): Promise<void> {
    if (signal === 'SIGSTOP') return await suspend(this.#pid);
    const ended = signal === 'SIGKILL' && this.#child && once(this.#child, 'exit');
    process.kill(this.#pid, signal);
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
      const ended = once(child, 'exit');
      try {
        if (this.#pid !== 0) process.kill(this.#pid, 'SIGCONT');
      } catch {
        // It has ended between the two lines.
      }
      child.stdin?.end();
      await ended;
    }
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true });
  }

  #spawn(): ChildProcess {
    const options = ['-l', '127.0.0.1', '-p', String(this.#port), '-U', '0', '-m', '16', '-t', '2'];
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
