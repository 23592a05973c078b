/** The rounds of a benchmark: one contender after the other, over and over. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { stripTypes } from '../machine/program.ts';
import { keepTrackOf } from '../sandbox/children.ts';
import type { Served } from './contender.ts';
import { cpuTimeOf } from './cpu.ts';
import { orderOf, type Round } from './figures.ts';
import type { LoadOrder, LoadReport } from './load.ts';

/** A contender that is served. */
export interface Running {
  readonly name: string;
  readonly served: Served;
  /** The finished rounds of each path. */
  readonly rounds: Map<string, Round[]>;
  /** The fault of the first wrong response. */
  complaint: string | undefined;
}

/** The length and the number of the rounds. */
export interface Plan {
  /** The pages' paths. */
  paths: readonly string[];
  rounds: number;
  seconds: number;
  clients: number;
  /** The database's process, if it can be watched. */
  database: readonly number[];
}

/** Serves contenders until the last round is over, and returns them with their rounds. */
export async function serveAndRun(
  names: readonly string[],
  serve: (name: string) => Promise<Served>,
  plan: Plan,
  progress: (line: string) => void,
): Promise<Running[]> {
  const all: Running[] = [];
  try {
    for (const name of names) {
      all.push({ name, served: await serve(name), rounds: new Map(), complaint: undefined });
    }
    await runRounds(all, plan, progress);
    return all;
  } finally {
    await Promise.all(all.map(({ served }) => served.close()));
  }
}

/** Asks every contender for every page in every round, and records the figures. */
async function runRounds(
  contenders: readonly Running[],
  plan: Plan,
  progress: (line: string) => void,
): Promise<void> {
  const load = startLoad();
  try {
    const each = contenders.length * plan.paths.length * plan.seconds;
    progress(`warming up, ${Math.ceil(each)} s …`);
    for (const contender of contenders) {
      for (const path of plan.paths) await measure(load, contender, path, plan);
      contender.complaint = undefined;
    }
    for (let round = 0; round < plan.rounds; round += 1) {
      const left = Math.ceil(each * (plan.rounds - round));
      progress(`round ${round + 1} of ${plan.rounds}, ${left} s to go …`);
      for (const contender of orderOf(contenders, round)) {
        for (const path of plan.paths) {
          const done = contender.rounds.get(path) ?? [];
          contender.rounds.set(path, [...done, await measure(load, contender, path, plan)]);
        }
      }
    }
  } finally {
    const ended = once(load, 'exit');
    load.disconnect();
    await ended;
  }
  for (const { name, complaint } of contenders) {
    if (complaint !== undefined) progress(`${name}: not every response was right: ${complaint}`);
  }
}

function startLoad(): ChildProcess {
  const load = fork(fileURLToPath(new URL('load.ts', import.meta.url)), {
    execArgv: [...stripTypes],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  keepTrackOf(load);
  return load;
}

async function measure(
  load: ChildProcess,
  contender: Running,
  path: string,
  { seconds, clients, database }: Plan,
): Promise<Round> {
  const { name, served } = contender;
  const { ports } = served;
  const order: LoadOrder = { name, ports, path, seconds, clients };
  const before = [cpuTimeOf(served.pids), cpuTimeOf(database)];
  const report = await send(load, order);
  const after = [cpuTimeOf(served.pids), cpuTimeOf(database)];
  contender.complaint ??= report.complaint;
  const asked = report.right + report.wrong;
  const [server = null, ofDatabase = null] = before.map((began, index) => {
    const now = after[index];
    return began === undefined || now === undefined ? null : (now - began) / asked;
  });
  return {
    perSecond: report.right / report.seconds,
    server,
    database: ofDatabase,
    p50: report.p50,
    p99: report.p99,
    failed: report.wrong / asked,
  };
}

function send(load: ChildProcess, order: LoadOrder): Promise<LoadReport> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error('the clients of the benchmark ended unexpectedly'));
    load.once('exit', onExit);
    load.once('message', (report: LoadReport) => {
      load.off('exit', onExit);
      resolve(report);
    });
    load.send(order);
  });
}
