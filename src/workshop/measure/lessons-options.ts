/** The options of `npm run bench -- lessons`. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';

/** What the command was asked for. */
export interface LessonsOptions {
  rounds: number;
  /** Of each round, for each contender and page. */
  seconds: number;
  clients: number;
  /** Names of contenders; undefined for all. */
  only: string[] | undefined;
  json: boolean;
  save: string | undefined;
  help: boolean;
}

/** So many rounds a median wants before it is kept. */
const ENOUGH = 7;

/** What `--help` prints. */
export const help: string = `npm run bench -- lessons [options]

Asks the counter page of each lesson's class, of PHP and of express-session for a session that
counts, and for one that is only read. All contenders run side by side; each round asks each of
them, and medians of the rounds are printed.

  --rounds N     how many rounds (${ENOUGH})
  --seconds S    how long each contender is asked in a round, for each page (1)
  --clients N    how many clients ask at once, each with a session of its own (4)
  --only A,B     only these: lesson-05 to the last lesson, php-files, php-article, express
  --json         print the figures as data
  --save FILE    keep them as well: docs/numbers.json is what the site draws
`;

/**
 * Reads the command's options.
 *
 * @param args - What stands behind the benchmark's name.
 * @param names - The contenders there are.
 * @returns The options, or a sentence that says which of them is wrong and what it may be.
 */
export function readOptions(
  args: readonly string[],
  names: readonly string[],
): LessonsOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: String(ENOUGH) },
        seconds: { type: 'string', default: '1' },
        clients: { type: 'string', default: '4' },
        only: { type: 'string' },
        json: { type: 'boolean', default: false },
        save: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const rounds = readNumber('--rounds', values.rounds, 1, 99, true);
    if (values.save !== undefined && rounds < ENOUGH) {
      return `--save keeps medians of ${ENOUGH} rounds or more; got --rounds ${rounds}`;
    }
    if (values.save !== undefined && !existsSync(dirname(values.save))) {
      return `--save: there is no folder ${dirname(values.save)}; make it, or name another`;
    }
    return {
      rounds,
      seconds: readNumber('--seconds', values.seconds, 0.1, 60, false),
      clients: readNumber('--clients', values.clients, 1, 64, true),
      only: readNames(values.only, names),
      json: values.json,
      save: values.save,
      help: values.help,
    };
  } catch (error) {
    return (error as Error).message;
  }
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
