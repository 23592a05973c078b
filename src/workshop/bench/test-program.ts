/**
 * The child that runs files of tests, one after the other, each with a bench and a class of its
 * own. They share a process because starting Node costs more than most files do, and a matrix has
 * hundreds of them.
 */
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { describeFailure } from '../sandbox/failure.ts';
import { beginFile, endFile, endProcess, fileOver, LoadingFailed } from './open.ts';
import { report } from './report.ts';

// Between two files nothing may be open; without this timer Node's test runner would end.
const awake = setInterval(() => {}, 60_000);

for (const file of process.argv.slice(2)) {
  report({ kind: 'file', file });
  beginFile(file);
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    if (!(error instanceof LoadingFailed)) {
      const failure = describeFailure(error, { file });
      // The class may lack a method that the file calls at its top; other errors are the file's.
      if (failure.reason !== 'not ported') failure.reason = 'import';
      report({ kind: 'broken', failure });
    }
  }
  // Tests run in the order of their registration: when this one runs, the file's have ended.
  await test(fileOver, () => {});
  await endFile();
  report({ kind: 'file over', file });
}

await endProcess();
clearInterval(awake);
