/**
 * The clients of a benchmark, in a child process, which receives its orders by message.
 *
 * Each client has one keep-alive connection, its cookie and the last count it has seen: a response
 * that has lost an earlier request's count is wrong. The clients speak HTTP on plain sockets,
 * because node:http's client costs more CPU time than the cheapest page that is measured.
 */
import { connect, type Socket } from 'node:net';
import { quantile } from './figures.ts';

/** One round of one contender's page. */
export interface LoadOrder {
  /** Sessions are kept under this name from round to round. */
  name: string;
  /** Each client asks one of them, and always the same. */
  ports: readonly number[];
  path: string;
  seconds: number;
  clients: number;
}

/** The outcome of a round. */
export interface LoadReport {
  /** The number of right responses. */
  right: number;
  /** The number of wrong responses, and of requests without a response. */
  wrong: number;
  seconds: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** The fault of the first wrong response. */
  complaint: string | undefined;
}

interface Client {
  port: number;
  cookie: string;
  count: number;
}

interface Response {
  status: number;
  setCookie: string | undefined;
  /** nginx ends a connection in this way after 1,000 requests. */
  isLast: boolean;
  body: string;
}

/** Milliseconds after which a request has failed. */
const PATIENCE = 60_000;

const sessions = new Map<string, Client[]>();

process.on('message', (order: LoadOrder) => {
  ask(order).then((report) => process.send?.(report));
});
process.on('disconnect', () => process.exit());

async function ask(order: LoadOrder): Promise<LoadReport> {
  const clients = clientsOf(order);
  const took: number[] = [];
  let wrong = 0;
  let complaint: string | undefined;
  const began = performance.now();
  const end = began + order.seconds * 1000;
  const work = async (client: Client): Promise<void> => {
    const connection = new Connection(client.port);
    while (performance.now() < end) {
      const sent = performance.now();
      try {
        check(await connection.get(order.path, client.cookie), client);
        took.push(performance.now() - sent);
      } catch (error) {
        wrong += 1;
        complaint ??= (error as Error).message;
      }
    }
    connection.close();
  };
  await Promise.all(clients.map(work));
  const seconds = (performance.now() - began) / 1000;
  const [p50, p99] = [quantile(took, 0.5), quantile(took, 0.99)];
  return { right: took.length, wrong, seconds, p50, p99, complaint };
}

function clientsOf({ name, ports, clients }: LoadOrder): Client[] {
  const known =
    sessions.get(name) ??
    Array.from({ length: clients }, (_, index) => {
      return { port: ports[index % ports.length] ?? 0, cookie: '', count: 0 };
    });
  sessions.set(name, known);
  return known;
}

/** One keep-alive connection with one request at a time; a lost connection is opened again. */
class Connection {
  readonly #port: number;
  #socket: Socket | undefined;
  #received = '';
  #settle: ((response: Response | Error) => void) | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  get(path: string, cookie: string): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.#settle = (response) => {
        this.#settle = undefined;
        this.#received = '';
        if (response instanceof Error) reject(response);
        else resolve(response);
      };
      const header = cookie === '' ? '' : `Cookie: ${cookie}\r\n`;
      this.#socket ??= this.#open();
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${header}\r\n`);
    });
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    const socket = connect(this.#port, '127.0.0.1').setNoDelay().setEncoding('latin1');
    socket.setTimeout(PATIENCE, () => {
      socket.destroy(new Error(`no response within ${PATIENCE} ms`));
    });
    socket.on('data', (text) => {
      this.#received += text;
      const response = readResponse(this.#received);
      if (response === undefined) return;
      if (response.isLast) {
        this.#socket = undefined;
        socket.destroy();
      }
      this.#settle?.(response);
    });
    const lose = (error: Error): void => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#settle?.(error);
    };
    socket.on('error', lose);
    socket.on('close', () => lose(new Error('the server closed the connection')));
    return socket;
  }
}

/** Returns a response once all of it has arrived; its length is declared, or its body is chunked. */
function readResponse(text: string): Response | undefined {
  const at = text.indexOf('\r\n\r\n');
  if (at < 0) return undefined;
  const head = text.slice(0, at);
  const body = readBody(head, text.slice(at + 4));
  if (body === undefined) return undefined;
  return {
    status: Number(head.slice(9, 12)),
    setCookie: /^set-cookie: *([^;\r]+)/im.exec(head)?.[1],
    isLast: /^connection: *close/im.test(head),
    body,
  };
}

function readBody(head: string, text: string): string | undefined {
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length !== undefined) return text.length < Number(length) ? undefined : text;
  if (!text.endsWith('0\r\n\r\n')) return undefined;
  let body = '';
  for (let at = 0; ; ) {
    const line = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, line), 16);
    if (!(size > 0)) return body;
    body += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

/** A page that counts must continue from the count that this client has seen last. */
function check({ status, setCookie, body }: Response, client: Client): void {
  client.cookie = setCookie ?? client.cookie;
  if (status !== 200) throw new Error(`status ${status}: ${body.trim().slice(0, 200)}`);
  const count = /^<p>Count: (\d+)<\/p>$/m.exec(body)?.[1];
  if (count === undefined) {
    if (body.includes('Nobody is signed in')) return;
    throw new Error(`another page: ${body.trim().slice(0, 200)}`);
  }
  const expected = client.count + 1;
  client.count = Number(count);
  if (client.count !== expected) throw new Error(`count ${count} instead of ${expected}`);
}
