/**
 * A child process's reports to its parent: one JSON line each, on a separate pipe.
 *
 * Reports are written synchronously, because a class that ends the process allows no later turn,
 * and not to standard output, because a learner's class prints there.
 */
import { writeSync } from 'node:fs';
import type { Message } from './messages.ts';

/** A place in a file. */
export interface Location {
  /** Absolute path. */
  file: string;
  line: number;
  /** The method that contains the line, where it is known. */
  method?: string | undefined;
  /** Whether no stack names the line, and the method is only the one that was called last. */
  isLastCall?: boolean | undefined;
}

/** Why a test is red or a class does not run. */
export type Reason =
  | 'assertion'
  | 'not ported'
  | 'error'
  | 'import'
  | 'timeout'
  | 'exit'
  /** A program that the workshop needs: says nothing about the class. */
  | 'missing';

export interface Failure {
  reason: Reason;
  message: string;
  /** The kind of the error that was thrown: `TypeError (ERR_INVALID_ARG_TYPE)`. */
  error?: string | undefined;
  expected?: string | undefined;
  actual?: string | undefined;
  location?: Location | undefined;
}

/** The reports that every kind of child may send. */
export type ChildReport =
  /** The child serves on this port of the loopback. */
  | { kind: 'listening'; port: number }
  /** A failure that ends the child. */
  | { kind: 'broken'; failure: Failure }
  /** An event within a request, where the child traces them. */
  | { kind: 'trace'; event: Message };

/** The environment variable with the number of the pipe, and the key that each report begins with. */
export const reportVariable = 'WORKSHOP_REPORT';

const given = process.env[reportVariable];
const [pipe, key] = given?.split(' ') ?? [];
// The class is loaded later, and does not find the key.
delete process.env[reportVariable];

/** The environment of a thread of this process that sends reports as well. */
export function reportingEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, [reportVariable]: given };
}

/** True when a parent reads the reports. */
export function hasParent(): boolean {
  return pipe !== undefined;
}

/** Sends a report to the parent. */
export const sendReport: (report: ChildReport) => void = writeReport;

/**
 * Writes a report of any kind to the parent; without a parent, as in a test started by hand, does
 * nothing.
 */
export function writeReport(report: object): void {
  if (pipe === undefined) return;
  try {
    // A new line first: the class may have written half a line to the pipe.
    writeSync(Number(pipe), `\n${key} ${JSON.stringify(report)}\n`);
  } catch {
    // The parent has ended.
  }
}
