/** `npm run bench -- lessons`: what each lesson's class costs or saves, beside PHP and Express. */
import { readLessons } from '../../course/catalogue.ts';
import { progress } from '../../machine/command.ts';
import { type DatabaseServer, obtainServer } from '../../machine/database/server.ts';
import type { Served } from '../contender.ts';
import { findDatabaseProcess } from '../cpu.ts';
import { readMachine, versionsOf } from '../machine.ts';
import { ENOUGH, type RunOptions, takeOptions } from '../options.ts';
import { publish, today } from '../report.ts';
import { serveAndRun } from '../rounds.ts';
import { findPhp } from '../web/contenders.ts';
import { type Contender, contenderNames, findContenders, phpNames } from './contenders.ts';
import { type Counted, countStatements } from './count.ts';
import { type Numbers, pages, paths, type Row, summarise } from './numbers.ts';
import { drawNumbers } from './print.ts';

const CLIENTS = 4;

/** The packages whose versions are printed. */
const PACKAGES = ['mysql2', 'express', 'express-session', 'express-mysql-session'];

const help = `npm run bench -- lessons [options]

Asks the counter page of each lesson's class, of PHP and of express-session for a session that
counts, and for one that is only read. All contenders run side by side; each round asks each of
them, and medians of the rounds are printed.

  --rounds N     number of rounds (${ENOUGH})
  --seconds S    how long each contender is asked in a round, for each page (1)
  --clients N    number of concurrent clients, each with a session of its own (${CLIENTS})
  --only A,B     only these: lesson-05 to the last lesson, php-files, php-article, php-twin,
                 express
  --json         print the figures as JSON
  --save FILE    also write them to FILE: the site draws docs/numbers.json
`;

/** Runs the benchmark, prints its table, and returns the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const lessons = readLessons();
  const options = takeOptions(args, contenderNames(lessons), CLIENTS, help);
  if (typeof options === 'number') return options;
  const machine = readMachine();
  const server = await obtainServer({ progress });
  try {
    const wanted = (name: string): boolean => options.only?.includes(name) ?? true;
    const php = phpNames.some(wanted) ? await findPhp() : undefined;
    const contenders = findContenders(lessons, php).filter(({ name }) => wanted(name));
    const numbers: Numbers = {
      date: today(),
      machine,
      versions: versionsOf(PACKAGES, server, php),
      run: { rounds: options.rounds, seconds: options.seconds, clients: options.clients },
      missing: php ? [] : phpNames.filter(wanted),
      rows: await measureAll(server, contenders, options),
    };
    publish(numbers, options, drawNumbers);
    return 0;
  } finally {
    await server.close();
  }
}

/** Gives each contender its own schema, and serves all of them until the last round is over. */
async function measureAll(
  server: DatabaseServer,
  contenders: readonly Contender[],
  { rounds, seconds, clients }: RunOptions,
): Promise<Row[]> {
  const counted = new Map<string, Awaited<ReturnType<typeof countStatements>>>();
  const find = (name: string): Contender =>
    contenders.find((each) => each.name === name) as Contender;
  const serve = async (name: string): Promise<Served> => {
    const contender = find(name);
    progress(`counting the statements of ${contender.label} …`);
    const databaseUrl = await makeSchema(server, contender);
    counted.set(name, await countStatements(contender, databaseUrl));
    return await contender.serve({ databaseUrl, sweeps: true, clients });
  };
  const database = await findDatabaseProcess(server.url);
  const plan = { paths: Object.values(paths), rounds, seconds, clients, database };
  const names = contenders.map(({ name }) => name);
  const all = await serveAndRun(names, serve, plan, progress);
  return all.map(({ name, rounds }) => {
    const [count, read] = pages.map((page) =>
      summarise(rounds.get(paths[page]) ?? [], counted.get(name)?.[page] as Counted),
    );
    if (!count || !read) throw new Error('every contender is asked for both pages');
    return { name, label: find(name).label, pages: { count, read } };
  });
}

async function makeSchema(server: DatabaseServer, { name, schemaSql }: Contender): Promise<string> {
  const schema = await server.createSchema(`bench ${name}`);
  if (schemaSql !== undefined) await schema.run(schemaSql);
  return schema.url;
}
