/** Runs every class on every test, every wrong fix and every attack, in child processes. */
import { readFileSync } from 'node:fs';
import { runAttacksOnClasses } from '../bench/attacks.ts';
import { runTestsOfClasses, type TestedClass, type TestResult } from '../bench/tests.ts';
import { findClass, type Lesson } from '../course/catalogue.ts';
import { makeWrongFixes } from '../course/patches.mjs';
import { lessonAfter, lessonBefore } from '../course/promises.ts';
import { takeBack, type UndoneWorkshop } from '../course/undone.ts';
import type { DatabaseServer } from '../machine/database/server.ts';
import type { Broken, Observed, ObservedClass, Rule } from './observed.ts';
import { checkRules } from './rules.ts';

interface MatrixOptions {
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
 * Files of tests that share a process, whichever classes they test: its start costs as much CPU as
 * several files. With many more, the last process would run when all others have ended.
 */
const filesTogether = 24;

/** So few files take less CPU than the start of a process for some of them. */
const neverDivided = 6;

/** Attacks that share a process, each with a copy of its class. */
const attacksTogether = 30;

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

/** One class on some lessons' tests, which all need the cluster or all do not. */
interface ClassJob extends TestedClass {
  title: string;
  /** Receives the results. */
  results: TestResult[];
}

function testJobs(options: MatrixOptions, undone: UndoneWorkshop, observed: Observed): Job[] {
  const { lessons, only } = options;
  const upTo = ({ number }: Lesson, all = lessons) => all.filter((each) => each.number <= number);
  const judged = <Each>(all: readonly Each[], ...rules: Rule[]): readonly Each[] =>
    judges(options, ...rules) ? all : [];
  /** One class on some lessons' tests, on the table of one lesson. */
  const job = <Seen extends ObservedClass>(
    title: string,
    into: Seen[],
    seen: Seen,
    file: string,
    tests: readonly Lesson[],
    { number: lessonNumber }: Lesson,
  ): ClassJob[] => {
    into.push(seen);
    if (seen.problem !== undefined) return [];
    const [onCluster, elsewhere] = [true, false].map((wanted) =>
      tests.filter((each) => needCluster([each]) === wanted),
    );
    return [
      { title: `${title} on the cluster`, lessons: onCluster ?? [] },
      { title, lessons: elsewhere ?? [] },
    ]
      .filter(({ lessons: own }) => own.length > 0)
      .map((part) => ({ ...part, file, lessonNumber, results: seen.results }));
  };
  const classes = judged(lessons, 1, 2, 3).flatMap((lesson) => {
    const { label, condition } = lesson;
    const after = lessonAfter(lessons, lesson);
    if (only && lesson !== only && after !== only) return [];
    const tests = upTo(after && lesson !== only ? after : lesson);
    const seen = { lesson: label, condition, results: [] };
    return job(`class ${label}`, observed.classes, seen, lesson.files.class, tests, lesson);
  });
  const problems = makeWrongFixes(lessons.map(({ directory }) => directory));
  const fixes = judged(only ? [only] : lessons, 4).flatMap((lesson) =>
    lesson.wrong.flatMap(({ condition, path, patch, caughtBy }) => {
      const problem = problems.find((each) => each.patch === patch)?.problem;
      const seen = { lesson: lesson.label, condition, results: [], problem };
      const all = upTo(lesson);
      const tests = options.brief
        ? all.filter((each) => each === lesson || has(each, caughtBy))
        : all;
      return job(`wrong fix ${condition}`, observed.wrong, seen, path, tests, lesson);
    }),
  );
  // Their tests are copies, in a project of their own.
  const without = judged(undone.classes, 6).flatMap(({ lesson, base, condition, problem }) => {
    const title = `class ${base.label} without lesson ${lesson.label}`;
    const seen = { lesson: lesson.label, base: base.label, condition, results: [], problem };
    const file = undone.fileOf(condition);
    return job(title, observed.undone, seen, file, upTo(lesson, undone.lessons), base);
  });
  const wanted = [classes, fixes, without];
  const files = wanted.flat().reduce((sum, each) => sum + each.lessons.length, 0);
  const most = Math.min(filesTogether, Math.max(neverDivided, Math.ceil(files / width)));
  return wanted.flatMap((all) => inProcesses(options, all, most));
}

/**
 * Divides classes into jobs of one process each, those with the most tests first; a class that needs
 * the cluster waits alone for it.
 */
function inProcesses(
  { server, signal }: MatrixOptions,
  classes: readonly ClassJob[],
  most: number,
): Job[] {
  const groups: ClassJob[][] = [];
  let room = 0;
  for (const each of classes.toReversed()) {
    const isAlone = needCluster(each.lessons);
    if (isAlone || each.lessons.length > room) {
      groups.push([]);
      room = isAlone ? 0 : most;
    }
    groups.at(-1)?.push(each);
    room -= each.lessons.length;
  }
  return groups.map((group) => ({
    titles: group.map(({ title }) => title),
    onCluster: needCluster(group.flatMap(({ lessons }) => lessons)),
    async run() {
      const results = await runTestsOfClasses(group, { server, signal });
      for (const [index, { results: kept }] of group.entries())
        kept.push(...(results[index] ?? []));
    },
  }));
}

/** Whether a lesson has the test of this name. */
function has({ files }: Lesson, name: string): boolean {
  return files.test !== undefined && readFileSync(files.test, 'utf8').includes(name);
}

/** Each attack on the class it must breach, on its lesson's class, and on every later class. */
function attackJobs(options: MatrixOptions, observed: Observed): Job[] {
  const { lessons, only, server, signal } = options;
  if (!judges(options, 5)) return [];
  const attacks = lessons.flatMap((lesson, index) => {
    if (!lesson.files.attack || (only && lesson !== only)) return [];
    const later = only ? [lesson] : lessons.slice(index);
    const targets = [...targetsBefore(lessons, lesson), ...later.map(({ condition }) => condition)];
    return targets.map((condition) => ({
      lesson,
      condition,
      classFile: findClass(lessons, condition).path,
    }));
  });
  return [true, false].flatMap((onCluster) => {
    const own = attacks.filter(({ lesson }) => needCluster([lesson]) === onCluster);
    return Array.from({ length: Math.ceil(own.length / attacksTogether) }, (_, at): Job => {
      const group = own.slice(at * attacksTogether, (at + 1) * attacksTogether);
      return {
        titles: group.map(({ lesson, condition }) => `attack ${lesson.label} on ${condition}`),
        onCluster,
        async run() {
          const results = await runAttacksOnClasses(group, { server, signal });
          for (const [index, { verdict, because }] of results.entries()) {
            const { lesson, condition } = group[index] as (typeof group)[number];
            observed.attacks.push({ lesson: lesson.label, condition, verdict, because });
          }
        },
      };
    });
  });
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
