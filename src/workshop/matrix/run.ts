/** Running every class on every test, every wrong fix, and every attack, two children at a time. */
import { runAttacks } from '../bench/attacks.ts';
import { runTests } from '../bench/tests.ts';
import type { Lesson } from '../course/catalogue.ts';
import { makeWrongFixes } from '../course/patches.mjs';
import { lessonBefore } from '../course/promises.ts';
import { takeBack, type UndoneWorkshop } from '../course/undone.ts';
import type { DatabaseServer } from '../machine/database/server.ts';
import type { Broken, Observed } from './observed.ts';
import { checkRules } from './rules.ts';

export interface MatrixOptions {
  /** All lessons, in order. */
  lessons: readonly Lesson[];
  /** The server, or its URL. */
  server: DatabaseServer | string;
  /** Looks only at what this lesson promises: its class and the one before, its fixes and attack. */
  only?: Lesson | undefined;
  /**
   * Children at a time.
   *
   * @default 2
   */
  parallel?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Told when a class, a wrong fix or an attack is done with. */
  onProgress?: ((line: string) => void) | undefined;
}

export interface Matrix {
  observed: Observed;
  /** Every rule that does not hold. */
  broken: Broken[];
  /** The lessons that were looked at, by label. */
  lessons: string[];
  milliseconds: number;
}

/**
 * Runs the matrix.
 *
 * @param options - Which lessons, on which server.
 * @returns What was seen, and the rules it breaks. Nothing a class does makes this reject.
 * @throws The signal's reason, when it is aborted.
 */
export async function runMatrix(options: MatrixOptions): Promise<Matrix> {
  const { lessons, only, server, signal, onProgress } = options;
  const began = performance.now();
  const observed: Observed = { classes: [], wrong: [], undone: [], attacks: [] };
  const undone = takeBack(lessons, only);
  const jobs = [
    ...classJobs(lessons, only, observed),
    ...wrongJobs(lessons, only, observed),
    ...undoneJobs(undone, observed),
    ...attackJobs(lessons, only, observed),
  ];
  let done = 0;
  try {
    await inParallel(jobs, options.parallel ?? 2, async (job) => {
      signal?.throwIfAborted();
      await job.run(server, signal);
      done += 1;
      onProgress?.(`${done} of ${jobs.length}  ${job.title}`);
    });
  } finally {
    undone.remove();
  }
  signal?.throwIfAborted();
  sortAs(observed.classes, lessons);
  sortAs(observed.wrong, lessons);
  sortAs(observed.undone, lessons);
  sortAs(observed.attacks, lessons);
  return {
    observed,
    broken: checkRules(lessons, observed),
    lessons: (only ? [only] : lessons).map(({ label }) => label),
    milliseconds: Math.round(performance.now() - began),
  };
}

interface Job {
  title: string;
  run(server: DatabaseServer | string, signal: AbortSignal | undefined): Promise<void>;
}

/** Each class on its own tests, all earlier ones, and those of the lesson after it. */
function classJobs(
  lessons: readonly Lesson[],
  only: Lesson | undefined,
  observed: Observed,
): Job[] {
  return lessons.flatMap((lesson, index) => {
    const after = lessons[index + 1];
    if (only && lesson !== only && after !== only) return [];
    const until = after && !(only && lesson === only) ? index + 2 : index + 1;
    return {
      title: `class ${lesson.label}`,
      async run(server, signal) {
        const results = await runTests({
          lessons: lessons.slice(0, until),
          condition: lesson.condition,
          lessonNumber: lesson.number,
          server,
          signal,
        });
        observed.classes.push({ lesson: lesson.label, condition: lesson.condition, results });
      },
    };
  });
}

function wrongJobs(
  lessons: readonly Lesson[],
  only: Lesson | undefined,
  observed: Observed,
): Job[] {
  const problems = makeWrongFixes(lessons.map(({ directory }) => directory));
  return lessons.flatMap((lesson, index) => {
    if (only && lesson !== only) return [];
    return lesson.wrong.map(({ condition, patch }) => ({
      title: `wrong fix ${condition}`,
      async run(server, signal) {
        const problem = problems.find((each) => each.patch === patch)?.problem;
        if (problem !== undefined) {
          observed.wrong.push({ lesson: lesson.label, condition, results: [], problem });
          return;
        }
        const results = await runTests({
          lessons: lessons.slice(0, index + 1),
          condition,
          lessonNumber: lesson.number,
          server,
          signal,
        });
        observed.wrong.push({ lesson: lesson.label, condition, results });
      },
    }));
  });
}

/** Each lesson taken back, on the tests of that lesson and of all before it. */
function undoneJobs({ lessons, classes }: UndoneWorkshop, observed: Observed): Job[] {
  return classes.map(({ lesson, base, condition, problem }) => ({
    title: `class ${base.label} without lesson ${lesson.label}`,
    async run(server, signal) {
      const seen = { lesson: lesson.label, base: base.label, condition };
      if (problem !== undefined) {
        observed.undone.push({ ...seen, results: [], problem });
        return;
      }
      const results = await runTests({
        lessons: lessons.filter(({ number }) => number <= lesson.number),
        condition,
        lessonNumber: base.number,
        server,
        signal,
      });
      observed.undone.push({ ...seen, results });
    },
  }));
}

/** Each attack on what it must breach, on its own class, and on every later one: by class. */
function attackJobs(
  lessons: readonly Lesson[],
  only: Lesson | undefined,
  observed: Observed,
): Job[] {
  const attackers = new Map<string, Lesson[]>();
  for (const [index, lesson] of lessons.entries()) {
    if (!lesson.files.attack || (only && lesson !== only)) continue;
    const later = only ? [lesson] : lessons.slice(index);
    const targets = [...targetsBefore(lessons, lesson), ...later.map(({ condition }) => condition)];
    for (const target of targets) {
      attackers.set(target, [...(attackers.get(target) ?? []), lesson]);
    }
  }
  return [...attackers].map(([condition, attacking]) => ({
    title: `attacks ${attacking.map(({ label }) => label).join(' ')} on ${condition}`,
    async run(server, signal) {
      const results = await runAttacks({ lessons: attacking, condition, server, signal });
      for (const [index, { verdict, because }] of results.entries()) {
        const lesson = attacking[index]?.label ?? '';
        observed.attacks.push({ lesson, condition, verdict, because });
      }
    },
  }));
}

/** A ported method is missing in the class before, so the article's own line stands in for it. */
function targetsBefore(lessons: readonly Lesson[], lesson: Lesson): string[] {
  if (lesson.kind === 'port') {
    return lesson.wrong.filter(({ article }) => article).map(({ condition }) => condition);
  }
  const before = lessonBefore(lessons, lesson);
  return before ? [before.condition] : [];
}

async function inParallel(
  jobs: readonly Job[],
  width: number,
  work: (job: Job) => Promise<void>,
): Promise<void> {
  const queue = [...jobs];
  const worker = async (): Promise<void> => {
    for (let job = queue.shift(); job; job = queue.shift()) await work(job);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** The order of the folders, whatever order the children came home in. */
function sortAs(seen: { lesson: string; condition: string }[], lessons: readonly Lesson[]): void {
  const order = lessons.flatMap(({ condition, wrong }) => [
    ...wrong.map((each) => each.condition),
    condition,
  ]);
  seen.sort(
    (left, right) =>
      left.lesson.localeCompare(right.lesson) ||
      order.indexOf(left.condition) - order.indexOf(right.condition),
  );
}
