/** The work of the matrix: classes, wrong fixes and attacks, divided into child processes. */
import { readFileSync } from 'node:fs';
import { runAttacksOnClasses } from '../bench/attacks.ts';
import { runTestsOfClasses, type TestedClass, type TestResult } from '../bench/tests.ts';
import { findClass, type Lesson } from '../course/catalogue.ts';
import { makeWrongFixes } from '../course/patches.mjs';
import { lessonAfter, lessonBefore } from '../course/promises.ts';
import type { UndoneWorkshop } from '../course/undone.ts';
import type { DatabaseServer } from '../machine/database/server.ts';
import type { Observed, ObservedClass, Rule } from './observed.ts';

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

/** The options of all jobs, or of those that run some classes again, each in its own process. */
export interface JobOptions extends MatrixOptions {
  /** Children at a time. */
  width: number;
  conditions?: ReadonlySet<string> | undefined;
}

/**
 * Files of tests that share a process, whichever classes they test: its start costs as much CPU as
 * several files. With many more, the last process would run when all others have ended.
 */
const filesTogether = 24;

/** Up to this number, files take less CPU than the start of a second process. */
const neverDivided = 6;

/** Attacks that share a process, each with a copy of its class. */
const attacksTogether = 30;

export interface Job {
  /** The classes and attacks that it is about. */
  titles: string[];
  /** True when it needs the cluster. */
  onCluster: boolean;
  run(): Promise<void>;
}

function needCluster(lessons: readonly Lesson[]): boolean {
  return lessons.some(({ needs }) => needs.includes('galera'));
}

/** Returns whether the matrix judges one of these rules. */
function judges({ rule }: MatrixOptions, ...rules: Rule[]): boolean {
  return rule === undefined || rules.includes(rule);
}

/** One class on some lessons' tests, which all need the cluster or all do not. */
interface ClassJob extends TestedClass {
  title: string;
  /** Receives the results. */
  results: TestResult[];
}

/** The classes on their tests; each adds itself to the observation, and its results when it has run. */
export function testJobs(options: JobOptions, undone: UndoneWorkshop, observed: Observed): Job[] {
  const { lessons, only, conditions, width } = options;
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
    if (conditions && !conditions.has(seen.condition)) return [];
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
  // The tests of these classes are copies, in a separate project.
  const without = judged(undone.classes, 6).flatMap(({ lesson, base, condition, problem }) => {
    const title = `class ${base.label} without lesson ${lesson.label}`;
    const seen = { lesson: lesson.label, base: base.label, condition, results: [], problem };
    const file = undone.fileOf(condition);
    return job(title, observed.undone, seen, file, upTo(lesson, undone.lessons), base);
  });
  const wanted = [classes, fixes, without];
  const files = wanted.flat().reduce((sum, each) => sum + each.lessons.length, 0);
  const shared = Math.min(filesTogether, Math.max(neverDivided, Math.ceil(files / width)));
  const most = conditions ? 1 : shared;
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

/** Returns whether a lesson has a test of this name. */
function has({ files }: Lesson, name: string): boolean {
  return files.test !== undefined && readFileSync(files.test, 'utf8').includes(name);
}

/** Each attack on the class it must breach, on its lesson's class, and on every later class. */
export function attackJobs(options: JobOptions, observed: Observed): Job[] {
  const { lessons, only, conditions, server, signal } = options;
  if (!judges(options, 5)) return [];
  const attacks = lessons.flatMap((lesson, index) => {
    if (!lesson.files.attack || (only && lesson !== only)) return [];
    const later = only ? [lesson] : lessons.slice(index);
    const targets = [...targetsBefore(lessons, lesson), ...later.map(({ condition }) => condition)];
    const chosen = targets.filter((condition) => !conditions || conditions.has(condition));
    return chosen.map((condition) => ({
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
