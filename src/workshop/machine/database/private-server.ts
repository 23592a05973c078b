/** A private database server: started for one process, restarted when it dies, stopped with it. */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { DiskProblem } from '../cache.ts';
import { errorMessage } from '../error-message.ts';
import { freePort } from '../free-port.ts';
import type { Announcements } from '../program.ts';
import { exitOf, stopSupervised, supervise } from '../supervise.ts';
import { containerOptions } from './container.ts';
import type { RunFolder, ServerProgram } from './interfaces.ts';
import { lastWordsOf, makeRunFolder, stopServerOf } from './run-folder.ts';
import { basicOptions, templateFor } from './template.ts';

const account = 'workshop';

/** Milliseconds until a server must accept a connection; a busy small machine needs seconds. */
const startLimit = 60_000;

/** With more restarts than this within a minute the server is not restarted again. */
const restartsAMinute = 5;

type StateListener = (state: 'up' | 'down') => void;

/** Starts a server on a new data folder; `settings` are further options of its command line. */
export async function startPrivateServer(
  program: ServerProgram,
  announcements: Announcements,
  settings: readonly string[] = [],
): Promise<PrivateServer> {
  const template =
    program.image === undefined ? await templateFor(program, announcements) : undefined;
  announcements.signal?.throwIfAborted();
  const folder = await makeRunFolder(template, announcements.progress);
  const server = new PrivateServer(program, folder, announcements, settings);
  try {
    await server.start();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

export class PrivateServer {
  readonly #program: ServerProgram;
  readonly #folder: RunFolder;
  readonly #announcements: Announcements;
  readonly #settings: readonly string[];
  readonly #password = randomBytes(12).toString('hex');
  readonly #listeners: StateListener[] = [];
  readonly #restarts: number[] = [];
  #port = 0;
  #child: ChildProcess | undefined;
  #recovery: Promise<void> | undefined;
  #stopping = false;

  constructor(
    program: ServerProgram,
    folder: RunFolder,
    announcements: Announcements,
    settings: readonly string[],
  ) {
    this.#program = program;
    this.#folder = folder;
    this.#announcements = announcements;
    this.#settings = settings;
  }

  get url(): string {
    return `mysql://${this.#program.image === undefined ? account : 'root'}:${this.#password}@127.0.0.1:${this.#port}/`;
  }

  /** Writes the URL where this user's other commands find it; it is gone with the server. */
  async share(): Promise<void> {
    await writeFile(this.#folder.addressFile, this.url, { mode: 0o600 });
  }

  onChange(listener: StateListener): void {
    this.#listeners.push(listener);
  }

  /** Starts the server for the first time, on a port that the system chooses. */
  async start(): Promise<void> {
    await writeFile(this.#folder.initFile, accountsSql(this.#password), { mode: 0o600 });
    for (let attempt = 1; ; attempt++) {
      this.#port = await freePort();
      try {
        return await this.#launch();
      } catch (error) {
        // Another connection of this machine may have got the port since it was found free.
        if (!(error instanceof PortTaken) || attempt === 5) throw error;
      }
    }
  }

  /** Stops the server and removes its folder. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#endChild();
    // A restart in progress may have started another child, or may be about to.
    await this.#recovery;
    await this.#endChild();
    await stopServerOf(this.#folder);
    await rm(this.#folder.path, { recursive: true, force: true, maxRetries: 3 });
  }

  async #launch(): Promise<void> {
    const { path, log } = this.#folder;
    const env = { ...this.#program.environment, MARIADB_ROOT_PASSWORD: this.#password };
    const child = supervise(this.#command(), path, env, log);
    this.#child = child;
    const ended = new AbortController();
    let failure: Error | undefined;
    child.once('error', (error) => {
      failure = error;
      ended.abort();
    });
    child.once('exit', () => ended.abort());
    const deadline = Date.now() + startLimit;
    while (!(await this.#answers())) {
      // The signal aborts the first start only, not a restart.
      if (this.#restarts.length === 0) this.#announcements.signal?.throwIfAborted();
      if (ended.signal.aborted) throw failure ?? this.#reasonForDeath();
      if (Date.now() > deadline) {
        throw new Error(
          `${this.#program.path} did not answer within ${startLimit / 1000} s:\n${lastWordsOf(this.#folder)}`,
        );
      }
      await delay(15);
    }
    child.once('exit', () => {
      this.#recovery = this.#recover();
    });
    // The exit may have come between the answer and the line above.
    if (ended.signal.aborted) throw this.#reasonForDeath();
  }

  #command(): string[] {
    const { pidFile, initFile, path } = this.#folder;
    if (this.#program.image !== undefined) {
      return [
        this.#program.path,
        ...containerOptions(this.#program.image, this.#folder, this.#port),
      ];
    }
    return [
      this.#program.path,
      ...basicOptions(this.#program, this.#folder),
      '--bind-address=127.0.0.1',
      `--port=${this.#port}`,
      // An empty name means no Unix socket: its path would have to be short, and it is not used.
      '--socket=',
      `--pid-file=${pidFile}`,
      `--init-file=${initFile}`,
      // LOAD DATA and INTO OUTFILE cannot reach the learner's files.
      `--secure-file-priv=${path}`,
      '--character-set-server=utf8mb4',
      '--innodb-flush-log-at-trx-commit=2',
      // The data ends with the server, so it need not outlast a power cut; a busy disk would make
      // statements wait for seconds. `loose`: MySQL has only the first one.
      '--loose-innodb-flush-method=nosync',
      '--loose-debug-no-sync',
      '--max-connections=500',
      '--performance-schema=OFF',
      '--skip-log-bin',
      '--skip-name-resolve',
      ...(this.#program.flavour === 'mysql' ? ['--mysqlx=OFF'] : []),
      ...this.#settings,
    ];
  }

  /** True once the server accepts our account: another program on the port would not. */
  async #answers(): Promise<boolean> {
    try {
      const connection = await createConnection({ uri: this.url, connectTimeout: 2_000 });
      await connection.end();
      return true;
    } catch {
      return false;
    }
  }

  #reasonForDeath(): Error {
    const words = lastWordsOf(this.#folder);
    if (/address already in use|port is already allocated|Bind on TCP\/IP port/i.test(words)) {
      return new PortTaken(`Port ${this.#port} is taken:\n${words}`);
    }
    if (/No space left|OS error:? 28|errno: 28\b|Disk full/i.test(words)) {
      return new DiskProblem(`The database stopped: no space is left in ${this.#folder.path}`);
    }
    return new Error(`${this.#program.path} ended unexpectedly:\n${words}`);
  }

  async #recover(): Promise<void> {
    if (this.#stopping) return;
    this.#report('down');
    const { progress } = this.#announcements;
    while (!this.#stopping) {
      const now = Date.now();
      this.#restarts.push(now);
      if (this.#restarts.filter((moment) => moment > now - 60_000).length > restartsAMinute) {
        progress?.(
          `database: it ended ${restartsAMinute} times within a minute and is not started again. ` +
            `Start the workshop again. Its last output:\n${lastWordsOf(this.#folder)}`,
        );
        return;
      }
      progress?.('database: it ended unexpectedly; starting it again on its data …');
      try {
        // When only the supervisor was killed, the server still runs on the folder.
        await stopServerOf(this.#folder);
        if (this.#stopping) return;
        await this.#launch();
      } catch (error) {
        if (this.#stopping) return;
        await this.#endChild();
        progress?.(`database: ${errorMessage(error)}`);
        await delay(200);
        continue;
      }
      progress?.('database: up again');
      this.#report('up');
      return;
    }
  }

  /** Ends the server through its supervisor. */
  async #endChild(): Promise<void> {
    const child = this.#child;
    if (child && this.#stopping) return await stopSupervised(child);
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    // The folder stays: the server is started on it again.
    const ended = exitOf(child);
    child.kill('SIGTERM');
    await ended;
  }

  #report(state: 'up' | 'down'): void {
    for (const listener of this.#listeners) listener(state);
  }
}

class PortTaken extends Error {}

/**
 * One account, from this machine only. The server runs the file before it accepts connections, one
 * statement a line.
 */
export function accountsSql(password: string, user: string = account): string {
  const name = `'${user}'@'127.0.0.1'`;
  return [
    `CREATE USER IF NOT EXISTS ${name};`,
    `ALTER USER ${name} IDENTIFIED BY '${password}';`,
    `GRANT ALL PRIVILEGES ON *.* TO ${name} WITH GRANT OPTION;`,
    '',
  ].join('\n');
}
