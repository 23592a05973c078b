/**
 * The rules of the red/green matrix, each a check that can fail.
 *
 * The rules judge the lessons' folders and an observation, and run nothing themselves. Rule 7, that a
 * fresh clone works, has a separate test.
 */
import type { TestResult } from '../bench/tests.ts';
import { findLesson, type Lesson, shown } from '../course/catalogue.ts';
import { lessonBefore, promisedVerdict, retiredBy } from '../course/promises.ts';
import type { Broken, Observed } from './observed.ts';

type Lessons = readonly Lesson[];

/** The reasons of a failure that proves something: the test ran and found a difference. */
const honest: readonly (TestResult['reason'] | undefined)[] = ['assertion', 'not ported'];

/** Returns every rule that an observation breaks; lessons that were not observed are not judged. */
export function checkRules(lessons: Lessons, observed: Observed): Broken[] {
  return [
    passesItsOwn,
    failsBefore,
    provesSomething,
    catchesWrongFixes,
    breachesBefore,
    failsWithoutItsChange,
  ].flatMap((rule) => [...rule(lessons, observed)]);
}

/** Rule 1: class N passes every test of lessons up to N; retired tests fail. */
function* passesItsOwn(lessons: Lessons, observed: Observed): Generator<Broken> {
  for (const { lesson, condition, results } of observed.classes) {
    const own = findLesson(lessons, lesson);
    const retired = retiredBy(lessons, own);
    for (const result of results.filter((each) => each.lesson <= lesson)) {
      const retirement = retired.get(result.name);
      if (result.passed === (retirement === undefined)) continue;
      const where = place(lessons, result);
      const sentence = retirement
        ? `${where} is retired by lesson ${retirement.label} and still passes on ${classFile(own)}; take it off "retires", or make it fail`
        : `${where} fails on ${classFile(own)}: ${say(result)}`;
      yield { rule: 1, lesson, condition, test: result.name, sentence };
    }
  }
}

/** Rule 2: each test that a lesson proves fails on the class before, by assertion or NotPorted. */
function* failsBefore(lessons: Lessons, observed: Observed): Generator<Broken> {
  for (const lesson of lessons) {
    const { label } = lesson;
    const before = lessonBefore(lessons, lesson);
    const seen = observed.classes.find((each) => each.lesson === before?.label);
    const results = seen?.results.filter((each) => each.lesson === label) ?? [];
    if (!before || !seen || results.length === 0) continue;
    const file = classFile(before);
    for (const test of lesson.proves) {
      const where = place(lessons, { lesson: label, name: test });
      const broken = (sentence: string): Broken => {
        return { rule: 2, lesson: label, condition: seen.condition, test, sentence };
      };
      const result = results.find(({ name }) => name === test);
      if (!result) {
        const whole = results.find(({ passed }) => !passed);
        const why = whole ? `: ${say(whole)}` : '';
        yield broken(`${where} did not run on ${file}, so nothing is proved${why}`);
      } else if (result.passed) {
        yield broken(
          `${where} passes on ${file} already, so it proves nothing about lesson ${label}`,
        );
      } else if (!honest.includes(result.reason)) {
        yield broken(
          `${where} must fail on ${file} by an assertion or NotPorted, and fails by ${result.reason}: ${say(result)}`,
        );
      }
    }
  }
}

/** Rule 3: every lesson proves something, with tests that exist and names that are unique. */
function* provesSomething(lessons: Lessons, observed: Observed): Generator<Broken> {
  const owners = new Map<string, string>();
  for (const lesson of lessons) {
    const { label, proves, retires, covers } = lesson;
    const broken = (sentence: string, test?: string): Broken => {
      return { rule: 3, lesson: label, ...(test === undefined ? {} : { test }), sentence };
    };
    const file = shown(lesson.files.data, lesson.project);
    const earlier = lessons.filter(({ number }) => number < lesson.number);
    if (lesson.kind !== 'page' && proves.length === 0) {
      yield broken(`${file}: "proves" is empty, so the lesson proves nothing`);
    }
    for (const { test } of retires) {
      if (earlier.some((other) => other.proves.includes(test))) continue;
      yield broken(`${file}: "retires" names "${test}", which no earlier lesson proves`, test);
    }
    for (const { lesson: covered } of covers) {
      if (earlier.some((other) => other.label === covered)) continue;
      yield broken(
        `${file}: "covers" names "${covered}", which is not an earlier lesson's number, such as "08"`,
      );
    }
    const seen = observed.classes.find((each) => each.lesson === label);
    if (!seen) continue;
    const names = seen.results.filter((each) => each.lesson === label).map(({ name }) => name);
    const tests = testFile(lessons, label);
    for (const name of names.filter((each) => !isFile(each))) {
      const owner = owners.get(name);
      if (owner)
        yield broken(`${tests}: "${name}" is the name of a test in ${owner} as well`, name);
      owners.set(name, tests);
    }
    // Rule 1 reports a file that did not run; its tests are unknown then.
    if (names.some(isFile)) continue;
    for (const test of proves.filter((each) => !names.includes(each))) {
      yield broken(`${file}: "proves" names "${test}", and ${tests} has no such test`, test);
    }
  }
}

/** Rule 4: a wrong fix fails the test that it names, of its lesson or an older one, and no other. */
function* catchesWrongFixes(lessons: Lessons, observed: Observed): Generator<Broken> {
  for (const { lesson: label, condition, results, problem } of observed.wrong) {
    const lesson = findLesson(lessons, label);
    const fix = lesson.wrong.find((each) => each.condition === condition);
    if (!fix) continue;
    const { caughtBy, mayFail, article } = fix;
    const file = shown(fix.patch, lesson.project);
    const broken = (sentence: string, test = caughtBy): Broken => {
      return { rule: 4, lesson: label, condition, test, sentence };
    };
    if (problem !== undefined) {
      yield broken(problem);
      continue;
    }
    const tests = testFile(lessons, label);
    const named = results.find(({ name }) => name === caughtBy);
    if (!named) {
      yield broken(`${file} names "${caughtBy}", which ${tests} did not run`);
    } else if (named.passed) {
      yield broken(`${file} is not caught: ${tests}: "${caughtBy}" passes on it`);
    } else if (['import', 'missing', 'timeout', 'exit'].includes(named.reason ?? '')) {
      yield broken(
        `${file} must be caught by what "${caughtBy}" asserts, not by ${named.reason}: ${say(named)}`,
      );
    }
    // The article's own line is not a fix: any test may fail on it.
    if (article) continue;
    const retired = retiredBy(lessons, lesson);
    for (const each of results) {
      if (each === named || each.passed || retired.has(each.name)) continue;
      if (mayFail.includes(each.name)) continue;
      yield broken(
        `${file} must fail "${caughtBy}" only, and also fails ${place(lessons, each)}: ${say(each)}`,
        each.name,
      );
    }
  }
}

/** Rule 5: an attack breaches the class before, and is held by its own and by every later one. */
function* breachesBefore(lessons: Lessons, observed: Observed): Generator<Broken> {
  for (const { lesson: label, condition, verdict, because } of observed.attacks) {
    const lesson = findLesson(lessons, label);
    const target = lessons.find((each) => each.condition === condition);
    // The other targets are the article's own lines, which every attack must breach.
    const wanted = (target && promisedVerdict(lessons, lesson, target)) ?? 'breached';
    if (verdict === wanted) continue;
    const file = shown(lesson.files.attack ?? lesson.directory, lesson.project);
    const sentence =
      verdict === 'failed'
        ? `${file} broke on ${condition}: ${because}`
        : wanted === 'held'
          ? `${file} must be held by ${condition}, and breaches it: ${because}`
          : `${file} must breach ${condition}, and does not: ${because}`;
    yield { rule: 5, lesson: label, condition, sentence };
  }
}

/** Rule 6: a class without one lesson's change fails tests of that lesson, and none before it. */
function* failsWithoutItsChange(lessons: Lessons, observed: Observed): Generator<Broken> {
  for (const { lesson: label, base: baseLabel, condition, results, problem } of observed.undone) {
    const lesson = findLesson(lessons, label);
    const base = findLesson(lessons, baseLabel);
    const broken = (sentence: string, test?: string): Broken => {
      return { rule: 6, lesson: label, condition, ...(test ? { test } : {}), sentence };
    };
    if (problem !== undefined) {
      yield broken(problem);
      continue;
    }
    const retired = retiredBy(lessons, base);
    const red = results.filter(({ name, passed }) => !passed && !retired.has(name));
    const without = `${classFile(base)} without lesson ${label}`;
    for (const each of red.filter(({ name, lesson: of }) => of !== label || isFile(name))) {
      yield broken(
        `${without} must fail tests of that lesson only, and also fails ${place(lessons, each)}: ${say(each)}`,
        each.name,
      );
    }
    const own = red.filter((each) => each.lesson === label && lesson.proves.includes(each.name));
    const [first] = own;
    if (!first) {
      yield broken(
        `${testFile(lessons, label)} is green on ${without}, so its loss would go unnoticed: strengthen a test, or name the lesson that keeps its promise now, with the reason, under "covers" in that lesson's lesson.json`,
      );
    } else if (!own.some(({ reason }) => honest.includes(reason))) {
      yield broken(
        `${without} must fail "${first.name}" by an assertion or NotPorted, and fails by ${first.reason}: ${say(first)}`,
        first.name,
      );
    }
  }
}

/** A failure that belongs to no test has its file's path as its name. */
function isFile(name: string): boolean {
  return name.endsWith('.test.ts');
}

function classFile({ files, project }: Lesson): string {
  return shown(files.class, project);
}

function testFile(lessons: Lessons, label: string): string {
  const { files, project } = findLesson(lessons, label);
  return files.test ? shown(files.test, project) : label;
}

function place(lessons: Lessons, { lesson, name }: Pick<TestResult, 'lesson' | 'name'>): string {
  return `${testFile(lessons, lesson)}: "${name}"`;
}

function say({ message, expected, actual }: TestResult): string {
  return expected === undefined ? message : `${message}: expected ${expected}, got ${actual}`;
}
