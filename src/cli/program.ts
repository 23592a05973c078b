/** The program: finds the command, runs it, and turns its end into an exit code. */
import { readFileSync } from 'node:fs';
import { type Call, parseLine } from './call.ts';
import { COMMANDS, COMMON } from './commands.ts';
import {
  EXIT_CODES,
  errorName,
  Interrupted,
  PipeClosed,
  Refusal,
  Unreachable,
  UsageError,
} from './ends.ts';
import { commandHelp, programHelp } from './help.ts';
import { type Surroundings, Terminal } from './terminal.ts';

/** The server's error for a right to a table. */
const TABLE_DENIED = 1142;

/** Errors of statements that name their own remedy. */
const REMEDIES: Readonly<Record<number, string>> = {
  1054: "the table has not all of the store's columns: phpsessid doctor lists them, --column names one of another name",
  1143: 'the account has no right to a column of the table: phpsessid doctor prints the GRANT',
  1146: 'the table does not exist: phpsessid create makes it, --table names another',
};

/**
 * Runs one command.
 *
 * @param args - The command line without Node and the program.
 * @returns The exit code.
 */
export async function runProgram(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { env, signal } = surroundings;
  const terminal = new Terminal(surroundings, args.includes('--json'));
  const end = (code: number): number => {
    terminal.end();
    const { reason } = signal;
    if (!signal.aborted) return code;
    return reason instanceof Interrupted ? reason.code : 0;
  };
  // A second Ctrl-C does not wait for the current batch.
  const announce = (): void => {
    if (!(signal.reason instanceof PipeClosed)) {
      terminal.note('stopping after the current step; Ctrl-C again stops at once');
    }
  };
  try {
    const [name = 'help', ...rest] = args;
    if (name === 'help' || name === '--help' || name === '-h') {
      const [topic] = rest;
      await terminal.line(topic === undefined ? programHelp() : commandHelp(topic, specOf(topic)));
      return end(EXIT_CODES.fine);
    }
    if (name === '--version') {
      await terminal.line(versionOf());
      return end(EXIT_CODES.fine);
    }
    const spec = specOf(name);
    const line = parseLine(name, { ...spec.options, ...COMMON }, spec.words, rest);
    if (line.flag('help')) {
      await terminal.line(commandHelp(name, spec));
      return end(EXIT_CODES.fine);
    }
    signal.addEventListener('abort', announce);
    const call: Call = { ...line, terminal, env, signal };
    const { run } = await spec.load();
    return end(await run(call));
  } catch (error) {
    if (signal.aborted) return end(EXIT_CODES.failed);
    terminal.end();
    return await reported(error, terminal);
  } finally {
    signal.removeEventListener('abort', announce);
  }
}

function specOf(name: string): (typeof COMMANDS)[string] {
  const spec = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (spec) return spec;
  if (name.startsWith('-')) {
    throw new UsageError(`the command comes before "${name}": phpsessid --help lists the commands`);
  }
  throw new UsageError(
    `there is no command "${name}": ${Object.keys(COMMANDS).join(', ')}; phpsessid --help`,
  );
}

function versionOf(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** The remedy for a right that is missing; the server's words begin with it: "ALTER command denied". */
function grantOf(error: unknown): string {
  const { sqlMessage } = error as { sqlMessage?: string };
  const [, right = ''] = /^([A-Z ,]+) command denied/.exec(sqlMessage ?? '') ?? [];
  if (!right || /SELECT|INSERT|UPDATE|DELETE/.test(right)) {
    return 'the account has no right to this on the table: phpsessid doctor prints the GRANT';
  }
  return (
    `the account has no right to ${right} on the table, which sessions do not need: run this command ` +
    "once with an administrator's address in DATABASE_URL"
  );
}

/** Writes an error with its remedy, and returns the exit code. Neither has a password, id or data. */
async function reported(error: unknown, terminal: Terminal): Promise<number> {
  if (error instanceof UsageError) {
    terminal.error(error.message);
    return EXIT_CODES.usage;
  }
  if (error instanceof Unreachable) {
    terminal.error(error.message);
    return EXIT_CODES.unreachable;
  }
  if (error instanceof Refusal) {
    terminal.error(error.message);
    return EXIT_CODES.failed;
  }
  const { SessionError, SessionUnavailable } = await import('../store/index.ts');
  if (error instanceof SessionError) {
    terminal.error(error.message);
    return error instanceof SessionUnavailable ? EXIT_CODES.unreachable : EXIT_CODES.failed;
  }
  const { errno, code, fatal, sqlState } = error as Readonly<Record<string, unknown>>;
  const remedy = errno === TABLE_DENIED ? grantOf(error) : REMEDIES[Number(errno)];
  if (remedy !== undefined) {
    terminal.error(remedy);
    return EXIT_CODES.failed;
  }
  if (sqlState === undefined && (fatal === true || typeof errno === 'number')) {
    terminal.error(
      `the connection ended, or the server gave no answer (${String(code)}): check that it runs, and run this again`,
    );
    return EXIT_CODES.unreachable;
  }
  if (fatal === true || typeof errno === 'number') {
    // The server's own text may quote a row's values.
    terminal.error(
      `the server reported ${errorName({ errno, code })}: phpsessid doctor looks for the cause`,
    );
    return fatal === true ? EXIT_CODES.unreachable : EXIT_CODES.failed;
  }
  terminal.error(error instanceof Error ? String(error.stack) : String(error));
  return EXIT_CODES.failed;
}
