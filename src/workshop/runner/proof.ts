/** What a class has proved: this lesson's tests first, the older ones after them, the attack last. */
import { type AttackResult, runAttack } from '../bench/attacks.ts';
import { runTests, type TestResult } from '../bench/tests.ts';
import type { Lesson } from '../course/catalogue.ts';
import { retiredBy } from '../course/promises.ts';
import type { DatabaseServer } from '../machine/database/server.ts';

/** The state of a lesson on a class. Always made by running, never read from anywhere. */
export interface Proof {
  lesson: Lesson;
  /** The class that was tested. */
  condition: string;
  /** This lesson's tests. */
  current: TestResult[];
  /** The earlier lessons' tests, without those a lesson up to this one retires. */
  older: TestResult[];
  /** Undefined where the lesson has none, or the tests are red. */
  attack: AttackResult | undefined;
}

export interface ProofRun {
  lessons: Lesson[];
  lesson: Lesson;
  condition: string;
  server: DatabaseServer;
  signal: AbortSignal;
  /** True to stop this lesson's tests at the first failure. */
  bail: boolean;
  /** Told when this lesson's tests are over, and whether older ones begin now. */
  onCurrent?: ((proof: Proof, olderFollow: boolean) => void) | undefined;
  /** Told what the class prints. */
  onOutput?: ((text: string) => void) | undefined;
}

/**
 * Runs a lesson's tests on a class, then the older ones, then the attack if all are green.
 *
 * @param run - Which lesson, on which class.
 * @returns The state; of an aborted run, what there was.
 */
export async function prove(run: ProofRun): Promise<Proof> {
  const { lessons, lesson, condition, server, signal, onOutput } = run;
  const lessonNumber = lesson.number;
  const proof: Proof = { lesson, condition, current: [], older: [], attack: undefined };
  const common = { condition, lessonNumber, server, signal, onOutput };
  proof.current = await runTests({ ...common, lessons: [lesson], bail: run.bail });
  if (signal.aborted) return proof;
  const earlier = lessons.filter((each) => each.number < lessonNumber && each.files.test);
  // A class that cannot be loaded or never answers would tell the same, or be waited for again.
  const hopeless = proof.current.some(({ reason }) => reason === 'import' || reason === 'timeout');
  const olderFollow = earlier.length > 0 && !hopeless;
  run.onCurrent?.(proof, olderFollow);
  if (olderFollow) {
    const results = await runTests({ ...common, lessons: earlier });
    proof.older = withoutRetired(results, lessons, lesson);
  }
  if (signal.aborted) return proof;
  if (lesson.files.attack && isGreen(proof)) {
    proof.attack = await runAttack({ lesson, condition, lessonNumber, server, signal });
  }
  return proof;
}

/**
 * Drops the tests whose promise a later lesson has replaced.
 *
 * @param results - Results of any lessons.
 * @param lessons - All lessons.
 * @param lesson - The lesson the class belongs to.
 */
export function withoutRetired(
  results: TestResult[],
  lessons: Lesson[],
  lesson: Lesson,
): TestResult[] {
  const retired = retiredBy(lessons, lesson);
  return results.filter(({ name }) => !retired.has(name));
}

/** True when every test passed and none that the lesson promises is missing. */
export function isGreen({ lesson, current, older }: Proof): boolean {
  return (
    failures(current).length === 0 &&
    failures(older).length === 0 &&
    lesson.proves.every((name) => current.some((result) => result.name === name))
  );
}

/** True when the lesson is done: green, and its attack is held off. */
export function isDone(proof: Proof): boolean {
  return isGreen(proof) && (proof.attack === undefined || proof.attack.verdict === 'held');
}

/** The results that are red. */
export function failures(results: TestResult[]): TestResult[] {
  return results.filter(({ passed }) => !passed);
}
