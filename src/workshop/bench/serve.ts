/** The article's counter page over HTTP, in this process or in a child. */
import { tracingChannel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type PageRequest, type PageResponse, visit } from '../sandbox/browser.ts';
import type { Means, SessionsExport } from '../sandbox/contract.ts';
import { counterPage, pageErrors } from '../sandbox/counter.ts';
import { NotPorted } from '../sandbox/not-ported.ts';
import { startPage, UNSWEPT } from '../sandbox/server.ts';
import type { Damage } from './damage.ts';
import type { LastCall } from './handler.ts';

export interface ServeOptions {
  /** PHP settings for this server: `{ 'session.gc_maxlifetime': '60' }`. By default no request sweeps. */
  settings?: Record<string, string> | undefined;
  /**
   * Serves from a child process, as a second web server would. It shares only the database with
   * this process, and its responses carry no `trace`.
   *
   * @default false
   */
  apart?: boolean | undefined;
}

export interface Server {
  readonly url: string;
  request(request?: PageRequest): Promise<PageResponse>;
  /** Kills a server in a child process, as a crash would. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

interface CallbackMessage {
  callback: string;
  error?: unknown;
  request?: IncomingMessage | undefined;
}

/** The class of a page, and what belongs to it. */
export interface Served {
  /** The export of `#sessions`. */
  readonly sessions: SessionsExport;
  /** The value of `DATABASE_URL` while a callback begins. */
  readonly url: string;
  /** The parts for a handler's constructor. */
  readonly means?: Means | undefined;
  /** Receives the first error, of a callback or of the page around it. */
  readonly lastCall: LastCall;
  /** The errors that the test causes itself. */
  readonly damage: Damage;
}

/** Serves the counter page on a free port of the loopback, until the caller closes it. */
export async function serveCounter(
  { sessions, url, means, lastCall, damage }: Served,
  options: ServeOptions = {},
): Promise<Server> {
  const page = makePage(sessions, options, means);
  if (page instanceof NotPorted) return unportedServer(page);
  const traces = new WeakMap<IncomingMessage, string[]>();
  const byPort = new Map<number, string[]>();
  const channel = tracingChannel('phpsessid:callback');
  const onCallback = (message: unknown): void => {
    const { callback, request } = message as CallbackMessage;
    const trace = request && traces.get(request);
    if (!trace) return;
    // A class may read the address when it opens, and pages of several addresses may run at once.
    process.env['DATABASE_URL'] = url;
    trace.push(callback);
  };
  const onError = (message: unknown): void => {
    const { error } = message as CallbackMessage;
    if (!damage.explains(error)) lastCall.error ??= error;
  };
  channel.start.subscribe(onCallback);
  channel.error.subscribe(onError);
  pageErrors.subscribe(onError);

  const server = createServer((request, response) => {
    const trace: string[] = [];
    traces.set(request, trace);
    if (request.socket.remotePort) byPort.set(request.socket.remotePort, trace);
    page(request, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    request: (wanted = {}) => visit(port, wanted, byPort),
    kill: () =>
      Promise.reject(
        new Error('This server is part of the test: serve({ apart: true }) can be killed'),
      ),
    close: () =>
      new Promise((resolve) => {
        channel.start.unsubscribe(onCallback);
        channel.error.unsubscribe(onError);
        pageErrors.unsubscribe(onError);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Serves the counter page from a child process: as a second web server, or to be killed. */
export async function serveApart(
  classFile: string,
  { settings }: ServeOptions,
  databaseUrl: string,
): Promise<Server> {
  const environment = { DATABASE_URL: databaseUrl };
  const server = await startPage(
    { classFile, settings: { ...UNSWEPT, ...settings } },
    { environment },
  );
  return {
    url: `http://127.0.0.1:${server.port}/`,
    request: (wanted) => visit(server.port, wanted),
    kill: server.kill,
    close: server.stop,
  };
}

/** Returns the error of a class that cannot be registered yet, so that a test fails and not its file. */
function makePage(
  sessions: SessionsExport,
  { settings }: ServeOptions,
  means: Means | undefined,
): RequestListener | NotPorted {
  try {
    return counterPage(sessions, { settings: { ...UNSWEPT, ...settings } }, means);
  } catch (error) {
    if (error instanceof NotPorted) return error;
    throw error;
  }
}

function unportedServer(error: NotPorted): Server {
  return {
    url: 'http://127.0.0.1:0/',
    request: () => Promise.reject(error),
    kill: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
