/** A real haproxy: found or fetched, and started on a free port of the loopback. */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { obtainPackaged, type Packaged, type PackagedProgram, startOnPort } from './packaged.ts';
import type { Announcements } from './program.ts';
import { stopSupervised, supervise } from './supervise.ts';

/** A server behind the proxy. */
export interface Backend {
  /** Letters and digits; responses show it as `X-Server`. */
  name: string;
  /** Its port of the loopback. */
  port: number;
  /** The script that a server answers with which speaks FastCGI; other servers speak HTTP. */
  script?: string | undefined;
}

/** The page that each server answers with status 200, and without a session, while it works. */
const checkedPath = '/up';

/** Obtains haproxy, or returns the reason why it cannot be obtained. */
export function obtainHaproxy(
  options: Announcements = {},
): Promise<PackagedProgram | { reason: string }> {
  const haproxy: Packaged = {
    file: 'usr/sbin/haproxy',
    option: '-v',
    version: /^HA-?Proxy version (\d[\d.]*\d)/m,
    without: /^(perl|libperl|libgdbm|adduser|passwd|lsb-base|sysvinit-utils)/,
  };
  return obtainPackaged(haproxy, options);
}

/** A haproxy of this process. It ends with this process, whatever ends that. */
export class Haproxy {
  readonly #program: PackagedProgram;
  #child: ChildProcess | undefined;
  #folder: string | undefined;
  #port = 0;

  constructor(program: PackagedProgram) {
    this.#program = program;
  }

  /** Its port of the loopback; the same one after it has ended and was started again. */
  get port(): number {
    return this.#port;
  }

  /** False before its start, and once it has ended, by whatever cause. */
  get isUp(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  /** Starts it in front of servers, which need not be up: it looks for them itself. */
  async start(backends: readonly Backend[]): Promise<void> {
    await this.close();
    const folder = await mkdtemp(join(tmpdir(), 'phpsessid-haproxy-'));
    this.#folder = folder;
    const [config, log] = [join(folder, 'haproxy.cfg'), join(folder, 'log')];
    const launch = async (port: number): Promise<ChildProcess> => {
      await writeFile(config, configuration(port, backends));
      // -db: in the foreground and in one process, which ends with a signal.
      const { path, env } = this.#program;
      this.#child = supervise([path, '-db', '-f', config], folder, env, log);
      return this.#child;
    };
    try {
      this.#port = await startOnPort('haproxy', this.#port, launch);
    } catch (error) {
      const words = await readFile(log, 'utf8').catch(() => '');
      await this.close();
      throw new Error(`${(error as Error).message}: ${words.trim()}`);
    }
  }

  /** Ends it; requests that are under way are cut off. */
  async close(): Promise<void> {
    const [child, folder] = [this.#child, this.#folder];
    this.#child = undefined;
    this.#folder = undefined;
    if (child) await stopSupervised(child);
    // Its supervisor leaves it where haproxy has ended by itself.
    if (folder) await rm(folder, { recursive: true, force: true });
  }
}

/** Writes haproxy's configuration for servers that take turns. */
function configuration(port: number, backends: readonly Backend[]): string {
  const scripts = [...new Set(backends.flatMap(({ script }) => script ?? []))];
  if (scripts.length > 1) throw new Error(`One script for all FastCGI servers, got ${scripts}`);
  const application = scripts.flatMap((script) => [
    'fcgi-app php',
    // A check has no script, but this and its path: PHP finds the script in that, as PATH_INFO's.
    `  docroot ${quoted(script)}`,
    `  set-param SCRIPT_FILENAME ${quoted(script.replaceAll('%', '%%'))}`,
    // A kept connection would occupy one of PHP's workers, and leave none for the check.
    '  no option keep-conn',
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
    // A hung server still accepts connections, so a check demands an answer. A busy one may need
    // seconds for that: if fewer checks in a row, or shorter ones, took it out, a crowd of visitors
    // would take out its own server, and be cut off with it.
    '  timeout check 2s',
    'listen web',
    `  bind 127.0.0.1:${port}`,
    '  balance roundrobin',
    // A request goes to another server if its own refuses the connection. A server that has
    // received it may have carried it out, so it is not sent again.
    '  retries 2',
    '  option redispatch 1',
    '  http-response set-header X-Server %s',
    ...scripts.map(() => '  use-fcgi-app php'),
    `  option httpchk GET ${checkedPath}`,
    // The requests that a hung server has received end with it. They too are not sent again.
    '  default-server check inter 300ms fall 3 rise 2 on-marked-down shutdown-sessions',
    ...backends.map(({ name, port: own, script }) =>
      `  server ${name} 127.0.0.1:${own} ${script ? 'proto fcgi' : ''}`.trimEnd(),
    ),
    '',
  ].join('\n');
}

/** A word of the configuration that haproxy takes as it is. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
