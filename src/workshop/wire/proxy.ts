/**
 * A loopback proxy that reports a program's statements to its database, and can hold them.
 *
 * The proxy reads the bytes, so it works for any client in any process: mysql2 with `query` or `execute`,
 * PHP's PDO, a learner's own program. Use it to hold a statement or its answer, to count what
 * crosses the network, and for the order in which the server receives statements. It cannot
 * know which request sent a statement. For that, `sandbox/trace.ts` subscribes to mysql2's
 * tracing channel, which sees only mysql2, in its own process, and includes the time that a
 * statement waits for a connection.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Conversation, wireTime } from './conversation.ts';
import { type Gate, type GateOptions, WireGate } from './gate.ts';
import { Lane } from './lane.ts';
import { type Packet, PacketReader } from './packets.ts';
import type { Statement } from './statement.ts';

/** An event on the wire. A statement's two events carry the same object. */
export type WireEvent =
  | { kind: 'connected' | 'disconnected'; at: number }
  | { kind: 'began' | 'ended'; statement: Statement; at: number };

export interface Wire {
  /** The target's address with the wire in front: the same user, password and schema. */
  readonly url: string;
  readonly port: number;
  /** The server's numbers of the connections that are open, sorted. */
  threads(): number[];
  /** True while no login, no statement and no preparation of one waits for the server's answer. */
  idle(): boolean;
  /** The number of bytes received on each open connection, by the client's port. */
  received(): Map<number, number>;
  /** Calls `listener` at every further event, until the returned function runs. */
  watch(listener: (event: WireEvent) => void): () => void;
  /** Holds the first `count` statements that match. Gates are tried in the order of their creation. */
  gate(count: number, pattern: RegExp, options?: GateOptions): Gate;
  /** Opens every gate, and returns whether one was holding a statement or an answer. */
  openGates(): boolean;
  /** Cuts every connection, as a crash of the server would. */
  cut(): void;
  close(): Promise<void>;
}

interface Link {
  client: Socket;
  conversation: Conversation;
  /** True once the client has sent its quit; the server may not have handled it yet. */
  leaving: boolean;
  cut(): void;
}

/**
 * Opens a wire to a server.
 *
 * @param target - `mysql://user:password@host:port/schema`; the schema is optional.
 * @returns The wire, listening on a free port of 127.0.0.1.
 * @throws TypeError when `target` is not a `mysql:` URL.
 */
export async function openWire(target: string): Promise<Wire> {
  const address = new URL(target);
  if (address.protocol !== 'mysql:') {
    throw new TypeError(`A wire needs a mysql:// address, got ${address.protocol}//`);
  }
  const links = new Links(address);
  const server = createServer({ noDelay: true }, (client) => links.add(client));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return new LoopbackWire(address, server, links);
}

class LoopbackWire implements Wire {
  readonly url: string;
  readonly port: number;
  readonly #server: Server;
  readonly #links: Links;

  constructor(target: URL, server: Server, links: Links) {
    this.port = (server.address() as AddressInfo).port;
    const own = new URL(target);
    own.hostname = '127.0.0.1';
    own.port = String(this.port);
    this.url = own.href;
    this.#server = server;
    this.#links = links;
  }

  threads(): number[] {
    return [...this.#links.open]
      .filter(({ leaving, conversation }) => !leaving && conversation.thread > 0)
      .map(({ conversation }) => conversation.thread)
      .sort((left, right) => left - right);
  }

  idle(): boolean {
    return [...this.#links.open].every(({ leaving, conversation }) => leaving || conversation.idle);
  }

  received(): Map<number, number> {
    const { open } = this.#links;
    return new Map([...open].map(({ client }) => [client.remotePort ?? 0, client.bytesRead]));
  }

  watch(listener: (event: WireEvent) => void): () => void {
    const { listeners } = this.#links;
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  gate(count: number, pattern: RegExp, options?: GateOptions): Gate {
    const gate = new WireGate(count, pattern, () => this.#links.events, options);
    this.#links.gates.push(gate);
    return gate;
  }

  openGates(): boolean {
    const gates = this.#links.gates.splice(0);
    const wasHolding = gates.some(({ isHolding }) => isHolding);
    for (const gate of gates) gate.open();
    return wasHolding;
  }

  cut(): void {
    for (const { cut } of this.#links.open) cut();
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.openGates();
      this.#server.close(() => resolve());
      this.cut();
    });
  }
}

/** The connections of a wire, its gates and its listeners. */
class Links {
  readonly open = new Set<Link>();
  readonly gates: WireGate[] = [];
  readonly listeners = new Set<(event: WireEvent) => void>();
  /** Grows with every event. */
  events = 0;
  readonly #address: URL;
  #connections = 0;

  constructor(address: URL) {
    this.#address = address;
  }

  add(client: Socket): void {
    this.#connections += 1;
    const conversation = new Conversation(this.#connections);
    const emit = (event: WireEvent): void => {
      this.events += 1;
      for (const listener of this.listeners) listener(event);
    };
    const link = openLink(client, this.#address, conversation, this.gates, emit);
    this.open.add(link);
    client.on('close', () => {
      if (this.open.delete(link)) reportEnd(conversation, emit);
    });
  }
}

/** Connects a client to the server. */
function openLink(
  client: Socket,
  address: URL,
  conversation: Conversation,
  gates: readonly WireGate[],
  emit: (event: WireEvent) => void,
): Link {
  const upstream = connect({
    host: address.hostname.replace(/^\[|\]$/g, ''),
    port: Number(address.port || 3306),
    noDelay: true,
  });
  const cut = (): void => {
    client.destroy();
    upstream.destroy();
  };
  const link: Link = { client, conversation, leaving: false, cut };
  join(client, upstream, link, gates, emit);
  return link;
}

/** Ends the statements that no answer will reach any more, and then the connection. */
function reportEnd(conversation: Conversation, emit: (event: WireEvent) => void): void {
  for (const statement of conversation.abandon())
    emit({ kind: 'ended', statement, at: wireTime() });
  emit({ kind: 'disconnected', at: wireTime() });
}

/** Passes packets both ways, in order, each as soon as it is complete. */
function join(
  client: Socket,
  upstream: Socket,
  link: Link,
  gates: readonly WireGate[],
  emit: (event: WireEvent) => void,
): void {
  const { conversation } = link;
  const answerGates = new Map<Statement, WireGate>();
  const towardsServer = new Lane(upstream);
  const towardsClient = new Lane(client);

  const fromClient = new PacketReader();
  const onClientPacket = (packet: Packet): void => {
    const { statement, quit } = conversation.fromClient(packet);
    link.leaving ||= quit;
    if (!statement) {
      towardsServer.send(packet.raw);
      return;
    }
    emit({ kind: 'began', statement, at: statement.started });
    const gate = gates.find((each) => each.admits(statement));
    if (gate?.holds === 'answer') answerGates.set(statement, gate);
    if (gate?.holds !== 'statement') {
      towardsServer.send(packet.raw);
      return;
    }
    const proceed = towardsServer.sendLater(packet.raw, () => {
      statement.sent = wireTime();
    });
    gate.hold({ proceed, cut: link.cut });
  };

  const fromServer = new PacketReader();
  const onServerPacket = (packet: Packet): void => {
    const wasLoggedIn = conversation.loggedIn;
    const statement = conversation.fromServer(packet);
    if (!wasLoggedIn && conversation.loggedIn) emit({ kind: 'connected', at: wireTime() });
    const gate = statement && answerGates.get(statement);
    if (gate) gate.hold({ proceed: towardsClient.sendLater(packet.raw), cut: link.cut });
    else towardsClient.send(packet.raw);
    if (statement) emit({ kind: 'ended', statement, at: wireTime() });
  };

  pass(client, fromClient, towardsServer, onClientPacket, conversation);
  pass(upstream, fromServer, towardsClient, onServerPacket, conversation);
  // A half-closed connection is of no use to either side.
  client.on('close', () => towardsServer.end());
  upstream.on('close', () => towardsClient.end());
  // Each side's error is followed by its close, which ends the other.
  client.on('error', () => {});
  upstream.on('error', () => {});
}

function pass(
  from: Socket,
  reader: PacketReader,
  lane: Lane,
  onPacket: (packet: Packet) => void,
  conversation: Conversation,
): void {
  from.on('data', (chunk: Buffer) => {
    if (conversation.opaque) {
      lane.send(Buffer.concat([reader.take(), chunk]));
    } else {
      for (const packet of reader.push(chunk)) onPacket(packet);
      if (conversation.opaque) lane.send(reader.take());
    }
    if (lane.full) {
      from.pause();
      lane.onDrain(() => from.resume());
    }
  });
  from.on('end', () => lane.end());
}
