import { createConnection, createPool, type RowDataPacket } from 'mysql2/promise';
import { type Attack, breached, held, signIn } from '#bench';

/** An accident: the operator counts the sessions every minute, and the output goes to a log. */
export const attack: Attack = async ({ database, exported, gate, serve, say }) => {
  const server = await serve();
  const log: string[] = [];
  try {
    await signIn(server);
    const census = 'census' in exported ? exported.census : undefined;
    say(
      `a job counts the sessions: ${census ? 'Sessions.census()' : 'a script, since the class has no count'}`,
    );
    const rows = gate(
      1,
      /^\s*SELECT\b[\s\S]*\bd\b[\s\S]*\bFROM (sessions|crawlable)\b(?! WHERE id)/i,
      { opens: 'by hand', holds: 'answer' },
    );
    const counting = census
      ? countWith(census, await database.reader('crawlable'), log)
      : countByScript(database.url, log);
    await rows.reached(counting);
    const signingIn = server.request({ path: '/login?user=bob' });
    const waits = await database.lockWaits(1, signingIn);
    say(`meanwhile Bob signs in: ${waits ? 'his sign-in waits until the job is done' : 'at once'}`);
    rows.open();
    await Promise.all([counting, signingIn]);
    const leak = log.find((line) => line.includes('ann'));
    const shown =
      leak?.replace(/^[0-9a-f]{64}/, 'a key, and') ?? log.find((line) => /alive/.test(line));
    say(`Mallory may read the log: ${shown}`);
    return waits || leak !== undefined
      ? breached('a count stops every sign-in while it runs, and its log holds the sessions')
      : held('a count takes no lock, and can print neither a key nor what is in a session');
  } finally {
    await server.close();
  }
};

type Census = (reader: ReturnType<typeof createPool>) => Promise<string>;

async function countWith(census: Census, url: string, log: string[]): Promise<void> {
  const reader = createPool(url);
  try {
    log.push(...(await census(reader)).split('\n'));
  } finally {
    await reader.end();
  }
}

/** FOR UPDATE, so that no session changes while it is counted. */
async function countByScript(url: string, log: string[]): Promise<void> {
  const db = await createConnection(url);
  try {
    await db.beginTransaction();
    const [rows] = await db.query<RowDataPacket[]>('SELECT id, d FROM sessions FOR UPDATE');
    for (const { id, d } of rows) log.push(`${Buffer.from(id).toString('hex')} ${d}`);
    await db.rollback();
  } finally {
    await db.end();
  }
}
