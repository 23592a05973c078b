/** PHP as a web server of its own: php-cgi on a port of the loopback, which speaks FastCGI. */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { canConnect } from './free-port.ts';
import { startOnPort } from './packaged.ts';
import { type Php, withIni } from './php.ts';
import { exitOf, forgetSuspended, resume, supervise, suspend } from './supervise.ts';

/** The configuration of PHP. */
interface FastCgiOrder {
  /** The scripts' environment. */
  variables: Record<string, string>;
  /** php.ini settings. @default {} */
  settings?: Record<string, string> | undefined;
  /** The number of concurrent requests. @default 4 */
  workers?: number | undefined;
}

/** A php-cgi of this process. It ends with this process, whatever ends that. */
export class FastCgiPhp {
  readonly #php: Php;
  readonly #order: FastCgiOrder;
  #child: ChildProcess | undefined;
  #folder = '';
  #port = 0;

  constructor(php: Php, order: FastCgiOrder) {
    this.#php = php;
    this.#order = order;
  }

  /** Its port of the loopback; the same one after it was killed and started again. */
  get port(): number {
    return this.#port;
  }

  /** False before its start, and once it has ended, by whatever cause. */
  get isUp(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  async start(): Promise<void> {
    await this.close();
    const { variables, settings = {}, workers = 4 } = this.#order;
    this.#folder = await mkdtemp(join(tmpdir(), 'phpsessid-fastcgi-'));
    const ini = Object.entries(settings).map(([name, value]) => `${name}="${value}"`);
    const env = {
      ...this.#php.env,
      ...variables,
      PHP_FCGI_CHILDREN: String(workers),
      // Its default ends a child after 500 requests, and a new one starts.
      PHP_FCGI_MAX_REQUESTS: '0',
      PHP_INI_SCAN_DIR: '',
    };
    const launch = (port: number): ChildProcess => {
      const options = [...withIni([...this.#php.ini, ...ini]), '-b', `127.0.0.1:${port}`];
      // The shell writes its process id, which php-cgi takes over.
      const shell = ['sh', '-c', 'echo $$ >"$0"; exec "$@"', this.#pidFile];
      this.#child = supervise([...shell, this.#php.path, ...options], this.#folder, env);
      return this.#child;
    };
    try {
      this.#port = await startOnPort(this.#php.path, this.#port, launch);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Kills it with all its workers, as a crash of the machine would, and waits for its end. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    // Workers go on without the process that has started them, and keep its port.
    if (this.isUp || (await canConnect(this.#port))) {
      const ended = this.isUp ? exitOf(child) : undefined;
      const group = await this.#group();
      process.kill(group, 'SIGKILL');
      forgetSuspended(group);
      await ended;
      // Its workers end a moment later, and until then the system accepts connections for them.
      for (let turn = 0; turn < 400 && (await canConnect(this.#port)); turn++) await delay(5);
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Stops it with all its workers, as a machine that hangs: it accepts, and answers nothing. */
  async pause(): Promise<void> {
    await suspend(await this.#group());
  }

  /** Resumes it. */
  async resume(): Promise<void> {
    resume(await this.#group());
  }

  /** Ends it, and the requests that are under way. */
  async close(): Promise<void> {
    await this.kill();
    this.#child = undefined;
  }

  /** php-cgi leads a process group of its own, in which its workers are. */
  async #group(): Promise<number> {
    return -Number(await readFile(this.#pidFile, 'utf8'));
  }

  get #pidFile(): string {
    return join(this.#folder, 'pid');
  }
}
