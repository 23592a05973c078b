/** Which of the article's methods a class of the port has so far. */
import { existsSync, readFileSync } from 'node:fs';
import type { Lesson } from '../course/catalogue.ts';
import { METHODS, type Method } from '../sandbox/methods.ts';

/**
 * The methods a class can be asked for by hand while no request goes around it.
 *
 * The file is read as text, since the page is drawn before any process runs it, and a learner's
 * half-written class must be drawn as well.
 *
 * @param path The class's file.
 * @returns Its methods, or undefined for a class that is ready for requests.
 */
export function callableMethods(path: string): Method[] | undefined {
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  const isStatic = (name: string) =>
    new RegExp(`^\\s*static\\s+(?:async\\s+)?${name}\\s*[(=]`, 'm').test(text);
  if (isStatic('initCallbacks') || /^\s*(?:async\s+)?read\s*\(/m.test(text)) return undefined;
  return METHODS.filter(({ name }) => isStatic(name));
}

/**
 * Whose class a lesson's page begins with: its own, or, on a page to read, the first one that
 * answers requests, so that there is something to look around in.
 *
 * @param lesson The lesson that is read.
 * @param lessons All lessons, in order.
 * @returns The lesson whose class it is.
 */
export function lessonToPlay(lesson: Lesson, lessons: Lesson[]): Lesson {
  if (lesson.kind !== 'page') return lesson;
  const whole = lessons.find((each) => callableMethods(each.files.class) === undefined);
  return whole ?? lesson;
}
