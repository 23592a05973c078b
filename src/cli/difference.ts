/** One way in which a table is not as the store needs it. */
import type { Code } from './findings.ts';

/** A difference between a table and the store's schema, with its harm and the statement that ends it. */
export interface Difference {
  readonly code: Code;
  readonly level: 'error' | 'warning';
  /** The state of the table, and its harm. */
  readonly message: string;
  /** The statement that ends it, without the algorithm; undefined where only its owner can decide. */
  readonly sql?: string | undefined;
  /** The remedy, for the table's owner. */
  readonly advice: string;
}

/** The advice for a difference that has a statement. */
export const MIGRATE = 'phpsessid migrate';
