/** The child's half of a server: reports its port and ends with its parent. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sendReport } from './report.ts';

/** Serves on the loopback and reports the port to the parent. */
export function servePage(listener: RequestListener, port = 0): void {
  const server = createServer(listener).listen(port, '127.0.0.1', () => {
    sendReport({ kind: 'listening', port: (server.address() as AddressInfo).port });
  });
}

/**
 * Ends this process when its input is closed, which happens however the parent ends. Connections
 * that a class left open do not keep it.
 */
export function endWithParent(end: () => void = () => process.exit()): void {
  process.stdin.on('error', end).once('close', end).resume();
}
