/** The command line: what may stand on it, and what is said of one that cannot be followed. */
import { parseArgs } from 'node:util';
import type { Lesson } from '../course/catalogue.ts';
import type { Terminal } from './terminal.ts';

/** A command line that cannot be followed; the program ends with 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

interface Option {
  type: 'boolean' | 'string';
  short?: string | undefined;
}

/** One of the runner's commands. */
export interface Command {
  name: string;
  /** What `--help` prints. */
  help: string;
  /** Its own options; `--help` and `--json` belong to all. */
  options: Record<string, Option>;
  /** How many words it takes besides its options. */
  words: number;
  /** Returns the exit code. */
  run(call: Call): Promise<number> | number;
}

/** A command line, read. */
export interface Call {
  terminal: Terminal;
  lessons: Lesson[];
  /** The words that are no options. */
  words: string[];
  flag(option: string): boolean;
  text(option: string): string | undefined;
}

/**
 * Reads what follows a command.
 *
 * @param command - The command.
 * @param args - What stands behind it.
 * @returns The words and options.
 * @throws UsageError that names what cannot be followed.
 */
export function readCommandLine(
  command: Command,
  args: string[],
): Pick<Call, 'words' | 'flag' | 'text'> {
  const options = {
    ...command.options,
    help: { type: 'boolean', short: 'h' },
    json: { type: 'boolean' },
  } as const;
  let read: { values: Record<string, unknown>; positionals: string[] };
  try {
    read = parseArgs({ args, options: options as never, allowPositionals: true });
  } catch (error) {
    const [sentence] = (error as Error).message.split('. ', 1);
    throw new UsageError(`${sentence}. npm run ${command.name} -- --help names the options.`);
  }
  const superfluous = read.positionals[command.words];
  if (superfluous !== undefined) {
    throw new UsageError(
      `${command.name} takes ${command.words === 0 ? 'no lesson' : 'one lesson'}, and ` +
        `"${superfluous}" is one word too many. npm run ${command.name} -- --help says more.`,
    );
  }
  return {
    words: read.positionals,
    flag: (option) => read.values[option] === true,
    text: (option) => {
      const value = read.values[option];
      return typeof value === 'string' ? value : undefined;
    },
  };
}
