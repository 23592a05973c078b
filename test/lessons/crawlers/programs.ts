/** The four crawlers of lesson 22 as programs that can be run. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from '../../../src/workshop/course/catalogue.ts';
import { obtainPhpCli, withIni } from '../../../src/workshop/machine/php.ts';
import { type RunResult, run, stripTypes } from '../../../src/workshop/machine/program.ts';
import { HANG } from '../../hang.ts';
import { compile, obtainCCompiler } from '../../workshop/machine/c-compiler.ts';
import { obtainPython } from '../../workshop/machine/python.ts';

export const folder: string = join(root, 'lessons/22-the-crawlers');

/** One program, and what it needs to be found in its environment. */
export interface Crawler {
  name: string;
  command: string[];
  env: Record<string, string>;
}

/** Returns what can be obtained; a machine on which it cannot fails the tests by the reason. */
function had<Found extends object>(found: Found | { reason: string }): Found {
  if ('reason' in found) throw new Error(found.reason);
  return found;
}

/** The four programs, and the end of what was made for them. */
export async function prepareCrawlers(): Promise<{ crawlers: Crawler[]; end(): Promise<void> }> {
  const [compiler, python, php] = [
    had(await obtainCCompiler()),
    had(await obtainPython()),
    had(await obtainPhpCli()),
  ];
  const made = await mkdtemp(join(tmpdir(), 'phpsessid-crawlers-'));
  const program = join(made, 'crawl');
  await compile(compiler, join(folder, 'crawl.c'), program);
  const lesson = ['-C', 'lesson-22', ...stripTypes];
  return {
    crawlers: [
      { name: 'C', command: [program], env: compiler.env },
      { name: 'Python', command: [python.path, join(folder, 'crawl.py')], env: python.env },
      {
        name: 'PHP',
        // Seconds of CPU time: the program is ended at a row that is slow to read.
        command: [
          php.path,
          ...withIni([...php.ini, 'max_execution_time=5']),
          join(folder, 'crawl.php'),
        ],
        env: php.env,
      },
      {
        name: 'TypeScript',
        command: [process.execPath, ...lesson, join(folder, 'crawl.ts')],
        env: {},
      },
    ],
    end: () => rm(made, { recursive: true, force: true }),
  };
}

/** The variables that name a crawler's account. */
export function accountOf(url: string): Record<string, string> {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    CRAWL_HOST: hostname,
    CRAWL_PORT: port,
    CRAWL_USER: username,
    CRAWL_PASSWORD: password,
    CRAWL_DATABASE: pathname.slice(1),
  };
}

/** Runs a crawler to its end. */
export function crawl(
  { command: [program = '', ...before], env }: Crawler,
  account: Record<string, string>,
  ...args: string[]
): Promise<RunResult> {
  const environment = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env, ...account };
  return run(program, [...before, ...args], { environment, timeout: HANG, cwd: root });
}

/** A crawler that runs until it is ended. */
export class Daemon {
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor({ command, env }: Crawler, account: Record<string, string>, ...args: string[]) {
    const [program = '', ...before] = command;
    const environment = {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      ...env,
      ...account,
    };
    this.#child = spawn(program, [...before, ...args], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: root,
    });
    this.#ended = once(this.#child, 'close');
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk;
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk;
    });
  }

  /** Waits until it has printed a text so often, to one stream; throws when that takes too long. */
  async printed(text: string, times = 1): Promise<void> {
    const late = AbortSignal.timeout(HANG);
    while (![this.stdout, this.stderr].some((each) => each.split(text).length > times)) {
      if (this.#child.exitCode !== null) throw new Error(`ended: ${this.stderr || this.stdout}`);
      if (late.aborted) throw new Error(`no ${JSON.stringify(text)} in ${HANG} ms: ${this.stderr}`);
      const turn = new AbortController();
      const signal = AbortSignal.any([late, turn.signal]);
      const streams = [this.#child.stdout, this.#child.stderr];
      const data = streams.map((each) => each && once(each, 'data', { signal }));
      await Promise.race([this.#ended, ...data]).catch(() => {});
      turn.abort();
    }
  }

  /** Ends it by SIGTERM, and returns its exit code and milliseconds; throws when it takes too long. */
  async terminate(): Promise<{ code: number | string | null; took: number }> {
    const sent = performance.now();
    this.#child.kill('SIGTERM');
    const late = delay(HANG, 'late', { ref: false });
    if ((await Promise.race([this.#ended, late])) === 'late') {
      throw new Error(`it has not ended ${HANG} ms after SIGTERM`);
    }
    const { exitCode, signalCode } = this.#child;
    return { code: exitCode ?? signalCode, took: performance.now() - sent };
  }

  /** Ends it in any case. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}
