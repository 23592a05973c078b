/**
 * Code that a lesson's class wrote, in a file beside that class which later classes import. The
 * learner's class may keep it, so the two are compared with this code in its place.
 */
import { readFileSync } from 'node:fs';
import { fileOf, type Lesson } from './catalogue.ts';

/** Names of the files without `.ts`, which are imported as `#seal` and so on; and their lessons. */
export const moved: Record<string, number> = {
  pages: 17,
  seal: 18,
  cache: 20,
  format: 21,
  census: 22,
  clock: 23,
};

/** Reads the declarations of a file of {@link moved}, each with its comment. */
export function readMoved(name: string, lessons: readonly Lesson[]): string[] {
  const lesson = lessons.find(({ number }) => number === moved[name]);
  if (!lesson) return [];
  const [, ...declarations] = readFileSync(fileOf(lesson, `${name}.ts`), 'utf8').split(
    /\n\n(?=\S)/,
  );
  return declarations;
}

/** Adds the code that a class imports to its text. */
export function withMoved(text: string, lessons: readonly Lesson[]): string {
  return [text, ...importedBy(text, lessons)].join('\n');
}

/** Takes the code that another class imports out of a class's text, where it is as it was written. */
export function withoutMoved(text: string, other: string, lessons: readonly Lesson[]): string {
  return [...importedBy(other, lessons).flatMap(asWritten), ...queueBefore(other, lessons)].reduce(
    (rest, each) => rest.replace(`${each}\n\n`, ''),
    text,
  );
}

/**
 * Finds the members of lesson 14 for which a class has functions of `#lock`. They are static methods
 * there, and name the class, so the two forms cannot be compared.
 *
 * @returns Their names; empty for a class with a lock of its own.
 */
export function replacedByLock(text: string): string[] {
  return /from ['"]#lock['"]/.test(text) ? ['lockName', '#asking', '#ask', '#take'] : [];
}

/** The text of these members in lesson 14's class. */
function queueBefore(text: string, lessons: readonly Lesson[]): string[] {
  const lesson = lessons.find(({ number }) => number === 14);
  const names = replacedByLock(text);
  if (!lesson || names.length === 0) return [];
  const declares = new RegExp(`^ *(?:static |async |const )+(?:${names.join('|')})\\b`, 'm');
  const blocks = readFileSync(lesson.files.class, 'utf8').split('\n\n');
  return blocks.filter((block) => declares.test(block));
}

/**
 * Makes of a declaration what its lesson's class has: a helper beside the class, or a static method.
 *
 * @returns Both forms; a class has one of them.
 */
export function asWritten(declaration: string): [helper: string, method: string] {
  const helper = declaration
    .trimEnd()
    .replace(/^export /m, '')
    .replace(/^const (\w+): (?:number|string) = /m, 'const $1 = ');
  const method = helper.replace(/^(async )?function /m, 'static $1').replaceAll(/^(?=.)/gm, '  ');
  return [helper, method];
}

/** The declarations of the files that a class imports, without those that it has itself. */
function importedBy(text: string, lessons: readonly Lesson[]): string[] {
  const own = new Set(text.split('\n').flatMap((line) => declaredBy(line) ?? []));
  return Object.keys(moved)
    .filter((name) => new RegExp(`from ['"]#${name}['"]`).test(text))
    .flatMap((name) => readMoved(name, lessons))
    .filter((each) => each.split('\n').every((line) => !own.has(declaredBy(line) ?? '')));
}

/** The name that a line at the margin declares. */
function declaredBy(line: string): string | undefined {
  return /^(?:export |async )*(?:function|const|let|type|interface|class) (\w+)/.exec(line)?.[1];
}
