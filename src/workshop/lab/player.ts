/** One play process: started when it is first asked for, watched, and started again when it died. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { root } from '../course/catalogue.ts';
import type { Message } from '../sandbox/messages.ts';
import { findPlace } from '../sandbox/place.ts';
import type { Fault } from '../sandbox/report.ts';
import { FAULT_MARK } from '../sandbox/stall.ts';
import type { Sender } from './timeline.ts';

const PLAY = fileURLToPath(new URL('../sandbox/play.ts', import.meta.url));
const START_LIMIT = 20_000;
const LINES_KEPT = 20;
/** One password for all processes of a lab: from lesson 16 on they must open each other's cookies. */
const SEAL = JSON.stringify({ 1: randomBytes(32).toString('base64url') });

/** A class that cannot answer, with the sentence for the page. */
export class PlayError extends Error {
  override name = 'PlayError';
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.place ? `${fault.message} ${fault.place}` : fault.message);
    this.fault = fault;
  }
}

export interface PlayerOptions {
  condition: string;
  instance: number;
  lesson: number;
  /** The database of this class, schema included. */
  databaseUrl: string;
  onMessage(player: Player, message: Message): void;
  onExit(player: Player, pid: number): void;
}

interface Running {
  child: ChildProcess;
  pid: number;
  port: number;
}

/** The process that serves one class. */
export class Player {
  readonly condition: string;
  readonly instance: number;
  /** Why the last process ended or could not begin; undefined while all is well. */
  fault: Fault | undefined;
  /** The last lines that the class, or PHP's warnings, printed. */
  readonly printed: string[] = [];
  readonly #options: PlayerOptions;
  readonly #senders = new Map<number, Sender>();
  #child: ChildProcess | undefined;
  #starting: Promise<Running> | undefined;
  #closed = false;
  #exited: Promise<unknown> = Promise.resolve();

  constructor(options: PlayerOptions) {
    this.#options = options;
    this.condition = options.condition;
    this.instance = options.instance;
  }

  /** The process id, while a process runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * The running process, started if need be.
   *
   * @throws PlayError when the class cannot be loaded.
   */
  ready(): Promise<Running> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  /** Remembers which client opened the connection that the process sees from this port. */
  expect(localPort: number, sender: Sender): void {
    this.#senders.set(localPort, sender);
  }

  /** Who opened the connection that comes from this port. */
  sender(remotePort: number): Sender {
    const sender = this.#senders.get(remotePort) ?? 'outside';
    this.#senders.delete(remotePort);
    return sender;
  }

  /** Waits for a process that is dying to be gone, so that its fault is known. */
  async settled(): Promise<void> {
    await this.#exited;
  }

  /** Ends the process for good. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.stop();
  }

  /** Ends the process; the next request starts a fresh one. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#starting = undefined;
    // A new file deserves a new judgement.
    this.fault = undefined;
    if (!child) return;
    this.#child = undefined;
    child.kill('SIGTERM');
    const forced = setTimeout(() => child.kill('SIGKILL'), 1_000);
    await this.#exited;
    clearTimeout(forced);
  }

  async #start(): Promise<Running> {
    if (this.#closed) throw new PlayError({ message: 'The lab is ending.', place: undefined });
    const { condition, databaseUrl, lesson } = this.#options;
    const child = spawn(process.execPath, ['-C', condition, '--import', 'tsx', PLAY], {
      cwd: root,
      env: {
        SESSION_PASSWORDS: SEAL,
        ...process.env,
        DATABASE_URL: databaseUrl,
        WORKSHOP_LESSON: String(lesson),
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    this.printed.length = 0;
    let fault: Fault | undefined;
    this.#listen(child, (words) => {
      fault ??= words;
    });
    const pid = child.pid ?? 0;
    const timer = setTimeout(() => child.kill('SIGKILL'), START_LIMIT);
    const listening = new Promise<number>((resolve) => {
      child.on('message', (message: Message) => {
        if (message.type === 'listening') resolve(message.port);
        else this.#options.onMessage(this, message);
      });
    });
    this.#exited = once(child, 'close').then(([code, signal]) => {
      clearTimeout(timer);
      const stopped = this.#child !== child;
      if (!stopped) {
        this.#child = undefined;
        this.#starting = undefined;
        this.fault = fault ?? this.#unannounced(code, signal);
      }
      this.#options.onExit(this, pid);
    });
    const port = await Promise.race([listening, this.#exited.then(() => undefined)]);
    clearTimeout(timer);
    if (port !== undefined) {
      this.fault = undefined;
      return { child, pid, port };
    }
    if (this.fault) throw new PlayError(this.fault);
    // It was stopped for a newer file before it could listen: whoever waits wants the new one.
    return await this.ready();
  }

  #listen(child: ChildProcess, onFault: (fault: Fault) => void): void {
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          if (line.startsWith(FAULT_MARK))
            onFault(JSON.parse(line.slice(FAULT_MARK.length)) as Fault);
          else this.#keep(line);
        }
      });
    }
  }

  /** An end that nobody announced, with the error that the process printed last. */
  #unannounced(code: unknown, signal: unknown): Fault {
    const error = this.printed.findLast((line) => /^\w*Error\b/.test(line));
    const message = describeExit(code, signal);
    return {
      message: error ? `${message} It printed: ${error}` : message,
      place: findPlace(this.printed.join('\n')),
    };
  }

  #keep(line: string): void {
    if (line.trim() === '') return;
    this.printed.push(line.slice(0, 400));
    if (this.printed.length > LINES_KEPT) this.printed.shift();
  }
}

function describeExit(code: unknown, signal: unknown): string {
  if (signal === 'SIGKILL') return 'The process of the class was killed (SIGKILL).';
  if (signal) return `The process of the class was ended by ${String(signal)}.`;
  return `The process of the class ended by itself, with exit code ${String(code)}.`;
}
