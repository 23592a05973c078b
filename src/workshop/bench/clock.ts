/**
 * A clock that a test can set.
 *
 * Only `Date` is mocked, and only once a test has set it: timers, sockets and the driver's
 * timeouts keep real time.
 */
import { mock } from 'node:test';

export interface BenchClock {
  /** Unix time in whole seconds, as the class sees it. */
  now(): number;
  /** Stops the clock at this second. */
  set(seconds: number): void;
  /** Moves the clock forward, or back with a negative number. */
  advance(seconds: number): void;
}

export interface OwnedClock extends BenchClock {
  readonly stopped: boolean;
  /** Lets real time run again. */
  restore(): void;
}

/** @returns A clock that shows real time until it is first set. */
export function createClock(): OwnedClock {
  let stopped = false;
  const now = (): number => Math.floor(Date.now() / 1000);
  const set = (seconds: number): void => {
    if (!Number.isFinite(seconds) || seconds < 0) {
      throw new RangeError(`The clock takes unix seconds, 0 or more; got ${seconds}`);
    }
    if (stopped) mock.timers.setTime(seconds * 1000);
    else mock.timers.enable({ apis: ['Date'], now: seconds * 1000 });
    stopped = true;
  };
  return {
    now,
    set,
    advance: (seconds) => set(now() + seconds),
    get stopped(): boolean {
      return stopped;
    },
    restore(): void {
      if (stopped) mock.timers.reset();
      stopped = false;
    },
  };
}
