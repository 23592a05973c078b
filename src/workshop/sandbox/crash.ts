/** Reports a class's effects on its process: stray errors and early exits. */
import { describeFailure } from './failure.ts';
import { readFrames, type Suspect } from './location.ts';
import type { Failure } from './report.ts';

/** Reports stray errors and early ends until it is finished. */
export interface CrashWatch {
  /** From here on the process may end in any way. */
  finish(): void;
}

/**
 * Reports unhandled rejections, uncaught exceptions, and an end that comes too early, while the
 * process still runs.
 */
export function watchForCrashes(
  suspect: () => Suspect,
  onCrash: (failure: Failure) => void,
): CrashWatch {
  let finished = false;
  let reported = false;
  const report = (failure: Failure): void => {
    reported = true;
    onCrash(failure);
  };
  const stray = (thrown: unknown, what: string): void => {
    const { reason, message, error, location } = describeFailure(thrown, suspect());
    const kind = error === undefined || error === 'Error' ? '' : `${error}: `;
    report({
      reason: reason === 'not ported' ? reason : 'error',
      message: `${what}: ${kind}${message}`,
      location,
    });
  };
  process.on('unhandledRejection', (thrown) => {
    stray(thrown, 'a promise was rejected without a handler');
  });
  process.on('uncaughtExceptionMonitor', (thrown, origin) => {
    // The same rejection, which Node has turned into an exception.
    if (reported && origin === 'unhandledRejection') return;
    stray(thrown, 'an error was thrown outside any try or promise');
  });

  const exit = process.exit;
  process.exit = (code) => {
    if (!finished) {
      const frames = readFrames(new Error('process.exit').stack ?? '').slice(1);
      const inClass = frames.find(({ file }) => file === suspect().file);
      const call = `process.exit(${code ?? ''})`;
      report({
        reason: 'exit',
        message: inClass ? `the class called ${call}` : `${call} was called`,
        location: inClass ?? frames[0],
      });
    }
    return exit(code);
  };
  process.on('exit', () => {
    if (finished || reported) return;
    report({
      reason: 'exit',
      message: 'the process ended while its work was not done: nothing was left to wait for',
    });
  });
  return {
    finish() {
      finished = true;
    },
  };
}
