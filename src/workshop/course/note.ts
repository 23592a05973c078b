/**
 * The workshop's note about a learner, lessons/mine/state.json.
 *
 * The note is a convenience: every command works without it. Learners edit in its folder and pull
 * newer versions of the workshop, so entries of an unknown shape are ignored when it is read and
 * dropped when it is next written.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { minePath } from './catalogue.ts';
import { replaceFile, withLock } from './folder.ts';

/** Counted results of tests. */
export interface Tally {
  passed: number;
  total: number;
}

/** Everything that runs have found out about one lesson on one text of the learner's class. */
export interface Verdict {
  /** SHA-256 of the text that was run. */
  hash: string;
  /** The lesson's own tests; a promised test that did not run counts as failed. */
  own?: Tally | undefined;
  /** The earlier lessons' tests that still hold. */
  older?: Tally | undefined;
  attack?: 'held' | 'breached' | 'failed' | undefined;
  typeErrors?: number | undefined;
}

/** The verdict that a learner predicts for an attack. */
export type Prediction = 'held' | 'breached';

/** The part of the note about one lesson. */
interface LessonNote {
  /** The number of hints shown. */
  hints: number;
  /** SHA-256 of the learner's class as it was when the lesson was first begun. */
  begunWith?: string | undefined;
  /** The verdict on the newest text that was run. */
  verdict?: Verdict | undefined;
  /** When a text was first done, as an ISO time. */
  reached?: string | undefined;
  /** The learner's predictions for the lesson's attack, by the condition of the class. */
  predictions?: Record<string, Prediction> | undefined;
}

export interface Note {
  /** The number of the lesson begun last. */
  lesson?: number | undefined;
  /** SHA-256 of the class that the workshop wrote last: the learner's starting point. */
  given?: string | undefined;
  /** By the lesson's folder, because a number may belong to another lesson in another version. */
  lessons: Record<string, LessonNote>;
}

const notePath = join(dirname(minePath), 'state.json');

/** Reads the note; a missing or damaged one is empty. */
export function readNote(): Note {
  const note: Note = { lessons: {} };
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(notePath, 'utf8'));
  } catch {
    return note;
  }
  const { lesson, given, lessons } = fields(read);
  if (isCount(lesson)) note.lesson = lesson;
  if (typeof given === 'string') note.given = given;
  for (const [slug, entry] of Object.entries(fields(lessons))) {
    const { hints, begunWith, verdict, reached, predictions } = fields(entry);
    note.lessons[slug] = {
      hints: isCount(hints) ? hints : 0,
      begunWith: typeof begunWith === 'string' ? begunWith : undefined,
      verdict: readVerdict(verdict),
      reached:
        typeof reached === 'string' && !Number.isNaN(Date.parse(reached)) ? reached : undefined,
      predictions: readPredictions(predictions),
    };
  }
  return note;
}

/**
 * Changes the note, while no other process changes it.
 *
 * @param change - Changes the note it receives.
 * @returns A sentence when the note could not be written, to be printed; commands continue without it.
 */
export function updateNote(change: (note: Note) => void): string | undefined {
  try {
    withLock(notePath, () => {
      const note = readNote();
      change(note);
      replaceFile(notePath, `${JSON.stringify(note, null, 2)}\n`);
    });
    return undefined;
  } catch (error) {
    return `${(error as Error).message} Your lesson and your progress are not remembered.`;
  }
}

/** The entry of a lesson, made if the note has none. */
export function entryOf(note: Note, { slug }: { slug: string }): LessonNote {
  note.lessons[slug] ??= { hints: 0 };
  return note.lessons[slug];
}

function readVerdict(value: unknown): Verdict | undefined {
  const { hash, own, older, attack, typeErrors } = fields(value);
  if (typeof hash !== 'string') return undefined;
  return {
    hash,
    own: readTally(own),
    older: readTally(older),
    typeErrors: isCount(typeErrors) ? typeErrors : undefined,
    attack: (['held', 'breached', 'failed'] as const).find((each) => each === attack),
  };
}

function readPredictions(value: unknown): Record<string, Prediction> | undefined {
  const read = Object.entries(fields(value)).flatMap(([condition, said]) =>
    said === 'held' || said === 'breached' ? [[condition, said] as const] : [],
  );
  return read.length > 0 ? Object.fromEntries(read) : undefined;
}

function readTally(value: unknown): Tally | undefined {
  const { passed, total } = fields(value);
  return isCount(passed) && isCount(total) && passed <= total ? { passed, total } : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
