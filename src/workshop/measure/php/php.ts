/** `npm run bench -- php`: the CPU time of PHP's layer itself, beside node:http and express-session. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { root } from '../../course/catalogue.ts';
import { npm } from '../../machine/npm.mjs';
import { serveNode } from '../contender.ts';
import { type Spread, spread } from '../figures.ts';
import { packageVersions, readMachine } from '../machine.ts';
import { ENOUGH, type RunOptions, takeOptions } from '../options.ts';
import { layOut, publish, type RunNumbers } from '../report.ts';
import { type Running, running, runRounds } from '../rounds.ts';

/** The line of one contender. */
interface Row {
  name: string;
  label: string;
  /** Microseconds of the server's CPU time per request; null if it cannot be measured. */
  cpu: Spread | null;
  perSecond: Spread | null;
  /** `cpu` as a multiple of express-session's; null without express-session in the run. */
  ratio: number | null;
  target: string;
}

/** The output of `--json`. */
export interface LayerNumbers extends RunNumbers {
  rows: Row[];
}

const PEER = 'express-session';

/** By the name of their page in pages.mjs. */
const contenders: Record<string, { label: string; target: string }> = {
  node: { label: 'node:http, a cookie and a Map', target: '' },
  [PEER]: { label: 'Express, express-session with MemoryStore', target: '' },
  'php-node': { label: 'withPhpSession(), handler in memory', target: '≤ 60 µs, ≤ 0.40' },
  'php-express': { label: 'phpSession() in Express, the same', target: '≤ 0.90' },
  'php-files': { label: 'withPhpSession(), files handler', target: '≤ 150 µs' },
};

const CLIENTS = 8;

const help = `npm run bench -- php [options]

Builds the package and asks one counter page for a request after the other: with bare node:http,
with express-session, and with PHP's functions in node:http and in Express. No database takes part.
All contenders run side by side; each round asks each of them, and medians are printed.

  --rounds N     number of rounds (${ENOUGH})
  --seconds S    how long each contender is asked in a round (1)
  --clients N    number of concurrent clients, each with a session of its own (${CLIENTS})
  --only A,B     only these: ${Object.keys(contenders).join(', ')}
  --json         print the figures as JSON
  --save FILE    also write them to FILE
`;

/**
 * Runs the benchmark and prints its table.
 *
 * @returns The exit code.
 */
export async function run(args: readonly string[]): Promise<number> {
  const options = takeOptions(args, Object.keys(contenders), CLIENTS, help);
  if (typeof options === 'number') return options;
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const machine = readMachine(progress);
  progress('building dist …');
  const [program = '', ...command] = npm();
  const build = ['run', '--silent', 'build', '--', '--modules'];
  execFileSync(program, [...command, ...build], { cwd: root, stdio: 'inherit' });
  const numbers: LayerNumbers = {
    machine,
    versions: { Node: process.versions.node, ...packageVersions(['express', PEER]) },
    run: { rounds: options.rounds, seconds: options.seconds, clients: options.clients },
    rows: await measureAll(options, progress),
  };
  publish(numbers, options, drawNumbers);
  return 0;
}

async function measureAll(
  { only, rounds, seconds, clients }: RunOptions,
  progress: (line: string) => void,
): Promise<Row[]> {
  const all: Running[] = [];
  try {
    for (const name of only ?? Object.keys(contenders)) {
      const page = fileURLToPath(new URL('pages.mjs', import.meta.url));
      all.push(running(name, await serveNode(page, [name], {})));
    }
    await runRounds(all, { paths: ['/'], rounds, seconds, clients, database: [] }, progress);
  } finally {
    await Promise.all(all.map(({ served }) => served.close()));
  }
  const cpuOf = ({ rounds }: Running): Spread | null =>
    spread((rounds.get('/') ?? []).map(({ server }) => server));
  const peer = all.find(({ name }) => name === PEER);
  const peerCpu = peer === undefined ? null : cpuOf(peer);
  return all.map((contender) => {
    const { name, rounds } = contender;
    const cpu = cpuOf(contender);
    return {
      name,
      label: contenders[name]?.label ?? name,
      cpu,
      perSecond: spread((rounds.get('/') ?? []).map(({ perSecond }) => perSecond)),
      ratio: cpu && peerCpu ? Number((cpu.median / peerCpu.median).toFixed(2)) : null,
      target: contenders[name]?.target ?? '',
    };
  });
}

function drawNumbers({ rows }: LayerNumbers): string[] {
  const head = ['', 'CPU µs', 'quartiles', `${PEER} = 1`, 'target', 'requests/s'];
  const cells = rows.map(({ label, cpu, ratio, target, perSecond }) => [
    label,
    cpu?.median.toFixed(0) ?? 'not measured',
    cpu ? `${cpu.low.toFixed(0)}–${cpu.high.toFixed(0)}` : '',
    ratio?.toFixed(2) ?? '',
    target,
    perSecond?.median.toFixed(0) ?? '',
  ]);
  return [
    ...layOut([head, ...cells]),
    '',
    'CPU µs: the CPU time of the server process for one request.',
  ];
}
