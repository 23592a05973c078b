/** The computer and the packages of a run, for the lines below a table. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, loadavg } from 'node:os';

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
export function readMachine(progress: (line: string) => void): Machine {
  const load = Number((loadavg()[0] ?? 0).toFixed(2));
  const cores = availableParallelism();
  if (load > cores / 2) {
    progress(`the load average is ${load} on ${cores} cores: rounds agree better without it`);
  }
  return { system: `${process.platform} ${process.arch}`, cores, load };
}

/** Reads the versions of installed packages. */
export function packageVersions(names: readonly string[]): Record<string, string> {
  const require = createRequire(import.meta.url);
  return Object.fromEntries(
    names.map((name) => {
      const paths = require.resolve.paths(name) ?? [];
      const texts = paths.map((folder) => readIfThere(`${folder}/${name}/package.json`));
      const text = texts.find((each) => each !== undefined) ?? '{}';
      return [name, (JSON.parse(text) as { version?: string }).version ?? 'unknown'];
    }),
  );
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
