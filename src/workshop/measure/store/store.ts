/** `npm run bench -- store`: what a session costs, beside mysql2 by hand and express-mysql-session. */
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { progress } from '../../machine/command.ts';
import { obtainServer } from '../../machine/database/server.ts';
import { findDatabaseProcess } from '../cpu.ts';
import { enlarge } from '../enlarge.ts';
import { orderOf, quantile, type Spread, spread } from '../figures.ts';
import { readMachine, versionsOf } from '../machine.ts';
import { ENOUGH, type RunOptions, takeOptions } from '../options.ts';
import { type DrawnTable, publish, type RunNumbers, today } from '../report.ts';
import { type Contender, SESSIONS } from './contenders.ts';
import { type Meter, measure, type Task, type TaskRound } from './task.ts';
import { HOT, openContenders, PAGE, tasksOf } from './tasks.ts';

/** The line of one contender in one table. */
interface Row {
  table: string;
  name: string;
  label: string;
  perSecond: Spread;
  /** Microseconds of CPU time of an operation, client and database. */
  cpu: Spread | null;
  statements: number;
  /** The share of changes that were overwritten; null where none is counted. */
  lost: number | null;
  /** Against the table's first line, round by round. */
  speed: number;
  cpuRatio: number | null;
  target: string;
}

/** The output of `--json`. */
export interface StoreNumbers extends RunNumbers {
  rows: Row[];
}

/** The tables, by the name of `--only`. */
const tables: Record<string, string> = {
  'read-1': 'read a session, one at a time',
  'change-1': 'read and change a session, one at a time',
  'read-16': 'read, 16 clients',
  'read-64': 'read, 64 clients',
  'change-16': 'read and change, 16 clients',
  'change-64': 'read and change, 64 clients',
  'large-16': 'read and change sessions of 20 KB, 16 clients',
  'large-64': 'read and change sessions of 20 KB, 64 clients',
  'grown-1': 'read and change a session among 100,000 others, one at a time',
  hot: `one session, changed by ${HOT} clients`,
  beside: `8 clients with sessions of their own beside a hot one, ${PAGE} ms of work in each request`,
};

const targets: Record<string, string> = {
  'read-1': '',
  'change-1': 'CPU ≤ 0.6 × express, 2 statements',
  'read-16': '≥ 3 ×',
  'read-64': '≥ 3 ×',
  'change-16': '≥ 2.4 ×, CPU ≤ 0.25',
  'change-64': '≥ 3.5 ×, CPU ≤ 0.25',
  'large-16': '≥ 2 ×, CPU ≤ 0.4',
  'large-64': '≥ 2 ×, CPU ≤ 0.4',
  'grown-1': 'as among 1,000',
  hot: '≥ 10 ×, none lost',
  beside: '≥ 15 ×',
};

const help = `npm run bench -- store [options]

Reads and changes sessions, of 2.5 KB where nothing else is said: with mysql2 by hand (execute; BEGIN, SELECT FOR UPDATE, UPDATE,
COMMIT), with express-mysql-session, which protects nothing, and with ours, on one database, in turn.

  --rounds N     number of rounds (${ENOUGH})
  --seconds S    length of each contender's turn (0.6)
  --only A,B     only these tables: ${Object.keys(tables).join(', ')}
  --json         print the figures as JSON
  --save FILE    also write them to FILE
`;

/** Runs the benchmark, prints its tables, and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const options = takeOptions(args, Object.keys(tables), 1, help, 0.6);
  if (typeof options === 'number') return options;
  const machine = readMachine();
  const server = await obtainServer({ progress });
  await enlarge(server);
  const { url } = await server.createSchema('bench store');
  const connection = await createConnection(url);
  const opened: Contender[] = [];
  const isWanted = (table: string): boolean => options.only?.includes(table) ?? true;
  try {
    progress(`making ${SESSIONS} sessions for each contender …`);
    const contenders = await openContenders(server, url, isWanted, opened);
    const meter = {
      database: await findDatabaseProcess(url),
      questions: () => countStatements(connection),
    };
    const tasks = tasksOf(contenders).filter(({ table }) => isWanted(table));
    const rounds = await runAll(tasks, options, meter);
    const numbers: StoreNumbers = {
      date: today(),
      machine,
      versions: versionsOf(['mysql2', 'express-mysql-session'], server),
      run: { rounds: options.rounds, seconds: options.seconds },
      rows: tasks.map((task) => rowOf(task, tasks, rounds)),
    };
    publish(numbers, options, drawNumbers);
    return 0;
  } finally {
    for (const contender of opened) await contender.close();
    await connection.end();
    await server.close();
  }
}

/** Returns the number of statements that the server has received. */
async function countStatements(connection: Connection): Promise<number> {
  const [rows] = await connection.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Questions'");
  return Number(rows[0]?.['Value']);
}

type Rounds = ReadonlyMap<Task, TaskRound[]>;

async function runAll(
  tasks: readonly Task[],
  { rounds, seconds }: RunOptions,
  meter: Meter,
): Promise<Rounds> {
  const all = new Map(tasks.map((task) => [task, [] as TaskRound[]]));
  const each = tasks.length * seconds;
  for (let round = -1; round < rounds; round += 1) {
    const left = Math.ceil(each * (rounds - round));
    const name = round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`;
    progress(`${name}, ${left} s to go …`);
    for (const table of new Set(tasks.map((task) => task.table))) {
      const group = tasks.filter((task) => task.table === table);
      for (const task of orderOf(group, Math.max(0, round))) {
        const measured = await measure(task, seconds, meter);
        if (round >= 0) all.get(task)?.push(measured);
      }
    }
  }
  return all;
}

function rowOf(task: Task, tasks: readonly Task[], rounds: Rounds): Row {
  const own = rounds.get(task) ?? [];
  const first = rounds.get(tasks.find(({ table }) => table === task.table) as Task) ?? [];
  const ratio = (figure: (round: TaskRound) => number | null): number | null => {
    const ratios = own.map((round, at) => {
      const [mine, theirs] = [figure(round), figure(first[at] as TaskRound)];
      return mine === null || theirs === null ? null : mine / theirs;
    });
    const known = ratios.filter((each) => each !== null);
    return known.length < ratios.length ? null : Number(quantile(known, 0.5).toFixed(2));
  };
  const lost = own.map((round) => round.lost).filter((each) => each !== null);
  return {
    ...{ table: task.table, name: task.name, label: task.label },
    perSecond: spread(own.map(({ perSecond }) => perSecond)) as Spread,
    cpu: spread(own.map(({ cpu }) => cpu)),
    statements: Number(
      quantile(
        own.map(({ statements }) => statements),
        0.5,
      ).toFixed(2),
    ),
    lost: lost.length === 0 ? null : Number(quantile(lost, 0.5).toFixed(3)),
    speed: ratio(({ perSecond }) => perSecond) ?? Number.NaN,
    cpuRatio: ratio(({ cpu }) => cpu),
    target: task.name === 'ours' ? (targets[task.table] ?? '') : '',
  };
}

function drawNumbers({ rows }: StoreNumbers): DrawnTable[] {
  return [...new Set(rows.map(({ table }) => table))].map((table) => {
    const own = rows.filter((row) => row.table === table);
    const isCounted = own.some(({ lost }) => lost !== null);
    const head = ['', 'a second', '×', 'CPU µs', 'CPU ×', 'statements'];
    const cells = own.map((row) => [
      row.label,
      row.perSecond.median.toFixed(0),
      row.speed.toFixed(2),
      row.cpu?.median.toFixed(0) ?? 'not measured',
      row.cpuRatio?.toFixed(2) ?? '',
      row.statements.toFixed(2),
      ...(isCounted ? [`${((row.lost ?? 0) * 100).toFixed(1)} %`] : []),
      row.target,
    ]);
    const full = [...head, ...(isCounted ? ['lost'] : []), 'target'];
    return { title: tables[table] ?? table, head: full, rows: cells };
  });
}
