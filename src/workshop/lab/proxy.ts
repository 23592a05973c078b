/** Passes requests below `/play/` on to the process of a class, and its responses back. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClassProcess } from './class-process.ts';
import { pairUp } from './exchange.ts';

const HOP_BY_HOP = /^(connection|keep-alive|transfer-encoding|upgrade|te|trailer)$/i;

/** Passes a request on as it came, cookies untouched, and the response back. */
export async function passOn(
  process: ClassProcess,
  path: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { method = 'GET', rawHeaders } = incoming;
  const headers = endToEnd(rawHeaders);
  const left = new AbortController();
  outgoing.once('close', () => left.abort());
  const request = { method, path, headers, body: incoming, signal: left.signal };
  await process.request('outside', request, (response) => {
    const { statusCode = 502, statusMessage = '' } = response;
    outgoing.writeHead(statusCode, statusMessage, endToEnd(response.rawHeaders));
    response.on('error', () => outgoing.destroy()).pipe(outgoing);
  });
}

function endToEnd(raw: string[]): string[] {
  return pairUp(raw)
    .filter(([name]) => !HOP_BY_HOP.test(name))
    .flat();
}
