/** The reports of a child process that runs tests or attacks. */
import { type Failure, writeReport } from '../sandbox/report.ts';

export type BenchReport =
  /** A file starts, or is over: several may share one process. */
  | { kind: 'file' | 'file over'; file: string }
  /**
   * The process is not clean enough for the next file, and ends. A new one runs the files that are
   * left, after repeating the last `again` of those that are over.
   */
  | { kind: 'spent'; again: number }
  /** The class's file, and the callback that is about to be called. */
  | { kind: 'called'; file: string; method: string }
  /** A test starts. */
  | { kind: 'begun'; name: string }
  /** A test has reached its limit of time, and still sends statements. */
  | { kind: 'busy' }
  /** A test is over. */
  | { kind: 'over'; name: string; milliseconds: number; failure?: Failure | undefined }
  /** A failure outside any test, or a failure that ends the file; with the running test's name. */
  | { kind: 'broken'; name?: string | undefined; failure: Failure }
  /** One line of an attack's transcript. */
  | { kind: 'line'; text: string }
  | { kind: 'verdict'; verdict: 'breached' | 'held'; because: string };

/** Sends a report to the parent, if there is one. */
export const report: (message: BenchReport) => void = writeReport;
