/**
 * The learner's folder, lessons/mine: one class, every earlier state of it, and a note.
 *
 * Nothing that a learner wrote is replaced before a copy of it lies in the history.
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

/** Something in the learner's folder could not be read or written. */
export class FolderError extends Error {
  override name = 'FolderError';
}

/** True when the learner has a class. */
export function hasMine(): boolean {
  return existsSync(minePath);
}

/**
 * Keeps a copy of the learner's class in the history.
 *
 * @param occasion - A word for the copy's name: `before-lesson-04`.
 * @returns The copy's path, or undefined when there was nothing to keep.
 * @throws FolderError when no copy could be made; the class is untouched then.
 */
export function saveMine(occasion: string): string | undefined {
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
 * Puts a lesson's class into the learner's file, after a copy of what was there.
 *
 * @param source - The lesson whose class it is.
 * @param occasion - A word for the copy's name.
 * @returns The copy's path, if there was something to keep.
 * @throws FolderError; the learner's file is as it was then.
 */
export function replaceMine(source: Lesson, occasion: string): string | undefined {
  const kept = saveMine(occasion);
  const half = `${minePath}.${process.pid}.new`;
  attempt(`write ${shown(minePath)}`, () => {
    mkdirSync(folder, { recursive: true });
    try {
      writeFileSync(half, readFileSync(source.files.class));
      // In one step: a disk that fills up in the middle leaves the old file whole.
      renameSync(half, minePath);
    } catch (error) {
      rmSync(half, { force: true });
      throw error;
    }
  });
  return kept;
}

/** What is remembered for convenience; whoever deletes it loses nothing but a default. */
interface Note {
  /** The lesson the learner began last. */
  lesson?: number | undefined;
  /** How many hints of each lesson were shown, by label. */
  hints: Record<string, number>;
}

const notePath = join(folder, 'state.json');

/** The lesson that was begun last, if one is remembered and still exists. */
export function rememberedLesson(lessons: Lesson[]): Lesson | undefined {
  const { lesson } = readNote();
  return lessons.find((each) => each.number === lesson);
}

/** How many hints of a lesson have been shown. */
export function hintsShown(lesson: Lesson): number {
  return readNote().hints[lesson.label] ?? 0;
}

/**
 * Remembers something.
 *
 * @param news - What changed.
 * @returns A sentence when it could not be written down; that stops nobody.
 */
export function remember(news: {
  lesson?: Lesson | undefined;
  hints?: [lesson: Lesson, count: number] | undefined;
}): string | undefined {
  const note = readNote();
  if (news.lesson) note.lesson = news.lesson.number;
  if (news.hints) note.hints[news.hints[0].label] = news.hints[1];
  const half = `${notePath}.${process.pid}.new`;
  try {
    attempt(`write ${shown(notePath)}`, () => {
      mkdirSync(folder, { recursive: true });
      try {
        writeFileSync(half, `${JSON.stringify(note, null, 2)}\n`);
        renameSync(half, notePath);
      } catch (error) {
        rmSync(half, { force: true });
        throw error;
      }
    });
    return undefined;
  } catch (error) {
    return `${(error as Error).message} The lesson you are in is not remembered; name it yourself.`;
  }
}

/** Only what has the right shape counts: the file is in a folder where people edit. */
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
