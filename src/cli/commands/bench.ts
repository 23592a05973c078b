/** `bench`: a short load on a table of its own, beside the same statements by plain mysql2. */
import { randomBytes } from 'node:crypto';
import type { Pool } from 'mysql2/promise';
import { createSessions, SessionSetupError, type Sessions } from '../../store/index.ts';
import { quote } from '../../store/operate.ts';
import type { Call } from '../call.ts';
import { nameOf, withPool } from '../connect.ts';
import { EXIT_CODES, Refusal } from '../ends.ts';
import { placeOf } from '../place.ts';

const MOST_CONNECTIONS = 32;

/** The server's errors for a right to a database or to a table. */
const DENIED = new Set([1044, 1142]);
/** Sessions that are read and saved. */
const SESSIONS = 200;

/** One measured load. */
interface Figures {
  readonly load: string;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly median: number;
  readonly p99: number;
}

/** Runs the command. */
export async function run(call: Call): Promise<number> {
  const { terminal } = call;
  const place = await placeOf(call);
  const seconds = call.seconds('seconds') ?? 2;
  const clients = call.count('clients', 10_000) ?? 16;
  const bytes = call.count('bytes', 16_000_000) ?? 1000;
  const name = `phpsessid_bench_${randomBytes(6).toString('hex')}`;
  const [table, leaseTable] = [name, `${name}_leases`];
  const work = async (pool: Pool): Promise<number> => {
    const secrets = [randomBytes(32)];
    const sessions = createSessions({ pool, secrets, table, leaseTable, gc: false });
    await sessions.createTable().catch((error: unknown) => {
      const { errno } = Object((error as Error).cause) as { errno?: number };
      if (!(error instanceof SessionSetupError) || !DENIED.has(errno ?? 0)) throw error;
      throw new Refusal(
        'the account may not create the table of the measurement: run bench with an account that has ' +
          'SELECT, INSERT, UPDATE, DELETE, CREATE and DROP on the database',
      );
    });
    try {
      if (!terminal.isJson) {
        await terminal.line(
          `${nameOf(place.url)}: ${clients} requests at a time, ${bytes} bytes, ${seconds} s each`,
        );
        await terminal.line(lineOf('', 'per second', 'median ms', 'p99 ms'));
      }
      for (const [load, operation] of await loadsOf(sessions, pool, table, bytes)) {
        if (call.signal.aborted) break;
        terminal.progress(`${load} …`);
        const figures = await measure(load, operation, clients, seconds, call.signal);
        if (terminal.isJson) await terminal.json(figures);
        else await terminal.line(lineOf(load, figures.perSecond, figures.median, figures.p99));
      }
    } finally {
      await pool.query(`DROP TABLE IF EXISTS ${quote(table)}, ${quote(leaseTable)}`);
    }
    return EXIT_CODES.fine;
  };
  return await withPool(place, work, Math.min(clients, MOST_CONNECTIONS));
}

/** The store's calls, each beside the statements without which it cannot be done. */
async function loadsOf(
  sessions: Sessions,
  pool: Pool,
  name: string,
  bytes: number,
): Promise<[string, (at: number) => Promise<void>][]> {
  const data = (): Buffer =>
    Buffer.from(JSON.stringify({ text: 'x'.repeat(bytes), at: Math.random() }));
  const ids = Array.from({ length: SESSIONS }, () => sessions.newId());
  for (const id of ids) await (await sessions.create(id, data())).close();
  const table = quote(name);
  const [rows] = await pool.query({ sql: `SELECT id FROM ${table}`, rowsAsArray: true });
  const keys = (rows as unknown as [Buffer][]).map(([key]) => key);
  const insert = `INSERT INTO ${table} (id,d,version,token,created,updated,expires) VALUES (?,?,1,'',0,0,0)`;
  const select = `SELECT d FROM ${table} WHERE id=?`;
  const update = `UPDATE ${table} SET d=?,version=version+1 WHERE id=?`;
  const keyAt = (at: number): Buffer => keys[at % keys.length] as Buffer;
  return [
    ['create', async () => await (await sessions.create(sessions.newId(), data())).close()],
    ['  plain INSERT', async () => void (await pool.execute(insert, [randomBytes(32), data()]))],
    ['read', async (at) => void (await sessions.open(ids[at % SESSIONS], { mode: 'read' }))],
    ['  plain SELECT', async (at) => void (await pool.execute(select, [keyAt(at)]))],
    [
      'read and save',
      async (at) => {
        const session = await sessions.open(ids[at % SESSIONS]);
        await session?.save(data());
        await session?.close();
      },
    ],
    [
      '  plain SELECT, UPDATE',
      async (at) => {
        await pool.execute(select, [keyAt(at)]);
        await pool.execute(update, [data(), keyAt(at)]);
      },
    ],
  ];
}

async function measure(
  load: string,
  operation: (at: number) => Promise<void>,
  clients: number,
  seconds: number,
  signal: AbortSignal,
): Promise<Figures> {
  const times: number[] = [];
  const began = performance.now();
  const end = began + seconds * 1000;
  let at = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < end && !signal.aborted) {
      const start = performance.now();
      at += 1;
      await operation(at);
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const passed = (performance.now() - began) / 1000;
  times.sort((one, other) => one - other);
  const part = (share: number): number =>
    Number((times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(2));
  return { load, perSecond: Math.round(times.length / passed), median: part(0.5), p99: part(0.99) };
}

function lineOf(load: string, ...figures: readonly (string | number)[]): string {
  return `${load.padEnd(24)}${figures.map((figure) => String(figure).padStart(12)).join('')}`;
}
