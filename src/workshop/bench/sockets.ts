/** The connections a class makes: what it has sent, and an end to those it forgot. */
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

interface Noted {
  socket: Socket;
  /** Kept apart: a socket forgets its port when it is destroyed. */
  localPort: number;
  remotePort: number;
}

const noted = new Set<Noted>();
let listening = false;

/** Takes note of every connection this process makes from now on. */
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
 * What this process has sent to a port, connection by connection.
 *
 * @param remotePort - The port of the wire.
 * @returns The bytes handed to the system by local port; undefined for a connection that is gone.
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
 * Ends the connections to a port without a word to their owner: a driver that hears of it would
 * raise errors that no test is left to catch.
 *
 * @param remotePort - The port of the wire.
 */
export function dropSockets(remotePort: number): void {
  for (const each of noted) {
    if (each.remotePort !== remotePort) continue;
    noted.delete(each);
    each.socket.removeAllListeners().on('error', () => {});
    each.socket.destroy();
  }
}
