/** The head of a response that node:http has not made, as for a request that becomes a WebSocket. */
import type { IncomingMessage } from 'node:http';
import type { ResponseHead } from '../php/host.ts';

/**
 * Returns the head of an upgrade's response.
 *
 * @param response - From `ws` it is `{}`; from Socket.IO it is an object that keeps headers.
 * @throws TypeError for any other request: its response cannot be held.
 */
export function upgradeHeadOf(request: IncomingMessage, response: object): ResponseHead {
  // Set by Node for the events 'upgrade' and 'connect'.
  if (!(request as { readonly upgrade?: boolean | null }).upgrade) {
    throw new TypeError(
      "The response is not node:http's ServerResponse and cannot wait for its session. " +
        'For HTTP/2, let a proxy in front speak HTTP/2; in a test, send requests to a server that ' +
        'listens, as supertest does, instead of calling inject()',
    );
  }
  const headers = new Map<string, string | readonly string[]>();
  const own = response as Partial<ResponseHead>;
  return {
    headersSent: false,
    getHeader: (name) => own.getHeader?.(name) ?? headers.get(name.toLowerCase()),
    setHeader(name, value) {
      headers.set(name.toLowerCase(), value);
      own.setHeader?.(name, value);
    },
    removeHeader(name) {
      headers.delete(name.toLowerCase());
      own.removeHeader?.(name);
    },
  };
}
