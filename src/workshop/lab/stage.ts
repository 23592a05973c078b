/** One class on its table: two clients, the processes that serve them, and what was seen. */
import { type Connection, createConnection } from 'mysql2/promise';
import type { Lesson } from '../course/catalogue.ts';
import type { Schema } from '../machine/database/server.ts';
import { cookieValues, keepCookies } from '../sandbox/cookies.ts';
import { asSentence } from '../sandbox/failure.ts';
import { ClassUnavailable } from '../sandbox/server.ts';
import { ClassProcess } from './class-process.ts';
import { type Client, type ClientName, NAMES, newClient } from './clients.ts';
import { exchange } from './exchange.ts';
import { compareRows, type Row, type RowChange, readRows } from './rows.ts';
import { Timeline } from './timeline.ts';

export interface StageOptions {
  condition: string;
  lesson: Lesson;
  schema: Schema;
  onChange(stage: Stage): void;
}

/** A class under observation. */
export class Stage {
  readonly condition: string;
  readonly lesson: Lesson;
  readonly schema: Schema;
  readonly clients: Record<ClientName, Client> = {
    you: newClient('you'),
    mallory: newClient('mallory'),
  };
  readonly timeline: Timeline = new Timeline();
  changes: RowChange[] = [];
  total = 0;
  /** Why the table could not be read, when it could not. */
  tableError: string | undefined;
  readonly #processes = new Map<number, ClassProcess>();
  readonly #onChange: (stage: Stage) => void;
  #connection: Promise<Connection> | undefined;
  #rows: Row[] = [];
  #refreshing: Promise<void> | undefined;
  #resetting: Promise<void> | undefined;

  constructor(options: StageOptions) {
    this.condition = options.condition;
    this.lesson = options.lesson;
    this.schema = options.schema;
    this.#onChange = () => options.onChange(this);
  }

  /** The processes that were asked for so far. */
  get processes(): ClassProcess[] {
    return [...this.#processes.values()];
  }

  /**
   * The n-th process of this class; all work on the same table.
   *
   * @param instance 1 or 2.
   */
  process(instance: number): ClassProcess {
    const known = this.#processes.get(instance);
    if (known) return known;
    const process = new ClassProcess({
      condition: this.condition,
      instance,
      lesson: this.lesson.number,
      databaseUrl: this.schema.url,
      onMessage: (from, message) => {
        const origin = {
          instance: from.instance,
          pid: from.pid ?? 0,
          sender: (port: number) => from.sender(port),
        };
        if (this.timeline.take(origin, message)) this.refresh().catch(() => {});
        const asksForLock = message.type === 'sql' && message.lock?.does === 'takes';
        if (message.type === 'response' || asksForLock) this.#onChange(this);
      },
      onExit: (_from, pid) => {
        this.timeline.abandon(pid);
        this.#onChange(this);
      },
    });
    this.#processes.set(instance, process);
    return process;
  }

  /**
   * Sends one request of a client and keeps the cookies that come back.
   *
   * @param name The client.
   * @param path Path and query of the counter page.
   * @param instance Which process.
   * @returns What the client saw, in one sentence.
   */
  async visit(name: ClientName, path: string, instance: number): Promise<string> {
    await this.#resetting;
    const client = this.clients[name];
    try {
      const answer = await exchange(this.process(instance), name, path, client.cookie);
      client.cookie = keepCookies(client.cookie, answer.setCookie);
      if (answer.setCookie.length > 0) client.setCookie = answer.setCookie;
      Object.assign(client, { last: answer, failure: undefined });
    } catch (error) {
      if (!(error instanceof ClassUnavailable)) throw error;
      Object.assign(client, { last: undefined, failure: error.failure });
    }
    await this.refresh();
    this.#onChange(this);
    if (!client.last) return `${NAMES[name]}: ${client.failure ? asSentence(client.failure) : ''}`;
    return `${NAMES[name]}: ${client.last.status}, ${client.last.text}`;
  }

  /** Says that something about a client was changed by hand. */
  touch(): void {
    this.#onChange(this);
  }

  /** Which clients hold a cookie with this id. */
  holders(id: string): ClientName[] {
    return (['you', 'mallory'] as const).filter((name) =>
      this.#cookieNames(name).some((cookie) =>
        cookieValues(this.clients[name].cookie, cookie).includes(id),
      ),
    );
  }

  /** Reads the table again; several calls at once read once. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#readTable().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /**
   * Empties the table and forgets cookies, pages and requests. A visit that comes meanwhile waits:
   * its cookie would be forgotten and its row kept.
   */
  async reset(): Promise<void> {
    const done = this.#empty();
    this.#resetting = done.catch(() => {});
    await done;
  }

  async #empty(): Promise<void> {
    const connection = await this.#connect();
    await connection.query('DELETE FROM sessions');
    this.clients.you = newClient('you');
    this.clients.mallory = newClient('mallory');
    this.timeline.clear();
    this.#rows = [];
    this.changes = [];
    this.total = 0;
    this.#onChange(this);
  }

  /** Ends the processes; the next request starts them afresh. */
  async restart(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.stop()));
    this.#onChange(this);
  }

  /** Ends the processes and the connection. */
  async close(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.close()));
    const connection = await this.#connection?.catch(() => undefined);
    connection?.destroy();
  }

  async #readTable(): Promise<void> {
    try {
      const { rows, total } = await readRows(await this.#connect());
      this.tableError = undefined;
      this.total = total;
      const changes = compareRows(this.#rows, rows);
      if (changes.every((change) => change.state === 'same')) return;
      this.changes = changes;
      this.#rows = rows;
    } catch (error) {
      this.tableError = error instanceof Error ? error.message || error.name : String(error);
      (await this.#connection?.catch(() => undefined))?.destroy();
      this.#connection = undefined;
    }
    this.#onChange(this);
  }

  #connect(): Promise<Connection> {
    this.#connection ??= createConnection({ uri: this.schema.url, charset: 'BINARY' }).then(
      (connection) => {
        connection.on('error', () => {
          this.#connection = undefined;
        });
        return connection;
      },
    );
    return this.#connection;
  }

  #cookieNames(name: ClientName): string[] {
    const lines = this.clients[name].cookie.split(/;\s*/);
    return lines.map((pair) => pair.slice(0, Math.max(0, pair.indexOf('=')))).filter(Boolean);
  }
}
