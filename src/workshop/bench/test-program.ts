/**
 * Runs files of tests one after the other in this process, each with a bench and a class of its
 * own. Starting Node costs more than most files do, and a matrix has hundreds of them.
 */
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { describeFailure } from '../sandbox/failure.ts';
import { report } from '../sandbox/report.ts';
import { beginFile, endFile, endProcess, fileOver, LoadingFailed } from './open.ts';

// Between two files nothing may be open; Node's test runner would take that for the end.
const awake = setInterval(() => {}, 60_000);

for (const file of process.argv.slice(2)) {
  report({ kind: 'file', file });
  beginFile(file);
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    if (!(error instanceof LoadingFailed)) {
      const failure = describeFailure(error, { file });
      // The class may be lacking what the file calls at its top; anything else is no test's finding.
      if (failure.reason !== 'not ported') failure.reason = 'import';
      report({ kind: 'broken', failure });
    }
  }
  // Tests run in the order in which they were registered: when this one runs, the file's are over.
  await test(fileOver, () => {});
  await endFile();
  report({ kind: 'file over', file });
}

await endProcess();
clearInterval(awake);
