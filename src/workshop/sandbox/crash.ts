/** What a class may do to the process that runs it, made into a report instead of a riddle. */
import { describeFailure, readFrames, type Suspect } from './failure.ts';
import { type Failure, type Report, report } from './report.ts';

/** Follows the process from the loading of the class to the end of its file. */
export interface Watch {
  /** The test that runs now. */
  current: string | undefined;
  /** From here on the process may end as it likes. */
  finish(): void;
}

/**
 * Reports stray rejections and exceptions, and any end of the process that comes too early.
 *
 * @param suspect - Tells the class that is under test now.
 * @returns The watch, to be told which test runs.
 */
export function watchForCrashes(suspect: () => Suspect): Watch {
  let finished = false;
  let told = false;
  const watch: Watch = {
    current: undefined,
    finish() {
      finished = true;
    },
  };
  const tell = (failure: Failure): void => {
    told = true;
    const message: Report = { kind: 'broken', failure };
    if (watch.current !== undefined) message.name = watch.current;
    report(message);
  };
  const stray = (error: unknown, what: string): void => {
    const failure = describeFailure(error, suspect());
    if (failure.reason !== 'not ported') failure.reason = 'error';
    failure.message = `${what}: ${failure.message}`;
    tell(failure);
  };
  process.on('unhandledRejection', (error) => {
    stray(error, 'a promise was rejected and nobody awaited it');
  });
  process.on('uncaughtExceptionMonitor', (error, origin) => {
    // The same rejection, when Node turns it into an exception.
    if (told && origin === 'unhandledRejection') return;
    stray(error, 'an error was thrown where nobody could catch it');
  });

  const exit = process.exit;
  process.exit = (code) => {
    if (!finished) {
      const frames = readFrames(new Error('process.exit').stack ?? '').slice(1);
      const location = frames.find(({ file }) => file === suspect().file) ?? frames[0];
      const message = `process.exit(${code ?? ''}) ended the whole file of tests`;
      tell({ reason: 'exit', message, location });
    }
    return exit(code);
  };
  process.on('exit', () => {
    if (finished || told) return;
    tell({
      reason: 'exit',
      message:
        watch.current === undefined
          ? 'the file ended before its tests were over'
          : 'the test waited for an answer that nothing was left to give',
      location: undefined,
    });
  });
  return watch;
}
