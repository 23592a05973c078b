/**
 * The learner's folder, lessons/mine: one class, its earlier states, and a note.
 *
 * A learner's class is copied to the history before it is replaced.
 */
import {
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Lesson, minePath, shown } from './catalogue.ts';

const folder = dirname(minePath);
const historyFolder = join(folder, 'history');

/** A file in the learner's folder could not be written; the message has the remedy. */
export class FolderError extends Error {
  override name = 'FolderError';
}

/** True when the learner has a class. */
export function hasMine(): boolean {
  return existsSync(minePath);
}

/**
 * Copies the learner's class to the history.
 *
 * @param occasion - Part of the copy's name: `before-lesson-04`.
 * @returns The copy's path; undefined when the learner has no class.
 * @throws FolderError when the copy failed; the class is unchanged then.
 */
function saveMine(occasion: string): string | undefined {
  if (!hasMine()) return undefined;
  const time = new Date().toISOString().replaceAll(':', '-').replace('Z', '');
  const path = join(historyFolder, `${time}-${occasion}.ts`);
  attempt(`keep a copy in ${shown(historyFolder)}`, () => {
    mkdirSync(historyFolder, { recursive: true });
    try {
      copyFileSync(minePath, path, constants.COPYFILE_EXCL);
      if (!readFileSync(path).equals(readFileSync(minePath))) throw new Error('the copy differs');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') rmSync(path, { force: true });
      throw error;
    }
  });
  return path;
}

/**
 * Replaces the learner's class by a lesson's, and keeps a copy.
 *
 * @returns The copy's path; undefined when the learner had no class.
 * @throws FolderError when either failed; the learner's class is unchanged then.
 */
export function replaceMine(source: Lesson, occasion: string): string | undefined {
  const kept = saveMine(occasion);
  replaceFile(minePath, readFileSync(source.files.class));
  return kept;
}

/** Writes a file in one step: a disk that fills up in the middle leaves the old file whole. */
function replaceFile(path: string, data: string | Uint8Array): void {
  const half = `${path}.${process.pid}.new`;
  attempt(`write ${shown(path)}`, () => {
    mkdirSync(folder, { recursive: true });
    try {
      writeFileSync(half, data);
      renameSync(half, path);
    } catch (error) {
      rmSync(half, { force: true });
      throw error;
    }
  });
}

/** Conveniences: without this file every command still works, with its defaults. */
interface Note {
  /** The lesson the learner began last. */
  lesson?: number | undefined;
  /** The number of hints shown, by the lesson's label. */
  hints: Record<string, number>;
}

const notePath = join(folder, 'state.json');

/** The lesson that was begun last; undefined if none is remembered, or it no longer exists. */
export function rememberedLesson(lessons: readonly Lesson[]): Lesson | undefined {
  const { lesson } = readNote();
  return lessons.find((each) => each.number === lesson);
}

/** The number of a lesson's hints that were shown. */
export function hintsShown(lesson: Lesson): number {
  return readNote().hints[lesson.label] ?? 0;
}

/**
 * Updates the note.
 *
 * @returns A sentence when the note could not be written, to be printed; commands go on without it.
 */
export function remember(news: {
  lesson?: Lesson | undefined;
  hints?: [lesson: Lesson, count: number] | undefined;
}): string | undefined {
  const note = readNote();
  if (news.lesson) note.lesson = news.lesson.number;
  if (news.hints) note.hints[news.hints[0].label] = news.hints[1];
  try {
    replaceFile(notePath, `${JSON.stringify(note, null, 2)}\n`);
    return undefined;
  } catch (error) {
    return `${(error as Error).message} The lesson you are in is not remembered; name it yourself.`;
  }
}

/** Entries of a wrong shape are ignored: learners edit in this folder. */
function readNote(): Note {
  const note: Note = { hints: {} };
  let read: unknown;
  try {
    read = JSON.parse(readFileSync(notePath, 'utf8'));
  } catch {
    return note;
  }
  if (typeof read !== 'object' || read === null) return note;
  if ('lesson' in read && Number.isInteger(read.lesson)) note.lesson = read.lesson as number;
  if ('hints' in read && typeof read.hints === 'object' && read.hints !== null) {
    for (const [label, count] of Object.entries(read.hints)) {
      if (/^\d\d$/.test(label) && Number.isInteger(count) && count > 0) note.hints[label] = count;
    }
  }
  return note;
}

const reasons: Record<string, string> = {
  EACCES: 'this user may not write there; give yourself the right, or clone to a folder of yours',
  EPERM: 'this user may not write there; give yourself the right, or clone to a folder of yours',
  EROFS: 'the file system is read-only; clone the workshop to a place where you may write',
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'your disk quota is used up; free some space',
  EFBIG: 'the system allows no file of that size; raise the limit (ulimit -f)',
  EEXIST: 'a file is in the place of a folder; move it away',
  ENOTDIR: 'a file is in the place of a folder; move it away',
  EISDIR: 'a folder is in the place of the file; move it away',
};

function attempt(what: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = reasons[code ?? ''] ?? message;
    throw new FolderError(
      `Could not ${what}: ${reason}${code ? ` (${code})` : ''}. Your class is as it was.`,
      { cause: error },
    );
  }
}
