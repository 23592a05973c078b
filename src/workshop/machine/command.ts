/** Command line, progress and end of a command. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { errorMessage } from './error-message.ts';
import { keptByNpm } from './npm-options.ts';
import { Interrupted } from './signals.ts';

/** Prints a line of progress; standard output is for results. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A command line that asks for what there is not. */
export class WrongCall extends Error {
  override name = 'WrongCall';
  readonly exitCode = 2;
}

/**
 * Parses a command line.
 *
 * @param command - As a user types it, for messages: `npm run matrix`.
 * @throws WrongCall that names the wrong argument, or an option that npm has kept.
 */
export function readOptions<const Config extends ParseArgsConfig>(
  command: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  const kept = keptByNpm(Object.keys(config.options ?? {}));
  if (kept !== undefined) {
    throw new WrongCall(
      `npm has kept --${kept} for itself. Put -- before the options: ${command} -- --${kept}`,
    );
  }
  try {
    return parseArgs(config);
  } catch (error) {
    const [sentence] = errorMessage(error).split('. ', 1);
    throw new WrongCall(`${sentence}. ${command} -- --help names the options.`);
  }
}

/**
 * Refuses a file for `--save` whose folder does not exist, before a run of minutes.
 *
 * @throws WrongCall
 */
export function requireFolder(save: string | undefined): void {
  if (save === undefined || existsSync(dirname(save))) return;
  throw new WrongCall(`--save: there is no folder ${dirname(save)}; make it, or name another`);
}

/** Returns an error's exit code: 2 for a wrong call, and 1 for an error that has none. */
export function exitCodeFor(error: unknown): number {
  if (error instanceof Interrupted) return error.code;
  return (Object(error) as { exitCode?: number }).exitCode ?? 1;
}

/** Runs a command, prints the error that ends it, and returns its exit code. */
export async function exitCodeOf(command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\n`);
    return exitCodeFor(error);
  }
}
