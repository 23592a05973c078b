/** However a benchmark ends, its children end with it. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from '../../../src/workshop/course/catalogue.ts';
import {
  type DatabaseServer,
  obtainServer,
} from '../../../src/workshop/machine/database/server.ts';
import { obtainPhpFpm } from '../../../src/workshop/machine/php-fpm.ts';
import { stripTypes } from '../../../src/workshop/machine/program.ts';
import { HANG } from '../../hang.ts';

const skip = existsSync('/proc/self/stat') ? false : 'this system has no /proc';
const options = { skip };
let server: DatabaseServer;

before(async () => {
  server = await obtainServer();
  // On a new machine this downloads both, which takes longer than a run.
  if (!skip) await obtainPhpFpm();
});
after(() => server.close());

test('Ctrl+C in the middle of a round ends every child', options, async () => {
  const { bench, children } = await untilRounds();
  const ended = once(bench, 'exit');
  bench.kill('SIGINT');
  await allGone([...children, nameOf(bench)]);
  const [, signal] = (await ended) as [number | null, string | null];
  assert.equal(signal, 'SIGINT');
});

test('a run that is killed leaves no child behind', options, async () => {
  const { bench, children } = await untilRounds();
  bench.kill('SIGKILL');
  await allGone([...children, nameOf(bench)]);
});

/** Starts a benchmark with PHP, which has the most children: supervisors, php-fpm, workers, nginx. */
async function untilRounds(): Promise<{ bench: ChildProcess; children: string[] }> {
  const program = [...stripTypes, 'src/workshop/measure/main.ts', 'lessons'];
  const bench = spawn(process.execPath, [...program, '--only', 'lesson-06,express,php-article'], {
    cwd: root,
    env: { ...process.env, WORKSHOP_DATABASE: server.url },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let printed = '';
  for await (const text of bench.stderr) {
    printed += String(text);
    if (printed.includes('warming up')) break;
  }
  const children = descendantsOf(bench.pid ?? 0);
  // Two pages and the clients; with PHP many more.
  assert.ok(children.length >= 3, printed);
  return { bench, children };
}

/** Polls: a process takes a moment to end. Its id and its start time identify it. */
async function allGone(processes: readonly string[]): Promise<void> {
  const deadline = Date.now() + HANG;
  for (;;) {
    const living = readProcesses().filter(({ name }) => processes.includes(name));
    if (living.length === 0) return;
    if (Date.now() > deadline) {
      for (const { pid } of living) process.kill(pid, 'SIGKILL');
      assert.fail(`still there: ${living.map(({ name }) => name).join()}`);
    }
    await delay(20);
  }
}

interface Process {
  pid: number;
  parent: number;
  name: string;
}

function nameOf({ pid }: ChildProcess): string {
  return readProcesses().find((each) => each.pid === pid)?.name ?? '';
}

function descendantsOf(pid: number): string[] {
  const own = readProcesses().filter(({ parent }) => parent === pid);
  return own.flatMap((each) => [each.name, ...descendantsOf(each.pid)]);
}

function readProcesses(): Process[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      let stat: string;
      try {
        stat = readFileSync(`/proc/${entry}/stat`, 'latin1');
      } catch {
        return [];
      }
      const [state, parent, ...more] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z') return [];
      const program = stat.slice(stat.indexOf('('), stat.lastIndexOf(')') + 1);
      const name = `${entry} ${program} begun at ${more[17]}`;
      return [{ pid: Number(entry), parent: Number(parent), name }];
    });
}
