/** What the matrix saw. The rules judge this and nothing else, so a test can hand them any world. */

import type { TestResult } from '../bench/tests.ts';
import type { Lesson } from '../course/catalogue.ts';
import { retiredBy } from '../course/promises.ts';

/** A lesson's class on the tests of every lesson up to the one after it. */
export interface ObservedClass {
  /** The label of the class's lesson. */
  lesson: string;
  condition: string;
  results: TestResult[];
}

/** A wrong fix on the tests of every lesson up to its own. */
export interface ObservedFix {
  lesson: string;
  condition: string;
  results: TestResult[];
  /** Why its patch could not be applied. */
  problem?: string | undefined;
}

/** A class with one lesson's change taken back, on the tests of every lesson up to that one. */
export interface ObservedUndone {
  /** The label of the lesson that was taken back. */
  lesson: string;
  /** The label of the lesson whose class it was taken out of. */
  base: string;
  condition: string;
  results: TestResult[];
  /** Why there is no such class, where it could not be made. */
  problem?: string | undefined;
}

/** A lesson's attack on one class. */
export interface ObservedAttack {
  /** The label of the attack's lesson. */
  lesson: string;
  condition: string;
  verdict: 'breached' | 'held' | 'failed';
  because: string;
}

export interface Observed {
  classes: ObservedClass[];
  wrong: ObservedFix[];
  undone: ObservedUndone[];
  attacks: ObservedAttack[];
}

/** A rule that does not hold, in a sentence that names the file and the test. */
export interface Broken {
  rule: 1 | 2 | 3 | 4 | 5 | 6 | 7;
  /** The label of the lesson that has to change. */
  lesson: string;
  /** The class it was seen on, where it was seen on one. */
  condition?: string | undefined;
  /** The test it is about, where it is about one. */
  test?: string | undefined;
  sentence: string;
}

/** What one lesson's class did on the tests of another, or of its own. */
export interface ObservedCell {
  results: TestResult[];
  /** Those of the tests that a lesson up to the class's own has retired. */
  retired: string[];
}

/**
 * Picks one cell out of what was seen.
 *
 * @param lessons - All lessons, in order.
 * @param observed - What the matrix saw.
 * @param row - The lesson whose class it is.
 * @param column - The lesson whose tests they are.
 * @returns The cell; undefined where these tests did not run on this class.
 */
export function cellOf(
  lessons: readonly Lesson[],
  observed: Observed,
  row: Lesson,
  column: Lesson,
): ObservedCell | undefined {
  const seen = observed.classes.find(({ lesson }) => lesson === row.label);
  const results = seen?.results.filter(({ lesson }) => lesson === column.label) ?? [];
  if (results.length === 0) return undefined;
  const retired = [...retiredBy(lessons, row).keys()].filter((test) =>
    results.some(({ name }) => name === test),
  );
  return { results, retired };
}
