/** A class of the workshop as a file, to show, test and attack on a page. */
import { type ClassFile, type Lesson, minePath, shown } from '../course/catalogue.ts';
import type { DatabaseServer } from '../machine/database/server.ts';

/** A class, and the lesson whose table it works on: for the learner's class, the lesson that is read. */
export interface Subject extends ClassFile {
  /** The page's name for it: `lesson 05`, `your class`. */
  name: string;
  lesson: Lesson;
}

/** A lesson to read and a class to try. */
export interface View {
  lesson: Lesson;
  subject: Subject;
}

/** The surroundings of tests and attacks; `onChange` is called for each result. */
export interface RunOptions {
  subject: Subject;
  server: DatabaseServer;
  signal: AbortSignal;
  onChange(): void;
}

/** Explains a missing file: only the learner's own class can be missing. */
export function noClassYet({ lesson }: Subject): string {
  return (
    `There is no ${shown(minePath)} yet. npm run lesson ${lesson.number} creates it, ` +
    'in a terminal; the page then shows it by itself.'
  );
}
