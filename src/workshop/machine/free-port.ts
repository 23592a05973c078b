/** A port for a server that takes one by option and cannot report the one it got. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * Below the ports that Linux (32768), macOS and Windows (49152) give to outgoing connections and to
 * servers without a port: one of those would take a port of theirs between this look and its use.
 */
const LOWEST = 15_000;
const HIGHEST = 29_999;

/** More than enough: one of these ports is hardly ever taken. */
const ATTEMPTS = 20;

/** Ports that this process has been given: their servers may not listen yet. */
const given = new Set<number>();

/** Returns a free port of the loopback; another program may take it at any time. */
export async function freePort(): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const port = randomInt(LOWEST, HIGHEST + 1);
    if (given.has(port)) continue;
    try {
      const server = createServer().listen(port, '127.0.0.1');
      await once(server, 'listening');
      server.close();
      await once(server, 'close');
      given.add(port);
      return port;
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

/** Returns whether a server of the loopback accepts connections on a port. */
export function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
