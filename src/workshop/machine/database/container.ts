/** The last resort for a server: a container, if a Docker daemon runs. */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Announcements, findProgram, run } from '../program.ts';
import type { RunFolder, ServerProgram } from './interfaces.ts';

const image = 'mariadb:11';

/** Returns Docker's client, with the image pulled; undefined without a running daemon. */
export async function containerProgram(
  announcements: Announcements,
): Promise<ServerProgram | undefined> {
  const { progress, signal } = announcements;
  const path = findProgram(['docker']);
  if (path === undefined) return undefined;
  const daemon = await run(path, ['info'], { signal, timeout: 10_000 });
  if (daemon.code !== 0) return undefined;
  const known = await run(path, ['image', 'inspect', image], { signal, timeout: 10_000 });
  if (known.code !== 0) {
    progress?.(`database: docker pull ${image} (once) …`);
    const pulled = await run(path, ['pull', '-q', image], { signal, timeout: 600_000 });
    if (pulled.code !== 0) throw new Error(pulled.stderr.trim().slice(-500));
  }
  return {
    path,
    flavour: 'mariadb',
    version: `${image} in Docker`,
    share: undefined,
    args: [],
    environment: process.env,
    image,
  };
}

/**
 * The arguments with which Docker's client runs a server, in the foreground: the client forwards a
 * SIGTERM, and the container is removed when the server ends. The data stays in the run's folder.
 * The root password comes from the client's environment, which `ps` does not show.
 */
export function containerOptions(name: string, folder: RunFolder, port: number): string[] {
  const container = `phpsessid-${basename(folder.path)}`;
  writeFileSync(folder.containerFile, container);
  const uid = process.getuid?.() ?? 0;
  return [
    'run',
    '--rm',
    `--name=${container}`,
    // The files belong to the user, who can remove them; root's are given to the image's own user.
    ...(uid === 0 ? [] : [`--user=${uid}:${process.getgid?.() ?? uid}`]),
    `--volume=${folder.data}:/var/lib/mysql`,
    `--publish=127.0.0.1:${port}:3306`,
    '--env=MARIADB_ROOT_PASSWORD',
    name,
    '--character-set-server=utf8mb4',
    '--innodb-flush-log-at-trx-commit=2',
    '--max-connections=500',
    '--skip-log-bin',
    '--skip-name-resolve',
  ];
}

/** Removes a container that a killed workshop left, if it is there. */
export async function removeContainer(container: string): Promise<void> {
  const docker = findProgram(['docker']);
  if (docker) await run(docker, ['rm', '--force', '--volumes', container], { timeout: 30_000 });
}
