/** The form of the store's requirements, each with the tests that prove it or the reason why none does. */

/** A test: its file, and a part of its name that stands for one test or for one of each adapter. */
export interface Proof {
  readonly file: string;
  readonly test: string;
}

/** One row of the page. */
export interface Requirement {
  readonly id: string;
  readonly text: string;
  readonly source?: string;
  readonly proofs: readonly Proof[];
  /** The part that is left to the application, or is not offered. */
  readonly note?: string;
}

/** Returns the tests of one file by a part of their names. */
export const in_ =
  (file: string) =>
  (test: string): Proof => ({ file, test });
