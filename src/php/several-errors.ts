/** Errors of which only one can be thrown. */
import { inspect } from 'node:util';

/**
 * Reports an error that no caller receives as a warning of the process.
 *
 * @param error - Any value: process.emitWarning() throws for one that is neither an Error nor a text.
 */
export function warnOf(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : inspect(error));
}

/**
 * Throws the first of several errors as it is, and warns of the others. An AggregateError would hide
 * the class and the code of the first one from a `catch`, and a `cause` would claim that one has led
 * to the other.
 *
 * @param errors - The errors in their order; none is thrown for none.
 */
export function throwFirst(errors: readonly unknown[]): void {
  const [first, ...others] = new Set(errors);
  others.forEach(warnOf);
  if (errors.length > 0) throw first;
}
