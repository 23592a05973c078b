/** Shared by the adapters' tests: a server, and sessions in memory. */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type SessionHandlerInterface, session_set_save_handler, session_start } from '#php';
import type { PhpSessionOptions } from '../../src/adapters/node.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

/** Serves a listener on a free port until the file's tests are over. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Sessions in memory, with a gate in front of every write. */
export class Memory implements SessionHandlerInterface {
  readonly rows: Map<string, string> = new Map();
  readonly trace: string[] = [];
  gate: Promise<void> = Promise.resolve();
  failure: Error | undefined;

  open(): boolean {
    this.trace.push('open');
    return true;
  }
  close(): boolean {
    this.trace.push('close');
    return true;
  }
  async read(id: string): Promise<string> {
    this.trace.push('read');
    await turn();
    return this.rows.get(id) ?? '';
  }
  async write(id: string, data: string): Promise<boolean> {
    await this.gate;
    this.trace.push('write');
    if (this.failure) throw this.failure;
    this.rows.set(id, data);
    return true;
  }
  destroy(id: string): boolean {
    this.rows.delete(id);
    return true;
  }
  gc(): number {
    return 0;
  }
}

/** Discards PHP's messages. */
export const quiet: PhpSessionOptions = { onMessage() {} };

/** Begins a session in this memory. */
export async function begin(memory: Memory): Promise<void> {
  session_set_save_handler(memory);
  await session_start();
}
