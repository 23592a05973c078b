/** Runs every class on every test, every wrong fix and every attack, in child processes. */
import type { TestResult } from '../bench/tests.ts';
import type { Lesson } from '../course/catalogue.ts';
import { takeBack } from '../course/undone.ts';
import { attackJobs, type Job, type MatrixOptions, testJobs } from './jobs.ts';
import type { Broken, Observed } from './observed.ts';
import { checkRules } from './rules.ts';

export interface Matrix {
  observed: Observed;
  /** Every rule that does not hold. */
  broken: Broken[];
  /** The rules that did not hold beside other work, by a time limit, and held in the second run. */
  doubtful: Broken[];
  /** The labels of the observed lessons. */
  lessons: string[];
  milliseconds: number;
}

/**
 * Children at a time. On two cores a third one uses the time in which the others wait, for a lock or
 * for a limit that a test sets; with more of them beside other tests, children meet their time-outs.
 */
const WIDTH = 3;

/** If more classes than this have reached a limit, the machine is not the cause. */
const MOST_AGAIN = 20;

/**
 * Runs the matrix. A class that breaks a promise and has reached a time limit of the bench runs once
 * more, alone: on a busy machine that limit may have passed too early. No other result has a second
 * chance.
 *
 * @returns The observation, and the rules that it breaks. Nothing a class does makes this reject.
 * @throws The signal's reason, when it is aborted.
 */
export async function runMatrix(options: MatrixOptions): Promise<Matrix> {
  const { lessons, only, rule } = options;
  const began = performance.now();
  const undone = takeBack(lessons, only);
  const observe = async (width: number, conditions?: ReadonlySet<string>): Promise<Observed> => {
    const observed: Observed = { classes: [], wrong: [], undone: [], attacks: [] };
    const wanted = { ...options, width, conditions };
    const jobs = [...testJobs(wanted, undone, observed), ...attackJobs(wanted, observed)];
    await runJobs(jobs, wanted);
    return observed;
  };
  const judge = (observed: Observed): Broken[] =>
    checkRules(lessons, observed).filter((each) => rule === undefined || each.rule === rule);
  try {
    let observed = await observe(WIDTH);
    const first = judge(observed);
    const late = lateOnes(observed);
    const suspects = new Set(
      first.flatMap(({ condition = '' }) => (late.has(condition) ? condition : [])),
    );
    if (suspects.size > 0 && suspects.size <= MOST_AGAIN) {
      options.onProgress?.(`once more, alone: ${[...suspects].join(', ')}`);
      observed = withSecond(observed, await observe(1, suspects));
    }
    for (const seen of Object.values(observed)) sortAs(seen, lessons);
    const broken = judge(observed);
    const stays = ({ rule, condition }: Broken): boolean =>
      broken.some((each) => each.rule === rule && each.condition === condition);
    return {
      observed,
      broken,
      doubtful: first.filter((each) => !stays(each)),
      lessons: (only ? [only] : lessons).map(({ label }) => label),
      milliseconds: Math.round(performance.now() - began),
    };
  } finally {
    undone.remove();
  }
}

/** Runs jobs, some at a time; those of the one cluster one after the other, and at once. */
async function runJobs(
  jobs: readonly Job[],
  { width, signal, onProgress }: Pick<MatrixOptions, 'signal' | 'onProgress'> & { width: number },
): Promise<void> {
  const queue = new Set(jobs);
  const total = jobs.reduce((sum, { titles }) => sum + titles.length, 0);
  let [done, isClusterBusy] = [0, false];
  const next = (): Job | undefined => {
    const all = [...queue];
    const first = isClusterBusy ? undefined : all.find((job) => job.onCluster);
    const job = first ?? all.find((each) => !each.onCluster);
    if (job) queue.delete(job);
    if (first) isClusterBusy = true;
    return job;
  };
  const work = async (): Promise<void> => {
    for (let job = next(); job; job = next()) {
      signal?.throwIfAborted();
      await job.run();
      if (job.onCluster) isClusterBusy = false;
      for (const title of job.titles) {
        done += 1;
        onProgress?.(`${done} of ${total}  ${title}`);
      }
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  signal?.throwIfAborted();
}

/** The classes with a test that reached its time limit, or with an attack that came to no verdict. */
function lateOnes({ classes, wrong, undone, attacks }: Observed): Set<string> {
  const tested = [...classes, ...wrong, ...undone].filter(({ results }) =>
    results.some(({ reason }) => reason === 'timeout'),
  );
  const attacked = attacks.filter(({ verdict }) => verdict === 'failed');
  return new Set([...tested, ...attacked].map(({ condition }) => condition));
}

/** An observation in which what was observed again takes the place of what was observed before. */
function withSecond(first: Observed, second: Observed): Observed {
  const merge = <Seen extends { lesson: string; condition: string }>(
    before: readonly Seen[],
    after: readonly Seen[],
  ): Seen[] => {
    const isAgain = ({ lesson, condition }: Seen): boolean =>
      after.some((each) => each.lesson === lesson && each.condition === condition);
    return [...before.filter((each) => !isAgain(each)), ...after];
  };
  return {
    classes: merge(first.classes, second.classes),
    wrong: merge(first.wrong, second.wrong),
    undone: merge(first.undone, second.undone),
    attacks: merge(first.attacks, second.attacks),
  };
}

/** Sorts by the order of the folders: the children finish in any order. */
function sortAs(
  seen: { lesson: string; condition: string; results?: TestResult[] }[],
  lessons: readonly Lesson[],
): void {
  const order = lessons.flatMap(({ condition, wrong }) => [
    ...wrong.map((each) => each.condition),
    condition,
  ]);
  seen.sort(
    (left, right) =>
      left.lesson.localeCompare(right.lesson) ||
      order.indexOf(left.condition) - order.indexOf(right.condition),
  );
  for (const { results } of seen) {
    results?.sort((left, right) => left.lesson.localeCompare(right.lesson));
  }
}
