/** Progress and end of a command that needs a database. */
import { errorMessage } from './error-message.ts';
import { Interrupted } from './signals.ts';

/** Prints a line of progress; standard output is for results. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs a command, prints the error that ends it, and returns the error's exit code: 2 for a wrong
 * call, and 1 for an error that has none.
 */
export async function exitCodeOf(command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\n`);
    if (error instanceof Interrupted) return error.code;
    const { code, exitCode = 1 } = Object(error) as { code?: unknown; exitCode?: number };
    return String(code).startsWith('ERR_PARSE_ARGS_') ? 2 : exitCode;
  }
}
