/** One process of a class: started when it is first needed, and again after it has ended. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from '../course/catalogue.ts';
import { IdleTimeout, type Outgoing, send } from '../sandbox/browser.ts';
import type { Message } from '../sandbox/messages.ts';
import type { PageOrder } from '../sandbox/page-program.ts';
import type { Failure } from '../sandbox/report.ts';
import { type ChildServer, ClassUnavailable, startPage } from '../sandbox/server.ts';
import type { Sender } from './request-entry.ts';

/** Gc with every request, so that it can be seen; PHP's default is one in a hundred. */
const ORDER: PageOrder = {
  settings: { 'session.gc_probability': '1', 'session.gc_divisor': '1' },
  traced: true,
};
/** One password for all processes of a lab: those that seal cookies must open each other's. */
const SEAL = JSON.stringify({ 1: randomBytes(32).toString('base64url') });
/** Milliseconds that a page may take: longer than any lock wait that a lesson shows. */
const PATIENCE = 20_000;

interface ClassProcessOptions {
  condition: string;
  lesson: number;
  /** The database of this class, schema included. */
  databaseUrl: string;
  /** The address of its memcached, if it has one. */
  cache?: string | undefined;
  onMessage(message: Message): void;
  onExit(pid: number): void;
}

/** The process that serves one class. */
export class ClassProcess {
  /** Why the last process ended or could not begin; undefined while one serves. */
  failure: Failure | undefined;
  readonly #options: ClassProcessOptions;
  readonly #senders = new Map<number, Sender>();
  #server: ChildServer | undefined;
  #starting: Promise<ChildServer> | undefined;
  #stopping = new AbortController();
  #ended: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: ClassProcessOptions) {
    this.#options = options;
  }

  /** The process id, while a process serves. */
  get pid(): number | undefined {
    return this.#server?.pid;
  }

  /**
   * Sends a request, and starts the process first if none runs.
   *
   * @param sender - The client, by which the timeline names the request.
   * @throws ClassUnavailable when the class does not answer.
   */
  async request<Result>(
    sender: Sender,
    outgoing: Outgoing,
    read: (response: IncomingMessage, server: ChildServer) => Result | Promise<Result>,
  ): Promise<Result> {
    const server = await this.#ready();
    try {
      const response = await send(server.port, {
        ...outgoing,
        timeout: PATIENCE,
        onConnect: (port) => this.#senders.set(port, sender),
      });
      return await read(response, server);
    } catch (error) {
      throw await this.#explain(server, error);
    }
  }

  /** Returns the client that opened a connection, by its port; each is asked for once. */
  sender(remotePort: number): Sender {
    const sender = this.#senders.get(remotePort) ?? 'outside';
    this.#senders.delete(remotePort);
    return sender;
  }

  /** Ends the process; no other is started. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.stop();
  }

  /** Ends the process; the next request starts another. */
  async stop(): Promise<void> {
    this.#server = undefined;
    this.#starting = undefined;
    // The failure was the old file's.
    this.failure = undefined;
    this.#stopping.abort();
    await this.#ended;
  }

  #ready(): Promise<ChildServer> {
    this.#starting ??= this.#start();
    return this.#starting;
  }

  async #start(): Promise<ChildServer> {
    const { condition, databaseUrl, cache, lesson, onMessage, onExit } = this.#options;
    const stopping = new AbortController();
    this.#stopping = stopping;
    try {
      if (this.#closed) {
        throw new ClassUnavailable({ reason: 'exit', message: 'the lab is ending' });
      }
      const starting = startPage(ORDER, {
        condition,
        directory: root,
        environment: {
          SESSION_PASSWORDS: process.env['SESSION_PASSWORDS'] ?? SEAL,
          DATABASE_URL: databaseUrl,
          WORKSHOP_LESSON: String(lesson),
          ...(cache === undefined ? {} : { SESSION_CACHE: cache }),
        },
        signal: stopping.signal,
        onEvent: onMessage,
      });
      this.#ended = starting.then(
        (server) => this.#follow(server, stopping.signal),
        () => {},
      );
      return await starting;
    } catch (error) {
      // Stopped for a newer file before it could listen: the caller wants that file's process.
      if (stopping.signal.aborted) return await this.#ready();
      this.#starting = undefined;
      if (error instanceof ClassUnavailable) this.failure = error.failure;
      onExit(0);
      throw error;
    }
  }

  /** Notes the end of a process, and its failure unless it was stopped. */
  async #follow(server: ChildServer, stopped: AbortSignal): Promise<void> {
    if (!stopped.aborted) {
      this.#server = server;
      this.failure = undefined;
    }
    const failure = await server.ended;
    if (!stopped.aborted) {
      this.#server = undefined;
      this.#starting = undefined;
      this.failure = failure;
    }
    this.#options.onExit(server.pid);
  }

  /** The reason for a missing response: the process has failed, or runs without answering. */
  async #explain(server: ChildServer, error: unknown): Promise<ClassUnavailable> {
    if (error instanceof IdleTimeout) {
      const message = `the class has not answered for ${PATIENCE / 1_000} seconds`;
      return new ClassUnavailable({ reason: 'timeout', message });
    }
    // A process that dies closes its connections first.
    await Promise.race([server.ended, delay(500, undefined, { ref: false })]);
    if (this.failure) return new ClassUnavailable(this.failure);
    const message =
      this.#server === server
        ? `the connection to the class broke: ${error instanceof Error ? error.message : error}`
        : 'the class was started again while it answered, because its file has changed. Try again';
    return new ClassUnavailable({ reason: 'exit', message });
  }
}
