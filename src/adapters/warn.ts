import { inspect } from 'node:util';

/**
 * Reports an error that no caller receives as a warning of the process.
 *
 * @param error - Any value: process.emitWarning() throws for one that is neither an Error nor a text.
 */
export function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : inspect(error));
}
