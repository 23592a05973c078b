/** A class of the workshop as a file, and what is shown of it and run on it. */
import type { Lesson } from '../course/catalogue.ts';
import type { DatabaseServer } from '../machine/database/server.ts';

/** A class, and the lesson whose table it works on. */
export interface ClassFile {
  condition: string;
  /** The page's name for it: `lesson 05`, `mine`. */
  name: string;
  path: string;
  lesson: Lesson;
}

/** A lesson to read and a class to try. */
export interface View {
  lesson: Lesson;
  subject: ClassFile;
}

/** The surroundings of tests and attacks; `onChange` is called for each result. */
export interface RunOptions {
  subject: ClassFile;
  server: DatabaseServer;
  signal: AbortSignal;
  onChange(): void;
}

/** A condition without a class. */
export class UnknownClass extends Error {
  override name = 'UnknownClass';
}

/** Explains a missing file: only the learner's own class can be missing. */
export function noClassYet({ lesson }: ClassFile): string {
  return (
    `There is no lessons/mine/sessions.ts yet. npm run lesson ${lesson.number} creates it, ` +
    'in a terminal; the page then shows it by itself.'
  );
}
