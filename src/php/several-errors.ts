/** Errors of which only one can be thrown. */
import { warnOf } from '../serialize/messages.ts';

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
