/** The article's counter page over HTTP, in this process, and a browser that keeps its cookies. */
import { tracingChannel } from 'node:diagnostics_channel';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request as sendRequest,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { counterPage } from '../counter.ts';
import type { SessionsExport } from './contract.ts';
import { type LastCall, NotPorted } from './handler.ts';

export interface ServeOptions {
  /** PHP settings for this server: `{ 'session.gc_probability': '1' }`. */
  settings?: Record<string, string> | undefined;
}

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

export interface Server {
  readonly url: string;
  request(request?: PageRequest): Promise<PageResponse>;
  close(): Promise<void>;
}

interface CallbackMessage {
  callback: string;
  error?: unknown;
  request?: IncomingMessage | undefined;
}

/**
 * Serves the counter page on a free port of the loopback.
 *
 * @param sessions - What `#sessions` exports.
 * @param lastCall - Told what a callback threw.
 * @param options - PHP settings, where a test needs others than PHP's own.
 * @returns The server; whoever asked for it closes it.
 */
export async function serveCounter(
  sessions: SessionsExport,
  lastCall: LastCall,
  options: ServeOptions = {},
): Promise<Server> {
  const page = makePage(sessions, options);
  if (page instanceof NotPorted) return unportedServer(page);
  const traces = new WeakMap<IncomingMessage, string[]>();
  const byPort = new Map<number, string[]>();
  const channel = tracingChannel('phpsessid:callback');
  const onCallback = (message: unknown): void => {
    const { callback, request } = message as CallbackMessage;
    if (request) traces.get(request)?.push(callback);
  };
  const onError = (message: unknown): void => {
    lastCall.error ??= (message as CallbackMessage).error;
  };
  channel.start.subscribe(onCallback);
  channel.error.subscribe(onError);

  const server = createServer((request, response) => {
    const trace: string[] = [];
    traces.set(request, trace);
    if (request.socket.remotePort) byPort.set(request.socket.remotePort, trace);
    page(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    request: (wanted = {}) => exchange(port, wanted, byPort),
    close: () =>
      new Promise((resolve) => {
        channel.start.unsubscribe(onCallback);
        channel.error.unsubscribe(onError);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A class that cannot be registered yet is a test's finding and not the end of its file. */
function makePage(
  sessions: SessionsExport,
  { settings }: ServeOptions,
): RequestListener | NotPorted {
  try {
    return counterPage(sessions, settings ? { settings } : {});
  } catch (error) {
    if (error instanceof NotPorted) return error;
    throw error;
  }
}

function unportedServer(error: NotPorted): Server {
  return {
    url: 'http://127.0.0.1:0/',
    request: () => Promise.reject(error),
    close: () => Promise.resolve(),
  };
}

function exchange(
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

/** A browser's jar, as far as one server with one path needs it. */
function keepCookies(sent: string, setCookie: string[]): string {
  const jar = new Map<string, string>();
  for (const pair of sent.split('; ')) {
    const [name, value] = splitPair(pair);
    if (name !== '') jar.set(name, value);
  }
  for (const line of setCookie) {
    const [name, value] = splitPair(line.split(';')[0] ?? '');
    const gone = /;\s*max-age=(0|-\d+)\s*(;|$)/i.test(line);
    if (gone) jar.delete(name);
    else jar.set(name, value);
  }
  return [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
}

function splitPair(pair: string): [string, string] {
  const at = pair.indexOf('=');
  return at < 0 ? ['', ''] : [pair.slice(0, at).trim(), pair.slice(at + 1)];
}
