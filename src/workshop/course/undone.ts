/**
 * Makes last classes of Part II without one lesson's change, in a temporary workshop.
 *
 * A change cannot be reverted automatically, because later lessons changed the same lines. So each
 * lesson of Part II keeps an `undo.patch` on that part's last class, which is applied here. Part III
 * makes an object of the class, and its lessons add parts that can be left out.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lesson } from './catalogue.ts';
import { applyTo } from './patches.mjs';
import { lessonBefore } from './promises.ts';
import { makeWorkshop, type TemporaryWorkshop } from './temporary.ts';

/** A class without one lesson's change. */
interface UndoneClass {
  /** The lesson whose change is removed. */
  lesson: Lesson;
  /** The lesson from whose class the change is removed. */
  base: Lesson;
  /** `undone-09`, the condition under which `#sessions` is this class. */
  condition: string;
  /** Why the class could not be made. */
  problem?: string | undefined;
}

/** The classes, and copies of the lessons' tests whose `#sessions` can be one of them. */
export interface UndoneWorkshop extends TemporaryWorkshop {
  classes: UndoneClass[];
}

/**
 * Makes the last class without each lesson's change.
 *
 * @param only - The one lesson; by default every lesson that changes an existing method.
 * @returns The workshop; `remove` deletes it.
 */
export function takeBack(lessons: readonly Lesson[], only?: Lesson): UndoneWorkshop {
  const texts = new Map<string, string>();
  const classes = lessons
    .filter((lesson) => isChange(lesson) && (!only || lesson === only))
    .map((lesson): UndoneClass => {
      const base = baseFor(lessons, lesson);
      const condition = `undone-${lesson.label}`;
      const made = undo(lessons, lesson, base);
      if ('problem' in made) return { lesson, base, condition, problem: made.problem };
      texts.set(condition, made.text);
      return { lesson, base, condition };
    });
  return { ...makeWorkshop(lessons, texts), classes };
}

/** Without another lesson's change a method or a part is missing, which rule 2 covers already. */
function isChange({ kind }: Lesson): boolean {
  return kind === 'fix';
}

/** The last class of Part II that fails without the lesson's change. */
function baseFor(lessons: readonly Lesson[], lesson: Lesson): Lesson {
  const later = lessons.filter((each) => each.number > lesson.number && isChange(each));
  const covering = later.findIndex(({ covers }) =>
    covers.some((each) => each.lesson === lesson.label),
  );
  return later.slice(0, covering < 0 ? undefined : covering).at(-1) ?? lesson;
}

function undo(
  lessons: readonly Lesson[],
  lesson: Lesson,
  base: Lesson,
): { text: string } | { problem: string } {
  const before = lessonBefore(lessons, lesson);
  if (lesson === base && before) return { text: readFileSync(before.files.class, 'utf8') };
  const patch = join(lesson.directory, 'undo.patch');
  return applyTo(base.files.class, patch, `take lesson ${lesson.label}'s idea out of`);
}
