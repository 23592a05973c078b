/** The rounds of the lessons' benchmark: one contender after the other, over and over. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { keepTrackOf } from '../sandbox/children.ts';
import { paths } from './lessons-count.ts';
import { cpuTimeOf } from './lessons-cpu.ts';
import type { LoadOrder, LoadReport } from './lessons-load.ts';
import { orderOf, type PageName, pages, type Round } from './lessons-numbers.ts';
import type { Served } from './lessons-servers.ts';

/** One who is served and waits to be measured. */
export interface Running {
  name: string;
  served: Served;
  rounds: Record<PageName, Round[]>;
  /** What the first wrong answer said. */
  complaint: string | undefined;
}

/** How long and how often. */
export interface Plan {
  rounds: number;
  seconds: number;
  clients: number;
  /** The database's process, where it can be watched. */
  database: readonly number[];
}

/**
 * Asks every contender for every page in every round, and notes what came of it.
 *
 * @param contenders - All of them, served; their rounds are filled.
 * @param plan - How long and how often.
 * @param progress - Told before each round.
 */
export async function runRounds(
  contenders: readonly Running[],
  plan: Plan,
  progress: (line: string) => void,
): Promise<void> {
  const load = startLoad();
  try {
    const each = contenders.length * pages.length * plan.seconds;
    progress(`warming up, ${Math.ceil(each)} s …`);
    for (const contender of contenders) {
      for (const page of pages) await measure(load, contender, page, plan);
      contender.complaint = undefined;
    }
    for (let round = 0; round < plan.rounds; round += 1) {
      const left = Math.ceil(each * (plan.rounds - round));
      progress(`round ${round + 1} of ${plan.rounds}, ${left} s to go …`);
      for (const contender of orderOf(contenders, round)) {
        for (const page of pages) {
          contender.rounds[page].push(await measure(load, contender, page, plan));
        }
      }
    }
  } finally {
    const ended = once(load, 'exit');
    load.disconnect();
    await ended;
  }
}

function startLoad(): ChildProcess {
  const load = fork(fileURLToPath(new URL('lessons-load.ts', import.meta.url)), {
    execArgv: ['--import', import.meta.resolve('tsx')],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  keepTrackOf(load);
  return load;
}

async function measure(
  load: ChildProcess,
  contender: Running,
  page: PageName,
  { seconds, clients, database }: Plan,
): Promise<Round> {
  const { name, served } = contender;
  const { ports } = served;
  const order: LoadOrder = { name, ports, path: paths[page], seconds, clients };
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
    const onExit = (): void =>
      reject(new Error('the clients of the benchmark ended by themselves'));
    load.once('exit', onExit);
    load.once('message', (report: LoadReport) => {
      load.off('exit', onExit);
      resolve(report);
    });
    load.send(order);
  });
}
