/** A port for a server that has to be told one, and cannot say which the system gave it. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port of the loopback that nobody listens on now; the next who asks the system may get it too. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('The system gave no port');
  return address.port;
}
