/** A small proxy in this process, for systems on which haproxy cannot be had. */
import { once } from 'node:events';
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import type { Backend } from './haproxy.ts';

/** A proxy whose servers take turns. It speaks HTTP only, and makes no health checks. */
export class SmallProxy {
  #server: Server | undefined;
  #turn = 0;

  /** Its port of the loopback. */
  get port(): number {
    return (this.#server?.address() as AddressInfo | null)?.port ?? 0;
  }

  get isUp(): boolean {
    return this.#server !== undefined;
  }

  /** Starts it in front of servers, which need not be up. */
  async start(backends: readonly Backend[]): Promise<void> {
    this.#server = createServer((request, response) => {
      this.#turn += 1;
      const first = this.#turn % backends.length;
      tryEach([...backends.slice(first), ...backends.slice(0, first)], request, response);
    });
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
  }

  /** Ends it; requests that are under way are cut off. */
  async close(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    const closed = once(server.close(), 'close');
    server.closeAllConnections();
    await closed;
  }
}

/** Sends a request to the first server that accepts the connection, and to no other. */
function tryEach(
  [backend, ...others]: readonly Backend[],
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (!backend) {
    response.writeHead(503).end('No server is available\n');
    return;
  }
  const { method, url: path, headers } = request;
  const onward = forward({
    ...{ host: '127.0.0.1', port: backend.port, agent: false },
    ...(method === undefined ? {} : { method }),
    ...{ path, headers },
  });
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, { ...answer.headers, 'X-Server': backend.name });
    pipeline(answer, response, () => {});
  });
  onward.on('error', (error: NodeJS.ErrnoException) => {
    // Nothing of the body was read before the connection was there.
    if (error.code === 'ECONNREFUSED') tryEach(others, request, response);
    else if (response.headersSent) response.destroy();
    else response.writeHead(502).end('The server has ended in the middle of the request\n');
  });
  onward.on('socket', (socket) => {
    socket.once('connect', () => pipeline(request, onward, () => {}));
  });
  response.on('close', () => onward.destroy());
}
