/** `npm run bench -- gc`: expired sessions are deleted while live ones are read and saved. */
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection, createPool, type Pool, type ResultSetHeader } from 'mysql2/promise';
import { createSessions, type Sessions } from '../../../store/index.ts';
import { progress } from '../../machine/command.ts';
import { obtainServer } from '../../machine/database/server.ts';
import { enlarge } from '../enlarge.ts';
import { orderOf, quantile, type Spread, spread } from '../figures.ts';
import { readMachine, versionsOf } from '../machine.ts';
import { ENOUGH, type RunOptions, takeOptions } from '../options.ts';
import { type DrawnTable, publish, type RunNumbers, today } from '../report.ts';

/** A way to delete expired sessions. */
interface Way {
  readonly label: string;
  readonly target: string;
  run(place: Place): Promise<unknown>;
}

interface Place {
  readonly pool: Pool;
  readonly sessions: Sessions;
}

/** The figures of one round. */
interface GcRound {
  /** Rows deleted a second; null for the load alone. */
  readonly perSecond: number | null;
  /** Milliseconds of a live save. */
  readonly p99: number;
  readonly worst: number;
}

/** The line of one way. */
interface Row {
  name: string;
  label: string;
  perSecond: Spread | null;
  p99: Spread;
  worst: Spread;
  target: string;
}

/** The output of `--json`. */
export interface GcNumbers extends RunNumbers {
  expired: number;
  rows: Row[];
}

const WRITERS = 8;

/** Milliseconds of the load without a deletion. */
const ALONE = 800;

/** Seconds: some ways lock live rows for longer than a page would wait. */
const PATIENCE = { statementTimeout: 120, timeout: 120 };

/** The clock as Symfony's and others' schemas have it, in this table's milliseconds. */
const EXPIRY = 'expires<=UNIX_TIMESTAMP()*1000';

const ways: Record<string, Way> = {
  alone: {
    label: 'live saves alone',
    target: '',
    run: () => delay(ALONE),
  },
  'one-delete': {
    label: 'one DELETE, default isolation',
    target: '',
    run: ({ pool }) => pool.query(`DELETE FROM sessions WHERE ${EXPIRY}`),
  },
  pieces: {
    label: 'DELETE … LIMIT 1000, over and over',
    target: '',
    async run({ pool }) {
      for (;;) {
        const [answer] = await pool.query(
          `DELETE FROM sessions WHERE ${EXPIRY} ORDER BY expires LIMIT 1000`,
        );
        if ((answer as { affectedRows: number }).affectedRows === 0) return;
      }
    },
  },
  ours: {
    label: 'ours, gc(Infinity)',
    target: '≥ 95,000, worst ≤ 20 ms',
    run: ({ sessions }) => sessions.gc(Number.POSITIVE_INFINITY),
  },
  'ours-budget': {
    label: 'ours, gc(60), can be stopped',
    target: '≥ 65,000, worst ≤ 15 ms',
    run: ({ sessions }) => sessions.gc(60),
  },
};

const help = `npm run bench -- gc [options]

Deletes expired sessions of 1 KB beside as many live ones, of which ${WRITERS} clients read and save
some meanwhile, one after the other without a pause.

  --rounds N     number of rounds (${ENOUGH})
  --sessions N   number of expired sessions (30000)
  --only A,B     only these: ${Object.keys(ways).join(', ')}
  --json         print the figures as JSON
  --save FILE    also write them to FILE
`;

/** Runs the benchmark, prints its table, and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const options = takeOptions(args, Object.keys(ways), WRITERS, help);
  if (typeof options === 'number') return options;
  const machine = readMachine();
  const server = await obtainServer({ progress });
  const { url } = await server.createSchema('bench gc');
  const pool = createPool({ uri: url, connectionLimit: WRITERS + 2 });
  const secrets = ['a benchmark keeps no secret: it is known'];
  // Each save is a statement of its own: the time of each is what is measured.
  const sessions = createSessions({ pool, secrets, gc: false, batch: false, ...PATIENCE });
  try {
    await sessions.createTable();
    await enlarge(server);
    const names = options.only ?? Object.keys(ways);
    const numbers: GcNumbers = {
      date: today(),
      machine,
      versions: versionsOf(['mysql2'], server),
      run: { rounds: options.rounds, clients: WRITERS },
      expired: options.sessions,
      rows: await measureAll(names, { pool, sessions }, url, options),
    };
    publish(numbers, options, drawNumbers);
    return 0;
  } finally {
    await sessions.close();
    await pool.end();
    await server.close();
  }
}

async function measureAll(
  names: readonly string[],
  place: Place,
  url: string,
  { rounds, sessions }: RunOptions,
): Promise<Row[]> {
  const connection = await createConnection(url);
  const figures = new Map(names.map((name) => [name, [] as GcRound[]]));
  try {
    progress('making live sessions …');
    await connection.query(fillOf(sessions, 'live', 'UNIX_TIMESTAMP()*1000+1000000000'));
    const ids = Array.from({ length: WRITERS * 8 }, () => place.sessions.newId());
    for (const id of ids) {
      await (await place.sessions.create(id, Buffer.alloc(1024, 'x'))).close();
    }
    for (let round = 0; round < rounds; round += 1) {
      progress(`round ${round + 1} of ${rounds} …`);
      for (const name of orderOf(names, round)) {
        progress(`  ${ways[name]?.label} …`);
        await connection.query(
          fillOf(sessions, `${round} ${name}`, 'UNIX_TIMESTAMP()*1000-1000-seq%600000'),
        );
        figures.get(name)?.push(await measure(ways[name] as Way, place, ids, sessions));
        // The next way must not find the rows that this one has left.
        const [left] = await connection.query<ResultSetHeader>(
          `DELETE FROM sessions WHERE ${EXPIRY}`,
        );
        if (name !== 'alone' && left.affectedRows > 0) {
          throw new Error(`${ways[name]?.label} has left ${left.affectedRows} expired sessions`);
        }
      }
    }
  } finally {
    await connection.end();
  }
  return names.map((name) => {
    const own = figures.get(name) ?? [];
    return {
      ...{ name, label: ways[name]?.label ?? name, target: ways[name]?.target ?? '' },
      perSecond: spread(own.map(({ perSecond }) => perSecond)),
      p99: spread(own.map(({ p99 }) => p99)) as Spread,
      worst: spread(own.map(({ worst }) => worst)) as Spread,
    };
  });
}

/** Random keys, as hashes are: a deletion by age finds its rows all over the table. */
function fillOf(count: number, name: string, expires: string): string {
  return (
    'INSERT INTO sessions (id,d,version,token,created,updated,expires) ' +
    `SELECT UNHEX(SHA2(CONCAT('${name}',seq),256)),REPEAT('x',1024),1,'',0,0,${expires} ` +
    `FROM seq_1_to_${count}`
  );
}

/** Deletes in one way, while live sessions are saved until it has ended. */
async function measure(
  way: Way,
  place: Place,
  ids: readonly string[],
  expired: number,
): Promise<GcRound> {
  let isOver = false;
  const took: number[] = [];
  const work = async (writer: number): Promise<void> => {
    for (let turn = 0; !isOver; turn += 1) {
      const session = await place.sessions.open(ids[writer * 8 + (turn % 8)]);
      const began = performance.now();
      await session?.save(Buffer.alloc(1024, String(turn % 10)));
      took.push(performance.now() - began);
    }
  };
  const working = Array.from({ length: WRITERS }, (_, writer) => work(writer));
  const began = performance.now();
  let seconds = 0;
  try {
    await way.run(place);
    seconds = (performance.now() - began) / 1000;
  } finally {
    isOver = true;
    await Promise.all(working);
  }
  return {
    perSecond: way === ways['alone'] ? null : expired / seconds,
    p99: quantile(took, 0.99),
    worst: Math.max(...took),
  };
}

function drawNumbers({ rows, expired }: GcNumbers): DrawnTable[] {
  const head = ['', 'rows/s', 'p99 ms', 'worst ms', 'target'];
  const cells = rows.map(({ label, perSecond, p99, worst, target }) => [
    label,
    perSecond?.median.toFixed(0) ?? '',
    p99.median.toFixed(1),
    worst.median.toFixed(1),
    target,
  ]);
  const title = `${expired} expired sessions are deleted beside live saves`;
  return [{ title, head, rows: cells, note: 'p99 and worst: of the live saves.' }];
}
