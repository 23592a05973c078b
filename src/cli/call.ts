/** A command line, parsed by the table of commands. */
import { parseArgs } from 'node:util';
import { UsageError } from './ends.ts';
import type { Surroundings, Terminal } from './terminal.ts';

/** Seconds: 11 days. */
const LONGEST = 1e6;

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
  /** @throws UsageError for a value that is not a time. */
  seconds(option: string): number | undefined;
  /** @throws UsageError for a value that is not a whole number, or is above `most`. */
  count(option: string, most?: number): number | undefined;
}

/** The parsed part of a call. */
export type Line = Pick<Call, 'words' | 'flag' | 'text' | 'list' | 'seconds' | 'count'>;

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
    parsed = parseArgs({ args: guarded(args), options, allowPositionals: true, tokens: true });
  } catch (error) {
    const { message } = error as Error;
    const [, option = ''] = /^Option '(--[\w-]+)' argument is ambiguous/.exec(message) ?? [];
    const next = args[args.indexOf(option) + 1];
    if (option) throw new UsageError(`"${next}" looks like an option: write ${option}=${next}`);
    const [sentence] = message.split(/\.(?: |\n)/, 1);
    throw new UsageError(`${sentence}: phpsessid ${name} --help lists the options`);
  }
  const { values, positionals: words, tokens = [] } = parsed;
  // Of `--user ann --user bob` parseArgs would keep bob alone.
  const given = tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []));
  const twice = given.find(
    (option, at) =>
      table[option]?.value !== undefined && !table[option].multiple && given.indexOf(option) < at,
  );
  if (twice !== undefined) {
    throw new UsageError(`--${twice} is given twice: phpsessid ${name} takes one`);
  }
  if (words.length > most) {
    throw new UsageError(
      `"${words[most]}" is one argument too many: phpsessid ${name} --help shows the form`,
    );
  }
  for (const [option, value] of [...Object.entries(values), ...words.map((word) => ['', word])]) {
    // A variable of the shell that is not set becomes an empty argument.
    if (![value].flat().includes('')) continue;
    throw new UsageError(
      `${option === '' ? name : `--${option}`} takes a value, and not an empty one`,
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
    seconds: (option) =>
      numberOf(option, text(option), /^\d+(?:\.\d+)?$/, LONGEST, 'seconds above 0'),
    count: (option, most = Number.MAX_SAFE_INTEGER) =>
      numberOf(option, text(option), /^\d+$/, most, 'a whole number from 1'),
  };
}

function numberOf(
  option: string,
  given: string | undefined,
  form: RegExp,
  most: number,
  takes: string,
): number | undefined {
  if (given === undefined) return undefined;
  const value = form.test(given) ? Number(given) : 0;
  if (value > 0 && value <= most) return value;
  throw new UsageError(`--${option} takes ${takes}, at most ${most}, not "${given}"`);
}

/** One handle in 64 begins with `-`, as options do: it is joined to its option, or put behind `--`. */
function guarded(args: readonly string[]): string[] {
  const [before, after]: [string[], string[]] = [[], []];
  for (const [at, arg] of args.entries()) {
    if (arg === '--') {
      after.push(...args.slice(at + 1));
      break;
    }
    const last = before.at(-1);
    if (!/^-[\w-]{23}$/.test(arg)) before.push(arg);
    else if (last === '--except') before[before.length - 1] = `${last}=${arg}`;
    else after.push(arg);
  }
  return after.length === 0 ? before : [...before, '--', ...after];
}
