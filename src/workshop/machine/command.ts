/** Progress and end of a command that needs a database. */
import { errorMessage } from './error-message.ts';
import { Interrupted } from './signals.ts';

/** Prints a line of progress; standard output is for results. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Runs a command, prints the error that ends it, and returns its exit code. */
export async function exitCodeOf(command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\n`);
    return error instanceof Interrupted ? error.code : 1;
  }
}
