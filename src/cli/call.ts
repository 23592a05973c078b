/** A command line, parsed by the table of commands. */
import { parseArgs } from 'node:util';
import { UsageError } from './ends.ts';
import type { Surroundings, Terminal } from './terminal.ts';

/** One option, as `--help` shows it. */
export interface Option {
  readonly about: string;
  /** The name of its value; without one it is a switch. */
  readonly value?: string;
  /** Whether it may be given several times. */
  readonly multiple?: boolean;
}

/** Options by their names. */
export type OptionTable = Readonly<Record<string, Option>>;

/** A command's parsed line and its surroundings. */
export interface Call extends Pick<Surroundings, 'env' | 'signal'> {
  readonly terminal: Terminal;
  /** The arguments that are not options. */
  readonly words: readonly string[];
  flag(option: string): boolean;
  /** The value of an option; undefined if it was not given. */
  text(option: string): string | undefined;
  /** The values of an option that may be given several times. */
  list(option: string): readonly string[];
  /** @throws UsageError for a value that is not a number above 0. */
  number(option: string): number | undefined;
}

/** The parsed part of a call. */
export type Line = Pick<Call, 'words' | 'flag' | 'text' | 'list' | 'number'>;

/**
 * Parses a command's arguments.
 *
 * @param name - The command, for messages.
 * @param most - How many words it takes.
 * @throws UsageError that names the wrong argument.
 */
export function parseLine(
  name: string,
  table: OptionTable,
  most: number,
  args: readonly string[],
): Line {
  const options = Object.fromEntries(
    Object.entries(table).map(([option, { value, multiple = false }]) => [
      option,
      {
        type: value === undefined ? 'boolean' : 'string',
        multiple,
        ...(option === 'help' && { short: 'h' }),
      } as const,
    ]),
  );
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: guarded(args), options, allowPositionals: true });
  } catch (error) {
    const [sentence] = (error as Error).message.split('. ', 1);
    throw new UsageError(`${sentence}: phpsessid ${name} --help lists the options`);
  }
  const { values, positionals: words } = parsed;
  if (words.length > most) {
    throw new UsageError(
      `"${words[most]}" is one argument too many: phpsessid ${name} --help shows the form`,
    );
  }
  const text = (option: string): string | undefined => {
    const value = values[option];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    words,
    flag: (option) => values[option] === true,
    text,
    list: (option) => (values[option] ?? []) as string[],
    number: (option) => {
      const given = text(option);
      if (given === undefined) return undefined;
      const value = Number(given);
      if (given.trim() !== '' && value > 0) return value;
      throw new UsageError(`--${option} takes a number above 0, not "${given}"`);
    },
  };
}

/** One handle in 64 begins with the sign of an option: it goes behind its option, or behind `--`. */
function guarded(args: readonly string[]): string[] {
  const [before, after]: [string[], string[]] = [[], []];
  for (const arg of args) {
    const last = before.at(-1);
    if (!/^-[\w-]{23}$/.test(arg)) before.push(arg);
    else if (last === '--except') before[before.length - 1] = `${last}=${arg}`;
    else after.push(arg);
  }
  return after.length === 0 ? before : [...before, '--', ...after];
}
