/**
 * The rules of the red/green matrix, each a check that can fail.
 *
 * They read the lessons' folders and what was observed, and run nothing themselves. Rule 7 (a fresh
 * clone) is observed elsewhere.
 */
import type { TestResult } from '../bench/tests.ts';
import { type Lesson, shown, type WrongFix } from '../course/catalogue.ts';
import { lessonBefore, promisedVerdict, retiredBy } from '../course/promises.ts';
import type { Broken, Observed } from './observed.ts';

/** A lesson, what was seen of it, and its neighbours. */
interface World {
  lessons: readonly Lesson[];
  observed: Observed;
}

/** How a test may fail when it proves something: it ran, and said no. */
const honest: readonly (TestResult['reason'] | undefined)[] = ['assertion', 'not ported'];

/**
 * Judges what was observed.
 *
 * @param lessons - The lessons, in order. Only those that were observed are judged.
 * @param observed - What happened.
 * @returns Every rule that does not hold; empty when every cell is as promised.
 */
export function checkRules(lessons: readonly Lesson[], observed: Observed): Broken[] {
  const world = { lessons, observed };
  return [
    passesItsOwn,
    failsBefore,
    provesSomething,
    catchesWrongFixes,
    breachesBefore,
    missesWhatIsTakenBack,
  ].flatMap((rule) => rule(world));
}

/** Rule 1: class N passes every test of lessons up to N; retired tests fail. */
function passesItsOwn({ lessons, observed }: World): Broken[] {
  return observed.classes.flatMap(({ lesson: label, condition, results }) => {
    const own = lessons.find((lesson) => lesson.label === label);
    if (!own) return [];
    const retired = retiredBy(lessons, own);
    const broken = (result: TestResult, sentence: string): Broken => ({
      rule: 1,
      lesson: label,
      condition,
      test: result.name,
      sentence,
    });
    return results
      .filter((result) => result.lesson <= label)
      .flatMap((result) => {
        const retirement = retired.get(result.name);
        const where = `${testFile(lessons, result.lesson)}: "${result.name}"`;
        if (retirement && result.passed) {
          return broken(
            result,
            `${where} is retired by lesson ${retirement.label} and still passes on ${classFile(own)}; take it off "retires", or make it fail`,
          );
        }
        if (retirement || result.passed) return [];
        return broken(result, `${where} fails on ${classFile(own)}: ${say(result)}`);
      });
  });
}

/** Rule 2: what a lesson proves fails on the class before, by assertion or NotPorted. */
function failsBefore({ lessons, observed }: World): Broken[] {
  return lessons.flatMap((lesson) => {
    const before = lessonBefore(lessons, lesson);
    const seen = observed.classes.find((each) => each.lesson === before?.label);
    if (!before || !seen?.results.some((result) => result.lesson === lesson.label)) return [];
    return lesson.proves.flatMap((test): Broken[] => {
      const result = seen.results.find(
        (each) => each.lesson === lesson.label && each.name === test,
      );
      const where = `${testFile(lessons, lesson.label)}: "${test}"`;
      const broken = (sentence: string): Broken[] => [
        { rule: 2, lesson: lesson.label, condition: seen.condition, test, sentence },
      ];
      if (!result) {
        const whole = seen.results.find((each) => each.lesson === lesson.label && !each.passed);
        const why = whole ? `: ${say(whole)}` : '';
        return broken(`${where} did not run on ${classFile(before)}, so nothing is proved${why}`);
      }
      if (result.passed) {
        return broken(
          `${where} passes on ${classFile(before)} already, so it proves nothing about lesson ${lesson.label}`,
        );
      }
      if (honest.includes(result.reason)) return [];
      return broken(
        `${where} must fail on ${classFile(before)} by an assertion or NotPorted, and fails by ${result.reason}: ${say(result)}`,
      );
    });
  });
}

/** Rule 3: every lesson proves something, with tests that exist and names that are unique. */
function provesSomething({ lessons, observed }: World): Broken[] {
  const broken: Broken[] = [];
  const owners = new Map<string, string>();
  for (const lesson of lessons) {
    const seen = observed.classes.find((each) => each.lesson === lesson.label);
    const say = (sentence: string, test?: string): void => {
      broken.push({ rule: 3, lesson: lesson.label, ...(test ? { test } : {}), sentence });
    };
    const file = shown(lesson.files.data, lesson.project);
    if (lesson.kind !== 'page' && lesson.proves.length === 0) {
      say(`${file}: "proves" is empty, so the lesson proves nothing`);
    }
    for (const { test } of lesson.retires) {
      if (!lessons.some((other) => other.number < lesson.number && other.proves.includes(test))) {
        say(`${file}: "retires" names "${test}", which no earlier lesson proves`, test);
      }
    }
    for (const { lesson: covered } of lesson.covers) {
      if (!lessons.some((other) => other.number < lesson.number && other.label === covered)) {
        say(
          `${file}: "covers" names "${covered}", which is no earlier lesson's number, such as "08"`,
        );
      }
    }
    if (!seen) continue;
    const names = seen.results.filter((each) => each.lesson === lesson.label);
    for (const { name } of names.filter((each) => !isFile(each.name))) {
      const owner = owners.get(name);
      const here = testFile(lessons, lesson.label);
      if (owner) say(`${here}: "${name}" is the name of a test in ${owner} as well`, name);
      owners.set(name, here);
    }
    // Rule 1 tells of a file that did not run; which tests it has is not known then.
    if (names.some(({ name }) => isFile(name))) continue;
    for (const test of lesson.proves) {
      if (!names.some(({ name }) => name === test)) {
        say(
          `${file}: "proves" names "${test}", and ${testFile(lessons, lesson.label)} has no such test`,
          test,
        );
      }
    }
  }
  return broken;
}

/** Rule 4: a wrong fix passes all earlier lessons and fails exactly the test that it names. */
function catchesWrongFixes({ lessons, observed }: World): Broken[] {
  return observed.wrong.flatMap(({ lesson: label, condition, results, problem }) => {
    const lesson = lessons.find((each) => each.label === label);
    const fix = lesson?.wrong.find((each) => each.condition === condition);
    if (!lesson || !fix) return [];
    const retired = retiredBy(lessons, lesson);
    const file = shown(fix.patch, lesson.project);
    const broken = (test: string, sentence: string): Broken => ({
      rule: 4,
      lesson: label,
      condition,
      test,
      sentence,
    });
    if (problem !== undefined) return broken(fix.caughtBy, problem);
    const named = results.find((each) => each.lesson === label && each.name === fix.caughtBy);
    const missed = missedBy(named, fix, file, testFile(lessons, label));
    const others = results
      .filter((each) => each !== named && !each.passed && !retired.has(each.name))
      // The article's own line is no fix at all: it may fail whatever stands on it.
      .filter(() => !fix.article)
      .map((each) =>
        broken(
          each.name,
          `${file} must fail "${fix.caughtBy}" only, and also fails ${testFile(lessons, each.lesson)}: "${each.name}": ${say(each)}`,
        ),
      );
    return [...(missed === undefined ? [] : [broken(fix.caughtBy, missed)]), ...others];
  });
}

function missedBy(
  named: TestResult | undefined,
  { caughtBy }: WrongFix,
  file: string,
  tests: string,
): string | undefined {
  if (!named) return `${file} names "${caughtBy}", which ${tests} did not run`;
  if (named.passed) return `${file} is not caught: ${tests}: "${caughtBy}" passes on it`;
  if (named.reason === 'import' || named.reason === 'timeout' || named.reason === 'exit') {
    return `${file} must be caught by what "${caughtBy}" asserts, not by ${named.reason}: ${say(named)}`;
  }
  return undefined;
}

/** Rule 5: an attack breaches the class before, and is held by its own and by every later one. */
function breachesBefore({ lessons, observed }: World): Broken[] {
  return observed.attacks.flatMap(({ lesson: label, condition, verdict, because }) => {
    const lesson = lessons.find((each) => each.label === label);
    if (!lesson?.files.attack) return [];
    const target = lessons.find((each) => each.condition === condition);
    // What is no lesson's class is the article's own line, there to be breached.
    const wanted = (target && promisedVerdict(lessons, lesson, target)) ?? 'breached';
    if (verdict === wanted) return [];
    const file = shown(lesson.files.attack, lesson.project);
    const sentence =
      verdict === 'failed'
        ? `${file} broke on ${condition}: ${because}`
        : wanted === 'held'
          ? `${file} must be held by ${condition}, and breaches it: ${because}`
          : `${file} must breach ${condition}, and does not: ${because}`;
    return [{ rule: 5, lesson: label, condition, sentence }];
  });
}

/** Rule 6: one lesson's change taken back turns that lesson red, and none before it. */
function missesWhatIsTakenBack({ lessons, observed }: World): Broken[] {
  return observed.undone.flatMap(({ lesson: label, base: baseLabel, condition, ...seen }) => {
    const lesson = lessons.find((each) => each.label === label);
    const base = lessons.find((each) => each.label === baseLabel);
    if (!lesson || !base) return [];
    const broken = (sentence: string, test?: string): Broken => ({
      rule: 6,
      lesson: label,
      condition,
      ...(test ? { test } : {}),
      sentence,
    });
    if (seen.problem !== undefined) return [broken(seen.problem)];
    const retired = retiredBy(lessons, base);
    const red = seen.results.filter(({ name, passed }) => !passed && !retired.has(name));
    const without = `${classFile(base)} without lesson ${label}`;
    const others = red
      .filter((each) => each.lesson !== label || isFile(each.name))
      .map((each) =>
        broken(
          `${without} must fail tests of that lesson only, and also fails ${testFile(lessons, each.lesson)}: "${each.name}": ${say(each)}`,
          each.name,
        ),
      );
    const own = red.filter((each) => each.lesson === label && lesson.proves.includes(each.name));
    if (own.some(({ reason }) => honest.includes(reason))) return others;
    const [first] = own;
    return [
      ...others,
      first
        ? broken(
            `${without} must fail "${first.name}" by an assertion or NotPorted, and fails by ${first.reason}: ${say(first)}`,
            first.name,
          )
        : broken(
            `${testFile(lessons, label)} is green on ${without}, so nobody would miss it: strengthen a test, or name the lesson that keeps its promise now, with the reason, under "covers" in that lesson's lesson.json`,
          ),
    ];
  });
}

/** A failure that belongs to no test carries its file's path for a name. */
function isFile(name: string): boolean {
  return name.endsWith('.test.ts');
}

function classFile({ files, project }: Lesson): string {
  return shown(files.class, project);
}

function testFile(lessons: readonly Lesson[], label: string): string {
  const lesson = lessons.find((each) => each.label === label);
  return lesson?.files.test ? shown(lesson.files.test, lesson.project) : label;
}

function say({ message, expected, actual }: TestResult): string {
  return expected === undefined ? message : `${message}: expected ${expected}, got ${actual}`;
}
