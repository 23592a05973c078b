/** A site of several web servers: Node and PHP processes that share a database, behind a proxy. */
import { randomBytes } from 'node:crypto';
import { fileOf, type Lesson } from '../course/catalogue.ts';
import { Haproxy, obtainHaproxy } from '../machine/haproxy.ts';
import { obtainPhp } from '../machine/php.ts';
import { FastCgiPhp } from '../machine/php-fastcgi.ts';
import type { Announcements } from '../machine/program.ts';
import { SmallProxy } from '../machine/proxy.ts';
import { forgetSuspended, resume, suspend } from '../machine/supervise.ts';
import { type PageResponse, visit } from './browser.ts';
import { type ChildServer, startPage } from './server.ts';

/** A server of the site. */
interface ServerOrder {
  /** Letters and digits; its responses show it as `X-Server`. */
  name: string;
  /** Absolute path: a class in TypeScript is served by Node, a page in PHP by PHP. */
  file: string;
  /** Added to the environment that all servers have. */
  environment?: Record<string, string> | undefined;
  /** PHP's settings. */
  settings?: Record<string, string> | undefined;
  /** Seconds that this server's clock is ahead of the machine's; for a Node server only. */
  clockAhead?: number | undefined;
}

/** A server that can be killed and started again, on the same port. */
export interface SiteServer {
  readonly name: string;
  readonly isUp: boolean;
  readonly port: number;
  start(): Promise<void>;
  /** Kills it with all its processes, as a loss of power would. */
  kill(): Promise<void>;
  /** Stops it as a machine that hangs: it accepts connections, and answers nothing. */
  pause(): Promise<void>;
  /** Resumes it. */
  resume(): Promise<void>;
}

/** A site that is served. */
export interface Site {
  /** The proxy's port of the loopback. */
  readonly port: number;
  /** `haproxy 2.6.12`, or the name of its substitute. */
  readonly proxy: string;
  /** False once the proxy has ended: no visit reaches a server then. */
  readonly isReachable: boolean;
  /** Starts the proxy again, on the same port. */
  reopen(): Promise<void>;
  readonly servers: ReadonlyMap<string, SiteServer>;
  close(): Promise<void>;
}

/**
 * Starts the servers, and haproxy in front of them. If haproxy cannot be had, a small proxy of
 * this process takes its place, and the PHP servers are left out, because it does not speak FastCGI.
 *
 * @param environment - Of all servers: `DATABASE_URL`, `SESSION_PASSWORDS`.
 * @throws Error with the reason why PHP cannot be obtained, or in CI haproxy, and the remedy.
 */
export async function openSite(
  wanted: readonly ServerOrder[],
  environment: Record<string, string>,
  options: Announcements = {},
): Promise<Site> {
  const program = await obtainHaproxy(options);
  const isPhp = ({ file }: ServerOrder): boolean => file.endsWith('.php');
  let orders = wanted;
  let proxy: Haproxy | SmallProxy;
  let name: string;
  if ('reason' in program) {
    if (process.env['CI']) throw new Error(program.reason);
    orders = wanted.filter((order) => !isPhp(order));
    options.progress?.(`${program.reason}: a small proxy takes its place, without PHP servers`);
    [proxy, name] = [new SmallProxy(), 'a small proxy (haproxy is missing)'];
  } else {
    [proxy, name] = [new Haproxy(program), `haproxy ${program.version}`];
  }
  const servers = new Map<string, SiteServer>();
  const close = async (): Promise<void> => {
    await proxy.close();
    await Promise.all([...servers.values()].map((server) => server.kill()));
  };
  const reopen = (): Promise<void> =>
    proxy.start(
      orders.map((order) => {
        const port = servers.get(order.name)?.port ?? 0;
        return { name: order.name, port, script: isPhp(order) ? order.file : undefined };
      }),
    );
  try {
    for (const order of orders) {
      const whole = { ...order, environment: { ...environment, ...order.environment } };
      servers.set(order.name, isPhp(order) ? await phpServer(whole, options) : nodeServer(whole));
    }
    await Promise.all([...servers.values()].map((server) => server.start()));
    await reopen();
  } catch (error) {
    await close();
    throw error;
  }
  const { port } = proxy;
  return {
    ...{ port, proxy: name, servers, reopen, close },
    get isReachable() {
      return proxy.isUp;
    },
  };
}

/**
 * Starts the site of lesson 23 on its table: two Node servers, A and B, with a class, and the PHP twin.
 *
 * @param classFile - Absolute path of the class.
 */
export function openLessonSite(
  lesson: Lesson,
  classFile: string,
  databaseUrl: string,
  options: Announcements,
): Promise<Site> {
  const orders = [
    { name: 'A', file: classFile },
    { name: 'B', file: classFile },
    { name: 'PHP', file: fileOf(lesson, 'page.php') },
  ];
  const environment = {
    DATABASE_URL: databaseUrl,
    SESSION_CLOCK: 'database',
    SESSION_PASSWORDS: JSON.stringify({ 1: randomBytes(32).toString('base64url') }),
  };
  return openSite(orders, environment, options);
}

function nodeServer(order: ServerOrder): SiteServer {
  const { name, file, environment = {}, settings, clockAhead = 0 } = order;
  let running: ChildServer | undefined;
  let port = 0;
  const ahead = `data:text/javascript,const { now } = Date; Date.now = () => now() + ${clockAhead * 1000};`;
  return {
    name,
    get isUp() {
      return running !== undefined;
    },
    get port() {
      return port;
    },
    async start() {
      if (running) return;
      const page = { classFile: file, settings, ...(port > 0 ? { port } : {}) };
      const nodeOptions = clockAhead === 0 ? [] : ['--import', ahead];
      const started = await startPage(page, { environment, nodeOptions });
      running = started;
      port = started.port;
      void started.ended.then(() => {
        if (running === started) running = undefined;
      });
    },
    async kill() {
      await running?.kill();
      if (running) forgetSuspended(running.pid);
      running = undefined;
    },
    async pause() {
      if (running) await suspend(running.pid);
    },
    async resume() {
      if (running) resume(running.pid);
    },
  };
}

async function phpServer(order: ServerOrder, options: Announcements): Promise<SiteServer> {
  const program = await obtainPhp(options);
  if ('reason' in program) throw new Error(program.reason);
  const { name, environment: variables = {}, settings } = order;
  const php = new FastCgiPhp(program, { variables, settings, workers: 8 });
  let isUp = false;
  return {
    name,
    get isUp() {
      return isUp && php.isUp;
    },
    get port() {
      return php.port;
    },
    async start() {
      if (isUp && php.isUp) return;
      await php.start();
      isUp = true;
    },
    async kill() {
      isUp = false;
      await php.close();
    },
    pause: () => php.pause(),
    resume: () => php.resume(),
  };
}

/** The outcome of many requests of one browser. */
interface Crowd {
  /** The number of responses with status 200, by server. */
  right: Map<string, number>;
  /** The number of other responses, and of requests without one. */
  failed: number;
  /** The counts that the pages showed, in order. */
  counts: number[];
}

/**
 * Sends requests for the counter page from one browser, several at once.
 *
 * @throws The signal's reason after an abort: no further request is sent.
 */
export async function visitOften(
  port: number,
  cookie: string,
  requests: number,
  atOnce: number,
  signal?: AbortSignal,
): Promise<Crowd> {
  const right = new Map<string, number>();
  const counts: number[] = [];
  let [left, failed] = [requests, 0];
  const send = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const page = await visit(port, { cookie }).catch(() => undefined);
      signal?.throwIfAborted();
      if (page?.status !== 200) failed += 1;
      else {
        const name = serverOf(page);
        right.set(name, (right.get(name) ?? 0) + 1);
        counts.push(countOf(page));
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, send));
  return { right, failed, counts: counts.sort((one, other) => one - other) };
}

/** Returns the name of the server that has answered; `''` for the proxy itself. */
export function serverOf({ headers }: PageResponse): string {
  return String(headers['x-server'] ?? '').replace('<NOSRV>', '');
}

/** Returns the number on a counter page; NaN for another page. */
export function countOf({ body }: PageResponse): number {
  return Number(/Count: (\d+)/.exec(body)?.[1]);
}
