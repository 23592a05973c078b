/** A real haproxy: found or fetched, and started on a free port of the loopback. */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { canFetchPackages, fetchPackages, libraryPath, obtainFirst } from './apt.ts';
import { canConnect, freePort } from './free-port.ts';
import { type Announcements, findProgram, run } from './program.ts';
import { stopSupervised, supervise } from './supervise.ts';

/** A haproxy that can be started. */
export interface HaproxyProgram {
  /** Absolute path of the proxy. */
  path: string;
  /** The path of its libraries, when it is not installed. */
  env: Record<string, string>;
  /** `2.6.12` */
  version: string;
}

/** A server behind the proxy. */
export interface Backend {
  /** Letters and digits; responses show it as `X-Server`. */
  name: string;
  /** Its port of the loopback. */
  port: number;
  /** The script that a server answers with which speaks FastCGI; other servers speak HTTP. */
  script?: string | undefined;
}

/** Milliseconds until it must listen; a busy small machine needs seconds. */
const startLimit = 20_000;

/**
 * Obtains haproxy: an installed one, else that of the system's packages, unpacked into the cache.
 *
 * @returns The program, or the reason why it cannot be obtained.
 */
export async function obtainHaproxy(
  options: Announcements = {},
): Promise<HaproxyProgram | { reason: string }> {
  const remedy = canFetchPackages() ? 'apt-get install haproxy' : 'install haproxy';
  return obtainFirst([installed, fetched], options, `No haproxy (${remedy})`);
}

async function installed({ signal }: Announcements): Promise<HaproxyProgram | undefined> {
  const path = findProgram(['haproxy']);
  return path === undefined ? undefined : await describe(path, {}, signal);
}

async function fetched(options: Announcements): Promise<HaproxyProgram | undefined> {
  if (!canFetchPackages()) return undefined;
  // Only the package's own set-up and its service scripts use these.
  const without = /^(perl|libperl|libgdbm|adduser|passwd|lsb-base|sysvinit-utils)/;
  const folder = await fetchPackages(['haproxy'], { ...options, without });
  const path = join(folder, 'usr/sbin/haproxy');
  if (!existsSync(path)) throw new Error(`${folder} holds no haproxy. Delete it, and try again`);
  return await describe(path, { LD_LIBRARY_PATH: libraryPath(folder) }, options.signal);
}

async function describe(
  path: string,
  env: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<HaproxyProgram> {
  const environment = { PATH: process.env['PATH'], ...env };
  const { stdout, stderr } = await run(path, ['-v'], { environment, signal, timeout: 30_000 });
  const version = /^HA-?Proxy version (\d[\d.]*\d)/m.exec(stdout)?.[1];
  if (version === undefined) throw new Error(`${path} -v failed: ${(stderr || stdout).trim()}`);
  return { path, env, version };
}

/** A haproxy of this process. It ends with this process, whatever ends that. */
export class Haproxy {
  readonly #program: HaproxyProgram;
  #child: ChildProcess | undefined;
  #port = 0;

  constructor(program: HaproxyProgram) {
    this.#program = program;
  }

  /** Its port of the loopback. */
  get port(): number {
    return this.#port;
  }

  /**
   * Starts it in front of servers, which need not be up: it looks for them itself.
   *
   * @throws Error with haproxy's own words when it does not listen within 20 s.
   */
  async start(backends: readonly Backend[]): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'phpsessid-haproxy-'));
    const [config, log] = [join(folder, 'haproxy.cfg'), join(folder, 'log')];
    for (let attempt = 1; ; attempt++) {
      this.#port = await freePort();
      await writeFile(config, configuration(this.#port, backends));
      // -db: in the foreground and in one process, which ends with a signal.
      const command = ['sh', '-c', `exec "$0" -db -f "$1" >"$2" 2>&1`];
      const child = supervise(
        [...command, this.#program.path, config, log],
        folder,
        this.#program.env,
      );
      this.#child = child;
      const deadline = Date.now() + startLimit;
      while (child.exitCode === null && Date.now() < deadline) {
        if (await canConnect(this.#port)) return;
        await delay(10);
      }
      // Another program of this machine may have got the port since it was found free.
      if (child.exitCode !== null && attempt < 5) continue;
      const words = await readFile(log, 'utf8').catch(() => '');
      await this.close();
      await rm(folder, { recursive: true, force: true });
      throw new Error(`haproxy did not start on port ${this.#port}: ${words.trim()}`);
    }
  }

  /** Ends it; requests that are under way are cut off. */
  async close(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child) await stopSupervised(child);
  }
}

/**
 * Writes haproxy's configuration for servers that take turns.
 *
 * @param port - The port it listens on.
 */
export function configuration(port: number, backends: readonly Backend[]): string {
  const scripts = [...new Set(backends.flatMap(({ script }) => script ?? []))];
  if (scripts.length > 1) throw new Error(`One script for all FastCGI servers, got ${scripts}`);
  const application = scripts.flatMap((script) => [
    'fcgi-app php',
    `  docroot ${dirname(script)}`,
    `  set-param SCRIPT_FILENAME ${script}`,
  ]);
  return [
    'global',
    '  maxconn 1000',
    ...application,
    'defaults',
    '  mode http',
    '  timeout connect 1s',
    '  timeout client 30s',
    '  timeout server 30s',
    'listen web',
    `  bind 127.0.0.1:${port}`,
    '  balance roundrobin',
    // A request goes to another server if its own refuses the connection. A server that has
    // received it may have carried it out, so it is not sent again.
    '  retries 2',
    '  option redispatch 1',
    '  http-response set-header X-Server %s',
    ...scripts.map(() => '  use-fcgi-app php'),
    '  default-server check inter 300ms fall 2 rise 2',
    ...backends.map(({ name, port: own, script }) =>
      `  server ${name} 127.0.0.1:${own} ${script ? 'proto fcgi' : ''}`.trimEnd(),
    ),
    '',
  ].join('\n');
}
