/** Runs every class on every test, every wrong fix and every attack, in child processes. */
import { readFileSync } from 'node:fs';
import { runAttacks } from '../bench/attacks.ts';
import { runTestsOfClasses, type TestedClass, type TestResult } from '../bench/tests.ts';
import type { Lesson } from '../course/catalogue.ts';
import { makeWrongFixes } from '../course/patches.mjs';
import { lessonAfter, lessonBefore } from '../course/promises.ts';
import { takeBack, type UndoneWorkshop } from '../course/undone.ts';
import type { DatabaseServer } from '../machine/database/server.ts';
import type { Broken, Observed, ObservedClass, Rule } from './observed.ts';
import { checkRules } from './rules.ts';

export interface MatrixOptions {
  /** All lessons, in order. */
  lessons: readonly Lesson[];
  /** The server, or its URL. */
  server: DatabaseServer | string;
  /** Observes only what this lesson promises: its class and the one before, its fixes and attack. */
  only?: Lesson | undefined;
  /** Observes and judges only what this rule is about. */
  rule?: Rule | undefined;
  /** Runs a wrong fix on its own lesson's tests, and on those that must catch it; not on all. */
  brief?: boolean | undefined;
  signal?: AbortSignal | undefined;
  /** Called with a line when a class, a wrong fix or an attack is done with. */
  onProgress?: ((line: string) => void) | undefined;
}

export interface Matrix {
  observed: Observed;
  /** Every rule that does not hold. */
  broken: Broken[];
  /** The labels of the observed lessons. */
  lessons: string[];
  milliseconds: number;
}

/**
 * Children at a time. On two cores a third one uses the time in which the others wait, for a lock or
 * for a limit that a test sets; with more of them beside other tests, children meet their time-outs.
 */
const width = 3;

/**
 * Wrong fixes that share a process: its start costs as much CPU as the tests of many of them.
 */
const together = 4;

/**
 * Runs the matrix.
 *
 * @returns The observation, and the rules that it breaks. Nothing a class does makes this reject.
 * @throws The signal's reason, when it is aborted.
 */
export async function runMatrix(options: MatrixOptions): Promise<Matrix> {
  const { lessons, only, rule, signal, onProgress } = options;
  const began = performance.now();
  const observed: Observed = { classes: [], wrong: [], undone: [], attacks: [] };
  const undone = takeBack(lessons, only);
  const jobs = [...testJobs(options, undone, observed), ...attackJobs(options, observed)];
  const queue = new Set(jobs);
  const total = jobs.reduce((sum, { titles }) => sum + titles.length, 0);
  let [done, isClusterBusy] = [0, false];
  // The jobs of the one cluster run one after the other, beside all others, and begin at once.
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
  try {
    await Promise.all(Array.from({ length: width }, work));
  } finally {
    undone.remove();
  }
  signal?.throwIfAborted();
  for (const seen of Object.values(observed)) sortAs(seen, lessons);
  return {
    observed,
    broken: checkRules(lessons, observed).filter(
      (each) => rule === undefined || each.rule === rule,
    ),
    lessons: (only ? [only] : lessons).map(({ label }) => label),
    milliseconds: Math.round(performance.now() - began),
  };
}

interface Job {
  /** The classes and attacks that it is about. */
  titles: string[];
  /** Whether it needs the cluster. */
  onCluster: boolean;
  run(): Promise<void>;
}

function needCluster(lessons: readonly Lesson[]): boolean {
  return lessons.some(({ needs }) => needs.includes('galera'));
}

/** Whether one of these rules is to be judged. */
function judges({ rule }: MatrixOptions, ...rules: Rule[]): boolean {
  return rule === undefined || rules.includes(rule);
}

/** One class on some lessons' tests. */
interface ClassJob extends TestedClass {
  title: string;
  /** Why there is no class. */
  problem?: string | undefined;
  /** Receives the results. */
  keep(results: TestResult[]): void;
}

function testJobs(options: MatrixOptions, undone: UndoneWorkshop, observed: Observed): Job[] {
  const { lessons, only } = options;
  const upTo = ({ number }: Lesson, all = lessons) => all.filter((each) => each.number <= number);
  /** One class on some lessons' tests, on the table of one lesson. */
  const job = <Seen extends ObservedClass>(
    title: string,
    into: Seen[],
    seen: Seen,
    file: string,
    tests: readonly Lesson[],
    { number: lessonNumber }: Lesson,
  ): ClassJob => ({
    title,
    file,
    lessons: tests,
    lessonNumber,
    problem: seen.problem,
    keep: (results) => into.push({ ...seen, results }),
  });
  const classes = lessons.flatMap((lesson) => {
    const { label, condition } = lesson;
    const after = lessonAfter(lessons, lesson);
    if (only && lesson !== only && after !== only) return [];
    const tests = upTo(after && lesson !== only ? after : lesson);
    const seen = { lesson: label, condition, results: [] };
    return job(`class ${label}`, observed.classes, seen, lesson.files.class, tests, lesson);
  });
  const problems = makeWrongFixes(lessons.map(({ directory }) => directory));
  const fixes = (only ? [only] : lessons).flatMap((lesson) =>
    lesson.wrong.map(({ condition, path, patch, caughtBy }) => {
      const problem = problems.find((each) => each.patch === patch)?.problem;
      const seen = { lesson: lesson.label, condition, results: [], problem };
      const all = upTo(lesson);
      const tests = options.brief
        ? all.filter((each) => each === lesson || has(each, caughtBy))
        : all;
      return job(`wrong fix ${condition}`, observed.wrong, seen, path, tests, lesson);
    }),
  );
  const without = undone.classes.map(({ lesson, base, condition, problem }) => {
    const title = `class ${base.label} without lesson ${lesson.label}`;
    const seen = { lesson: lesson.label, base: base.label, condition, results: [], problem };
    const file = undone.fileOf(condition);
    return job(title, observed.undone, seen, file, upTo(lesson, undone.lessons), base);
  });
  return [
    ...(judges(options, 1, 2, 3) ? inProcesses(options, classes, 1) : []),
    ...(judges(options, 4) ? inProcesses(options, fixes, together) : []),
    ...(judges(options, 6) ? inProcesses(options, without, together) : []),
  ];
}

/** Divides classes into jobs of one process each; one that needs the cluster waits alone for it. */
function inProcesses(
  { server, signal }: MatrixOptions,
  classes: readonly ClassJob[],
  most: number,
): Job[] {
  const onCluster = ({ lessons }: ClassJob): boolean => needCluster(lessons);
  return [true, false].flatMap((isOnCluster) => {
    const own = classes.filter((each) => onCluster(each) === isOnCluster);
    const size = isOnCluster ? 1 : most;
    return Array.from({ length: Math.ceil(own.length / size) }, (_, index): Job => {
      const group = own.slice(index * size, (index + 1) * size);
      return {
        titles: group.map(({ title }) => title),
        onCluster: isOnCluster,
        async run() {
          const made = group.filter(({ problem }) => problem === undefined);
          const results = await runTestsOfClasses(made, { server, signal });
          for (const each of group) each.keep(results[made.indexOf(each)] ?? []);
        },
      };
    });
  });
}

/** Whether a lesson has the test of this name. */
function has({ files }: Lesson, name: string): boolean {
  return files.test !== undefined && readFileSync(files.test, 'utf8').includes(name);
}

/** Each attack on the class it must breach, on its lesson's class, and on every later class. */
function attackJobs(options: MatrixOptions, observed: Observed): Job[] {
  const { lessons, only, server, signal } = options;
  if (!judges(options, 5)) return [];
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
    titles: [`attacks ${attacking.map(({ label }) => label).join(' ')} on ${condition}`],
    onCluster: needCluster(attacking),
    async run() {
      const results = await runAttacks({ lessons: attacking, condition, server, signal });
      for (const [index, { verdict, because }] of results.entries()) {
        const lesson = attacking[index]?.label ?? '';
        observed.attacks.push({ lesson, condition, verdict, because });
      }
    },
  }));
}

/** The class before lacks a method that is being ported: the article's own line takes its place. */
function targetsBefore(lessons: readonly Lesson[], lesson: Lesson): string[] {
  if (lesson.kind === 'port') {
    return lesson.wrong.filter(({ article }) => article).map(({ condition }) => condition);
  }
  const before = lessonBefore(lessons, lesson);
  return before ? [before.condition] : [];
}

/** Sorts by the order of the folders: the children finish in any order. */
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
