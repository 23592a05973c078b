/**
 * A class's proof of a lesson: the lesson's tests, then the older ones, then the attack, and beside
 * them the types of the learner's own class.
 */
import { type AttackResult, runAttack } from '../bench/attacks.ts';
import { runTests, type TestResult } from '../bench/tests.ts';
import type { Lesson } from '../course/catalogue.ts';
import { hashOfMine } from '../course/mine.ts';
import type { Tally, Verdict } from '../course/note.ts';
import { recordVerdict } from '../course/progress.ts';
import { retiredBy } from '../course/promises.ts';
import type { DatabaseServer } from '../machine/database/server.ts';
import type { TypeChecker } from './types.ts';
import type { TypeProblem } from './types-service.ts';

/** The state of a lesson on a class, always obtained by running. */
export interface Proof {
  lesson: Lesson;
  /** The class that was tested. */
  condition: string;
  /** This lesson's tests. */
  current: TestResult[];
  /** The earlier lessons' tests, without those that a lesson up to this one retires. */
  older: TestResult[];
  /** False when the older tests did not run, because the class cannot be loaded or never answers. */
  olderRan: boolean;
  /** Undefined where the lesson has none, or the tests are red. */
  attack: AttackResult | undefined;
  /** The type errors of the learner's class; undefined for a class that was not checked. */
  types: TypeProblem[] | undefined;
  /** A sentence to print when the verdict on the learner's class could not be recorded. */
  trouble: string | undefined;
}

export interface ProofRun {
  lessons: Lesson[];
  lesson: Lesson;
  condition: string;
  server: DatabaseServer;
  signal: AbortSignal;
  /** Checks the learner's own class beside its tests. */
  types: TypeChecker;
  /** True to stop this lesson's tests at the first failure. */
  bail: boolean;
  /** Called when this lesson's tests are over, with whether older ones begin now. */
  onCurrent?: ((proof: Proof, olderFollow: boolean) => void) | undefined;
  /** Called with the output of the class. */
  onOutput?: ((text: string) => void) | undefined;
}

/**
 * Runs a lesson's tests on a class, then the older ones, then the attack if all are green. The
 * verdict on the learner's own class is recorded as their progress.
 *
 * @returns The state; of an aborted run, the results so far.
 */
export async function prove(run: ProofRun): Promise<Proof> {
  const hash = run.condition === 'mine' ? hashOfMine() : undefined;
  if (hash === undefined) return await runProof(run);
  const checking = run.types.check();
  const proof = await runProof(run);
  if (run.signal.aborted) return proof;
  proof.types = await checking;
  if (run.signal.aborted) return proof;
  proof.trouble = recordVerdict(run.lesson, { hash, ...factsOf(proof) });
  return proof;
}

/** The facts that a run established: tests that were left out, as in a hopeless run, are unknown. */
function factsOf(proof: Proof): Omit<Verdict, 'hash'> {
  const { lesson, current, older, olderRan, attack, types } = proof;
  return {
    own: tally(current, lesson.proves.length),
    older: olderRan ? tally(older) : undefined,
    attack: attack?.verdict,
    typeErrors: types?.length,
  };
}

/** Counts results; a promised test that did not run counts as failed. */
export function tally(results: TestResult[], promised = 0): Tally {
  const total = Math.max(results.length, promised);
  return { passed: results.length - failures(results).length, total };
}

async function runProof(run: ProofRun): Promise<Proof> {
  const { lessons, lesson, condition, server, signal, onOutput } = run;
  const lessonNumber = lesson.number;
  const proof: Proof = {
    ...{ lesson, condition, current: [], older: [], olderRan: false },
    ...{ attack: undefined, types: undefined, trouble: undefined },
  };
  const common = { condition, lessonNumber, server, signal, onOutput };
  proof.current = await runTests({ ...common, lessons: [lesson], bail: run.bail });
  if (signal.aborted) return proof;
  const earlier = lessons.filter((each) => each.number < lessonNumber && each.files.test);
  // A class that cannot be loaded fails the older tests in the same way, and each of them would look
  // for a missing program again; a class that never answers would time out in each of them.
  const hopeless = proof.current.some(({ reason = '' }) =>
    ['import', 'missing', 'timeout'].includes(reason),
  );
  const olderFollow = earlier.length > 0 && !hopeless;
  run.onCurrent?.(proof, olderFollow);
  if (olderFollow) {
    const results = await runTests({ ...common, lessons: earlier });
    proof.older = withoutRetired(results, lessons, lesson);
  }
  proof.olderRan = !hopeless;
  if (signal.aborted) return proof;
  if (lesson.files.attack && isGreen(proof)) {
    proof.attack = await runAttack({ lesson, condition, lessonNumber, server, signal });
  }
  return proof;
}

/** Drops the tests that no longer hold for a lesson's class. */
export function withoutRetired(
  results: TestResult[],
  lessons: Lesson[],
  lesson: Lesson,
): TestResult[] {
  const retired = retiredBy(lessons, lesson);
  return results.filter(({ name }) => !retired.has(name));
}

/** True when every test passed and every test that the lesson promises ran. */
export function isGreen({ lesson, current, older }: Proof): boolean {
  return (
    failures([...current, ...older]).length === 0 &&
    lesson.proves.every((name) => current.some((result) => result.name === name))
  );
}

/** True when the lesson is done: green, without a type error, and its attack is held. */
export function isDone(proof: Proof): boolean {
  const { attack, types = [] } = proof;
  return isGreen(proof) && types.length === 0 && (!attack || attack.verdict === 'held');
}

/** The failed results. */
export function failures(results: TestResult[]): TestResult[] {
  return results.filter(({ passed }) => !passed);
}
