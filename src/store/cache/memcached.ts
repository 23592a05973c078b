/** A client of one memcached, as small as the session cache needs it. */
import { connect, type Socket } from 'node:net';
import { SessionSetupError } from '../errors.ts';
import {
  CacheUnavailable,
  type Item,
  Replies,
  readItem,
  readOutcome,
  unexpected,
} from './memcached-replies.ts';

export { CacheUnavailable, type Item } from './memcached-replies.ts';

/** The options of {@link MemcachedClient}. */
export interface MemcachedOptions {
  /** The address, with a port: `127.0.0.1:11211` or `[::1]:11211`. */
  server: string;
  /** Milliseconds for an answer, the connection included. @default 250 */
  timeout?: number | undefined;
}

/** A command on its way. `take` returns false until the answer is complete. */
interface Pending {
  take(replies: Replies): boolean;
  reject(error: Error): void;
  until: number;
}

/** Milliseconds between a failure and the next attempt: first, and at most. */
const PAUSE = { first: 100, most: 2000 };

/**
 * Speaks memcached's text protocol over one connection, which is made at the first command and again
 * after a failure.
 *
 * Commands are written at once and answered in order. A command without an answer within `timeout`
 * fails, and with it all that wait behind it; the commands of the next moments fail without a try,
 * so that a server that hangs costs one time-out and not one for each request.
 *
 * @example
 * const client = new MemcachedClient({ server: '127.0.0.1:11211' });
 * await client.set('k', Buffer.from('v'), 60);
 * (await client.get('k'))?.value.toString(); // 'v'
 * client.close();
 */
export class MemcachedClient {
  readonly #host: string;
  readonly #port: number;
  readonly #timeout: number;
  #socket: Socket | undefined;
  #replies = new Replies();
  #pending: Pending[] = [];
  #watch: NodeJS.Timeout | undefined;
  #pause = PAUSE.first;
  /** Until this moment of `performance.now()` no connection is tried. */
  #notBefore = 0;
  #closed = false;

  /**
   * @param options - The server's address and its time limit.
   * @throws SessionSetupError for an address without a port.
   */
  constructor({ server, timeout = 250 }: MemcachedOptions) {
    const [, host, port] = /^(?:\[([^\]]+)\]|[^:]+):(\d{1,5})$/.exec(server) ?? [];
    if (port === undefined || Number(port) > 65_535) {
      throw new SessionSetupError(
        `cache.server takes HOST:PORT, as 127.0.0.1:11211, not ${JSON.stringify(server)}`,
      );
    }
    this.#host = host ?? server.slice(0, server.lastIndexOf(':'));
    this.#port = Number(port);
    this.#timeout = timeout;
  }

  /**
   * Reads a value (`gets`).
   *
   * @param key - 1 to 250 bytes of visible ASCII.
   * @returns The value with its version; undefined when the key holds none.
   * @throws CacheUnavailable when the server does not answer, as every method does.
   */
  async get(key: string): Promise<Item | undefined> {
    return await this.#send([`gets ${checked(key)}\r\n`], (replies) => readItem(replies, key));
  }

  /**
   * Stores a value for `seconds`, whatever the key holds.
   *
   * @throws CacheUnavailable also for a value that is too large for memcached, by default 1 MB.
   */
  async set(key: string, value: Uint8Array, seconds: number): Promise<void> {
    const command = `set ${checked(key)} 0 ${lifetime(seconds)} ${value.length}`;
    const outcome = await this.#store(command, value);
    if (outcome !== 'STORED') throw unexpected(outcome);
  }

  /** Stores a value only where the key holds none, and returns whether it did. */
  async add(key: string, value: Uint8Array, seconds: number): Promise<boolean> {
    const command = `add ${checked(key)} 0 ${lifetime(seconds)} ${value.length}`;
    return (await this.#store(command, value)) === 'STORED';
  }

  /**
   * Stores a value only where the key still holds the version that was read.
   *
   * @param cas - The version's number, from {@link get}.
   * @returns False when the key holds another version or none.
   */
  async cas(key: string, value: Uint8Array, seconds: number, cas: string): Promise<boolean> {
    const command = `cas ${checked(key)} 0 ${lifetime(seconds)} ${value.length} ${cas}`;
    return (await this.#store(command, value)) === 'STORED';
  }

  /** Empties the key if it still holds the version that was read. */
  async remove(key: string, cas: string): Promise<boolean> {
    // A negative lifetime is over at once; `delete` knows no version.
    return (await this.#store(`cas ${checked(key)} 0 -1 0 ${cas}`, NOTHING)) === 'STORED';
  }

  /** Ends the connection. Commands that wait for an answer fail, and so do later ones. */
  close(): void {
    this.#closed = true;
    this.#fail(new CacheUnavailable('The cache client was closed'));
  }

  #store(command: string, value: Uint8Array): Promise<string> {
    return this.#send([`${command}\r\n`, value, '\r\n'], readOutcome);
  }

  #send<Answer>(
    parts: readonly (string | Uint8Array)[],
    read: (replies: Replies) => { answer: Answer } | undefined,
  ): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      const socket = this.#connected();
      if (socket === undefined) {
        reject(new CacheUnavailable(this.#closed ? 'The cache client is closed' : this.#silent()));
        return;
      }
      socket.write(
        Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part))),
      );
      this.#pending.push({
        take: (replies) => {
          const found = read(replies);
          if (found !== undefined) resolve(found.answer);
          return found !== undefined;
        },
        reject,
        until: performance.now() + this.#timeout,
      });
      this.#watchOldest();
    });
  }

  #connected(): Socket | undefined {
    if (this.#socket !== undefined) return this.#socket;
    if (this.#closed || performance.now() < this.#notBefore) return undefined;
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true });
    // A cache must not keep a program alive that has nothing else to do.
    socket.unref();
    this.#replies = new Replies();
    socket.on('data', (chunk) => {
      this.#pause = PAUSE.first;
      this.#take(chunk);
    });
    const lost = (cause?: Error): void => {
      if (this.#socket === socket) this.#fail(new CacheUnavailable(this.#silent(), { cause }));
    };
    socket.on('error', lost);
    socket.on('close', () => lost());
    this.#socket = socket;
    return socket;
  }

  #take(chunk: Buffer): void {
    this.#replies.add(chunk);
    try {
      while (this.#pending[0]?.take(this.#replies)) this.#pending.shift();
      // The next command would take them for its own answer.
      if (this.#pending.length === 0 && this.#replies.hasMore) throw unexpected('more than asked');
    } catch (error) {
      this.#fail(error as Error);
      return;
    }
    this.#watchOldest();
  }

  /** One timer for all commands: the oldest one's time is up first. */
  #watchOldest(): void {
    clearTimeout(this.#watch);
    const [oldest] = this.#pending;
    if (oldest === undefined) return;
    const left = Math.max(0, oldest.until - performance.now());
    this.#watch = setTimeout(() => {
      // After a pause of this process its timers come first, and only then what has arrived.
      setImmediate(() => {
        if (this.#pending[0] === oldest) this.#fail(new CacheUnavailable(this.#silent()));
      });
    }, left);
  }

  #fail(error: Error): void {
    clearTimeout(this.#watch);
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#notBefore = performance.now() + this.#pause;
    this.#pause = Math.min(this.#pause * 2, PAUSE.most);
    for (const { reject } of this.#pending.splice(0)) reject(error);
  }

  #silent(): string {
    return `memcached at ${this.#host}:${this.#port} did not answer`;
  }
}

const NOTHING = new Uint8Array();

function checked(key: string): string {
  if (/^[!-~]{1,250}$/.test(key)) return key;
  throw new TypeError('A key of memcached has 1 to 250 visible ASCII characters');
}

/** memcached takes more than 30 days for a date. */
const MONTH = 60 * 60 * 24 * 30;

function lifetime(seconds: number): number {
  if (Number.isSafeInteger(seconds) && seconds > 0) return Math.min(seconds, MONTH);
  throw new TypeError(`seconds must be a whole number above 0; got ${seconds}`);
}
