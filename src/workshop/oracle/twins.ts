/**
 * The article's repaired class in a real PHP, and the port, over the same table.
 *
 * Both are asked the same requests, one after the other on an empty table, so that the numbers
 * that the rows get are the same too.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { fileOf, findLesson, readLessons, schemaFor } from '../course/catalogue.ts';
import type { DatabaseServer } from '../machine/database/server.ts';
import { type PhpServer, startPhp } from './php-cgi.ts';

/** What came back for one request. */
export interface Visit {
  body: string;
  setCookie: string[];
}

/** One of the twins: a counter page behind a Cookie header. */
export type Visitor = (cookie: string | undefined) => Promise<Visit>;

/** A row, with its age instead of its moment: two runs cannot have the same one. */
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
  /** Empties the table and starts its numbers at 1. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** One step of the story: what was sent, and what came back with its moments taken out. */
export interface Step {
  cookie: string | undefined;
  body: string;
  setCookie: string[];
}

/**
 * Starts both, on a schema of their own.
 *
 * @param server - Where the schema is made.
 * @param progress - Is told when PHP has to be fetched.
 * @returns The twins; close them, and the server after that.
 * @throws Error that says why there is no PHP here and how to get one.
 */
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

  // The class reads its address when it is loaded.
  process.env['DATABASE_URL'] = schema.url;
  const load = async (path: string): Promise<unknown> => import(pathToFileURL(path).href);
  const page = (await load(fileOf(lesson, 'counter.ts'))) as { counter: RequestListener };
  const { Sessions } = (await load(lesson.files.class)) as { Sessions: { Close(): unknown } };
  const port = createServer(page.counter);
  await new Promise<void>((resolve, reject) => {
    port.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
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
      // A write that threw was the last callback of its request, in PHP as here: nobody closed.
      await Sessions.Close();
      await php.close();
      await database.end();
      await schema.drop();
    },
  };
}

/** A browser's next Cookie header. */
export const cookieOf = ({ setCookie }: Visit): string | undefined => setCookie[0]?.split(';')[0];

/**
 * Two visitors, one of whom comes back twice; then cookies that somebody typed.
 *
 * @param ask - The twin that is asked.
 * @returns The steps, comparable between two runs.
 */
export async function tellStory(ask: Visitor): Promise<Step[]> {
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
 * Takes the moment out of a Set-Cookie line, and keeps how far it is from the one promised.
 *
 * @param line - The line as it was sent.
 * @returns The line with `expires=<0 minutes off>` where the date is right.
 */
export function withoutMoment(line: string): string {
  return line.replace(/expires=([^;]+); Max-Age=(\d+)/, (_all, date: string, age: string) => {
    const promised = Date.now() + Number(age) * 1000;
    const minutes = Math.abs(Math.round((Date.parse(date) - promised) / 60_000));
    // RFC 9110's form, which toUTCString writes too; another form stays to be seen.
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
