/** The counter page in a process of its own: a second web server, or one that is about to die. */
import { fileURLToPath } from 'node:url';
import { exchange } from '../sandbox/browser.ts';
import type { PageOrder } from '../sandbox/page-program.ts';
import { startNodeServer } from '../sandbox/server.ts';
import type { Server } from './serve.ts';

const program = fileURLToPath(new URL('../sandbox/page-program.ts', import.meta.url));

/**
 * Serves the counter page from a process of its own.
 *
 * @param order - The class, and PHP's settings.
 * @param databaseUrl - What the class connects to.
 * @returns The server, listening.
 * @throws Error with the process's last words when it ends before it listens.
 */
export async function serveApart(order: PageOrder, databaseUrl: string): Promise<Server> {
  const server = await startNodeServer(program, [JSON.stringify(order)], {
    DATABASE_URL: databaseUrl,
  });
  return {
    url: `http://127.0.0.1:${server.port}/`,
    request: (wanted = {}) => exchange(server.port, wanted, new Map()),
    kill: server.kill,
    close: server.close,
  };
}
