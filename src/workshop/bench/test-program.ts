/**
 * The child that runs files of tests, one after the other, each with a bench and a class of its
 * own. They share a process because starting Node costs more than most files do, and a matrix has
 * hundreds of them.
 */
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { describeFailure } from '../sandbox/failure.ts';
import { nextCopy } from '../sandbox/load-class.ts';
import {
  beginFile,
  endFile,
  endProcess,
  fileOver,
  hasStrayError,
  LoadingFailed,
  openHandles,
} from './open.ts';
import { report } from './report.ts';
import { findSubject } from './subject.ts';

/** Milliseconds in which the last connections of a class may close, on a machine that is busy. */
const CLOSING = 200;

/** A file of tests, as JSON in an argument. */
export interface TestProgramFile {
  /** Absolute path of the tests. */
  path: string;
  /** Absolute path of the class; without it `#sessions` is the class. */
  classFile?: string | undefined;
  /** The lesson whose table the class works on; without it `WORKSHOP_LESSON` names the lesson. */
  lessonNumber?: number | undefined;
}

// Between two files nothing may be open; without this timer Node's test runner would end.
const awake = setInterval(() => {}, 60_000);
const idle = openHandles().length;

const files = process.argv.slice(2).map((text) => JSON.parse(text) as TestProgramFile);
for (const [index, file] of files.entries()) {
  const { path, classFile } = file;
  report({ kind: 'file', file: path });
  await runFile(file);
  report({ kind: 'file over', file: path });
  if (files[index + 1]?.classFile === classFile) continue;
  const first = files.findIndex((each) => each.classFile === classFile);
  // The error may be one of a class before: in a new process it is not.
  const isDoubtful = hasStrayError() && first > 0;
  const isSpent = hasStrayError() || !(await isIdle());
  if (isDoubtful || (isSpent && index + 1 < files.length)) {
    report({ kind: 'spent', again: isDoubtful ? index + 1 - first : 0 });
    break;
  }
}

await endProcess();
clearInterval(awake);

/** Waits for what is closing, and returns whether nothing is open any more. */
async function isIdle(): Promise<boolean> {
  const end = performance.now() + CLOSING;
  while (openHandles().length > idle) {
    if (performance.now() > end) return false;
    await delay(5);
  }
  return true;
}

async function runFile({ path, classFile, lessonNumber }: TestProgramFile): Promise<void> {
  try {
    const subject = findSubject(path, classFile, lessonNumber);
    const copy = nextCopy(subject.file);
    beginFile(path, { ...subject, copy });
    const url = pathToFileURL(path);
    url.searchParams.set('class', copy);
    await import(url.href);
  } catch (error) {
    if (!(error instanceof LoadingFailed)) {
      const failure = describeFailure(error, { file: path });
      // The class may lack a method that the file calls at its top, and the machine a program that it
      // starts there; other errors are the file's.
      if (failure.reason === 'error' || failure.reason === 'assertion') failure.reason = 'import';
      report({ kind: 'broken', failure });
    }
  }
  // Tests run in the order of their registration: when this one runs, the file's have ended.
  await test(fileOver, () => {});
  await endFile();
}
