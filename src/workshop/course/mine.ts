/**
 * The learner's folder, lessons/mine: one class, its earlier states, and where the learner is.
 *
 * A learner's class is copied to the history before it is replaced.
 */
import { createHash } from 'node:crypto';
import { constants, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isFile, type Lesson, minePath, shown } from './catalogue.ts';
import { attempt, replaceFile } from './folder.ts';
import { entryOf, readNote, updateNote } from './note.ts';

const historyFolder = join(dirname(minePath), 'history');

/** The settings under which an editor, and the workshop, check the learner's class. */
export const editorConfigPath: string = join(dirname(minePath), 'tsconfig.json');

/**
 * The workshop's own settings without its rules of style, so that an unused parameter, a missing
 * return type or a missing `override` does not make a lesson red.
 */
export const editorConfig: object = {
  extends: '../../tsconfig.json',
  compilerOptions: {
    noUnusedLocals: false,
    noUnusedParameters: false,
    noPropertyAccessFromIndexSignature: false,
    noImplicitOverride: false,
    exactOptionalPropertyTypes: false,
    declaration: false,
    isolatedDeclarations: false,
  },
  include: ['*.ts'],
  exclude: [],
};

/**
 * Writes the editor's settings beside the learner's class, unless that file exists.
 *
 * @returns A sentence to print when the file could not be written.
 */
function prepareEditor(): string | undefined {
  if (existsSync(editorConfigPath)) return undefined;
  try {
    replaceFile(editorConfigPath, `${JSON.stringify(editorConfig, null, 2)}\n`);
    return undefined;
  } catch (error) {
    return `${(error as Error).message} Your editor may show errors that are not there.`;
  }
}

/** True when the learner has a class; a folder in its place is reported by the attempt to write one. */
export function hasMine(): boolean {
  return isFile(minePath);
}

/** SHA-256 of the learner's class as it is now; undefined when there is none. */
export function hashOfMine(): string | undefined {
  try {
    return hashOf(readFileSync(minePath));
  } catch {
    return undefined;
  }
}

function hashOf(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
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
 * Replaces the learner's class by a lesson's, keeps a copy, and begins the lesson that starts there.
 *
 * @param source - The lesson whose class is copied.
 * @param lesson - The lesson that begins.
 * @returns The copy's path, undefined when the learner had no class; and a sentence to print when
 *   another file beside the class could not be written.
 * @throws FolderError when either file failed; the learner's class is unchanged then.
 */
export function replaceMine(
  source: Lesson,
  lesson: Lesson,
): { kept: string | undefined; trouble: string | undefined } {
  const kept = saveMine(`before-lesson-${lesson.label}`);
  const text = readFileSync(source.files.class);
  replaceFile(minePath, text);
  const given = updateNote((note) => {
    note.given = hashOf(text);
  });
  return { kept, trouble: given ?? beginLesson(lesson) };
}

/** The lesson that was begun last; undefined if none is remembered, or it no longer exists. */
export function rememberedLesson(lessons: readonly Lesson[]): Lesson | undefined {
  const { lesson } = readNote();
  return lessons.find((each) => each.number === lesson);
}

/**
 * Remembers the lesson that begins, and gives the learner's class its editor's settings.
 *
 * @returns A sentence to print when a file could not be written.
 */
export function beginLesson(lesson: Lesson): string | undefined {
  const trouble = updateNote((note) => {
    note.lesson = lesson.number;
    entryOf(note, lesson).begunWith ??= hashOfMine();
  });
  return trouble ?? prepareEditor();
}
