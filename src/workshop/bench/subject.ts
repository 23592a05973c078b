/** The class under test: its file and its lesson's table. */
import { createRequire } from 'node:module';
import { type LessonTable, schemaOf, tablesAfter } from '../course/tables.ts';

export interface Subject {
  /** Absolute path of the class's file. */
  file: string;
  /** The statements that make its table. */
  schemaSql: string;
  /** The address of the class that the test file imports, where files of tests share a process. */
  copy?: string;
}

/**
 * Finds the class that is tested, and its table.
 *
 * @param asker - Absolute path of the test or the attack; its package's conditions apply.
 * @param file - Absolute path of the class; by default what `#sessions` resolves to.
 * @param lesson - The lesson whose table is wanted; by default that of `WORKSHOP_LESSON`.
 * @throws Error when no lesson has a `schema.sql`.
 */
export function findSubject(
  asker: string,
  file: string = createRequire(asker).resolve('#sessions'),
  lesson: number | undefined = wantedLesson(),
): Subject {
  return { file, schemaSql: schemaOf(file, asker, lesson) };
}

/**
 * Finds the tables that the class may need instead of the wanted lesson's, the newest first. Only a
 * learner's class needs any: it belongs to no lesson, and an older attack is run on it as well.
 */
export function laterTables(asker: string): LessonTable[] {
  const wanted = wantedLesson();
  return wanted === undefined ? [] : tablesAfter(asker, wanted);
}

function wantedLesson(): number | undefined {
  const given = process.env['WORKSHOP_LESSON'];
  if (given === undefined || given === '') return undefined;
  const number = Number(given);
  if (Number.isInteger(number) && number >= 0) return number;
  throw new RangeError(`WORKSHOP_LESSON must be a lesson's number, got "${given}"`);
}
