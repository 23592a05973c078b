/** Finds those of the article's methods that a class of the port has so far. */
import { readFileSync } from 'node:fs';
import { isFile, type Lesson } from '../course/catalogue.ts';
import { METHODS, type Method } from '../sandbox/methods.ts';

/**
 * Lists the methods that can be called by hand on a class that cannot serve requests yet.
 *
 * The file is read as text: the page is drawn before a process runs it, and a half-written class
 * must be drawn as well.
 *
 * @returns The methods, or undefined for a class that can serve requests.
 */
export function callableMethods(path: string): Method[] | undefined {
  if (!isFile(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  const isStatic = (name: string) =>
    new RegExp(
      `^\\s*(?:public\\s+)?static\\s+(?:(?:readonly|async)\\s+)?${name}\\s*[(=:]`,
      'm',
    ).test(text);
  const hasRead = /^\s*(?:public\s+)?(?:async\s+)?read\s*\(/m.test(text);
  if (isStatic('initCallbacks') || hasRead) return undefined;
  return METHODS.filter(({ name }) => isStatic(name));
}

/**
 * The lesson whose class a page shows first: its own, or, for a page without exercise, the first
 * lesson with a class that can serve requests.
 */
export function lessonToPlay(lesson: Lesson, lessons: Lesson[]): Lesson {
  if (lesson.kind !== 'page') return lesson;
  const whole = lessons.find((each) => callableMethods(each.files.class) === undefined);
  return whole ?? lesson;
}
