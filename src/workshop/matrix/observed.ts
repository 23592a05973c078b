/** Observations of the matrix, kept apart from the rules so that a test can judge any of them. */
import type { AttackResult } from '../bench/attacks.ts';
import type { TestResult } from '../bench/tests.ts';
import type { Lesson } from '../course/catalogue.ts';
import { retiredBy } from '../course/promises.ts';

/** One class on the tests of several lessons. */
export interface ObservedClass {
  /** The label of the class's lesson; of a class without one lesson's change, that lesson's. */
  lesson: string;
  condition: string;
  results: TestResult[];
  /** Why the class could not be made from its patch. */
  problem?: string | undefined;
}

/** A lesson's attack on one class. */
interface ObservedAttack extends Pick<AttackResult, 'verdict' | 'because'> {
  /** The label of the attack's lesson. */
  lesson: string;
  condition: string;
}

export interface Observed {
  /** Each lesson's class on the tests of every lesson up to the one after it. */
  classes: ObservedClass[];
  /** Each wrong fix on the tests of every lesson up to its own. */
  wrong: ObservedClass[];
  /** Each class without one lesson's change, on the tests of every lesson up to that one. */
  undone: (ObservedClass & {
    /** The label of the lesson from whose class the change was removed. */
    base: string;
  })[];
  attacks: ObservedAttack[];
}

export type Rule = (typeof RULES)[number];

export const RULES = [1, 2, 3, 4, 5, 6] as const;

/** A rule that does not hold, in a sentence that names the file and the test. */
export interface Broken {
  rule: Rule;
  /** The label of the lesson to be corrected. */
  lesson: string;
  /** The class on which the rule is broken, if it is about one. */
  condition?: string | undefined;
  /** The test that breaks the rule, if it is about one. */
  test?: string | undefined;
  sentence: string;
}

/**
 * Picks the results of one lesson's class on another lesson's tests.
 *
 * @returns The results, and the names among them that a lesson up to the class's own has retired;
 * undefined where these tests did not run on this class.
 */
export function cellOf(
  lessons: readonly Lesson[],
  observed: Observed,
  row: Lesson,
  column: Lesson,
): { results: TestResult[]; retired: string[] } | undefined {
  const seen = observed.classes.find(({ lesson }) => lesson === row.label);
  const results = seen?.results.filter(({ lesson }) => lesson === column.label) ?? [];
  if (results.length === 0) return undefined;
  const retired = retiredBy(lessons, row);
  return { results, retired: results.map(({ name }) => name).filter((name) => retired.has(name)) };
}
