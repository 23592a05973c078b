/** The connections a class makes: the bytes it has sent, and an end to those it left open. */
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

interface Noted {
  socket: Socket;
  /** A copy: a destroyed socket has no port. */
  localPort: number;
  remotePort: number;
}

const noted = new Set<Noted>();
let listening = false;

/** Notes every further connection of this process. */
export function noteSockets(): void {
  if (listening) return;
  listening = true;
  subscribe('net.client.socket', (message) => {
    const { socket } = message as { socket: Socket };
    socket.once('connect', () => {
      const { localPort = 0, remotePort = 0 } = socket;
      noted.add({ socket, localPort, remotePort });
    });
  });
}

/**
 * The bytes that this process has sent to a port, by local port; undefined for a closed connection.
 */
export function sentTo(remotePort: number): Map<number, number | undefined> {
  const own = [...noted].filter((each) => each.remotePort === remotePort);
  return new Map(
    own.map(({ socket, localPort }) => [
      localPort,
      socket.destroyed ? undefined : socket.bytesWritten,
    ]),
  );
}

/**
 * Ends the connections to a port without events for their owner: a driver would raise errors that
 * no test can catch any more.
 */
export function dropSockets(remotePort: number): void {
  for (const each of noted) {
    if (each.remotePort !== remotePort) continue;
    noted.delete(each);
    each.socket.removeAllListeners().on('error', () => {});
    each.socket.destroy();
  }
}
