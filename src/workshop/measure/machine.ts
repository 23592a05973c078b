/** The computer and the packages of a run, for the lines below a table. */
import { availableParallelism, loadavg } from 'node:os';
import { progress } from '../machine/command.ts';
import type { DatabaseServer } from '../machine/database/server.ts';
import { ownPackages } from '../machine/npm-packages.ts';
import type { PhpFpm } from '../machine/php-fpm.ts';

/** The computer of a run. */
export interface Machine {
  system: string;
  cores: number;
  /** The load average of the minute before the run. */
  load: number;
}

/**
 * Describes this computer, and warns when others keep it busy; call it before any work of the run.
 */
export function readMachine(): Machine {
  const load = Number((loadavg()[0] ?? 0).toFixed(2));
  const cores = availableParallelism();
  if (load > cores / 2) {
    progress(`the load average is ${load} on ${cores} cores: rounds agree better without it`);
  }
  return { system: `${process.platform} ${process.arch}`, cores, load };
}

/** The versions of the programs and packages that a run measures. */
export function versionsOf(
  packages: readonly string[],
  server: DatabaseServer | undefined,
  php?: PhpFpm | undefined,
): Record<string, string> {
  return {
    Node: process.versions.node,
    ...(server ? { database: server.version } : {}),
    ...(php ? { PHP: php.php.version, nginx: php.nginxVersion } : {}),
    ...Object.fromEntries(packages.map((name) => [name, ownPackages.version(name)])),
  };
}
