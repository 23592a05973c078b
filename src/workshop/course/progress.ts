/**
 * The lessons that the learner has reached, derived from runs of the learner's own class.
 *
 * A lesson is done when, on one and the same text of lessons/mine/sessions.ts, the lesson's own tests
 * and the older ones were green, its attack was held, and the text had no type error. The text is
 * known by its hash:
 *
 * - `done` says something about the class as it is now: the text that is on the disk was run, for this
 *   lesson or for a later one (whose run includes this lesson's tests), and was done.
 * - `earlier` says only that some text was done once. The class has changed since, or a newer run was
 *   red. Nothing is known of the class as it is now until it is run.
 * - Facts about one text add up, from whichever command or page they come. A new text starts from
 *   nothing.
 * - A run of a class exactly as the workshop wrote it (`npm run catch-up`, `npm run reset`, the first
 *   copy) is not recorded: the lessons before are skipped then, not done.
 * - `npm run reset` deletes the lesson's verdicts, and keeps the count of its hints.
 */
import type { Lesson } from './catalogue.ts';
import { hashOfMine } from './mine.ts';
import { entryOf, type Prediction, readNote, updateNote, type Verdict } from './note.ts';

export interface LessonProgress {
  lesson: Lesson;
  /** `page` for a lesson without tests; the others as the file's first comment defines them. */
  state: 'page' | 'open' | 'earlier' | 'done';
  /** When the lesson was first done, as an ISO time; undefined if it never was. */
  reached: string | undefined;
  /** The verdict on the newest text that was run for this lesson; its text may be gone. */
  verdict: Verdict | undefined;
  /** The number of hints that were shown. */
  hints: number;
}

/** The learner's progress, one entry for each lesson, in their order. */
export function progress(lessons: readonly Lesson[]): LessonProgress[] {
  const note = readNote();
  const now = hashOfMine();
  const last = lessons.findLastIndex((lesson) => {
    const verdict = note.lessons[lesson.slug]?.verdict;
    return now !== undefined && verdict?.hash === now && isDoneVerdict(lesson, verdict);
  });
  return lessons.map((lesson, index) => {
    const { hints, verdict, reached } = note.lessons[lesson.slug] ?? { hints: 0 };
    const red = verdict !== undefined && verdict.hash === now && isRed(verdict);
    const proved = index <= last && !red;
    const state = reached === undefined ? 'open' : proved ? 'done' : 'earlier';
    return {
      lesson,
      state: lesson.files.test === undefined ? 'page' : state,
      reached,
      verdict,
      hints,
    };
  });
}

/**
 * Records what a run of the learner's class found out.
 *
 * @param verdict - The facts that the run established, with {@link hashOfMine} as it was before the
 *   run. Facts left out stay as an earlier run of the same text left them. Nothing is recorded when
 *   the file has changed since: which text ran is not known then.
 * @returns A sentence to print when the record could not be written.
 */
export function recordVerdict(lesson: Lesson, verdict: Verdict): string | undefined {
  if (verdict.hash !== hashOfMine() || isAsGiven()) return undefined;
  return updateNote((note) => {
    const entry = entryOf(note, lesson);
    const facts = Object.fromEntries(
      Object.entries(verdict).filter(([, value]) => value !== undefined),
    );
    const known = entry.verdict?.hash === verdict.hash ? entry.verdict : undefined;
    entry.verdict = { ...known, ...facts, hash: verdict.hash };
    if (isDoneVerdict(lesson, entry.verdict)) entry.reached ??= new Date().toISOString();
  });
}

/** True when the learner's class is as the workshop wrote it: its runs are not recorded. */
export function isAsGiven(): boolean {
  const now = hashOfMine();
  return now !== undefined && now === readNote().given;
}

/** True when the facts about one text are complete and none is red. */
function isDoneVerdict({ files }: Lesson, verdict: Verdict): boolean {
  const { own, older, attack, typeErrors } = verdict;
  const attacked = files.attack === undefined || attack !== undefined;
  return (
    own !== undefined && older !== undefined && typeErrors === 0 && attacked && !isRed(verdict)
  );
}

/** True when a fact speaks against the class; one that is not known does not. */
function isRed({ own, older, attack, typeErrors = 0 }: Verdict): boolean {
  return (
    typeErrors > 0 ||
    [own, older].some((tally) => tally && tally.passed < tally.total) ||
    (attack !== undefined && attack !== 'held')
  );
}

/** Deletes a lesson's verdicts; the count of its hints stays. */
export function deleteVerdicts(lesson: Lesson): string | undefined {
  return updateNote((note) => {
    note.lessons[lesson.slug] = { hints: entryOf(note, lesson).hints };
  });
}

/**
 * True when the learner's class belongs to a lesson: they are past it, or they have changed the class
 * since the lesson began. Until then it is still the class before.
 */
export function hasBegun(lesson: Lesson): boolean {
  const { lesson: current, given, lessons } = readNote();
  const now = hashOfMine();
  if (now === undefined || current === undefined || lesson.number > current) return false;
  const isChanged = now !== given && now !== lessons[lesson.slug]?.begunWith;
  return lesson.number < current || isChanged;
}

/** The number of a lesson's hints that were shown. */
export function hintsUsed(lesson: Lesson): number {
  return readNote().lessons[lesson.slug]?.hints ?? 0;
}

/**
 * Remembers how many of a lesson's hints were shown; a smaller number than before is ignored.
 *
 * @returns A sentence to print when the note could not be written.
 */
export function recordHints(lesson: Lesson, count: number): string | undefined {
  return updateNote((note) => {
    const entry = entryOf(note, lesson);
    entry.hints = Math.max(entry.hints, count);
  });
}

/** The learner's prediction for a lesson's attack on a class; undefined when they made none. */
export function predictionOf(lesson: Lesson, condition: string): Prediction | undefined {
  return readNote().lessons[lesson.slug]?.predictions?.[condition];
}

/**
 * Remembers what the learner expects of a lesson's attack on a class.
 *
 * @returns A sentence to print when the note could not be written.
 */
export function recordPrediction(
  lesson: Lesson,
  condition: string,
  prediction: Prediction,
): string | undefined {
  return updateNote((note) => {
    const entry = entryOf(note, lesson);
    entry.predictions = { ...entry.predictions, [condition]: prediction };
  });
}
