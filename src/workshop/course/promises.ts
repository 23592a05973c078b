/** The lessons' promises about each other's classes, tests and attacks. */
import type { Lesson } from './catalogue.ts';

/**
 * Finds the lesson whose class a lesson starts from.
 *
 * @returns Undefined for the first lesson.
 */
export function lessonBefore(lessons: readonly Lesson[], { number }: Lesson): Lesson | undefined {
  return lessons.findLast((each) => each.number < number);
}

/** The lesson that follows; undefined for the last one. */
export function lessonAfter(lessons: readonly Lesson[], { number }: Lesson): Lesson | undefined {
  return lessons.find((each) => each.number > number);
}

/**
 * Finds the tests that no longer hold for a lesson's class.
 *
 * @returns Each test's name, with the lesson at or before this one that retired it.
 */
export function retiredBy(lessons: readonly Lesson[], { number }: Lesson): Map<string, Lesson> {
  return new Map(
    lessons
      .filter((each) => each.number <= number)
      .flatMap((lesson) => lesson.retires.map(({ test }) => [test, lesson] as const)),
  );
}

/**
 * Finds the verdict that an attack must reach: it breaches the class that its lesson starts from,
 * and its own lesson's class and every later one hold it. Lessons are compared by number: each
 * reading of the folders makes new objects.
 *
 * @returns Undefined for an older class, and for one that lacks the method under attack.
 */
export function promisedVerdict(
  lessons: readonly Lesson[],
  attacking: Lesson,
  target: Lesson,
): 'breached' | 'held' | undefined {
  if (target.number >= attacking.number) return 'held';
  if (attacking.kind === 'port') return undefined;
  return lessonBefore(lessons, attacking)?.number === target.number ? 'breached' : undefined;
}
