/** The lab's HTTP server, for this machine only: `/play/` is a proxy, all else comes from routes. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { UnknownName } from '../course/catalogue.ts';
import { errorMessage } from '../machine/error-message.ts';
import { ClassUnavailable } from '../sandbox/server.ts';
import type { Lab } from './lab.ts';
import { passOn } from './proxy.ts';
import { labRoutes } from './routes.ts';
import { messagePage } from './views/frame.ts';

/** `/play/lesson-05@2/whoami`: the class, its process, and the page below. */
const PLAY = /^\/play\/([\w-]+)(?:@([12]))?(\/[^?]*)?(\?.*)?$/;

/** Creates the server, which does not listen yet. */
export function labServer(lab: Lab): Server {
  const routes = getRequestListener(labRoutes(lab).fetch);
  const server = createServer((incoming, outgoing) => {
    if (!isOwnHost(incoming.headers.host, server)) {
      outgoing.writeHead(421, { 'Content-Type': 'text/plain; charset=utf-8' });
      outgoing.end('The lab answers to 127.0.0.1 and localhost only.\n');
      return;
    }
    if (incoming.url?.startsWith('/play/')) void play(lab, incoming, outgoing);
    else void routes(incoming, outgoing);
  });
  return server;
}

/** Refuses DNS rebinding: a foreign page can point its own name at 127.0.0.1. */
function isOwnHost(host: string | undefined, server: Server): boolean {
  const { port } = server.address() as AddressInfo;
  // Browsers leave out the port of HTTP.
  const ports = port === 80 ? ['', ':80'] : [`:${port}`];
  return ['127.0.0.1', 'localhost'].some((name) => ports.some((each) => host === name + each));
}

async function play(lab: Lab, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const [, condition, instance, path, query = ''] = PLAY.exec(incoming.url ?? '') ?? [];
  try {
    if (condition === undefined)
      throw new UnknownName('The address is /play/ and a class: /play/lesson-05/');
    if (path === undefined) {
      outgoing.writeHead(308, {
        Location: `/play/${condition}${instance ? `@${instance}` : ''}/${query}`,
      });
      outgoing.end();
      return;
    }
    const subject = lab.findClass(condition);
    if (lab.database.state !== 'up') {
      fail(outgoing, 503, 'The database is not ready. The page works again as soon as it is.');
      return;
    }
    const running = await lab.run(subject);
    await passOn(running.process(Number(instance ?? 1)), `${path}${query}`, incoming, outgoing);
  } catch (error) {
    const status =
      error instanceof UnknownName ? 404 : error instanceof ClassUnavailable ? 502 : 500;
    fail(outgoing, status, errorMessage(error));
  }
}

function fail(outgoing: ServerResponse, status: number, message: string): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  outgoing.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8' });
  outgoing.end(messagePage('The class does not answer', message));
}
