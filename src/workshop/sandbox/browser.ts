/** One HTTP browser: requests to this machine, each on a new connection. */
import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import type { Readable } from 'node:stream';
import { keepCookies } from './cookies.ts';

export interface PageRequest {
  /** The Cookie line: `MySession=7`. */
  cookie?: string | undefined;
  /** @default '/' */
  path?: string | undefined;
  /** @default 'GET' */
  method?: string | undefined;
  headers?: Record<string, string> | undefined;
  body?: string | undefined;
}

export interface PageResponse {
  status: number;
  headers: IncomingMessage['headers'];
  /** Each Set-Cookie line, as it was sent. */
  setCookie: string[];
  /** The Cookie line of the next request: the request's cookies, renewed by `setCookie`. */
  cookie: string;
  body: string;
  /** The callbacks this request ran, in order. */
  trace: string[];
}

/** One request as it goes out. */
export interface Outgoing {
  path: string;
  /** @default 'GET' */
  method?: string | undefined;
  /** Names and values in turn, or by name. */
  headers?: OutgoingHttpHeaders | readonly string[] | undefined;
  body?: string | Readable | undefined;
  /** Milliseconds that the connection may be idle. */
  timeout?: number | undefined;
  /** Closes the connection, as a browser does that leaves the page. */
  signal?: AbortSignal | undefined;
  /** Receives the client's port as soon as the connection is there. */
  onConnect?: ((localPort: number) => void) | undefined;
}

/** The error of a connection that was idle for too long. */
export class IdleTimeout extends Error {
  override readonly name = 'IdleTimeout';
}

/**
 * Sends a request to this machine.
 *
 * @returns The response's head; its body is still to be read.
 * @throws IdleTimeout or the socket's error when no response comes.
 */
export function send(port: number, outgoing: Outgoing): Promise<IncomingMessage> {
  const { path, method = 'GET', headers, body, timeout, signal, onConnect } = outgoing;
  return new Promise((resolve, reject) => {
    const sent = request({
      ...{ host: '127.0.0.1', port, path, method },
      // A new connection, whose port identifies the request.
      agent: false,
      ...(headers === undefined ? {} : { headers, setHost: !Array.isArray(headers) }),
      ...(timeout === undefined ? {} : { timeout }),
      ...(signal === undefined ? {} : { signal }),
    });
    sent.on('socket', (socket) => {
      socket.once('connect', () => onConnect?.(socket.localPort ?? 0));
    });
    sent.on('timeout', () => sent.destroy(new IdleTimeout()));
    sent.on('error', reject);
    sent.on('response', resolve);
    if (typeof body === 'object') body.pipe(sent);
    else sent.end(body);
  });
}

/**
 * Requests a page as a browser does and reads all of it.
 *
 * @param traces - The callbacks that each connection has run, by its port; the entry is removed.
 * @returns The response, with the cookies to send next time.
 */
export async function visit(
  port: number,
  wanted: PageRequest = {},
  traces: Map<number, string[]> = new Map(),
): Promise<PageResponse> {
  const { cookie = '', path = '/', method, headers = {}, body } = wanted;
  let localPort = 0;
  const response = await send(port, {
    ...{ path, method, body },
    headers: { ...headers, ...(cookie === '' ? {} : { Cookie: cookie }) },
    onConnect: (own) => {
      localPort = own;
    },
  });
  const text = await readBody(response);
  const setCookie = response.headers['set-cookie'] ?? [];
  const trace = traces.get(localPort) ?? [];
  traces.delete(localPort);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    setCookie,
    cookie: keepCookies(cookie, setCookie),
    body: text,
    trace,
  };
}

/** Reads a response to its end; fails when it breaks off. */
export async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString('utf8');
}
