/**
 * A proxy of bytes before the server. It knows no protocol: it acts on a connection's bytes once
 * a statement with given bytes comes, on the way up or down.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A fault in the bytes of one connection, which happens once. */
export interface Fault {
  /** Bytes of the statement that it waits for. A prepared one has its values only, not its text. */
  readonly on: Buffer;
  /** Whether the statement itself is hit, or its answer. */
  readonly way: 'up' | 'down';
  /** How many bytes still pass; or the bytes before which it happens. */
  readonly after: number | Buffer;
  /** The bits that `flip` turns over; several without. */
  readonly mask?: number | undefined;
  /** The end of the rest. */
  readonly end: 'fin' | 'rst' | 'silence' | 'flip' | 'slices';
}

/** A proxy before a server, with one fault at a time. */
export class Chaos {
  readonly url: string;
  readonly #server: Server;
  readonly #links: Set<Link>;
  readonly #next: Next;

  private constructor(url: string, server: Server, links: Set<Link>, next: Next) {
    this.url = url;
    this.#server = server;
    this.#links = links;
    this.#next = next;
  }

  /** Opens the proxy on a free port. */
  static async open(target: string): Promise<Chaos> {
    const address = new URL(target);
    const links = new Set<Link>();
    const next: Next = { fault: undefined, hasStruck: false };
    const server = createServer({ noDelay: true }, (client) => {
      const link = new Link(client, connect(Number(address.port), address.hostname), next);
      links.add(link);
      client.on('close', () => links.delete(link));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const own = new URL(target);
    own.hostname = '127.0.0.1';
    own.port = String((server.address() as AddressInfo).port);
    return new Chaos(own.href, server, links, next);
  }

  /** Whether the fault has happened. */
  get hasStruck(): boolean {
    return this.#next.hasStruck;
  }

  /** Waits for the next statement to strike. */
  arm(fault: Fault): void {
    this.#next.fault = fault;
    this.#next.hasStruck = false;
  }

  async close(): Promise<void> {
    const closed = once(this.#server.close(), 'close');
    for (const link of this.#links) link.cut();
    await closed;
  }
}

/** The fault that waits for a statement, on whichever connection it comes. */
interface Next {
  fault: Fault | undefined;
  hasStruck: boolean;
}

/** One connection, from the client to the server. */
class Link {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #next: Next;
  /** The fault that this connection has met. */
  #fault: Fault | undefined;
  /** The bytes since the fault's statement, on the fault's way. */
  #passed = 0;
  #isSilent = false;

  constructor(client: Socket, upstream: Socket, next: Next) {
    this.#client = client;
    this.#upstream = upstream;
    this.#next = next;
    upstream.setNoDelay(true);
    for (const socket of [client, upstream]) {
      socket.on('error', () => {}).on('close', () => this.cut());
    }
    client.on('data', (chunk) => {
      this.#meet(chunk);
      this.#pass('up', chunk, upstream);
    });
    upstream.on('data', (chunk) => this.#pass('down', chunk, client));
  }

  cut(): void {
    this.#client.destroy();
    this.#upstream.destroy();
  }

  /** Takes the fault whose statement this is. */
  #meet(chunk: Buffer): void {
    const { fault } = this.#next;
    if (this.#fault !== undefined || fault === undefined || !chunk.includes(fault.on)) return;
    this.#fault = fault;
    this.#passed = 0;
    this.#next.fault = undefined;
  }

  /** A silent connection loses all bytes that come down, and those that go up if that way was hit. */
  #pass(way: 'up' | 'down', chunk: Buffer, to: Socket): void {
    const isHit = this.#fault?.way === way;
    if (this.#isSilent && (isHit || way === 'down')) return;
    if (isHit) this.#strike(this.#fault as Fault, chunk, to);
    else to.write(chunk);
  }

  #strike(fault: Fault, chunk: Buffer, to: Socket): void {
    const { after } = fault;
    const isIn = typeof after === 'number' || chunk.includes(after);
    const place = typeof after === 'number' ? after - this.#passed : chunk.indexOf(after);
    const left = isIn ? place : chunk.length;
    this.#passed += chunk.length;
    if (chunk.length <= left) {
      to.write(chunk);
      return;
    }
    this.#next.hasStruck = true;
    const end = Math.max(0, left);
    if (fault.end === 'flip') {
      this.#fault = undefined;
      const spoiled = Buffer.from(chunk);
      spoiled[end] = (spoiled[end] ?? 0) ^ (fault.mask ?? 0x55);
      to.write(spoiled);
      return;
    }
    if (fault.end === 'slices') {
      this.#fault = undefined;
      for (const byte of chunk) to.write(Buffer.of(byte));
      return;
    }
    to.write(chunk.subarray(0, end), () => {
      if (fault.end === 'fin') this.#client.end();
      if (fault.end === 'rst') this.#client.resetAndDestroy();
    });
    this.#isSilent = true;
  }
}
