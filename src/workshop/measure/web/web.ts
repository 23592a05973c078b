/**
 * `npm run bench -- php` and `-- http`: a page with a session, beside its peers, served by the built
 * package.
 */
import { execFileSync } from 'node:child_process';
import { root } from '../../course/catalogue.ts';
import { progress } from '../../machine/command.ts';
import { obtainServer } from '../../machine/database/server.ts';
import { npm } from '../../machine/npm.mjs';
import { findDatabaseProcess } from '../cpu.ts';
import { enlarge } from '../enlarge.ts';
import { quantile, type Round, type Spread, spread } from '../figures.ts';
import { readMachine, versionsOf } from '../machine.ts';
import { ENOUGH, takeOptions } from '../options.ts';
import { type DrawnTable, publish, type RunNumbers, today } from '../report.ts';
import { type Running, serveAndRun } from '../rounds.ts';
import { type Comparison, comparisons, findPhp, type Place, serve } from './contenders.ts';

/** The line of one contender on one page. */
interface Row {
  page: string;
  name: string;
  label: string;
  perSecond: Spread;
  /** Microseconds of CPU time of a request: of the web server, and with the database if there is one. */
  server: Spread | null;
  cpu: Spread | null;
  /** Against the comparison's peer, round by round; null without the peer in the run. */
  speed: number | null;
  cpuRatio: number | null;
  failed: number;
  target: string;
}

/** The output of `--json`. */
export interface WebNumbers extends RunNumbers {
  missing: string[];
  rows: Row[];
}

const CLIENTS = 8;

/** Runs a comparison, prints its tables, and returns the exit code. */
export async function run(
  name: keyof typeof comparisons,
  args: readonly string[],
): Promise<number> {
  const comparison = comparisons[name];
  const all = Object.keys(comparison.contenders);
  const options = takeOptions(args, all, CLIENTS, helpOf(name, comparison));
  if (typeof options === 'number') return options;
  const machine = readMachine();
  progress('building dist …');
  const [program = '', ...command] = npm();
  const build = ['run', '--silent', 'build', '--', '--modules'];
  execFileSync(program, [...command, ...build], { cwd: root, stdio: 'inherit' });
  const names = options.only ?? all;
  const server = comparison.hasDatabase ? await obtainServer({ progress }) : undefined;
  if (server) await enlarge(server);
  try {
    const isPhp = (each: string): boolean => comparison.contenders[each]?.php !== undefined;
    const php = names.some(isPhp) ? await findPhp() : undefined;
    const place: Place = { server, php, clients: options.clients };
    const measured = names.filter((each) => php !== undefined || !isPhp(each));
    const running = await serveAndRun(
      measured,
      (each) => serve(each, comparison, place),
      {
        ...{ paths: Object.keys(comparison.pages), rounds: options.rounds },
        ...{ seconds: options.seconds, clients: options.clients },
        database: server ? await findDatabaseProcess(server.url) : [],
      },
      progress,
    );
    const numbers: WebNumbers = {
      date: today(),
      machine,
      versions: versionsOf(comparison.packages, server, php),
      run: { rounds: options.rounds, seconds: options.seconds, clients: options.clients },
      missing: names.filter((each) => !measured.includes(each)),
      rows: Object.keys(comparison.pages).flatMap((page) => rowsOf(page, comparison, running)),
    };
    publish(numbers, options, (done) => drawNumbers(done, comparison));
    return 0;
  } finally {
    await server?.close();
  }
}

function helpOf(name: string, { about, contenders }: Comparison): string {
  return `npm run bench -- ${name} [options]

${about}

  --rounds N     number of rounds (${ENOUGH})
  --seconds S    how long each contender is asked in a round, for each page (1)
  --clients N    number of concurrent clients, each with a session of its own (${CLIENTS})
  --only A,B     only these: ${Object.keys(contenders).join(', ')}
  --json         print the figures as JSON
  --save FILE    also write them to FILE
`;
}

function rowsOf(page: string, comparison: Comparison, all: readonly Running[]): Row[] {
  const { peer, contenders, hasDatabase } = comparison;
  const cpuOf = ({ server, database }: Round): number | null => {
    if (!hasDatabase) return server;
    return server === null || database === null ? null : server + database;
  };
  const others = all.find(({ name }) => name === peer)?.rounds.get(page);
  return all.map(({ name, rounds }) => {
    const own = rounds.get(page) ?? [];
    const ratio = (figure: (round: Round) => number | null): number | null => {
      const ratios = own.flatMap((round, at) => {
        const other = others?.[at];
        const [mine, theirs] = [figure(round), other === undefined ? null : figure(other)];
        return mine === null || theirs === null ? [] : [mine / theirs];
      });
      return ratios.length === 0 ? null : Number(quantile(ratios, 0.5).toFixed(2));
    };
    const wrong = own.map(({ failed }) => failed);
    return {
      ...{ page, name, label: contenders[name]?.label ?? name },
      perSecond: spread(own.map(({ perSecond }) => perSecond)) as Spread,
      server: spread(own.map(({ server }) => server)),
      cpu: spread(own.map(cpuOf)),
      speed: ratio(({ perSecond }) => perSecond),
      cpuRatio: ratio(cpuOf),
      failed: quantile(wrong, 0.5),
      target: contenders[name]?.targets?.[page] ?? '',
    };
  });
}

function drawNumbers({ rows }: WebNumbers, { pages, hasDatabase }: Comparison): DrawnTable[] {
  const head = ['', 'requests/s', '×', 'CPU µs', 'quartiles', 'web server', 'CPU ×', 'wrong'];
  const whose = hasDatabase ? 'web server and database together' : 'the server process';
  const note = `CPU µs: the CPU time of one request, ${whose}.`;
  return Object.entries(pages).map(([page, title]) => {
    const cells = rows
      .filter((row) => row.page === page)
      .map(({ label, perSecond, speed, cpu, server, cpuRatio, failed, target }) => [
        label,
        perSecond.median.toFixed(0),
        speed?.toFixed(2) ?? '',
        cpu?.median.toFixed(0) ?? 'not measured',
        cpu ? `${cpu.low.toFixed(0)}–${cpu.high.toFixed(0)}` : '',
        server?.median.toFixed(0) ?? '',
        cpuRatio?.toFixed(2) ?? '',
        failed === 0 ? '' : `${(failed * 100).toFixed(1)} %`,
        target,
      ]);
    return { title, head: [...head, 'target'], rows: cells, note };
  });
}
