/**
 * What a child tells the parent that started it: one JSON line each, on a pipe of their own.
 *
 * Written synchronously, since a class that ends the process gives no second chance; and apart
 * from standard output, since a learner prints there what he likes.
 */
import { writeSync } from 'node:fs';

/** A place in a file. */
export interface Location {
  /** Absolute path. */
  file: string;
  line: number;
  /** The method that contains the line, where one is known. */
  method?: string | undefined;
}

/** Why a test is not green. */
export type Reason = 'assertion' | 'not ported' | 'error' | 'import' | 'timeout' | 'exit';

export interface Failure {
  reason: Reason;
  message: string;
  expected?: string | undefined;
  actual?: string | undefined;
  location?: Location | undefined;
}

/** A sentence about what went wrong in a class, and the place it points at. */
export interface Fault {
  /** One sentence; names no path. */
  message: string;
  /** Relative to the project, with the line where one is known: `lessons/mine/sessions.ts:31`. */
  place: string | undefined;
}

export type Report =
  /** A file of tests starts, or is over: several may share one process. */
  | { kind: 'file' | 'file over'; file: string }
  /** The class's file, and the callback that is about to be called. */
  | { kind: 'called'; file: string; method: string }
  /** A test starts. */
  | { kind: 'begun'; name: string }
  /** A test is over. */
  | { kind: 'over'; name: string; milliseconds: number; failure?: Failure | undefined }
  /** Something went wrong outside of any test, or ended the file. */
  | { kind: 'broken'; name?: string | undefined; failure: Failure }
  /** One line of an attack's transcript. */
  | { kind: 'line'; text: string }
  | { kind: 'verdict'; verdict: 'breached' | 'held'; because: string };

const variable = 'WORKSHOP_REPORT';

/** The number of the pipe to report on, as the parent put it into the environment. */
export const reportVariable: string = variable;

/** True when a parent listens. */
export function hasListener(): boolean {
  return process.env[variable] !== undefined;
}

/**
 * Tells the parent. Without a parent nothing happens: the test was started by hand.
 *
 * @param message - What to tell.
 */
export function report(message: Report): void {
  const pipe = process.env[variable];
  if (pipe === undefined) return;
  try {
    writeSync(Number(pipe), `${JSON.stringify(message)}\n`);
  } catch {
    // The parent is gone, and with it everyone who could be told.
  }
}
