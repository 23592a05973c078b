/** The time limits that a class sets itself, which a test can let pass at once. */
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import promises from 'node:timers/promises';

export interface Deadlines {
  /** Lets the limits that the class has set pass; returns whether there were any. */
  pass(): boolean;
  restore(): void;
}

interface Functions {
  setTimeout: typeof globalThis.setTimeout;
  clearTimeout: typeof globalThis.clearTimeout;
  delay: typeof promises.setTimeout;
  signal: typeof AbortSignal.timeout;
}

/** The driver's files that limit a statement. They set a timer only if the class asked for a limit. */
const ofStatement = /mysql2.lib.commands./;

/**
 * Follows the timers that the class sets from now on, itself or for a statement of the driver. Other
 * timers of the driver, and those of the bench, run on.
 */
export function followDeadlines(file: string): Deadlines {
  const { setTimeout, clearTimeout } = globalThis;
  const { timeout: signal } = AbortSignal;
  const real: Functions = { setTimeout, clearTimeout, delay: promises.setTimeout, signal };
  const pending = new Map<unknown, () => void>();
  const isOfClass = (): boolean => {
    const { stack = '' } = new Error();
    return stack.includes(file) || ofStatement.test(stack);
  };
  const followed = {
    setTimeout(callback: (...values: unknown[]) => void, after?: number, ...values: unknown[]) {
      if (!isOfClass()) return real.setTimeout(callback, after, ...values);
      const run = (): void => {
        pending.delete(timer);
        callback(...values);
      };
      const timer = real.setTimeout(run, after);
      pending.set(timer, () => {
        real.clearTimeout(timer);
        run();
      });
      return timer;
    },
    clearTimeout(timer: NodeJS.Timeout | undefined) {
      pending.delete(timer);
      real.clearTimeout(timer);
    },
    async delay<Value>(after?: number, value?: Value, options?: { signal?: AbortSignal }) {
      if (!isOfClass()) return await real.delay(after, value, options);
      const over = new AbortController();
      const signals = [over.signal, ...(options?.signal ? [options.signal] : [])];
      pending.set(over, () => over.abort());
      try {
        return await real.delay(after, value, { ...options, signal: AbortSignal.any(signals) });
      } catch (error) {
        if (over.signal.aborted) return value;
        throw error;
      } finally {
        pending.delete(over);
      }
    },
    signal(after: number) {
      if (!isOfClass()) return real.signal.call(AbortSignal, after);
      const over = new AbortController();
      const end = (): void => over.abort(new DOMException('The time is over', 'TimeoutError'));
      followed.setTimeout(end, after).unref();
      return over.signal;
    },
  };
  replace(followed as unknown as Functions);
  return {
    pass() {
      const due = [...pending.values()];
      pending.clear();
      for (const end of due) end();
      return due.length > 0;
    },
    restore: () => replace(real),
  };
}

function replace({ setTimeout, clearTimeout, delay, signal }: Functions): void {
  for (const each of [globalThis, timers]) Object.assign(each, { setTimeout, clearTimeout });
  promises.setTimeout = delay;
  AbortSignal.timeout = signal;
  syncBuiltinESMExports();
}
