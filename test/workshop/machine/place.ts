/** Folders, owners and processes for the tests of the database server. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { root } from '../../../src/workshop/course/catalogue.ts';
import { cacheFolder } from '../../../src/workshop/machine/cache.ts';
import { stripTypes } from '../../../src/workshop/machine/program.ts';
import { HANG } from '../../hang.ts';

/** A cache for one test; its programs and templates are links to the user's, unless left out. */
export class Place {
  readonly path: string = mkdtempSync(join(tmpdir(), 'phpsessid-test-'));
  readonly cache: string = join(this.path, 'cache');
  readonly #owners: Owner[] = [];

  constructor({ borrow = ['packages', 'templates'] }: { borrow?: string[] } = {}) {
    mkdirSync(this.cache);
    for (const name of borrow) {
      const shared = join(cacheFolder(), name);
      mkdirSync(shared, { recursive: true });
      symlinkSync(shared, join(this.cache, name));
    }
  }

  /** Starts a program that obtains a server, and waits until it has one. */
  async owner(environment: NodeJS.ProcessEnv = {}): Promise<Owner> {
    const owner = this.begin(environment);
    await owner.ready();
    return owner;
  }

  /** Starts a program that obtains a server. */
  begin(environment: NodeJS.ProcessEnv = {}): Owner {
    const owner = new Owner({ PHPSESSID_CACHE: this.cache, ...environment });
    this.#owners.push(owner);
    return owner;
  }

  runs(): string[] {
    const folder = join(this.cache, 'runs');
    return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
  }

  /** Ids of the processes that have this place in their command line. */
  processes(): number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(this.path))
      .map(Number);
  }

  async end(): Promise<void> {
    for (const owner of this.#owners) await owner.kill('SIGKILL');
    await until(() => this.processes().length === 0);
    rmSync(this.path, { recursive: true });
  }
}

/** Another process with a server, driven by lines. */
export class Owner {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly lines: string[] = [];
  url = '';
  schema = '';

  constructor(environment: NodeJS.ProcessEnv) {
    this.#child = spawn(
      process.execPath,
      [...stripTypes, join(root, 'test/workshop/machine/owner.ts')],
      {
        cwd: root,
        env: {
          ...process.env,
          WORKSHOP_DATABASE: undefined,
          DATABASE_URL: undefined,
          ...environment,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.#ended = once(this.#child, 'close');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream) createInterface(stream).on('line', (line) => this.lines.push(line));
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async ready(): Promise<void> {
    const [url, schema] = (await this.line(/^server (\S+) (\S+)/)).slice(1);
    this.url = url ?? '';
    this.schema = schema ?? '';
  }

  /** Waits for a line; rejects with the program's output when it ends first. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    let found: RegExpExecArray | null = null;
    await until(() => {
      found = this.lines.map((line) => pattern.exec(line)).find((match) => match !== null) ?? null;
      if (found === null && this.#child.exitCode !== null) throw new Error(this.lines.join('\n'));
      return found !== null;
    });
    return found ?? pattern.exec('') ?? ([] as unknown as RegExpExecArray);
  }

  /** Stops the program without ending it; from then on only SIGKILL has an effect. */
  async freeze(): Promise<void> {
    this.#child.kill('SIGSTOP');
    await until(() => /\) T /.test(readFileSync(`/proc/${this.pid}/stat`, 'latin1')));
  }

  /** Sends a signal and waits for the end. */
  async kill(signal: NodeJS.Signals): Promise<{ code: number | null; signal: string | null }> {
    this.#child.kill(signal);
    await this.#ended;
    return { code: this.#child.exitCode, signal: this.#child.signalCode };
  }
}

/** Polls a condition that another process brings about; a hang ends with an error. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + HANG;
  while (!(await condition())) {
    if (Date.now() > deadline)
      throw new Error(`did not happen within ${HANG / 1_000} s: ${condition}`);
    await delay(20);
  }
}

export function commandLine(pid: number | string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Runs one statement on a new connection. */
export async function ask(url: string, sql: string): Promise<RowDataPacket[]> {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    return rows;
  } finally {
    await connection.end();
  }
}

/** The id of the process that serves a URL. */
export async function serverProcess(url: string): Promise<number> {
  const [row] = await ask(url, 'SELECT @@pid_file AS path');
  return Number(readFileSync(String(row?.['path']), 'utf8'));
}
