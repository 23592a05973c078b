/** Counts the sessions with an account that can read no key: node -C mine … crawl.ts --help */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createPool } from 'mysql2/promise';
import { Sessions } from '#sessions';

const usage = `usage: crawl.ts (--once | --interval SECONDS) [--lifetime SECONDS] [--now TIME]

Counts the sessions. CRAWL_USER, CRAWL_PASSWORD, CRAWL_DATABASE, CRAWL_HOST and CRAWL_PORT
name the account. Exit codes: 0 done, or ended by SIGTERM; 1 the database failed; 2 wrong usage.
`;

function refuse(problem: string): never {
  process.stderr.write(`${usage}crawl.ts: ${problem}\n`);
  process.exit(2);
}

function readArguments() {
  const string = { type: 'string' } as const;
  const boolean = { type: 'boolean' } as const;
  try {
    return parseArgs({
      options: { help: boolean, once: boolean, interval: string, lifetime: string, now: string },
    }).values;
  } catch (error) {
    return refuse(String(error));
  }
}

function whole(name: string, text: string | undefined): number | undefined {
  if (text !== undefined && !/^[0-9]{1,15}$/.test(text)) refuse(`${name} must be a whole number`);
  return text === undefined ? undefined : Number(text);
}

/** Over a connection of its own: a database that was away for a while is found again. */
async function takeCensus(lifetime: number | undefined, now: number | undefined): Promise<string> {
  const pool = createPool({
    host: process.env['CRAWL_HOST'] ?? '127.0.0.1',
    port: Number(process.env['CRAWL_PORT'] ?? 3306),
    user: process.env['CRAWL_USER'] ?? '',
    password: process.env['CRAWL_PASSWORD'] ?? '',
    database: process.env['CRAWL_DATABASE'] ?? '',
    connectTimeout: 5000,
  });
  try {
    if (!('census' in Sessions) || !Sessions.census) throw new Error('Sessions has no census yet');
    return await Sessions.census(pool, { now, maxLife: lifetime });
  } finally {
    await pool.end();
  }
}

// Nothing is open that a lock or a transaction hangs on, so the end is at once.
process.on('SIGTERM', () => process.exit(0));

const { help = false, once = false, ...given } = readArguments();
if (help) {
  process.stdout.write(usage);
  process.exit(0);
}
const interval = whole('--interval', given.interval);
const [lifetime, now] = [whole('--lifetime', given.lifetime), whole('--now', given.now)];
if (once === (interval !== undefined)) refuse('give --once or --interval');
for (const name of ['CRAWL_USER', 'CRAWL_DATABASE']) {
  if (process.env[name] === undefined) refuse(`${name} is not set`);
}
whole('CRAWL_PORT', process.env['CRAWL_PORT']);
for (;;) {
  try {
    process.stdout.write(`${await takeCensus(lifetime, now)}\n`);
  } catch (error) {
    console.error(`crawl.ts: ${error instanceof Error ? error.message : error}`);
    if (once) process.exit(1);
  }
  if (once) break;
  await delay((interval ?? 0) * 1000);
}
