/**
 * The clients of the lessons' benchmark, in a process of their own: told by message whom to ask.
 *
 * Each client keeps its connection, its cookie and the last count it has seen, so that an answer
 * that forgot something is no answer.
 */
import { Agent, get } from 'node:http';
import { quantile } from './lessons-numbers.ts';

/** What one round is to do. */
export interface LoadOrder {
  /** Sessions are kept under this name from round to round. */
  name: string;
  /** Each client asks one of them, and always the same. */
  ports: readonly number[];
  path: string;
  seconds: number;
  clients: number;
}

/** What came of it. */
export interface LoadReport {
  /** Answers that were right. */
  right: number;
  /** Answers that were not, and requests without one. */
  wrong: number;
  seconds: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  /** What the first wrong answer said. */
  complaint: string | undefined;
}

interface Client {
  port: number;
  cookie: string;
  count: number;
}

interface Answer {
  status: number;
  setCookie: string | undefined;
  body: string;
}

/** An answer that takes longer than this is none. */
const PATIENCE = 10_000;

const sessions = new Map<string, Client[]>();

process.on('message', (order: LoadOrder) => {
  ask(order).then((report) => process.send?.(report));
});
process.on('disconnect', () => process.exit());

async function ask(order: LoadOrder): Promise<LoadReport> {
  const clients = clientsOf(order);
  const agent = new Agent({ keepAlive: true, maxSockets: order.clients });
  const took: number[] = [];
  let wrong = 0;
  let complaint: string | undefined;
  const began = performance.now();
  const end = began + order.seconds * 1000;
  const work = async (client: Client): Promise<void> => {
    while (performance.now() < end) {
      const sent = performance.now();
      try {
        check(await fetchPage(order.path, client, agent), client);
        took.push(performance.now() - sent);
      } catch (error) {
        wrong += 1;
        complaint ??= (error as Error).message;
      }
    }
  };
  await Promise.all(clients.map(work));
  const seconds = (performance.now() - began) / 1000;
  agent.destroy();
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

function fetchPage(path: string, { port, cookie }: Client, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = cookie === '' ? {} : { Cookie: cookie };
    const request = get({ host: '127.0.0.1', port, path, agent, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          setCookie: response.headers['set-cookie']?.[0]?.split(';', 1)[0],
          body,
        }),
      );
    });
    request.setTimeout(PATIENCE, () => request.destroy(new Error(`no answer in ${PATIENCE} ms`)));
    request.on('error', reject);
  });
}

/** A page that counts must count on from what this client has seen. */
function check({ status, setCookie, body }: Answer, client: Client): void {
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
