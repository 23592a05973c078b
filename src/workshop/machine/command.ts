/** Progress and end of a command that needs a database. */
import { errorMessage, InvalidCommand } from './error-message.ts';
import { Interrupted } from './signals.ts';

/** Prints a line of progress; standard output is for results. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Runs a command, prints the error that ends it, and returns its exit code: 2 for a wrong call. */
export async function exitCodeOf(command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\n`);
    if (error instanceof Interrupted) return error.code;
    return error instanceof InvalidCommand || isOfParseArgs(error) ? 2 : 1;
  }
}

function isOfParseArgs(error: unknown): boolean {
  return String((error as { code?: unknown } | undefined)?.code).startsWith('ERR_PARSE_ARGS_');
}
