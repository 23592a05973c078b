/** A class on its table: two clients, the processes that serve them, and what they did. */
import { type Connection, createConnection } from 'mysql2/promise';
import type { Lesson } from '../course/catalogue.ts';
import type { Schema } from '../machine/database/server.ts';
import { cookieValues, keepCookies } from '../sandbox/cookies.ts';
import { asSentence } from '../sandbox/failure.ts';
import { ClassUnavailable } from '../sandbox/server.ts';
import type { CachedRow, LabCache } from './cached-rows.ts';
import { ClassProcess } from './class-process.ts';
import { CLIENTS, type Client, type ClientName, NAMES, newClient } from './clients.ts';
import { exchange } from './exchange.ts';
import { compareRows, type Row, type RowChange, readRows } from './rows.ts';
import { Timeline } from './timeline.ts';

interface RunningClassOptions {
  condition: string;
  lesson: Lesson;
  schema: Schema;
  /** A memcached for a class that can use one. */
  cache?: LabCache | undefined;
  onChange(): void;
}

export class RunningClass {
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
  /** The entries of memcached, by the rows' ids. */
  cached: ReadonlyMap<string, CachedRow> = new Map();
  /** Why the table could not be read; undefined after a successful read. */
  tableError: string | undefined;
  readonly #processes = new Map<number, ClassProcess>();
  readonly #onChange: () => void;
  readonly #cache: LabCache | undefined;
  #connection: Promise<Connection> | undefined;
  #rows: Row[] = [];
  #refreshing: Promise<void> | undefined;
  #resetting: Promise<void> | undefined;

  constructor(options: RunningClassOptions) {
    this.condition = options.condition;
    this.lesson = options.lesson;
    this.schema = options.schema;
    this.#onChange = options.onChange;
    this.#cache = options.cache;
  }

  /** The processes that have been used so far. */
  get processes(): ClassProcess[] {
    return [...this.#processes.values()];
  }

  /** One of the class's two processes, which share its table. */
  process(instance: number): ClassProcess {
    const known = this.#processes.get(instance);
    if (known) return known;
    const process = new ClassProcess({
      condition: this.condition,
      lesson: this.lesson.number,
      databaseUrl: this.schema.url,
      cache: this.#cache?.server,
      onMessage: (message) => {
        const origin = { pid: process.pid ?? 0, sender: (port: number) => process.sender(port) };
        if (this.timeline.take(origin, message)) this.refresh().catch(() => {});
        const asksForLock = message.type === 'sql' && message.lock?.does === 'takes';
        if (message.type === 'response' || asksForLock) this.#onChange();
      },
      onExit: (pid) => {
        this.timeline.abandon(pid);
        this.#onChange();
      },
    });
    this.#processes.set(instance, process);
    return process;
  }

  /**
   * Sends one request of a client, keeps the cookies that come back, and returns the answer in one
   * sentence.
   */
  async visit(name: ClientName, path: string, instance: number): Promise<string> {
    await this.#resetting;
    const client = this.clients[name];
    // Kept here: while the table is read, another visit of this client can replace the page.
    let outcome: string;
    try {
      const answer = await exchange(this.process(instance), name, path, client.cookie);
      client.cookie = keepCookies(client.cookie, answer.setCookie);
      if (answer.setCookie.length > 0) client.setCookie = answer.setCookie;
      Object.assign(client, { last: answer, failure: undefined });
      outcome = `${answer.status}, ${answer.text}`;
    } catch (error) {
      if (!(error instanceof ClassUnavailable)) throw error;
      Object.assign(client, { last: undefined, failure: error.failure });
      outcome = asSentence(error.failure);
    }
    await this.refresh();
    this.#onChange();
    return `${NAMES[name]}: ${outcome}`;
  }

  /** Notifies the pages of a client that was changed by hand. */
  touch(): void {
    this.#onChange();
  }

  /** The clients that have a cookie with this id. */
  holders(id: string): ClientName[] {
    return CLIENTS.filter((name) => cookieValues(this.clients[name].cookie).includes(id));
  }

  /** Reads the table again; several calls at once read once. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#readTable().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /**
   * Empties the table and deletes cookies, pages and requests. A visit during the reset waits:
   * its cookie would be deleted and its row kept.
   */
  async reset(): Promise<void> {
    const done = this.#empty();
    this.#resetting = done.catch(() => {});
    await done;
  }

  async #empty(): Promise<void> {
    const connection = await this.#connect();
    // A read that is under way has seen the rows, and would bring them back.
    while (this.#refreshing) await this.#refreshing;
    await connection.query('DELETE FROM sessions');
    this.clients.you = newClient('you');
    this.clients.mallory = newClient('mallory');
    this.timeline.clear();
    this.#rows = [];
    this.changes = [];
    this.total = 0;
    this.#onChange();
  }

  /** Ends the processes; the next request starts new ones. */
  async restart(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.stop()));
    this.#onChange();
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
      const cached = (await this.#cache?.lookUp(rows)) ?? new Map<string, CachedRow>();
      const isSame = JSON.stringify([...cached]) === JSON.stringify([...this.cached]);
      this.cached = cached;
      if (isSame && changes.every((change) => change.state === 'same')) return;
      this.changes = changes;
      this.#rows = rows;
    } catch (error) {
      this.tableError = error instanceof Error ? error.message || error.name : String(error);
      (await this.#connection?.catch(() => undefined))?.destroy();
      this.#connection = undefined;
    }
    this.#onChange();
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
}
