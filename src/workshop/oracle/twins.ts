/**
 * The article's repaired class in a real PHP, and the port, on the same table.
 *
 * Both get the same requests, one after the other on an empty table, so that their rows have the
 * same ids.
 */
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { fileOf, findLesson, readLessons } from '../course/catalogue.ts';
import { schemaFor } from '../course/tables.ts';
import type { DatabaseServer } from '../machine/database/server.ts';
import { type PhpServer, startPhp } from './php-cgi.ts';

/** One response. */
export interface Visit {
  body: string;
  setCookie: string[];
}

/** Requests one twin's counter page with a Cookie header. */
type Visitor = (cookie: string | undefined) => Promise<Visit>;

/** A row with its age instead of its time, which differs between two runs. */
export interface TwinRow {
  id: number;
  d: string;
  minutesOld: number;
}

export interface Twins {
  /** PHP's version. */
  readonly version: string;
  readonly askPhp: Visitor;
  readonly askPort: Visitor;
  rows(): Promise<TwinRow[]>;
  /** Empties the table and resets its ids to 1. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** One request and its response, without times. */
export interface Step extends Visit {
  cookie: string | undefined;
}

/** Starts both on a new schema; close them before the server. */
export async function openTwins(
  server: DatabaseServer,
  progress?: (line: string) => void,
): Promise<Twins> {
  const lessons = readLessons();
  const lesson = findLesson(lessons, 5);
  const php = await startPhp({ progress });
  const schema = await server.createSchema('twins');
  const database = await createConnection(schema.url);
  await database.query(schemaFor(lessons, lesson.number));

  // The class reads DATABASE_URL when it is loaded.
  process.env['DATABASE_URL'] = schema.url;
  const load = async (path: string): Promise<unknown> => import(pathToFileURL(path).href);
  const page = (await load(fileOf(lesson, 'counter.ts'))) as { counter: RequestListener };
  const { Sessions } = (await load(lesson.files.class)) as { Sessions: { Close(): unknown } };
  const port = createServer(page.counter);
  await once(port.listen(0, '127.0.0.1'), 'listening');
  const script = fileOf(lesson, 'counter.php');
  return {
    version: php.version,
    askPhp: (cookie) => askPhp(php, script, schema.url, cookie),
    askPort: (cookie) => askPort(port, cookie),
    rows: () => readRows(database),
    async empty() {
      await database.query('TRUNCATE TABLE sessions');
    },
    async close() {
      port.close();
      port.closeAllConnections();
      // After a write that throws, Close is not called, in PHP as here.
      await Sessions.Close();
      await php.close();
      await database.end();
      await schema.drop();
    },
  };
}

/** Returns a browser's next Cookie header. */
export const cookieOf = ({ setCookie }: Visit): string | undefined => setCookie[0]?.split(';')[0];

/** Sends the requests of two visitors, one of whom comes back twice; then hand-made cookies. */
export async function makeVisits(ask: Visitor): Promise<Step[]> {
  const steps: Step[] = [];
  const visit = async (cookie: string | undefined): Promise<string | undefined> => {
    const answer = await ask(cookie);
    steps.push({ cookie, body: answer.body, setCookie: answer.setCookie.map(withoutMoment) });
    return cookieOf(answer);
  };
  const ann = await visit(undefined);
  const bob = await visit(undefined);
  const typed = ['MySession=404', 'MySession=', 'other=1; MySession=2', 'MySession=1; MySession=2'];
  for (const cookie of [ann, bob, ann, ...typed]) await visit(cookie);
  return steps;
}

/**
 * Replaces the time in a Set-Cookie line by its distance from the time that Max-Age gives.
 *
 * @returns The line with `expires=<0 minutes off>` where the date is right.
 */
export function withoutMoment(line: string): string {
  return line.replace(/expires=([^;]+); Max-Age=(\d+)/, (_all, date: string, age: string) => {
    const promised = Date.now() + Number(age) * 1000;
    const minutes = Math.abs(Math.round((Date.parse(date) - promised) / 60_000));
    // RFC 9110's form is that of toUTCString(); a date in another form is kept.
    const form = new Date(date).toUTCString() === date ? '' : ` ${date}`;
    return `expires=<${minutes} minutes off${form}>; Max-Age=${age}`;
  });
}

async function askPhp(
  php: PhpServer,
  script: string,
  url: string,
  cookie: string | undefined,
): Promise<Visit> {
  const { body, setCookie } = await php.request({ script, cookie, env: { DATABASE_URL: url } });
  return { body: body.trim(), setCookie };
}

async function askPort(port: Server, cookie: string | undefined): Promise<Visit> {
  const { port: number } = port.address() as AddressInfo;
  const headers = cookie === undefined ? {} : { cookie };
  const response = await fetch(`http://127.0.0.1:${number}/`, { headers });
  return { body: (await response.text()).trim(), setCookie: response.headers.getSetCookie() };
}

async function readRows(database: Connection): Promise<TwinRow[]> {
  const [rows] = await database.query<RowDataPacket[]>('SELECT * FROM sessions ORDER BY id');
  const now = Date.now() / 1000;
  return rows.map((row) => ({
    id: Number(row['id']),
    d: String(row['d']),
    minutesOld: Math.abs(Math.round((now - Number(row['updated'])) / 60)),
  }));
}
