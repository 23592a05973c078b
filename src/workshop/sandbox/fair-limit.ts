/** A time limit for a process, which the time in that it waits for a CPU does not shorten. */
import { readFileSync } from 'node:fs';

/** A wait this short, in milliseconds, prolongs no limit. */
const SHORT = 20;

/**
 * Calls back once a process has had this much time. On a busy machine its main thread may wait for a
 * CPU longer than it runs; Linux tells how long, and elsewhere all time counts.
 *
 * @param pid - The process.
 * @param milliseconds - The limit.
 * @returns A function that lifts the limit.
 */
export function limitFairly(pid: number, milliseconds: number, onReached: () => void): () => void {
  let waited = millisecondsWaited(pid);
  let timer = setTimeout(look, milliseconds);
  function look(): void {
    const now = millisecondsWaited(pid);
    const missed = Math.min(now - waited, milliseconds);
    waited = now;
    if (missed > SHORT) timer = setTimeout(look, missed);
    else onReached();
  }
  return () => clearTimeout(timer);
}

/** Milliseconds that a process's main thread has waited for a CPU; 0 where the system does not tell. */
function millisecondsWaited(pid: number): number {
  try {
    // Nanoseconds on a CPU, nanoseconds waiting for one: proc_pid_schedstat(5).
    const [, waiting] = readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ');
    return Number(waiting) / 1e6;
  } catch {
    return 0;
  }
}
