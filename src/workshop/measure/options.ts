/** The options of the benchmarks that ask servers for pages. */
import { parseArgs } from 'node:util';
import { requireFolder } from '../machine/command.ts';

/** The options of one run. */
export interface RunOptions {
  rounds: number;
  /** The length of a round, for each contender and page. */
  seconds: number;
  clients: number;
  /** Sessions in the table, where a benchmark has a choice. */
  sessions: number;
  /** Names of contenders; undefined for all. */
  only: string[] | undefined;
  json: boolean;
  save: string | undefined;
  help: boolean;
}

/** The fewest rounds whose medians may be published. */
export const ENOUGH = 7;

/**
 * Reads a benchmark's options.
 *
 * @param args - The arguments after the benchmark's name.
 * @param names - All contenders.
 * @param clients - The default of --clients.
 * @param seconds - The default of --seconds.
 * @returns The options, or a sentence that names the wrong one and the values it takes.
 */
export function readOptions(
  args: readonly string[],
  names: readonly string[],
  clients: number,
  seconds = 1,
): RunOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: String(ENOUGH) },
        seconds: { type: 'string', default: String(seconds) },
        clients: { type: 'string', default: String(clients) },
        sessions: { type: 'string', default: '30000' },
        only: { type: 'string' },
        json: { type: 'boolean', default: false },
        save: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const rounds = readNumber('--rounds', values.rounds, 1, 99, true);
    if (values.save !== undefined && rounds < ENOUGH) {
      return `--save takes ${ENOUGH} rounds or more; got --rounds ${rounds}`;
    }
    requireFolder(values.save);
    return {
      rounds,
      seconds: readNumber('--seconds', values.seconds, 0.1, 60, false),
      clients: readNumber('--clients', values.clients, 1, 64, true),
      sessions: readNumber('--sessions', values.sessions, 1000, 1_000_000, true),
      only: readNames(values.only, names),
      json: values.json,
      save: values.save,
      help: values.help,
    };
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * Reads a benchmark's options. Prints the help, or the refusal of a wrong option above the help.
 *
 * @returns The options; an exit code when nothing is to be measured.
 */
export function takeOptions(
  args: readonly string[],
  names: readonly string[],
  clients: number,
  help: string,
  seconds = 1,
): RunOptions | number {
  const options = readOptions(args, names, clients, seconds);
  if (typeof options === 'string') {
    process.stderr.write(`${options}\n\n${help}`);
    return 2;
  }
  if (!options.help) return options;
  process.stdout.write(help);
  return 0;
}

function readNumber(
  option: string,
  text: string,
  least: number,
  most: number,
  whole: boolean,
): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (number >= least && number <= most && (!whole || Number.isInteger(number))) return number;
  const kind = whole ? 'a whole number' : 'a number';
  throw new RangeError(`${option} takes ${kind} from ${least} to ${most}; got "${text}"`);
}

function readNames(text: string | undefined, names: readonly string[]): string[] | undefined {
  if (text === undefined) return undefined;
  const wanted = text.split(',').map((name) => name.trim());
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown === undefined) return wanted;
  throw new RangeError(`--only: there is no "${unknown}"; there are ${names.join(', ')}`);
}
