/**
 * A proxy of bytes before the server. It knows no protocol: it acts on a connection's bytes once
 * a statement with given bytes comes, on the way up or down.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A fault in the bytes of one connection, which happens once. */
export interface Fault {
  /** Bytes of the statement that it waits for. A prepared one has its values only, not its text. */
  readonly on: Buffer;
  /** Whether the statement itself is hit, or its answer. */
  readonly way: 'up' | 'down';
  /** Bytes that still pass. */
  readonly after: number;
  /** The end of the rest. */
  readonly end: 'fin' | 'rst' | 'silence' | 'flip' | 'slices';
}

/** A proxy before a server, with one fault at a time. */
export interface Chaos {
  readonly url: string;
  /** Whether the fault has happened. */
  readonly hasStruck: boolean;
  /** Waits for the next statement to strike. */
  arm(fault: Fault): void;
  close(): Promise<void>;
}

/** Opens the proxy on a free port. */
export async function openChaos(target: string): Promise<Chaos> {
  const address = new URL(target);
  const sockets = new Set<Socket>();
  let armed: Fault | undefined;
  let hasStruck = false;
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect(Number(address.port), address.hostname);
    upstream.setNoDelay(true);
    let mine: Fault | undefined;
    let passed = 0;
    let isSilent = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
    }
    const strike = (fault: Fault, chunk: Buffer, to: Socket): void => {
      const left = fault.after - passed;
      passed += chunk.length;
      if (chunk.length <= left) {
        to.write(chunk);
        return;
      }
      hasStruck = true;
      const end = Math.max(0, left);
      if (fault.end === 'flip') {
        mine = undefined;
        const spoiled = Buffer.from(chunk);
        spoiled[end] = (spoiled[end] ?? 0) ^ 0x55;
        to.write(spoiled);
        return;
      }
      if (fault.end === 'slices') {
        mine = undefined;
        for (const byte of chunk) to.write(Buffer.of(byte));
        return;
      }
      to.write(chunk.subarray(0, end), () => {
        if (fault.end === 'fin') client.end();
        if (fault.end === 'rst') client.resetAndDestroy();
      });
      isSilent = true;
    };
    client.on('data', (chunk) => {
      if (armed !== undefined && mine === undefined && chunk.includes(armed.on)) {
        mine = armed;
        armed = undefined;
        passed = 0;
      }
      if (isSilent && mine?.way === 'up') return;
      if (mine?.way === 'up') strike(mine, chunk, upstream);
      else upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (isSilent) return;
      if (mine?.way === 'down') strike(mine, chunk, client);
      else client.write(chunk);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const own = new URL(target);
  own.hostname = '127.0.0.1';
  own.port = String((server.address() as AddressInfo).port);
  return {
    url: own.href,
    get hasStruck() {
      return hasStruck;
    },
    arm(fault) {
      hasStruck = false;
      armed = fault;
    },
    async close() {
      const closed = once(server.close(), 'close');
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
