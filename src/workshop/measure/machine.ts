/** The computer and the packages of a run, for the lines below a table. */
import { availableParallelism, loadavg } from 'node:os';
import { progress } from '../machine/command.ts';
import { ownPackages } from '../machine/npm-packages.ts';

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

/** Reads the versions of installed packages. */
export function packageVersions(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, ownPackages.version(name)]));
}
