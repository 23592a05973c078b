/** The connections a class forgot: they must not keep its test file alive. */
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

const sockets = new Set<WeakRef<Socket>>();
let listening = false;

/** Takes note of every connection this process makes from now on. */
export function noteSockets(): void {
  if (listening) return;
  listening = true;
  subscribe('net.client.socket', (message) => {
    sockets.add(new WeakRef((message as { socket: Socket }).socket));
  });
}

/** Lets the process end although they are open. They are not closed: that could raise errors. */
export function releaseSockets(): void {
  for (const reference of sockets) reference.deref()?.unref();
  sockets.clear();
}
