/** A browser that keeps its cookies, as far as one server on one path needs one. */
import { type IncomingMessage, request as sendRequest } from 'node:http';
import { keepCookies } from './cookies.ts';

export interface PageRequest {
  /** What a browser would send: `MySession=7`. */
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
  /** What a browser would send next time: the request's cookies, renewed by `setCookie`. */
  cookie: string;
  body: string;
  /** The callbacks this request ran, in order. */
  trace: string[];
}

/**
 * Sends one request, as a browser would.
 *
 * @param port - Where the page is served.
 * @param wanted - What to ask for.
 * @param traces - The callbacks each connection has run, by its port; read and removed.
 * @returns The answer, with the cookies to send next time.
 */
export function exchange(
  port: number,
  wanted: PageRequest,
  traces: Map<number, string[]>,
): Promise<PageResponse> {
  const { cookie = '', path = '/', method = 'GET', headers = {}, body } = wanted;
  return new Promise((resolve, reject) => {
    let localPort = 0;
    const request = sendRequest({
      host: '127.0.0.1',
      port,
      path,
      method,
      // A connection of its own, whose port tells the requests apart.
      agent: false,
      headers: { ...headers, ...(cookie === '' ? {} : { Cookie: cookie }) },
    });
    request.on('error', reject);
    request.on('socket', (socket) => {
      socket.on('connect', () => {
        localPort = socket.localPort ?? 0;
      });
    });
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const setCookie = response.headers['set-cookie'] ?? [];
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          setCookie,
          cookie: keepCookies(cookie, setCookie),
          body: Buffer.concat(chunks).toString('utf8'),
          trace: traces.get(localPort) ?? [],
        });
        traces.delete(localPort);
      });
    });
    request.end(body);
  });
}
