/** Starts `npm start`'s program as a child process, in a copy of the project if a test needs one. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket, connect as tcpConnect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from '../../../src/workshop/course/catalogue.ts';
import {
  type DatabaseServer,
  obtainServer,
} from '../../../src/workshop/machine/database/server.ts';
import { stripTypes } from '../../../src/workshop/machine/program.ts';
import { keepTrackOf } from '../../../src/workshop/sandbox/children.ts';
import { HANG } from '../../hang.ts';
import { copyProject as copyRoot } from '../copy-project.ts';

export interface Workshop {
  address: string;
  port: number;
  child: ChildProcess;
  /** The output so far, of both streams. */
  output(): string;
  /** Sends a signal and waits for the end. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface Program {
  child: ChildProcess;
  output(): string;
  /** The exit code, once the process has ended. */
  ended: Promise<number | null>;
}

const children = new Set<ChildProcess>();

/** Ends every workshop that this file started and that still runs. */
export async function endAll(): Promise<void> {
  const running = [...children];
  for (const child of running) child.kill('SIGTERM');
  await Promise.all(running.map((child) => once(child, 'close')));
}

/**
 * Runs `src/workshop/start.ts`.
 *
 * @param options - Command line, database and the project's folder.
 */
export function run(options: {
  args: string[];
  database: string;
  project?: string | undefined;
}): Program {
  const child = spawn(
    process.execPath,
    [...stripTypes, 'src/workshop/start.ts', '--no-open', ...options.args],
    {
      cwd: options.project ?? root,
      env: { ...process.env, WORKSHOP_DATABASE: options.database, DATABASE_URL: undefined },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  children.add(child);
  keepTrackOf(child);
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const ended = once(child, 'close').then(([code]) => {
    children.delete(child);
    return code as number | null;
  });
  return { child, output: () => printed, ended };
}

/**
 * Starts the workshop and waits until it says where the lab is.
 *
 * @param database - URL of a server.
 * @param project - A folder to use in place of the project's.
 * @param args - More of the command line.
 */
export async function startWorkshop(
  database: string,
  project?: string,
  args: string[] = ['--no-docs'],
): Promise<Workshop> {
  const program = run({ args: ['--port', '0', ...args], database, project });
  const { child, output, ended } = program;
  const address = () => /lab (http:\/\/127\.0\.0\.1:(\d+)) · database ready/.exec(output());
  await until(() => address() !== null || child.exitCode !== null, 'the lab to be ready');
  const [, url = '', port = ''] = address() ?? [];
  if (url === '') throw new Error(`the workshop did not start:\n${output()}`);
  return {
    address: url,
    port: Number(port),
    child,
    output,
    end: (signal = 'SIGTERM') => {
      child.kill(signal);
      return ended;
    },
  };
}

/** A copy of the project with its own `lessons/mine`, so that no learner's file is touched. */
export function copyProject(): { folder: string; mine: string; remove(): void } {
  const folder = copyRoot('phpsessid-lab-test-');
  // The learner is in lesson 5: the class in these tests works on that lesson's table.
  mkdirSync(join(folder, 'lessons/mine'));
  writeFileSync(join(folder, 'lessons/mine/state.json'), '{"lesson":5,"hints":{}}');
  return {
    folder,
    mine: join(folder, 'lessons/mine/sessions.ts'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A database server for one test file: the run's, or a separate one. */
export function database(): Promise<DatabaseServer> {
  return obtainServer();
}

/** A connection to the database that can be cut and restored. */
interface Cable {
  url: string;
  cut(): Promise<void>;
  restore(): Promise<void>;
}

/**
 * Opens a proxy to the server.
 *
 * @param server - The database server behind the proxy.
 */
export async function openCable(server: DatabaseServer): Promise<Cable> {
  const target = new URL(server.url);
  const sockets = new Set<Socket>();
  const entrance = createServer((near) => {
    const far = tcpConnect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => sockets.delete(one) && other.destroy());
      one.pipe(other);
    }
  });
  const open = async (port: number) => {
    entrance.listen(port, '127.0.0.1');
    await once(entrance, 'listening');
    return (entrance.address() as { port: number }).port;
  };
  const port = await open(0);
  const url = new URL(server.url);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return {
    url: url.href,
    cut: async () => {
      entrance.close();
      for (const socket of sockets) socket.destroy();
      await once(entrance, 'close');
    },
    restore: async () => void (await open(port)),
  };
}

/**
 * Polls until a condition holds.
 *
 * @param question - The condition.
 * @param what - The condition in words, for the error.
 */
export async function until(
  question: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const end = Date.now() + HANG;
  while (!(await question())) {
    if (Date.now() > end) throw new Error(`waited ${HANG / 1_000} s for ${what}`);
    await delay(25);
  }
}

/** Returns whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
