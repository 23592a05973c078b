/** Servers that one package of the system holds: found or fetched, and started on a port of the loopback. */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { canFetchPackages, fetchPackages, libraryPath, obtainFirst } from './apt.ts';
import { canConnect, freePort } from './free-port.ts';
import { type Announcements, findProgram, run } from './program.ts';

/** A server that can be started. */
export interface PackagedProgram {
  /** Absolute path. */
  path: string;
  /** The path of its libraries, when it is not installed. */
  env: Record<string, string>;
  /** `2.6.12` */
  version: string;
}

/** A server in a package of its own name. */
export interface Packaged {
  /** Its place in the package: `usr/sbin/haproxy`. */
  file: string;
  /** The option that prints its version, and the version in what it prints. */
  option: string;
  version: RegExp;
  /** Dependencies of the package's set-up and service scripts alone. */
  without: RegExp;
}

/** Milliseconds until a server must be up; a busy small machine needs many seconds. */
const startLimit = 60_000;

/**
 * Obtains a server: an installed one, else that of the system's packages, unpacked into the cache.
 */
export async function obtainPackaged(
  { file, option, version: pattern, without }: Packaged,
  options: Announcements,
): Promise<PackagedProgram | { reason: string }> {
  const name = basename(file);
  const describe = async (path: string, env: Record<string, string>): Promise<PackagedProgram> => {
    const environment = { PATH: process.env['PATH'], ...env };
    const limits = { environment, signal: options.signal, timeout: 30_000 };
    const { stdout, stderr } = await run(path, [option], limits);
    const version = pattern.exec(stdout)?.[1];
    if (version === undefined) {
      throw new Error(`${path} ${option} failed: ${(stderr || stdout).trim()}`);
    }
    return { path, env, version };
  };
  const installed = async () => {
    const path = findProgram([name]);
    return path === undefined ? undefined : await describe(path, {});
  };
  const fetched = async () => {
    if (!canFetchPackages()) return undefined;
    const folder = await fetchPackages([name], { ...options, without });
    const path = join(folder, file);
    if (!existsSync(path)) throw new Error(`${folder} holds no ${name}. Delete it, and try again`);
    return await describe(path, { LD_LIBRARY_PATH: libraryPath(folder) });
  };
  const remedy = `${canFetchPackages() ? 'apt-get install' : 'install'} ${name}`;
  return obtainFirst([installed, fetched], options, `No ${name} (${remedy})`);
}

/**
 * Starts a server on a free port, and on another one if that is taken meanwhile.
 *
 * @param name - Name of the server, for the error.
 * @param port - The port of an earlier start, which is tried first; 0 for none.
 * @param launch - Starts the process.
 * @param isUp - Returns whether the server of the port is up; by default, whether it accepts connections.
 * @returns The port.
 * @throws Error when the server is not up within 20 s.
 */
export async function startOnPort(
  name: string,
  port: number,
  launch: (port: number) => ChildProcess | Promise<ChildProcess>,
  isUp: (port: number) => Promise<boolean> = canConnect,
): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const own = port === 0 || attempt > 1 ? await freePort() : port;
    const child = await launch(own);
    const deadline = Date.now() + startLimit;
    while (child.exitCode === null && Date.now() < deadline) {
      if (await isUp(own)) return own;
      await delay(10);
    }
    // Another program of this machine may have got the port since it was found free.
    if (child.exitCode === null || attempt === 5) {
      throw new Error(`${name} did not start on port ${own}`);
    }
  }
}
