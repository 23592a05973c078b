/**
 * A node:http response in the state in which Node keeps its bytes in a queue: while an earlier
 * response of the same connection is being sent (pipelining), and here until a session is saved.
 * Node itself checks, decides and answers each call at its line; only the bytes wait.
 */
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Fields of ServerResponse that Node's own modules share without declaring them. */
export interface Queued extends ServerResponse {
  req: IncomingMessage;
  _header: string | null;
  _headerSent: boolean;
  _hasBody: boolean;
  _contentLength: number | null;
  _removedContLen: boolean;
  finished: boolean;
  outputData: Chunk[];
  outputSize: number;
  _onPendingData(size: number): void;
  _flush(): void;
}

interface Chunk {
  data: string | Uint8Array;
  encoding: string | null;
  callback: ((error?: Error) => void) | null;
}

interface QueuedSocket extends Socket {
  /** The response that may write to the socket. */
  _httpMessage?: ServerResponse | null;
}

/**
 * Represents a queued response on its socket as unfinished: `server.close()` ends the sockets of
 * finished responses.
 */
const unfinished: ProxyHandler<ServerResponse> = {
  get: (response, property) =>
    property === 'finished' ? false : Reflect.get(response, property, response),
};

/**
 * Whether a response is node:http's, whose bytes can be queued. HTTP/2's has no queue, and that of
 * light-my-request, behind Fastify's inject(), reports its bytes when the page ends it.
 */
export function isQueueable(response: object): response is ServerResponse {
  return 'outputData' in response && '_header' in response && !('_lightMyRequest' in response);
}

/** The status of a head that is decided, or else the one that is set. */
export function statusOf({ _header: header, statusCode }: Queued): number {
  return header === null ? statusCode : Number(header.split(' ', 2)[1]);
}

/** From now on Node queues the response's bytes. */
export function park(response: Queued): void {
  const socket = response.socket as QueuedSocket | null;
  if (socket?._httpMessage === response) {
    socket._httpMessage = new Proxy(response, unfinished);
  } else if (socket === null) {
    // Behind another response: Node flushes it when its turn comes.
    response._flush = () => park(response);
  }
}

/** From now on Node writes the response's bytes; those in the queue wait for `_flush()`. */
export function unpark(response: Queued): void {
  if (Object.hasOwn(response, '_flush')) Reflect.deleteProperty(response, '_flush');
  const socket = response.socket as QueuedSocket | null;
  if (socket?._httpMessage) socket._httpMessage = response;
}

/** Sends the queued bytes, or drops them for a client that has gone. */
export function flush(response: Queued): void {
  unpark(response);
  const { socket } = response;
  if (socket === null || socket.writable) {
    if (socket !== null) response._flush();
  } else dropChunks(response, new Error('The client went away before the response was sent'));
}

/**
 * Empties the queue.
 *
 * @param error - Passed to the callbacks of the dropped bytes; without it they are not
 *   called.
 */
function dropChunks(response: Queued, error?: Error): void {
  const { outputData, outputSize } = response;
  response.outputData = [];
  response.outputSize = 0;
  response._onPendingData(-outputSize);
  if (error) for (const { callback } of outputData) callback?.(error);
}

/**
 * Puts the queued head in a chunk of its own: Node encodes a head that is joined to a string as
 * UTF-8, though a header's characters are bytes.
 *
 * @param before - The head as it was queued; the response's own may be another one now.
 */
export function separateHead(response: Queued, before: string): void {
  const header = response._header ?? '';
  const first = response.outputData[0];
  if (typeof first?.data !== 'string' || !first.data.startsWith(before)) return;
  const body = first.data.slice(before.length);
  const head: Chunk = { data: header, encoding: 'latin1', callback: null };
  response.outputData.splice(0, 1, head, { ...first, data: body });
  const grown = header.length - before.length;
  response.outputSize += grown;
  response._onPendingData(grown);
}

/** Decides the head again, after its headers have changed. */
export function renewHead(
  response: Queued,
  [status, message]: readonly [status: number, message: string],
): void {
  // Once queued, the old head counts as sent; Node would put the new one before a later piece as well.
  const { statusCode, statusMessage, _headerSent } = response;
  response._header = null;
  ServerResponse.prototype.writeHead.apply(response, [status, message as never]);
  Object.assign(response, { statusCode, statusMessage, _headerSent });
}

/** Describe a body that an error page replaces. */
export const CONTENT_HEADERS: RegExp =
  /^(content-(?!security-policy)|(etag|last-modified|accept-ranges|transfer-encoding|trailer|location|digest|repr-digest)$)/i;

/** Makes a response new again, for another page: its head is open, its body empty, its status 500. */
export function startOver(response: Queued): void {
  dropChunks(response);
  unpark(response);
  Object.assign(response, {
    _header: null,
    _headerSent: false,
    _hasBody: response.req.method !== 'HEAD',
    _contentLength: null,
    chunkedEncoding: false,
    finished: false,
    statusCode: 500,
    statusMessage: undefined,
  });
}

/** Removes the headers about a body that is no longer sent. */
export function removeBodyHeaders(response: Queued): void {
  for (const name of response.getHeaderNames()) {
    if (CONTENT_HEADERS.test(name)) response.removeHeader(name);
  }
  response._removedContLen = false;
  for (const symbol of Object.getOwnPropertySymbols(response)) {
    const fields = response as unknown as Record<symbol, unknown>;
    if (symbol.description === 'kBytesWritten') fields[symbol] = 0;
    if (symbol.description === 'kNeedDrain') fields[symbol] = false;
  }
}
