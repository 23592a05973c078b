/** `npm run bench -- lessons`: what each lesson costs or saves, beside PHP and Express. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, loadavg } from 'node:os';
import { createConnection } from 'mysql2/promise';
import { readLessons } from '../course/catalogue.ts';
import { type DatabaseServer, obtainServer } from '../machine/database/server.ts';
import { obtainPhpFpm, type PhpFpm } from '../machine/php-fpm.ts';
import { countStatements } from './lessons-count.ts';
import { findDatabaseProcess } from './lessons-cpu.ts';
import { type Numbers, pages, type Row, summarise } from './lessons-numbers.ts';
import { help, type LessonsOptions, readOptions } from './lessons-options.ts';
import { printNumbers } from './lessons-print.ts';
import { type Running, runRounds } from './lessons-rounds.ts';
import { type Contender, contenderNames, findContenders, phpNames } from './lessons-servers.ts';

type Progress = (line: string) => void;

/**
 * Runs the benchmark and prints its table.
 *
 * @param args - The command's options.
 * @returns The exit code.
 */
export async function run(args: readonly string[]): Promise<number> {
  const lessons = readLessons();
  const options = readOptions(args, contenderNames(lessons));
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n\n${help}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(help);
    return 0;
  }
  const progress: Progress = (line) => process.stderr.write(`${line}\n`);
  // Before any work of our own is part of it.
  const load = Number((loadavg()[0] ?? 0).toFixed(2));
  const cores = availableParallelism();
  if (load > cores / 2) {
    progress(
      `${load} processes want these ${cores} cores already: on a quiet machine rounds agree`,
    );
  }
  const server = await obtainServer({ progress });
  try {
    const wanted = (name: string): boolean => options.only?.includes(name) ?? true;
    const php = phpNames.some(wanted) ? await obtainPhpFpm({ progress }) : undefined;
    const found = php && !('reason' in php) ? php : undefined;
    if (php && 'reason' in php) progress(`PHP is not measured: ${php.reason}`);
    const contenders = findContenders(lessons, found).filter(({ name }) => wanted(name));
    const rows = await measureAll(server, contenders, options, progress);
    const numbers: Numbers = {
      date: new Date().toISOString().slice(0, 10),
      machine: {
        system: `${process.platform} ${process.arch}`,
        cores,
        load,
      },
      versions: versionsOf(server, found),
      run: { rounds: options.rounds, seconds: options.seconds, clients: options.clients },
      missing: found ? [] : phpNames.filter(wanted),
      rows,
    };
    const text = `${JSON.stringify(numbers, null, 2)}\n`;
    if (options.save !== undefined) writeFileSync(options.save, text);
    process.stdout.write(options.json ? text : printNumbers(numbers));
    return 0;
  } finally {
    await server.close();
  }
}

/** Each keeps its sessions in a schema of its own, and is served until the last round is over. */
async function measureAll(
  server: DatabaseServer,
  contenders: readonly Contender[],
  options: LessonsOptions,
  progress: Progress,
): Promise<Row[]> {
  const { rounds, seconds, clients } = options;
  const all: (Running & {
    contender: Contender;
    counted: Awaited<ReturnType<typeof countStatements>>;
  })[] = [];
  try {
    for (const contender of contenders) {
      progress(`counting the statements of ${contender.label} …`);
      const databaseUrl = await makeSchema(server, contender);
      const counted = await countStatements(contender, databaseUrl);
      const served = await contender.serve({ databaseUrl, sweeps: true, clients });
      const { name } = contender;
      const none = { count: [], read: [] };
      all.push({ name, contender, counted, served, rounds: none, complaint: undefined });
    }
    const database = await findDatabaseProcess(server.url);
    await runRounds(all, { rounds, seconds, clients, database }, progress);
  } finally {
    await Promise.all(all.map(({ served }) => served.close()));
  }
  for (const { name, complaint } of all) {
    if (complaint !== undefined) progress(`${name}: not every answer was right: ${complaint}`);
  }
  return all.map(({ contender: { name, label }, counted, rounds }) => {
    const [count, read] = pages.map((page) => summarise(rounds[page], counted[page]));
    if (!count || !read) throw new Error('every contender is asked for both pages');
    return { name, label, pages: { count, read } };
  });
}

async function makeSchema(server: DatabaseServer, { name, schemaSql }: Contender): Promise<string> {
  const { url } = await server.createSchema(`bench ${name}`);
  if (schemaSql === undefined) return url;
  const connection = await createConnection({ uri: url, multipleStatements: true });
  await connection.query(schemaSql);
  await connection.end();
  return url;
}

function versionsOf(server: DatabaseServer, php: PhpFpm | undefined): Record<string, string> {
  const require = createRequire(import.meta.url);
  const packageVersion = (name: string): string => {
    const path = require.resolve.paths(name)?.map((folder) => `${folder}/${name}/package.json`);
    const text = path?.map(readIfThere).find((each) => each !== undefined);
    return (JSON.parse(text ?? '{}') as { version?: string }).version ?? 'unknown';
  };
  const packages = ['mysql2', 'express', 'express-session', 'express-mysql-session'];
  return {
    Node: process.versions.node,
    database: server.version,
    ...(php ? { PHP: php.php.version, nginx: php.nginxVersion } : {}),
    ...Object.fromEntries(packages.map((name) => [name, packageVersion(name)])),
  };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
