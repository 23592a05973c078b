/** `npm run bench -- http`: a page with a session, beside Express's usual store and PHP. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createConnection } from 'mysql2/promise';
import { root } from '../../course/catalogue.ts';
import { type DatabaseServer, obtainServer } from '../../machine/database/server.ts';
import { npm } from '../../machine/npm.mjs';
import { obtainPhpFpm, type PhpFpm } from '../../machine/php-fpm.ts';
import { type Served, serveNode } from '../contender.ts';
import { findDatabaseProcess } from '../cpu.ts';
import { enlarge } from '../enlarge.ts';
import { quantile, type Round, type Spread, spread } from '../figures.ts';
import { packageVersions, readMachine } from '../machine.ts';
import { ENOUGH, type RunOptions, takeOptions } from '../options.ts';
import { counterPage, servePhp } from '../php-server.ts';
import { layOut, publish, type RunNumbers } from '../report.ts';
import { type Running, running, runRounds } from '../rounds.ts';

/** The line of one contender on one page. */
interface Row {
  page: string;
  name: string;
  label: string;
  perSecond: Spread;
  /** Microseconds of CPU time of a request: of the web server, and with the database. */
  server: Spread | null;
  cpu: Spread | null;
  /** Against Express with express-mysql-session, round by round. */
  speed: number | null;
  cpuRatio: number | null;
  failed: number;
  target: string;
}

/** The output of `--json`. */
export interface HttpNumbers extends RunNumbers {
  date: string;
  missing: string[];
  rows: Row[];
}

const PEER = 'express';
const PHP = ['php-files', 'php-pdo'] as const;

/** By the name of their page in pages.mjs, and PHP's. */
const labels: Record<string, string> = {
  memory: 'Express, express-session, MemoryStore',
  [PEER]: 'Express, express-session, express-mysql-session',
  'ours-behind-express': 'Express, express-session, our store',
  'ours-node': 'node:http, our own door',
  'php-files': 'PHP-FPM and nginx, session files',
  'php-pdo': 'PHP-FPM and nginx, PDO with a locked row',
};

const pages: Record<string, string> = { '/': 'a counter', '/whoami': 'a page that only reads' };

const targets: Record<string, string> = {
  '/ours-node': '≥ 2.2 ×, CPU ≤ 0.6 of PDO’s',
  '/ours-behind-express': '≥ 1.1 ×',
  '/whoamiours-node': '≥ 8 ×',
};

const CLIENTS = 8;

const help = `npm run bench -- http [options]

Builds the package and asks a counter page, and a page that only reads its session, for a request
after the other: Express with express-session and its MySQL store, the same with our store, our own
door on node:http, and PHP where php-fpm can be obtained.

  --rounds N     number of rounds (${ENOUGH})
  --seconds S    how long each contender is asked in a round, for each page (1)
  --clients N    number of concurrent clients, each with a session of its own (${CLIENTS})
  --only A,B     only these: ${Object.keys(labels).join(', ')}
  --json         print the figures as JSON
  --save FILE    also write them to FILE
`;

/**
 * Runs the benchmark and prints its tables.
 *
 * @returns The exit code.
 */
export async function run(args: readonly string[]): Promise<number> {
  const options = takeOptions(args, Object.keys(labels), CLIENTS, help);
  if (typeof options === 'number') return options;
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const machine = readMachine(progress);
  progress('building dist …');
  const [program = '', ...command] = npm();
  const build = ['run', '--silent', 'build', '--', '--modules'];
  execFileSync(program, [...command, ...build], { cwd: root, stdio: 'inherit' });
  const server = await obtainServer({ progress });
  await enlarge(server);
  try {
    const names = options.only ?? Object.keys(labels);
    const php = names.some(isPhp) ? await obtainPhpFpm({ progress }) : undefined;
    const found = php && !('reason' in php) ? php : undefined;
    if (php && 'reason' in php) progress(`PHP is not measured: ${php.reason}`);
    const numbers: HttpNumbers = {
      date: new Date().toISOString().slice(0, 10),
      machine,
      versions: {
        Node: process.versions.node,
        database: server.version,
        ...(found ? { PHP: found.php.version, nginx: found.nginxVersion } : {}),
        ...packageVersions(['mysql2', 'express', 'express-session', 'express-mysql-session']),
      },
      run: { rounds: options.rounds, seconds: options.seconds, clients: options.clients },
      missing: found ? [] : names.filter(isPhp),
      rows: await measureAll(
        names.filter((name) => found !== undefined || !isPhp(name)),
        { server, php: found },
        options,
        progress,
      ),
    };
    publish(numbers, options, drawNumbers);
    return 0;
  } finally {
    await server.close();
  }
}

function isPhp(name: string): boolean {
  return (PHP as readonly string[]).includes(name);
}

/** The database, and PHP's programs. */
interface Place {
  readonly server: DatabaseServer;
  readonly php: PhpFpm | undefined;
}

async function serve(name: string, { server, php }: Place, clients: number): Promise<Served> {
  const { url } = await server.createSchema(`bench ${name}`);
  if (php === undefined || !isPhp(name)) {
    const page = fileURLToPath(new URL('pages.mjs', import.meta.url));
    return await serveNode(page, [name], { DATABASE_URL: url });
  }
  if (name === 'php-files') {
    return await servePhp(php, {
      script: counterPage,
      variables: {},
      settings: {},
      workers: clients,
    });
  }
  const connection = await createConnection(url);
  await connection.query(
    'CREATE TABLE php_sessions (id VARBINARY(128) PRIMARY KEY, d BLOB NOT NULL, ' +
      'expires INT UNSIGNED NOT NULL, KEY (expires)) ENGINE=InnoDB',
  );
  await connection.end();
  return await servePhp(php, {
    script: fileURLToPath(new URL('pdo-page.php', import.meta.url)),
    variables: { DATABASE_URL: url },
    settings: {},
    workers: clients,
  });
}

async function measureAll(
  names: readonly string[],
  place: Place,
  { rounds, seconds, clients }: RunOptions,
  progress: (line: string) => void,
): Promise<Row[]> {
  const all: Running[] = [];
  try {
    for (const name of names) all.push(running(name, await serve(name, place, clients)));
    const database = await findDatabaseProcess(place.server.url);
    const plan = { paths: Object.keys(pages), rounds, seconds, clients, database };
    await runRounds(all, plan, progress);
  } finally {
    await Promise.all(all.map(({ served }) => served.close()));
  }
  const peer = all.find(({ name }) => name === PEER);
  return Object.keys(pages).flatMap((page) =>
    all.map((contender) =>
      rowOf(page, contender.name, contender.rounds.get(page) ?? [], peer?.rounds.get(page)),
    ),
  );
}

function rowOf(
  page: string,
  name: string,
  own: readonly Round[],
  peer: readonly Round[] | undefined,
): Row {
  const cpuOf = ({ server, database }: Round): number | null =>
    server === null || database === null ? null : server + database;
  const ratio = (figure: (round: Round) => number | null): number | null => {
    const ratios = own.flatMap((round, at) => {
      const other = peer?.[at];
      const [mine, theirs] = [figure(round), other === undefined ? null : figure(other)];
      return mine === null || theirs === null ? [] : [mine / theirs];
    });
    return ratios.length === 0 ? null : Number(quantile(ratios, 0.5).toFixed(2));
  };
  return {
    ...{ page, name, label: labels[name] ?? name },
    perSecond: spread(own.map(({ perSecond }) => perSecond)) as Spread,
    server: spread(own.map(({ server }) => server)),
    cpu: spread(own.map(cpuOf)),
    speed: ratio(({ perSecond }) => perSecond),
    cpuRatio: ratio(cpuOf),
    failed: quantile(
      own.map(({ failed }) => failed),
      0.5,
    ),
    target: targets[page + name] ?? '',
  };
}

function drawNumbers({ rows }: HttpNumbers): string[] {
  return Object.entries(pages).flatMap(([page, title]) => {
    const head = ['', 'requests/s', '×', 'CPU µs', 'web server', 'CPU ×', 'wrong', 'target'];
    const cells = rows
      .filter((row) => row.page === page)
      .map(({ label, perSecond, speed, cpu, server, cpuRatio, failed, target }) => [
        label,
        perSecond.median.toFixed(0),
        speed?.toFixed(2) ?? '',
        cpu?.median.toFixed(0) ?? 'not measured',
        server?.median.toFixed(0) ?? '',
        cpuRatio?.toFixed(2) ?? '',
        failed === 0 ? '' : `${(failed * 100).toFixed(1)} %`,
        target,
      ]);
    return [title, ...layOut([head, ...cells]), ''];
  });
}
